//! `grapnel team activity`: what the team did with a shared connection.

use grapnel_model::error::Result;
use grapnel_model::team::TeamActivity;
use jiff::Timestamp;
use serde::Serialize;

use crate::format::relative_time;
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::table;

pub(super) async fn activity(session: &mut Session<'_>, name: &str) -> Result<()> {
    let connection = lookup::connection(&session.grapnel, name)?;
    let entries = session.grapnel.team_activity(&connection.id).await?;
    session.output.show(&Entries(entries))
}

#[derive(Serialize)]
#[serde(transparent)]
struct Entries(Vec<TeamActivity>);

impl CommandResult for Entries {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return "The team did nothing with this connection yet.".to_owned();
        }
        let rows = self.0.iter().map(|entry| {
            [relative_time(entry.at, now), entry.member.clone(), entry.machine.clone(), entry.text.clone()]
        });
        table(["WHEN", "MEMBER", "COMPUTER", "WHAT"], rows)
    }
}
