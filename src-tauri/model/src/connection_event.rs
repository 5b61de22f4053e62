//! What happens to a connection: events, derived from two states of it. They contain no secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{State, Summary};
use crate::id::ConnectionId;

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEventKind {
    /// It was connected, or reconnected by a new sign-in.
    Connected,
    /// Its tokens were refreshed.
    Refreshed,
    /// It needs a new sign-in.
    NeedsAttention,
    /// Its tokens were deleted, or the connection was removed.
    Disconnected,
}

/// Something that happened to a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionEvent {
    /// What happened.
    pub event: ConnectionEventKind,
    /// The connection's ID.
    pub connection_id: ConnectionId,
    /// The connection's name.
    pub connection: String,
    /// The app's name.
    pub app: String,
    /// The provider's ID, such as `grigora`.
    pub provider: String,
    /// The connection's status; `None` if it was removed.
    pub status: Option<State>,
    /// When its access token expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// When the event was noticed.
    pub at: Timestamp,
}

/// A connection as it was at some time, as far as events depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionSnapshot {
    /// The connection's ID.
    pub id: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// The app's name.
    pub app: String,
    /// The provider's ID.
    pub provider: String,
    /// Its status; `None` in a stored snapshot, since events do not depend on the status before.
    #[serde(skip)]
    pub state: Option<State>,
    /// When its access token expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// When its access token was issued, and how often it was refreshed since the sign-in; `None` without tokens.
    pub tokens: Option<(Timestamp, u32)>,
    /// Whether it needs a new sign-in, as far as is known.
    pub needs_attention: bool,
}

impl ConnectionSnapshot {
    /// The connection as it is now. `before` is the last snapshot of it, if there is one: while a refresh is in
    /// progress or the vault is locked, the status does not tell whether the connection needs attention.
    pub fn new(summary: Summary, tokens: Option<(Timestamp, u32)>, before: Option<&Self>) -> Self {
        let needs_attention = match summary.state {
            State::Refreshing | State::Locked => before.is_some_and(|before| before.needs_attention),
            state => state == State::ReconnectNeeded,
        };
        Self {
            id: summary.id,
            name: summary.name,
            app: summary.app_name,
            provider: summary.provider,
            state: Some(summary.state),
            expires_at: summary.expires_at,
            tokens,
            needs_attention,
        }
    }
}

impl ConnectionEvent {
    /// What happened between two snapshots of one connection; `None` stands for a connection that does not exist.
    pub fn between(
        before: Option<&ConnectionSnapshot>,
        now: Option<&ConnectionSnapshot>,
        at: Timestamp,
    ) -> Vec<Self> {
        let tokens = |of: Option<&ConnectionSnapshot>| of.and_then(|of| of.tokens);
        let needs = |of: Option<&ConnectionSnapshot>| of.is_some_and(|of| of.needs_attention);
        let tokens = match (tokens(before), tokens(now)) {
            (before, Some(now)) if before == Some(now) => None,
            (Some(_), Some((_, refreshes))) if refreshes > 0 => Some(ConnectionEventKind::Refreshed),
            (_, Some(_)) => Some(ConnectionEventKind::Connected),
            (Some(_), None) => Some(ConnectionEventKind::Disconnected),
            (None, None) => None,
        };
        let attention = (needs(now) && !needs(before)).then_some(ConnectionEventKind::NeedsAttention);
        let Some(of) = now.or(before) else { return Vec::new() };
        tokens.into_iter().chain(attention).map(|event| Self::of(event, of, now.is_some(), at)).collect()
    }

    /// An event of this kind, whatever happened before, such as to try what reacts to it.
    pub fn sample(event: ConnectionEventKind, of: &ConnectionSnapshot, at: Timestamp) -> Self {
        Self::of(event, of, true, at)
    }

    fn of(event: ConnectionEventKind, of: &ConnectionSnapshot, exists: bool, at: Timestamp) -> Self {
        Self {
            event,
            connection_id: of.id.clone(),
            connection: of.name.clone(),
            app: of.app.clone(),
            provider: of.provider.clone(),
            status: of.state.filter(|_| exists),
            expires_at: of.expires_at.filter(|_| exists),
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionEventKind::{Connected, Disconnected, NeedsAttention, Refreshed};
    use super::*;

    fn known(state: State, tokens: Option<(i64, u32)>) -> ConnectionSnapshot {
        ConnectionSnapshot {
            id: ConnectionId("1".into()),
            name: "acme".into(),
            app: "Acme".into(),
            provider: "grigora".into(),
            state: Some(state),
            expires_at: None,
            tokens: tokens.map(|(at, refreshes)| (Timestamp::from_second(at).unwrap(), refreshes)),
            needs_attention: state == State::ReconnectNeeded,
        }
    }

    #[test]
    fn each_change_has_its_event() {
        let active = known(State::Active, Some((1, 0)));
        let refreshed = known(State::Active, Some((2, 1)));
        let refused = known(State::ReconnectNeeded, Some((2, 1)));
        let signed_in = known(State::Active, Some((3, 0)));
        let disconnected = known(State::Disconnected, None);
        let table: [(Option<&ConnectionSnapshot>, Option<&ConnectionSnapshot>, &[ConnectionEventKind]); 10] = [
            (None, Some(&active), &[Connected]),
            (Some(&active), Some(&active), &[]),
            (Some(&active), Some(&refreshed), &[Refreshed]),
            (Some(&refreshed), Some(&refused), &[NeedsAttention]),
            (Some(&refused), Some(&refused), &[]),
            (Some(&refused), Some(&signed_in), &[Connected]),
            (Some(&signed_in), Some(&disconnected), &[Disconnected]),
            (Some(&disconnected), None, &[]),
            (Some(&active), None, &[Disconnected]),
            (Some(&active), Some(&refused), &[Refreshed, NeedsAttention]),
        ];
        for (before, now, expected) in table {
            let events = ConnectionEvent::between(before, now, Timestamp::UNIX_EPOCH);
            assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_locked_vault_neither_hides_nor_repeats_a_problem() {
        let summary = |state| Summary {
            id: ConnectionId("1".into()),
            name: "acme".into(),
            app_id: crate::id::AppId("2".into()),
            app_name: "Acme".into(),
            environment: None,
            provider: "grigora".into(),
            provider_name: "Grigora".into(),
            state,
            expires_at: None,
            retry_at: None,
            sign_in_due: None,
            lacks_scopes: false,
            can_refresh: true,
            annotations: crate::annotations::Annotations::default(),
            team: None,
        };
        let tokens = Some((Timestamp::UNIX_EPOCH, 0));
        let refused = ConnectionSnapshot::new(summary(State::ReconnectNeeded), tokens, None);
        let locked = ConnectionSnapshot::new(summary(State::Locked), tokens, Some(&refused));
        let again = ConnectionSnapshot::new(summary(State::ReconnectNeeded), tokens, Some(&locked));
        for (before, now) in [(&refused, &locked), (&locked, &again)] {
            assert_eq!(ConnectionEvent::between(Some(before), Some(now), Timestamp::UNIX_EPOCH), []);
        }
    }
}
