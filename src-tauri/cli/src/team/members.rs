//! The members of a team: listing and removing them, leaving; and the state of the team.

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::team::TeamUnreachable;

use super::arguments::{Leave, Remove};
use super::find::team;
use super::print::{Left, Members, Removed, TeamStatus};
use crate::lookup::similar;
use crate::session::Session;

/// The members, as the database has them; as they were known before, if it cannot be reached.
pub(super) async fn members(session: &mut Session<'_>, name: Option<&str>) -> Result<()> {
    let known = team(&session.grapnel, name)?;
    let team = match session.grapnel.sync_team(&known.id).await {
        Ok(team) => team,
        Err(error) if error.code == Code::TeamUnreachable => {
            session
                .output
                .messages
                .note(&format!("warning: {} This is what was known before.", error.message));
            known
        }
        Err(error) => return Err(error),
    };
    session.output.show(&Members(team.members))
}

pub(super) async fn status(session: &mut Session<'_>, name: Option<&str>) -> Result<()> {
    let known = team(&session.grapnel, name)?;
    let team = match session.grapnel.sync_team(&known.id).await {
        Ok(team) => team,
        Err(error) => {
            let now = team(&session.grapnel, Some(&known.name))?;
            let is_told = |told: &TeamUnreachable| told.error.code == error.code;
            if !now.unreachable.as_ref().is_some_and(is_told) {
                return Err(error);
            }
            now
        }
    };
    session.output.show(&TeamStatus(team))
}

pub(super) async fn remove(session: &mut Session<'_>, asked: Remove) -> Result<()> {
    let known = team(&session.grapnel, asked.team.as_deref())?;
    let team =
        session.grapnel.sync_team(&known.id).await.map_err(|error| error.means("Nobody was removed."))?;
    let wanted = asked.member.trim();
    let found = team.members.iter().find(|member| member.name.eq_ignore_ascii_case(wanted));
    let member = found.cloned().ok_or_else(|| {
        let similar = similar(wanted, team.members.iter().map(|member| member.name.as_str()));
        Error::new(Code::NotFound, format!("No member of “{}” is called “{wanted}”.", team.name))
            .hint(format!("{similar}List them: grapnel team members"))
    })?;
    let question = format!(
        "Remove “{}” from “{}”? The keys of the team are changed. Access tokens that it holds work until they expire. \
         [y/N]",
        member.name, team.name
    );
    if !asked.yes && !session.confirms(&question, "Removing a member")? {
        return Err(Error::new(Code::Cancelled, "Not removed.").means("Nothing was changed."));
    }
    let removed = session.grapnel.remove_member(&team.id, &member.id).await?;
    session.output.show(&Removed(removed))
}

pub(super) async fn leave(session: &mut Session<'_>, asked: Leave) -> Result<()> {
    let team = team(&session.grapnel, asked.team.as_deref())?;
    let question = format!(
        "Leave “{}”? Its {} shared connections are removed from this computer. The team keeps them. [y/N]",
        team.name, team.connections
    );
    if !asked.yes && !session.confirms(&question, "Leaving a team")? {
        return Err(Error::new(Code::Cancelled, "Not left.").means("Nothing was changed."));
    }
    let left = session.grapnel.leave_team(&team.id).await?;
    session.output.show(&Left { team: team.name, left })
}
