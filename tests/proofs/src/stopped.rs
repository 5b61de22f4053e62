//! A process that stops at a named point of a refresh until it gets a command, and the process that commands it. Each
//! command is a line with one word, each reply a line of JSON.

use std::io::BufRead;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use grapnel_core::Grapnel;
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tracing_subscriber::layer::{Context as At, SubscriberExt};
use tracing_subscriber::{Layer, registry::Registry};

use crate::point::is_at;

/// A reply of such a process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The data was opened, or could not be.
    Opened(Option<Error>),
    /// A refresh has reached the point.
    Stopped,
    /// The database has failed for the first time.
    Failing,
    /// The result of a refresh.
    Refreshed(Option<Error>),
    /// The connection's status.
    Stands(ConnectionStatus),
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConnectionStatus {
    pub(crate) state: State,
    pub(crate) error: Option<Code>,
    /// The meaning that the status shows.
    pub(crate) meaning: Option<String>,
}

/// The log message of the store when the database fails.
const FAILED: &str = "the database failed";

impl ConnectionStatus {
    pub(crate) fn is_well(&self) -> bool {
        self.state == State::Active && self.error.is_none()
    }
}

/// The timeout of any reply: each of several tries waits for a locked database.
const PATIENCE: Duration = Duration::from_secs(120);

/// The commanding end. Dropping it ends the process.
pub(crate) struct Stopped {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Stopped {
    /// Starts the process in the role `stop`.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let input = process.stdin.take().context("no standard input")?;
        let output = process.stdout.take().context("no standard output")?;
        Ok(Self { process, input, output: BufReader::new(output).lines() })
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    pub(crate) async fn say(&mut self, word: &str) -> Result<()> {
        Ok(self.input.write_all(format!("{word}\n").as_bytes()).await?)
    }

    /// The next reply other than [`Answer::Failing`].
    async fn hear(&mut self) -> Result<Answer> {
        loop {
            match self.hear_any().await? {
                Answer::Failing => {}
                other => return Ok(other),
            }
        }
    }

    async fn hear_any(&mut self) -> Result<Answer> {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        let line = line.context("the process does not answer")??.context("the process ended")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Why the data could not be opened, if it could not.
    pub(crate) async fn opened(&mut self) -> Result<Option<Error>> {
        let Answer::Opened(failure) = self.hear().await? else { bail!("it answered something else") };
        Ok(failure)
    }

    /// Begins a refresh, and waits until it is at the point.
    pub(crate) async fn refresh_to_the_point(&mut self) -> Result<()> {
        self.say("refresh").await?;
        let answer = self.hear().await?;
        ensure!(matches!(answer, Answer::Stopped), "not stopped: {answer:?}");
        Ok(())
    }

    /// The result of a refresh that continues or begins with this command.
    pub(crate) async fn refreshed(&mut self, word: &str) -> Result<Option<Error>> {
        self.say(word).await?;
        self.outcome().await
    }

    pub(crate) async fn outcome(&mut self) -> Result<Option<Error>> {
        let answer = self.hear().await?;
        let Answer::Refreshed(failure) = answer else { bail!("it answered {answer:?}") };
        Ok(failure)
    }

    /// Waits until the database has failed.
    pub(crate) async fn fails(&mut self) -> Result<()> {
        let answer = self.hear_any().await?;
        ensure!(matches!(answer, Answer::Failing), "it does not fail: {answer:?}");
        Ok(())
    }

    /// The connection's status: now with `look`, once it is locked with `lock`, once it is active with `settle`.
    pub(crate) async fn stands(&mut self, word: &str) -> Result<ConnectionStatus> {
        self.say(word).await?;
        let answer = self.hear().await?;
        let Answer::Stands(standing) = answer else { bail!("it answered {answer:?}") };
        Ok(standing)
    }

    /// Kills it, as `kill -9` does.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Lets it exit normally.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.input);
        let ended = self.process.wait().await?;
        ensure!(ended.success(), "the process ended with {ended}");
        Ok(())
    }
}

/// The commanded end, which also keeps connections refreshed.
pub(crate) async fn run(opened: Result<Grapnel, Error>, id: &ConnectionId, point: &str) -> Result<()> {
    let heard = ["grapnel_core::point", "grapnel_store"];
    let stops = tracing_subscriber::filter::filter_fn(move |about| {
        heard.iter().any(|heard| about.target().starts_with(heard))
    });
    let stop =
        Stop { point: point.to_owned(), is_done: AtomicBool::default(), is_failing: AtomicBool::default() };
    tracing::subscriber::set_global_default(Registry::default().with(stop.with_filter(stops)))?;
    answer(&Answer::Opened(opened.as_ref().err().cloned()));
    let Ok(grapnel) = opened else { return Ok(()) };
    let keeping = tokio::spawn({
        let grapnel = grapnel.clone();
        async move { grapnel.keep_alive().await }
    });
    while let Some(word) = tokio::task::block_in_place(word) {
        answer(&match word.as_str() {
            "refresh" => Answer::Refreshed(grapnel.refresh(id).await.err()),
            "look" => Answer::Stands(look(&grapnel, id)?),
            "lock" => Answer::Stands(until(&grapnel, id, |standing| standing.state == State::Locked).await?),
            "settle" => Answer::Stands(until(&grapnel, id, ConnectionStatus::is_well).await?),
            _ => bail!("there is no word “{word}”"),
        });
    }
    keeping.abort();
    Ok(())
}

fn look(grapnel: &Grapnel, id: &ConnectionId) -> Result<ConnectionStatus> {
    let details = grapnel.connection(id)?;
    let (error, meaning) = details.error.map(|error| (error.code, error.meaning)).unzip();
    Ok(ConnectionStatus { state: details.summary.state, error, meaning: meaning.flatten() })
}

/// Waits until the connection has this status, without requesting anything.
async fn until(
    grapnel: &Grapnel,
    id: &ConnectionId,
    so: fn(&ConnectionStatus) -> bool,
) -> Result<ConnectionStatus> {
    let mut events = grapnel.events();
    loop {
        let standing = look(grapnel, id)?;
        if so(&standing) {
            return Ok(standing);
        }
        events.recv().await?;
    }
}

fn answer(answer: &Answer) {
    println!("{}", serde_json::to_string(answer).unwrap_or_default());
}

/// The next command; `None` when the commanding process has exited.
fn word() -> Option<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok().filter(|read| *read > 0)?;
    Some(line.trim().to_owned())
}

/// Stops the first refresh that reaches the point, and reports when the database fails.
struct Stop {
    point: String,
    is_done: AtomicBool,
    is_failing: AtomicBool,
}

impl<S: tracing::Subscriber> Layer<S> for Stop {
    fn on_event(&self, event: &tracing::Event<'_>, _: At<'_, S>) {
        if is_at(event, &self.point) && !self.is_done.swap(true, Ordering::SeqCst) {
            answer(&Answer::Stopped);
            word();
        }
        if is_at(event, FAILED) && !self.is_failing.swap(true, Ordering::SeqCst) {
            answer(&Answer::Failing);
        }
    }
}
