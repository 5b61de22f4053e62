//! Connections in a list.

use grapnel_core::connection::{State, Summary};
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
            [
                line.name.clone(),
                line.app.clone(),
                line.provider.clone(),
                standing(line.state, line.retry_at, now),
                expires,
            ]
        });
        table(["CONNECTION", "APP", "PROVIDER", "STATE", "EXPIRES"], rows)
    }
}
