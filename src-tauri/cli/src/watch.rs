//! `grapnel watch` and `grapnel wait`: what happens to connections, in this and in other processes.

use std::collections::HashMap;
use std::time::Duration;

use clap::{Args, ValueEnum};
use grapnel_core::Grapnel;
use grapnel_model::connection::{Details, State};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::format::{duration, parse_duration, words};
use crate::lookup;
use crate::print::Shown;
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
    session.output.show(&Reached { connection: connection.name, status: connection.state })
}

#[derive(Serialize)]
struct Reached {
    connection: String,
    status: State,
}

impl Shown for Reached {
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
        if let Some(connection) = Known::read(&grapnel, &connection.id)? {
            known.insert(connection.id.clone(), connection);
        }
    }
    session.output.messages.note("Watching. Ctrl-C ends it.");
    if session.output.json && !session.output.line(&Watching { event: "watching" })? {
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
                let now = Known::read(&grapnel, &id)?;
                let before = match &now {
                    // A refresh in progress ends soon, and is reported then.
                    Some(now) if now.state == State::Refreshing => continue,
                    Some(now) => known.insert(id, now.clone()),
                    None => known.remove(&id),
                };
                let at = session.output.now();
                for happened in Happened::between(before.as_ref(), now.as_ref(), at) {
                    if !session.output.line(&happened)? {
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
fn all(grapnel: &Grapnel, known: &HashMap<ConnectionId, Known>) -> Result<Vec<ConnectionId>> {
    let mut all: Vec<_> = grapnel.connections()?.into_iter().map(|connection| connection.id).collect();
    all.extend(known.keys().filter(|id| !all.contains(id)).cloned().collect::<Vec<_>>());
    Ok(all)
}

/// The message that from now on no event is missed.
#[derive(Serialize)]
struct Watching {
    event: &'static str,
}

impl Shown for Watching {
    fn text(&self, _: Timestamp) -> String {
        self.event.to_owned()
    }
}

/// A connection as it was last read.
#[derive(Clone)]
struct Known {
    id: ConnectionId,
    name: String,
    state: State,
    expires_at: Option<Timestamp>,
    /// When its access token was issued, and how often it was refreshed since the sign-in.
    tokens: Option<(Timestamp, u32)>,
}

impl Known {
    /// The connection; `None` if it was removed.
    fn read(grapnel: &Grapnel, id: &ConnectionId) -> Result<Option<Self>> {
        match grapnel.connection(id) {
            Ok(Details { summary, tokens, .. }) => Ok(Some(Self {
                id: summary.id,
                name: summary.name,
                state: summary.state,
                expires_at: summary.expires_at,
                tokens: tokens.map(|tokens| (tokens.issued_at, tokens.refresh_count)),
            })),
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What happened to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Connected,
    Refreshed,
    NeedsAttention,
    Disconnected,
}

#[derive(Debug, Serialize)]
struct Happened {
    event: What,
    connection: String,
    /// `None` if the connection was removed.
    status: Option<State>,
    expires_at: Option<Timestamp>,
    at: Timestamp,
}

impl Happened {
    fn between(before: Option<&Known>, now: Option<&Known>, at: Timestamp) -> Vec<Self> {
        let tokens = |known: Option<&Known>| known.and_then(|known| known.tokens);
        let state = |known: Option<&Known>| known.map(|known| known.state);
        let tokens = match (tokens(before), tokens(now)) {
            (before, Some(now)) if before == Some(now) => None,
            (Some(_), Some((_, refreshes))) if refreshes > 0 => Some(What::Refreshed),
            (_, Some(_)) => Some(What::Connected),
            (Some(_), None) => Some(What::Disconnected),
            (None, None) => None,
        };
        let needs = State::ReconnectNeeded;
        let needs_attention = state(now) == Some(needs) && state(before) != Some(needs);
        let attention = needs_attention.then_some(What::NeedsAttention);
        let Some(Known { name, expires_at, .. }) = now.or(before) else { return Vec::new() };
        let happened = |event| Self {
            event,
            connection: name.clone(),
            status: state(now),
            expires_at: expires_at.filter(|_| now.is_some()),
            at,
        };
        tokens.into_iter().chain(attention).map(happened).collect()
    }
}

impl Shown for Happened {
    fn text(&self, _: Timestamp) -> String {
        let what = words(&self.event);
        let expires = self.expires_at.map(|at| format!(", expires {at:.0}")).unwrap_or_default();
        // A name is one line, whatever it contains.
        format!("{:.0}  {}: {what}{expires}", self.at, grapnel_model::text::clean_line(&self.connection))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(state: State, tokens: Option<(i64, u32)>) -> Known {
        let tokens = tokens.map(|(at, refreshes)| (Timestamp::from_second(at).unwrap(), refreshes));
        Known { id: ConnectionId::random(), name: "a\n\u{1b}[2Jb".into(), state, expires_at: None, tokens }
    }

    #[test]
    fn each_change_has_its_event() {
        let active = known(State::Active, Some((1, 0)));
        let refreshed = known(State::Active, Some((2, 1)));
        let refused = known(State::ReconnectNeeded, Some((2, 1)));
        let signed_in = known(State::Active, Some((3, 0)));
        let disconnected = known(State::Disconnected, None);
        let table: [(Option<&Known>, Option<&Known>, &[What]); 10] = [
            (None, Some(&active), &[What::Connected]),
            (Some(&active), Some(&active), &[]),
            (Some(&active), Some(&refreshed), &[What::Refreshed]),
            (Some(&refreshed), Some(&refused), &[What::NeedsAttention]),
            (Some(&refused), Some(&refused), &[]),
            (Some(&refused), Some(&signed_in), &[What::Connected]),
            (Some(&signed_in), Some(&disconnected), &[What::Disconnected]),
            (Some(&disconnected), None, &[]),
            (Some(&active), None, &[What::Disconnected]),
            (Some(&active), Some(&refused), &[What::Refreshed, What::NeedsAttention]),
        ];
        for (before, now, expected) in table {
            let happened = Happened::between(before, now, Timestamp::UNIX_EPOCH);
            let happened: Vec<_> = happened.iter().map(|happened| happened.event).collect();
            assert_eq!(happened, expected);
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_the_name_is() {
        let now = known(State::Active, Some((1, 0)));
        let happened = Happened::between(None, Some(&now), Timestamp::UNIX_EPOCH).remove(0);
        let text = happened.text(Timestamp::UNIX_EPOCH);
        assert!(text.ends_with("b: connected") && !text.chars().any(char::is_control), "{text:?}");
        let json = serde_json::to_string(&happened).unwrap();
        assert!(!json.chars().any(char::is_control), "{json:?}");
    }
}
