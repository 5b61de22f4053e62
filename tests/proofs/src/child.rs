//! The other processes of a proof: they refresh until they are killed, check the state after a restart, or request
//! tokens.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use grapnel_core::Grapnel;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tracing_subscriber::layer::{Context as At, SubscriberExt};
use tracing_subscriber::{Layer, registry::Registry};

use crate::clock::SharedClock;
use crate::fingerprint::fingerprint;
use crate::point::is_at;
use crate::team::machine;
use crate::{stopped, world};

/// The state at a program's start, and the result of a refresh.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// The state before the refresh.
    pub(crate) state: State,
    /// The error that the connection shows: its code and meaning.
    pub(crate) error: Option<(Code, String)>,
    /// The error of the refresh, if it failed.
    pub(crate) refused: Option<(Code, String)>,
    /// The state after the refresh.
    pub(crate) after: State,
}

pub(crate) async fn run(arguments: &[&str]) -> Result<()> {
    let [role, home, keys, rest @ ..] = arguments else { bail!("a child needs a role and two directories") };
    let clock = Arc::new(SharedClock::default());
    let keyring = world::keyring(Path::new(keys));
    let open = || Grapnel::with(Path::new(home), keyring.clone(), clock.clone());
    match (*role, rest) {
        ("refresh", [id, point]) => {
            die_at((*point).to_owned())?;
            let outcome = open()?.refresh(&id_of(id)).await;
            println!("{}", outcome.err().map_or("refreshed".into(), |error| error.to_string()));
            Ok(())
        }
        ("look", [id]) => look(&open()?, &id_of(id)).await,
        ("stop", [id, point, ahead]) => {
            clock.set_ahead(ahead.parse()?);
            stopped::run(open(), &id_of(id), point).await
        }
        ("machine", []) => machine::run(open()?, &clock).await,
        ("hold", []) => crate::disk::failure::hold(Path::new(home)),
        ("ask", [id, threads]) => ask(&open()?, &clock, &id_of(id), threads.parse()?).await,
        _ => bail!("there is no role “{role}” with these arguments"),
    }
}

fn id_of(text: &str) -> ConnectionId {
    ConnectionId(text.to_owned())
}

async fn look(grapnel: &Grapnel, id: &ConnectionId) -> Result<()> {
    let found = grapnel.connection(id)?;
    let refused = grapnel.refresh(id).await.err().map(|error| (error.code, error.to_string()));
    let looked = Looked {
        state: found.summary.state,
        error: found.error.map(|error| (error.code, error.meaning.unwrap_or_default())),
        refused,
        after: grapnel.connection(id)?.summary.state,
    };
    println!("{}", serde_json::to_string(&looked)?);
    Ok(())
}

/// Requests a token from many threads at once for each line of input, which states the clock's offset, and prints the
/// fingerprints of the tokens.
async fn ask(grapnel: &Grapnel, clock: &SharedClock, id: &ConnectionId, threads: usize) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        clock.set_ahead(line.trim().parse()?);
        let together = Arc::new(Barrier::new(threads));
        let runtime = tokio::runtime::Handle::current();
        let asking: Vec<_> = (0..threads)
            .map(|_| {
                let (together, runtime) = (Arc::clone(&together), runtime.clone());
                let (grapnel, id) = (grapnel.clone(), id.clone());
                std::thread::spawn(move || {
                    together.wait();
                    runtime
                        .block_on(grapnel.token(&id, Duration::ZERO))
                        .map(|token| fingerprint(token.value.expose_secret()))
                })
            })
            .collect();
        let mut got = Vec::new();
        for thread in asking {
            got.push(thread.join().ok().context("a thread ended badly")??);
        }
        println!("{}", serde_json::to_string(&got)?);
    }
    Ok(())
}

/// Kills this process, as `kill -9` does, when a refresh reaches `point`.
fn die_at(point: String) -> Result<()> {
    let deadly = tracing_subscriber::filter::filter_fn(|about| about.target() == "grapnel_core::point");
    let subscriber = Registry::default().with(Deadly(point).with_filter(deadly));
    tracing::subscriber::set_global_default(subscriber).context("someone else listens already")
}

struct Deadly(String);

impl<S: tracing::Subscriber> Layer<S> for Deadly {
    fn on_event(&self, event: &tracing::Event<'_>, _: At<'_, S>) {
        if is_at(event, &self.0) {
            // Nothing after this line runs.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}
