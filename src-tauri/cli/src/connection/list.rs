//! The list of connections.

use grapnel_model::connection::{State, Summary};
use jiff::Timestamp;
use serde::Serialize;

use crate::format::{relative_time, status_text, within};
use crate::print::Shown;
use crate::table::table;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct ConnectionList(Vec<ConnectionRow>);

#[derive(Serialize)]
struct ConnectionRow {
    id: String,
    name: String,
    app: String,
    environment: Option<String>,
    provider: String,
    state: State,
    expires_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    sign_in_due: Option<Timestamp>,
    lacks_scopes: bool,
}

impl ConnectionRow {
    /// The status, until when to reconnect, and whether scopes are missing.
    fn status(&self, now: Timestamp) -> String {
        let status = status_text(self.state, self.retry_at, now);
        let status = match self.sign_in_due.filter(|_| self.state != State::ReconnectNeeded) {
            Some(due) => format!("{status}, reconnect {}", within(due, now)),
            None => status,
        };
        if self.lacks_scopes { format!("{status}, scopes missing") } else { status }
    }
}

impl ConnectionList {
    pub(super) fn of(connections: Vec<Summary>) -> Self {
        let line = |summary: Summary| ConnectionRow {
            id: summary.id.0,
            name: summary.name,
            app: summary.app_name,
            environment: summary.environment,
            provider: summary.provider,
            state: summary.state,
            expires_at: summary.expires_at,
            retry_at: summary.retry_at,
            sign_in_due: summary.sign_in_due,
            lacks_scopes: summary.lacks_scopes,
        };
        Self(connections.into_iter().map(line).collect())
    }
}

impl Shown for ConnectionList {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return "No connections yet. Add one: grapnel connect APP".into();
        }
        let rows = self.0.iter().map(|line| {
            let expires = line.expires_at.map_or_else(|| "-".into(), |at| relative_time(at, now));
            [line.name.clone(), line.app.clone(), line.provider.clone(), line.status(now), expires]
        });
        table(["CONNECTION", "APP", "PROVIDER", "STATE", "EXPIRES"], rows)
    }
}
