//! A machine of a team: a data directory and keys of its own, and a process that does what it is told. Each command and
//! each reply is a line of JSON.

use std::io::BufRead;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use grapnel_core::Grapnel;
use grapnel_core::team::Join;
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::ExposeSecret;
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tracing_subscriber::layer::{Context as At, SubscriberExt};
use tracing_subscriber::{Layer, registry::Registry};

use crate::clock::SharedClock;
use crate::fingerprint::fingerprint;
use crate::point::is_at;

/// The timeout of any reply; what a person may wait is far less.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What an error says about a response that was lost.
const LOST_RESPONSE: &str = "The response to an earlier refresh did not arrive.";

/// What a machine is told to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// The public key of its person.
    Key,
    /// Joins the team of an invitation, by this database URL.
    Join { invitation: String, url: String },
    /// Sets the clock's offset.
    Ahead(i64),
    /// What the next refresh that reaches a point does there.
    At(String, Then),
    /// Refreshes a connection.
    Refresh(ConnectionId),
    /// Hands out a token.
    Token(ConnectionId),
    /// Hands out the token of every connection to each of several threads.
    All { threads: usize },
    /// Asks the team's database.
    Sync(TeamId),
    /// The status of a connection, without asking anybody.
    Look(ConnectionId),
    /// Ends a pause at a point.
    GoOn,
}

/// What happens at a point of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Then {
    /// The process waits for [`Ask::GoOn`].
    Wait,
    /// The process dies as by `kill -9`.
    Die,
}

/// What a machine answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Done(Option<Error>),
    Key(String),
    Joined(Result<Vec<ConnectionId>, Error>),
    AtPoint,
    Token(Answered),
    All(Result<Vec<Vec<String>>, Error>),
    Status(Box<Status>),
}

/// The fingerprint of a token, or why there is none, and after which time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) token: Result<String, Error>,
    pub(super) took: Duration,
}

/// The status of a shared connection.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Status {
    pub(super) state: State,
    pub(super) error: Option<Error>,
    pub(super) conflict: Option<Error>,
    pub(super) is_pending: bool,
}

/// The commanding end. Dropping it ends the process.
pub(super) struct Machine {
    home: TempDir,
    keys: TempDir,
    running: Running,
    ahead: i64,
}

struct Running {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(home: &TempDir, keys: &TempDir) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["child", "machine"]).arg(home.path()).arg(keys.path());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let input = process.stdin.take().context("no standard input")?;
        let output = process.stdout.take().context("no standard output")?;
        Ok(Self { process, input, output: BufReader::new(output).lines() })
    }
}

impl Machine {
    /// A machine that is in no team.
    pub(super) fn start() -> Result<Self> {
        let (home, keys) = (TempDir::new()?, TempDir::new()?);
        let running = Running::start(&home, &keys)?;
        Ok(Self { home, keys, running, ahead: 0 })
    }

    /// The data directory.
    pub(super) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    pub(super) async fn say(&mut self, ask: &Ask) -> Result<()> {
        let line = serde_json::to_string(ask)? + "\n";
        Ok(self.running.input.write_all(line.as_bytes()).await?)
    }

    pub(super) async fn hear(&mut self) -> Result<Reply> {
        let line = tokio::time::timeout(PATIENCE, self.running.output.next_line()).await;
        let line = line.context("the machine does not answer")??.context("the machine's process ended")?;
        Ok(serde_json::from_str(&line)?)
    }

    async fn ask(&mut self, ask: &Ask) -> Result<Reply> {
        self.say(ask).await?;
        self.hear().await
    }

    /// Does what has no other result than an error.
    pub(super) async fn tell(&mut self, ask: &Ask) -> Result<Option<Error>> {
        match self.ask(ask).await? {
            Reply::Done(error) => Ok(error),
            other => bail!("it answered {other:?}"),
        }
    }

    pub(super) async fn key(&mut self) -> Result<String> {
        match self.ask(&Ask::Key).await? {
            Reply::Key(key) => Ok(key),
            other => bail!("it answered {other:?}"),
        }
    }

