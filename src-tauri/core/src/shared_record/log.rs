//! The team's activity: what its members did with a shared connection, and on which machine.

use std::sync::Arc;

use grapnel_model::error::Result;
use grapnel_model::team::TeamActivity;
use grapnel_store::shared_connection::SharedRow;
use grapnel_team::port::RecordId;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::team_session::TeamSession;

/// How many entries of a connection's activity the team keeps.
const KEPT_ENTRIES: u32 = 500;

/// An entry of the team's activity, encrypted as a whole.
#[derive(Serialize, Deserialize)]
struct Entry {
    member: String,
    machine: String,
    text: String,
}

impl TeamSession {
    /// Adds an entry to the team's activity, in a task: who holds the record's lock need not wait for it. A failure is
    /// no failure of what it tells about.
    pub(crate) fn log(self: &Arc<Self>, ctx: &Arc<Context>, of: &SharedRow, text: &str) {
        let by = self.by(ctx);
        let entry = Entry { member: by.member, machine: by.machine, text: text.to_owned() };
        let Ok(entry) = serde_json::to_vec(&entry) else { return };
        let (team, ctx, id) = (Arc::clone(self), Arc::clone(ctx), RecordId(of.record_id.clone()));
        let Some(logging) = ctx.teams.begin_log() else {
            tracing::info!("too many entries of the teams’ activity wait to be written");
            return;
        };
        tokio::spawn(async move {
            // One at a time: the session sends one request behind the other.
            let _one = team.logging.lock().await;
            let added = team.team.add_activity(&id, &entry, KEPT_ENTRIES).await;
            if let Err(error) = team.checked(&ctx, added) {
                tracing::info!(%error, "the team’s activity could not be written");
            }
            drop(logging);
        });
    }

    /// What the team did with a connection, newest first, with what this process is adding.
    pub(crate) async fn activity(
        &self,
        ctx: &Context,
        of: &SharedRow,
        limit: u32,
    ) -> Result<Vec<TeamActivity>> {
        ctx.teams.all_logged().await;
        let read = self.team.activity(&RecordId(of.record_id.clone()), limit).await;
        let entries = self.checked(ctx, read)?.into_iter().filter_map(|activity| {
            let Entry { member, machine, text } = serde_json::from_slice(&activity.entry).ok()?;
            Some(TeamActivity { at: activity.at, member, machine, text })
        });
        Ok(entries.collect())
    }
}
