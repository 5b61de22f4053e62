//! Which connections need a person who was not told of it yet, or will need them before long. Kept, so that no start
//! tells it again.

use grapnel_model::connection::{State, Summary};
use grapnel_model::error::Result;
use grapnel_store::connection_status::Notice;
use grapnel_store::{connection, connection_status};
use jiff::SignedDuration;

use super::state::StatusContext;
use crate::app;
use crate::context::Context;

/// What becomes of what was noted.
#[derive(Debug, PartialEq, Eq)]
enum Note {
    /// It needs the person, who does not know: tell them, and note that.
    Tell,
    /// All is well again: what comes next is new.
    Clear,
    /// As it was.
    Leave,
}

/// What to do about a connection in `state` whose grant is of `version`, where the grant `told` was told of.
fn note(state: State, version: i64, told: Option<i64>) -> Note {
    match state {
        State::ReconnectNeeded if told != Some(version) => Note::Tell,
        State::Active | State::Expired | State::Retrying | State::Disconnected if told.is_some() => {
            Note::Clear
        }
        // What is being renewed, or cannot be opened now, may come out as it was before.
        _ => Note::Leave,
    }
}

/// A sign-in that is due within hours is no surprise: such tokens come and go all day.
const MIN_NOTICE: SignedDuration = SignedDuration::from_hours(6);

/// Whether the person is to be told that a sign-in will be due.
fn is_to_tell(summary: &Summary, notice: Notice) -> bool {
    summary.sign_in_due.is_some()
        && !notice.is_told
        && notice.from.duration_until(notice.due) >= MIN_NOTICE
        && matches!(summary.state, State::Active | State::Expired | State::Retrying)
}

/// The connections to tell of. From then on they count as told.
pub(crate) fn take(ctx: &Context) -> Result<Vec<Summary>> {
    let kept = ctx.store.read(connection_status::noted)?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let now = StatusContext::of(ctx, app::all(ctx)?);
    let mut news = Vec::new();
    let (mut notes, mut noticed) = (Vec::new(), Vec::new());
    for of in kept {
        let (version, told, notice) = (of.version, of.told, of.notice);
        let Some(summary) = now.summary(of) else { continue };
        if let Some(notice) = notice.filter(|notice| is_to_tell(&summary, *notice)) {
            noticed.push((summary.id.clone(), notice.due));
            news.push(summary.clone());
        }
        match note(summary.state, version, told) {
            Note::Tell => {
                notes.push((summary.id.clone(), Some(version)));
                news.push(summary);
            }
            Note::Clear => notes.push((summary.id, None)),
            Note::Leave => {}
        }
    }
    if !notes.is_empty() || !noticed.is_empty() {
        ctx.store.write(|tx| {
            noticed.iter().try_for_each(|(id, due)| connection::set_noticed(tx, id, Some(*due)))?;
            notes.iter().try_for_each(|(id, told)| connection::set_told(tx, id, *told))
        })?;
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_a_person_is_told_and_once_for_each_grant() {
        use State::*;
        assert_eq!(note(ReconnectNeeded, 3, None), Note::Tell);
        assert_eq!(note(ReconnectNeeded, 3, Some(3)), Note::Leave);
        assert_eq!(note(ReconnectNeeded, 4, Some(3)), Note::Tell);
        for heals in [Active, Expired, Retrying, Disconnected] {
            assert_eq!(note(heals, 3, None), Note::Leave, "{heals:?}");
            assert_eq!(note(heals, 3, Some(3)), Note::Clear, "{heals:?}");
        }
        for passes in [Renewing, Locked] {
            assert_eq!(note(passes, 3, None), Note::Leave, "{passes:?}");
            assert_eq!(note(passes, 3, Some(3)), Note::Leave, "{passes:?}");
        }
    }
}