    pub(super) async fn join(&mut self, invitation: String, url: String) -> Result<Vec<ConnectionId>> {
        match self.ask(&Ask::Join { invitation, url }).await? {
            Reply::Joined(joined) => Ok(joined.map_err(|error| anyhow::anyhow!("{error:?}"))?),
            other => bail!("it answered {other:?}"),
        }
    }

    /// Sets the clock's offset.
    pub(super) async fn set_ahead(&mut self, ahead: i64) -> Result<()> {
        self.ahead = ahead;
        ensure!(self.tell(&Ask::Ahead(ahead)).await?.is_none(), "it has no clock");
        Ok(())
    }

    /// The result of [`Ask::Refresh`] or [`Ask::Token`].
    pub(super) async fn answered(&mut self) -> Result<Answered> {
        match self.hear().await? {
            Reply::Token(answered) => Ok(answered),
            other => bail!("it answered {other:?}"),
        }
    }

    pub(super) async fn refresh(&mut self, id: &ConnectionId) -> Result<Answered> {
        self.say(&Ask::Refresh(id.clone())).await?;
        self.answered().await
    }

    pub(super) async fn token(&mut self, id: &ConnectionId) -> Result<Answered> {
        self.say(&Ask::Token(id.clone())).await?;
        self.answered().await
    }

    pub(super) async fn sync(&mut self, team: &TeamId) -> Result<Option<Error>> {
        self.tell(&Ask::Sync(team.clone())).await
    }

    pub(super) async fn look(&mut self, id: &ConnectionId) -> Result<Status> {
        match self.ask(&Ask::Look(id.clone())).await? {
            Reply::Status(status) => Ok(*status),
            other => bail!("it answered {other:?}"),
        }
    }

    /// Begins a refresh, and returns once it waits at the point.
    pub(super) async fn refresh_to(&mut self, id: &ConnectionId, point: &str) -> Result<()> {
        self.tell(&Ask::At(point.into(), Then::Wait)).await?;
        self.say(&Ask::Refresh(id.clone())).await?;
        let reply = self.hear().await?;
        ensure!(matches!(reply, Reply::AtPoint), "it does not come to {point}: {reply:?}");
        Ok(())
    }

    /// Begins a refresh that dies at `point`, or after `moment`. Returns whether it died.
    pub(super) async fn die(&mut self, id: &ConnectionId, point: &str, moment: Duration) -> Result<bool> {
        self.tell(&Ask::At(point.into(), Then::Die)).await?;
        self.say(&Ask::Refresh(id.clone())).await?;
        match tokio::time::timeout(moment, self.running.output.next_line()).await {
            // It was faster.
            Ok(Ok(Some(_))) => return Ok(false),
            Ok(_) => {}
            Err(_) => self.running.process.start_kill()?,
        }
        let ended = self.running.process.wait().await?;
        ensure!(ended.signal() == Some(9), "the process ended by itself, with {ended}");
        Ok(true)
    }

    /// Starts the program again, after its death or in place of a running one.
    pub(super) async fn start_again(&mut self) -> Result<()> {
        if self.running.process.try_wait()?.is_none() {
            self.running.process.kill().await?;
        }
        self.running = Running::start(&self.home, &self.keys)?;
        self.set_ahead(self.ahead).await
    }
}

/// The commanded end.
pub(crate) async fn run(grapnel: Grapnel, clock: &SharedClock) -> Result<()> {
    let at = AtPoint::default();
    let points = tracing_subscriber::filter::filter_fn(|about| about.target() == "grapnel_core::point");
    tracing::subscriber::set_global_default(Registry::default().with(at.clone().with_filter(points)))?;
    while let Some(ask) = tokio::task::block_in_place(next)? {
        let reply = match ask {
            Ask::GoOn => continue,
            Ask::Key => Reply::Key(grapnel.team_key().await?),
            Ask::Join { invitation, url } => {
                let database_url = Some(url.into());
                let join = Join { invitation, passphrase: None, database_url, agrees_to_paths: false };
                Reply::Joined(match grapnel.join_team(join).await {
                    Ok(_) => grapnel.connections().map(|all| all.into_iter().map(|one| one.id).collect()),
                    Err(error) => Err(error),
                })
            }
            Ask::Ahead(seconds) => {
                clock.set_ahead(seconds);
                Reply::Done(None)
            }
            Ask::At(point, then) => {
                at.set(Some((point, then)));
                Reply::Done(None)
            }
            Ask::Refresh(id) => Reply::Token(answer(&grapnel, &id, true).await),
            Ask::Token(id) => Reply::Token(answer(&grapnel, &id, false).await),
            Ask::All { threads } => Reply::All(all(&grapnel, threads)?),
            Ask::Sync(team) => Reply::Done(grapnel.sync_team(&team).await.err()),
            Ask::Look(id) => {
                let found = grapnel.connection(&id)?;
                let shared = found.shared.as_ref();
                Reply::Status(Box::new(Status {
                    state: found.summary.state,
                    conflict: shared.and_then(|shared| shared.conflict.clone()),
                    is_pending: shared.is_some_and(|shared| shared.pending_since.is_some()),
                    error: found.error,
                }))
            }
        };
        say(&reply);
    }
    Ok(())
}

