//! `grapnel activity`: the activity log, newest first.

use std::collections::HashMap;

use clap::Args;
use grapnel_model::activity::{Entry, Kind};
use grapnel_model::error::Result;
use grapnel_model::id::{AppId, ConnectionId};
use jiff::Timestamp;
use serde::Serialize;

use crate::format::relative_time;
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::table;

#[derive(Debug, Args)]
pub(crate) struct Activity {
    /// The connection's name; all activity if omitted
    connection: Option<String>,
    /// Show only entries whose text, app or connection contains this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

pub(crate) fn run(session: &mut Session<'_>, asked: &Activity) -> Result<()> {
    let of = asked.connection.as_deref().map(|name| lookup::connection(&session.grapnel, name));
    let of = of.transpose()?.map(|connection| connection.id);
    let entries = session.grapnel.activity(of.as_ref(), asked.search.as_deref())?;
    let connections = session.grapnel.connections()?.into_iter().map(|one| (one.id, one.name)).collect();
    let apps = session.grapnel.apps()?.into_iter().map(|one| (one.id, one.name)).collect();
    let lines = entries.into_iter().map(|entry| LogEntry::of(entry, &connections, &apps)).collect();
    session.output.show(&Log(lines, asked.search.is_some()))
}

/// The entries, and whether the log was searched.
#[derive(Serialize)]
#[serde(transparent)]
struct Log(Vec<LogEntry>, #[serde(skip)] bool);

#[derive(Serialize)]
struct LogEntry {
    at: Timestamp,
    kind: Kind,
    text: String,
    times: u32,
    last_at: Option<Timestamp>,
    connection: Option<String>,
    app: Option<String>,
}

impl LogEntry {
    fn of(entry: Entry, connections: &HashMap<ConnectionId, String>, apps: &HashMap<AppId, String>) -> Self {
        Self {
            at: entry.at,
            kind: entry.kind,
            text: entry.text,
            times: entry.times,
            last_at: entry.last_at,
            connection: entry.connection_id.and_then(|id| connections.get(&id).cloned()),
            app: entry.app_id.and_then(|id| apps.get(&id).cloned()),
        }
    }
}

impl LogEntry {
    /// The text, and how often it happened.
    fn description(&self, now: Timestamp) -> String {
        let Some(last_at) = self.last_at else { return self.text.clone() };
        format!("{} ({} times, last {})", self.text, self.times, relative_time(last_at, now))
    }
}

impl CommandResult for Log {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return if self.1 { "No activity matches." } else { "No activity yet." }.into();
        }
        let rows = self.0.iter().map(|line| {
            let about = line.connection.as_ref().or(line.app.as_ref()).cloned().unwrap_or_default();
            [relative_time(line.at, now), about, line.description(now)]
        });
        table(["WHEN", "CONNECTION/APP", "EVENT"], rows)
    }
}
