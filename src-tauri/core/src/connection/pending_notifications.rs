//! Finds connections that need attention, now or soon, and for which the person was not notified. The result is stored,
//! so that a restart does not notify again.

use grapnel_model::connection::{State, Summary};
use grapnel_model::error::Result;
use grapnel_store::connection_status::Notice;
use grapnel_store::{connection, connection_status};
use jiff::SignedDuration;

use super::state::StatusContext;
use crate::app;
use crate::context::Context;

/// What to do with a connection.
#[derive(Debug, PartialEq, Eq)]
enum NotificationChange {
    /// It needs attention: notify the person and record that.
    Tell,
    /// It works again: clear the record, so that the next problem is notified.
    Clear,
    /// No change.
    Leave,
}

/// Decides by the state and the grant's version; `told` is the version of the last notification.
fn notification_change(state: State, version: i64, told: Option<i64>) -> NotificationChange {
    match state {
        State::ReconnectNeeded if told != Some(version) => NotificationChange::Tell,
        State::Active | State::Expired | State::Retrying | State::Disconnected if told.is_some() => {
            NotificationChange::Clear
        }
        // A refresh in progress or a locked vault does not tell whether the problem persists.
        _ => NotificationChange::Leave,
    }
}

/// No notification if a sign-in is due within hours of it: such short-lived tokens expire every day.
const MIN_NOTICE: SignedDuration = SignedDuration::from_hours(6);

/// Whether to notify the person that a sign-in will be due.
fn should_notify(summary: &Summary, notice: Notice) -> bool {
    summary.sign_in_due.is_some()
        && !notice.is_notified
        && notice.from.duration_until(notice.due) >= MIN_NOTICE
        && matches!(summary.state, State::Active | State::Expired | State::Retrying)
}

/// The connections to notify about. They are recorded as notified.
pub(crate) fn take(ctx: &Context) -> Result<Vec<Summary>> {
    let kept = ctx.store.read(connection_status::needing_attention)?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let now = StatusContext::of(ctx, app::all(ctx)?);
    let mut news = Vec::new();
    let (mut notes, mut noticed) = (Vec::new(), Vec::new());
    for of in kept {
        let (version, told, notice) = (of.version, of.notified_version, of.notice);
        let Some(summary) = now.summary(of) else { continue };
        if let Some(notice) = notice.filter(|notice| should_notify(&summary, *notice)) {
            noticed.push((summary.id.clone(), notice.due));
            news.push(summary.clone());
        }
        match notification_change(summary.state, version, told) {
            NotificationChange::Tell => {
                notes.push((summary.id.clone(), Some(version)));
                news.push(summary);
            }
            NotificationChange::Clear => notes.push((summary.id, None)),
            NotificationChange::Leave => {}
        }
    }
    if !notes.is_empty() || !noticed.is_empty() {
        ctx.store.write(|tx| {
            noticed.iter().try_for_each(|(id, due)| connection::set_notified_sign_in(tx, id, Some(*due)))?;
            notes.iter().try_for_each(|(id, told)| connection::set_notified_version(tx, id, *told))
        })?;
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_problems_for_a_person_are_notified_once_per_grant() {
        use State::*;
        assert_eq!(notification_change(ReconnectNeeded, 3, None), NotificationChange::Tell);
        assert_eq!(notification_change(ReconnectNeeded, 3, Some(3)), NotificationChange::Leave);
        assert_eq!(notification_change(ReconnectNeeded, 4, Some(3)), NotificationChange::Tell);
        for heals in [Active, Expired, Retrying, Disconnected] {
            assert_eq!(notification_change(heals, 3, None), NotificationChange::Leave, "{heals:?}");
            assert_eq!(notification_change(heals, 3, Some(3)), NotificationChange::Clear, "{heals:?}");
        }
        for passes in [Refreshing, Locked] {
            assert_eq!(notification_change(passes, 3, None), NotificationChange::Leave, "{passes:?}");
            assert_eq!(notification_change(passes, 3, Some(3)), NotificationChange::Leave, "{passes:?}");
        }
    }
}
