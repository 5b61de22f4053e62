//! `grapnel watch` and `grapnel wait`: what happens to connections, in this and in other processes.

use std::collections::HashMap;
use std::time::Duration;

use clap::{Args, ValueEnum};
use grapnel_core::Grapnel;
use grapnel_model::connection::State;
use grapnel_model::connection_event::{ConnectionEvent, ConnectionSnapshot};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::format::{duration, parse_duration, words};
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::stop_signal::stop_signal;

#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// The connection's name
    connection: String,
    /// The status to wait for
    #[arg(long, value_enum, value_name = "STATUS", default_value = "active")]
    until: Until,
    /// Give up after this time, such as 90s or 5m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<SignedDuration>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Until {
    Active,
    Retrying,
    ReconnectNeeded,
    Disconnected,
}

impl Until {
    fn state(self) -> State {
        match self {
            Self::Active => State::Active,
            Self::Retrying => State::Retrying,
            Self::ReconnectNeeded => State::ReconnectNeeded,
            Self::Disconnected => State::Disconnected,
        }
    }
}

/// Waits until the connection has the status.
pub(crate) async fn wait(session: &mut Session<'_>, asked: &Wait) -> Result<()> {
    let grapnel = session.grapnel.clone();
    let mut events = follow(&grapnel)?;
    let id = lookup::connection(&grapnel, &asked.connection)?.id;
    let state = asked.until.state();
    let reached = async {
        loop {
            let connection = grapnel.connection(&id)?.summary;
            if connection.state == state {
                return Ok(connection);
            }
            if matches!(events.recv().await, Err(RecvError::Closed)) {
                return Err(Error::no_connection());
            }
        }
    };
    let timeout = asked.timeout.map_or(Duration::MAX, SignedDuration::unsigned_abs);
    let Ok(reached) = tokio::time::timeout(timeout, reached).await else {
        let connection = grapnel.connection(&id)?.summary;
        let (name, now) = (&connection.name, words(&connection.state));
        let limit = duration(asked.timeout.unwrap_or_default());
        let message = format!("“{name}” is {now}; it was not {} within {limit}.", words(&state));
        return Err(Error::new(Code::TimedOut, message).means("The connection is as it was."));
    };
    let connection = reached?;
    session.output.show(&ReachedState { connection: connection.name, status: connection.state })
}

#[derive(Serialize)]
struct ReachedState {
    connection: String,
    status: State,
}

impl CommandResult for ReachedState {
    fn text(&self, _: Timestamp) -> String {
        format!("“{}” is {}.", self.connection, words(&self.status))
    }
}

/// Prints what happens to all connections, until a signal comes or the reader closes the pipe.
pub(crate) async fn watch(session: &mut Session<'_>) -> Result<()> {
    let stopped = stop_signal()?;
    let grapnel = session.grapnel.clone();
    let mut events = follow(&grapnel)?;
    let mut known = HashMap::new();
    for connection in grapnel.connections()? {
        if let Some(connection) = grapnel.connection_snapshot(&connection.id, None)? {
            known.insert(connection.id.clone(), connection);
        }
    }
    session.output.messages.note("Watching. Ctrl-C ends it.");
    if session.output.json && !session.output.line(&WatchStarted { event: "watching" })? {
        return Ok(());
    }
    let printed = async {
        loop {
            let changed = match events.recv().await {
                Ok(Event::Connection(id)) => vec![id],
                Ok(Event::ChangedElsewhere | Event::Apps) | Err(RecvError::Lagged(_)) => {
                    all(&grapnel, &known)?
                }
                Ok(_) => continue,
                Err(RecvError::Closed) => return Ok(()),
            };
            for id in changed {
                let now = grapnel.connection_snapshot(&id, known.get(&id))?;
                let before = match &now {
                    // A refresh in progress ends soon, and is reported then.
                    Some(now) if now.state == Some(State::Refreshing) => continue,
                    Some(now) => known.insert(id, now.clone()),
                    None => known.remove(&id),
                };
                let at = session.output.now();
                for event in ConnectionEvent::between(before.as_ref(), now.as_ref(), at) {
                    if !session.output.line(&event)? {
                        return Ok(());
                    }
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stopped => Ok(()),
        printed = printed => printed,
    }
}

/// Events of this process and of others, from now on.
fn follow(grapnel: &Grapnel) -> Result<Receiver<Event>> {
    let events = grapnel.events();
    grapnel.follow_others()?;
    Ok(events)
}

/// Every connection that exists or was known.
fn all(grapnel: &Grapnel, known: &HashMap<ConnectionId, ConnectionSnapshot>) -> Result<Vec<ConnectionId>> {
    let mut all: Vec<_> = grapnel.connections()?.into_iter().map(|connection| connection.id).collect();
    all.extend(known.keys().filter(|id| !all.contains(id)).cloned().collect::<Vec<_>>());
    Ok(all)
}

/// The message that from now on no event is missed.
#[derive(Serialize)]
struct WatchStarted {
    event: &'static str,
}

impl CommandResult for WatchStarted {
    fn text(&self, _: Timestamp) -> String {
        self.event.to_owned()
    }
}

impl CommandResult for ConnectionEvent {
    fn text(&self, _: Timestamp) -> String {
        let what = words(&self.event);
        let expires = self.expires_at.map(|at| format!(", expires {at:.0}")).unwrap_or_default();
        // A name is one line, whatever it contains.
        format!("{:.0}  {}: {what}{expires}", self.at, grapnel_model::text::clean_line(&self.connection))
    }
}

#[cfg(test)]
mod tests {
    use grapnel_model::connection_event::ConnectionEventKind;

    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_the_name_is() {
        let event = ConnectionEvent {
            event: ConnectionEventKind::Connected,
            connection_id: ConnectionId("1".into()),
            connection: "a\n\u{1b}[2Jb".into(),
            app: "Acme".into(),
            provider: "grigora".into(),
            status: Some(State::Active),
            expires_at: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let text = event.text(Timestamp::UNIX_EPOCH);
        assert!(text.ends_with("b: connected") && !text.chars().any(char::is_control), "{text:?}");
        let json = serde_json::to_string(&event).unwrap();
        assert!(!json.chars().any(char::is_control), "{json:?}");
    }
}
