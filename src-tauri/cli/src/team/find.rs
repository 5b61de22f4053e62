//! Finding a team by its name.

use grapnel_core::Grapnel;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::team::Team;

use crate::lookup::similar;

/// The team of this name; the only one if no name is given.
pub(super) fn team(grapnel: &Grapnel, name: Option<&str>) -> Result<Team> {
    let mut teams = grapnel.teams()?;
    let Some(name) = name else {
        return match teams.len() {
            0 => Err(Error::new(Code::NotFound, "This Grapnel is in no team.")
                .hint("Create one: grapnel team create NAME. Or join one: grapnel team join")),
            1 => Ok(teams.remove(0)),
            _ => {
                let names: Vec<_> = teams.iter().map(|team| team.name.as_str()).collect();
                Err(Error::input("team", "This Grapnel is in several teams.")
                    .hint(format!("Name one: {}.", names.join(", "))))
            }
        };
    };
    let found = teams.iter().find(|team| team.name.eq_ignore_ascii_case(name.trim())).cloned();
    found.ok_or_else(|| {
        let similar = similar(name, teams.iter().map(|team| team.name.as_str()));
        Error::new(Code::NotFound, format!("No team is called “{}”.", name.trim()))
            .hint(format!("{similar}List all teams: grapnel team list"))
    })
}
