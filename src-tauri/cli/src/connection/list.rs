//! The list of connections.

use grapnel_model::annotations::Annotations;
use grapnel_model::connection::{State, Summary};
use jiff::Timestamp;
use serde::Serialize;

use crate::format::{relative_time, status_text, within};
use crate::print::CommandResult;
use crate::table::table_of_filled;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct ConnectionList {
    rows: Vec<ConnectionRow>,
    /// The environment of all of them, if one was asked for.
    #[serde(skip)]
    environment: Option<String>,
}

#[derive(Serialize)]
struct ConnectionRow {
    id: String,
    name: String,
    app: String,
    environment: Option<String>,
    #[serde(flatten)]
    annotations: Annotations,
    provider: String,
    state: State,
    expires_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    sign_in_due: Option<Timestamp>,
    lacks_scopes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
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
    /// These connections; those of one environment, if it is given as apps spell it.
    pub(super) fn of(connections: Vec<Summary>, environment: Option<String>) -> Self {
        let line = |summary: Summary| ConnectionRow {
            id: summary.id.0,
            name: summary.name,
            app: summary.app_name,
            environment: summary.environment,
            annotations: summary.annotations,
            provider: summary.provider,
            state: summary.state,
            expires_at: summary.expires_at,
            retry_at: summary.retry_at,
            sign_in_due: summary.sign_in_due,
            lacks_scopes: summary.lacks_scopes,
            team: summary.team,
        };
        let is_listed = |one: &Summary| environment.is_none() || one.environment == environment;
        Self { rows: connections.into_iter().filter(is_listed).map(line).collect(), environment }
    }
}

impl CommandResult for ConnectionList {
    fn text(&self, now: Timestamp) -> String {
        if self.rows.is_empty() {
            return match &self.environment {
                Some(environment) => format!("No connections in the environment “{environment}”."),
                None => "No connections yet. Add one: grapnel connect APP".into(),
            };
        }
        let rows = self.rows.iter().map(|line| {
            let expires = line.expires_at.map_or_else(|| "-".into(), |at| relative_time(at, now));
            let environment = line.environment.clone().unwrap_or_default();
            let label = line.annotations.label.clone().unwrap_or_default();
            let team = line.team.clone().unwrap_or_default();
            let (name, app, provider) = (line.name.clone(), line.app.clone(), line.provider.clone());
            [name, app, environment, label, team, provider, line.status(now), expires]
        });
        table_of_filled(
            ["CONNECTION", "APP", "ENVIRONMENT", "LABEL", "TEAM", "PROVIDER", "STATE", "EXPIRES"],
            rows,
        )
    }
}
