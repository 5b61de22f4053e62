//! Connections in a list.

use grapnel_model::connection::{State, Summary};
use jiff::Timestamp;
use serde::Serialize;

use crate::print::Shown;
use crate::table::table;
use crate::words::{moment, standing};

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Lines(Vec<Line>);

#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    app: String,
    provider: String,
    state: State,
    expires_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    sign_in_due: Option<Timestamp>,
    lacks_scopes: bool,
}

impl Line {
    /// How it stands, when a new sign-in will be needed, and whether scopes were not granted.
    fn standing(&self, now: Timestamp) -> String {
        let standing = standing(self.state, self.retry_at, now);
        let standing = match self.sign_in_due.filter(|_| self.state != State::ReconnectNeeded) {
            Some(due) => format!("{standing}, sign-in needed {}", moment(due, now)),
            None => standing,
        };
        if self.lacks_scopes { format!("{standing}, scopes missing") } else { standing }
    }
}

impl Lines {
    pub(super) fn of(connections: Vec<Summary>) -> Self {
        let line = |summary: Summary| Line {
            id: summary.id.0,
            name: summary.name,
            app: summary.app_name,
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

impl Shown for Lines {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return "No connection yet. Make one: grapnel connect APP".into();
        }
        let rows = self.0.iter().map(|line| {
            let expires = line.expires_at.map_or_else(|| "-".into(), |at| moment(at, now));
            [line.name.clone(), line.app.clone(), line.provider.clone(), line.standing(now), expires]
        });
        table(["CONNECTION", "APP", "PROVIDER", "STATE", "EXPIRES"], rows)
    }
}