async fn answer(grapnel: &Grapnel, id: &ConnectionId, refreshes: bool) -> Answered {
    let began = Instant::now();
    let asked = if refreshes { grapnel.refresh(id).await.map(drop) } else { Ok(()) };
    let token = match asked {
        Ok(()) => grapnel.token(id, Duration::ZERO).await,
        Err(error) => Err(error),
    };
    Answered { token: token.map(|token| fingerprint(token.value.expose_secret())), took: began.elapsed() }
}

/// The tokens of all connections in the order of their IDs, as each thread got them. Half of the threads go through
/// them backwards.
fn all(grapnel: &Grapnel, threads: usize) -> Result<Result<Vec<Vec<String>>, Error>> {
    let mut ids: Vec<_> = grapnel.connections()?.into_iter().map(|one| one.id).collect();
    ids.sort_by(|one, other| one.0.cmp(&other.0));
    let (ids, together) = (Arc::new(ids), Arc::new(Barrier::new(threads)));
    let runtime = tokio::runtime::Handle::current();
    let asking: Vec<_> = (0..threads)
        .map(|number| {
            let (ids, together, runtime) = (Arc::clone(&ids), Arc::clone(&together), runtime.clone());
            let grapnel = grapnel.clone();
            std::thread::spawn(move || {
                together.wait();
                let count = ids.len();
                let mut tokens = vec![String::new(); count];
                for step in 0..count {
                    let at = if number.is_multiple_of(2) { step } else { count - 1 - step };
                    let token = runtime.block_on(grapnel.token(&ids[at], Duration::ZERO))?;
                    tokens[at] = fingerprint(token.value.expose_secret());
                }
                Ok(tokens)
            })
        })
        .collect();
    let ended = asking.into_iter().map(|thread| thread.join().ok().context("a thread ended badly"));
    let ended: Vec<Result<Vec<String>, Error>> =
        tokio::task::block_in_place(|| ended.collect::<Result<_>>())?;
    Ok(ended.into_iter().collect())
}

fn say(reply: &Reply) {
    println!("{}", serde_json::to_string(reply).unwrap_or_default());
}

/// The next command; `None` when the commanding process has exited.
fn next() -> Result<Option<Ask>> {
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// What the next refresh that reaches a point does there.
#[derive(Clone, Default)]
struct AtPoint(Arc<Mutex<Option<(String, Then)>>>);

impl AtPoint {
    fn set(&self, what: Option<(String, Then)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

impl<S: tracing::Subscriber> Layer<S> for AtPoint {
    fn on_event(&self, event: &tracing::Event<'_>, _: At<'_, S>) {
        let mut what = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, then)) = what.take_if(|(point, _)| is_at(event, point)) else { return };
        drop(what);
        if then == Then::Die {
            // Nothing after this line runs.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        say(&Reply::AtPoint);
        // Whatever comes ends the pause.
        let _ = next();
    }
}

/// Whether the person has to sign in again, and is told that it is because a response of the provider was lost.
pub(super) fn tells_of_a_lost_response(status: &Status) -> bool {
    let is_told = |error: &Error| {
        let explains = error.meaning.as_ref().is_some_and(|meaning| meaning.contains(LOST_RESPONSE));
        error.code == Code::ReconnectNeeded && explains && error.hint.is_some()
    };
    status.state == State::ReconnectNeeded && status.error.as_ref().is_some_and(is_told)
}
