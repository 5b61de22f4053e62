//! What is shared of a connection, as text.

use grapnel_model::error::Code;
use grapnel_model::team::SharedConnection;
use jiff::Timestamp;

use crate::format::{relative_time, words};
use crate::table::fields;

/// The team, who got the tokens last, and what is wrong.
pub(super) fn shared_text(shared: &SharedConnection, now: Timestamp) -> String {
    let refreshed = shared
        .refreshed
        .as_ref()
        .map(|by| format!("{} by {} on {}", relative_time(by.at, now), by.member, by.machine));
    let unreachable = shared.unreachable.as_ref().map(|unreachable| {
        format!("since {}: {}", relative_time(unreachable.since, now), unreachable.error.message)
    });
    let is_answering = |code: Code| code == Code::TeamRefused || code.is_of_team_content();
    let label = match &shared.unreachable {
        Some(unreachable) if is_answering(unreachable.error.code) => "team unusable",
        _ => "team unreachable",
    };
    let problem = shared.conflict.as_ref().or(shared.unreachable.as_ref().map(|now| &now.error));
    let conflict = shared.conflict.as_ref();
    fields([
        ("team", format!("{} ({})", shared.team_name, words(&shared.role))),
        ("tokens from", refreshed.unwrap_or_default()),
        ("not in the team since", shared.pending_since.map(|at| relative_time(at, now)).unwrap_or_default()),
        (label, unreachable.unwrap_or_default()),
        ("team conflict", conflict.map(|error| error.message.clone()).unwrap_or_default()),
        ("team impact", problem.and_then(|error| error.meaning.clone()).unwrap_or_default()),
        ("team next step", problem.and_then(|error| error.hint.clone()).unwrap_or_default()),
    ])
}
