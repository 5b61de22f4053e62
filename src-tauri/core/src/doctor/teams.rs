//! The checks of teams: whether their databases can be reached and locked, and what they lack.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::{Code, Error};
use grapnel_model::team::Team;

use super::check::{Check, CheckStatus};
use crate::context::Context;
use crate::{shared_connection, team};

/// A database that responds does so within this time.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A check for each team. Their names may be customers', so they are numbered.
pub(super) async fn checks(ctx: &Arc<Context>) -> Vec<Check> {
    let teams = match team::all(ctx) {
        Ok(teams) => teams,
        Err(error) => return vec![Check::wrong("Teams", CheckStatus::Broken, error)],
    };
    let mut checks = Vec::new();
    for (number, team) in (1..).zip(&teams) {
        let name = if teams.len() == 1 { "Team".to_owned() } else { format!("Team {number}") };
        checks.push(check(ctx, &name, team).await);
    }
    checks
}

async fn check(ctx: &Arc<Context>, name: &str, known: &Team) -> Check {
    let timed_out = || Error::new(Code::TeamUnreachable, "The team’s database does not answer.");
    let proven = tokio::time::timeout(TIMEOUT, Box::pin(shared_connection::prove(ctx, &known.id))).await;
    let version = match proven.unwrap_or_else(|_| Err(timed_out())) {
        Ok(version) => version,
        Err(error) => return Check::wrong(name, CheckStatus::Attention, error),
    };
    let team = match team::one(ctx, &known.id) {
        Ok(team) => team,
        Err(error) => return Check::wrong(name, CheckStatus::Broken, error),
    };
    let (pending, schema_version) = (team.pending, team.schema_version.unwrap_or_default());
    let found = format!(
        "Its database answers and locks; version {schema_version} of the schema, version {version} of the membership, \
         {} members, {} shared connections.",
        team.members.len(),
        team.connections
    );
    let lacks = format!("{pending} have new tokens that it lacks.");
    if let Some(mut error) = team.rolled_back_error() {
        if pending > 0 {
            error.message = format!("{} {lacks}", error.message);
        }
        return Check::wrong(name, CheckStatus::Attention, error);
    }
    if pending == 0 {
        return Check::fine(name, found);
    }
    let error = Error::new(Code::TeamUnreachable, format!("{found} {lacks}"))
        .means("Other computers cannot use those connections until the tokens are written.")
        .hint("Keep Grapnel open: it writes them by itself. “grapnel team status” writes them now.");
    Check::wrong(name, CheckStatus::Attention, error)
}
