//! What is stored of a failed refresh: the error, and when to retry.

use std::time::Duration;

use grapnel_model::activity::Kind;
use grapnel_model::id::ExchangeId;
use grapnel_oauth::retry::{self, after, next_attempt_text, random_fraction};
use grapnel_store::connection::{ConnectionRow, Retry};
use grapnel_store::{activity, connection};
use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::outcome::{RefreshFailure, RefreshReason};
use super::renewal;
use crate::context::Context;

/// The shortest pause before a refresh is retried whose response did not arrive; at most twice as long.
const LOST_RESPONSE_PAUSE: Duration = Duration::from_secs(2);
/// How long a failure is returned to callers instead of another request.
const QUIET_PERIOD: Duration = Duration::from_secs(2);
/// The longest such period, if the provider asked to wait.
const MAX_QUIET_PERIOD: Duration = Duration::from_secs(3_600);

/// Builds the record of a failed refresh, if there is anything to store. Its activity entry links to `exchange`. The
/// closure returns whether the connection still has the grant that was to be replaced.
pub(super) fn failure_record(
    ctx: &Context,
    row: &ConnectionRow,
    failure: &RefreshFailure,
    reason: RefreshReason,
    exchange: Option<ExchangeId>,
) -> Option<impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + use<>> {
    let failures = row.refresh_status.retry.failures.saturating_add(1);
    let (error, kind, pause) = match failure {
        RefreshFailure::Refused(error) => (error, Kind::RefreshRefused, None),
        RefreshFailure::Transient(error, asked) => {
            (error, Kind::RefreshFailed, Some(retry::pause(failures, *asked, random_fraction())))
        }
        RefreshFailure::Doubtful(error) | RefreshFailure::Unusable(error) => {
            (error, Kind::RefreshFailed, Some(retry::pause(failures, None, random_fraction())))
        }
        RefreshFailure::Unknown(error, asked) => {
            // The next attempt decides whether the old token still works, so it comes soon. After that, back-off
            // applies.
            let pause = if row.refresh_status.retry.failures == 0 && asked.is_none() {
                LOST_RESPONSE_PAUSE.mul_f64(1.0 + random_fraction())
            } else {
                retry::pause(failures, *asked, random_fraction())
            };
            (error, Kind::AnswerLost, Some(pause))
        }
        RefreshFailure::Stored(_) | RefreshFailure::Local(_) => return None,
    };
    let now = ctx.time.now();
    let retry = Retry {
        failures,
        failed_at: Some(now),
        at: pause.map(|pause| after(now, pause)),
        quiet_until: quiet_period(failure).map(|quiet| after(now, quiet)),
        // A new token of the client itself replaces nothing at the provider.
        response_lost: !renewal::is_of_client(row)
            && (row.response_may_be_lost()
                || matches!(failure, RefreshFailure::Unknown(..) | RefreshFailure::Unusable(_))),
        refusals: row
            .refresh_status
            .retry
            .refusals
            .saturating_add(u32::from(matches!(failure, RefreshFailure::Doubtful(_)))),
    };
    // On the clock that the person sees, not on the provider's.
    let next = |pause| next_attempt_text(ctx.now(), pause, &TimeZone::system());
    let trying = pause.map(|pause| format!(" Next attempt {}.", next(pause))).unwrap_or_default();
    // Repeated similar failures share one entry of the activity log.
    let is_news = reason == RefreshReason::Requested
        || row.refresh_status.error.as_ref().is_none_or(|before| before.code != error.code);
    let (id, app_id, version, at, error) =
        (row.id.clone(), row.app_id.clone(), row.version, ctx.now(), error.clone());
    Some(move |connection: &Connection| {
        let is_current = connection::end_refresh(connection, &id, version, &error, &retry)?;
        let of = (Some(&id), Some(&app_id));
        if is_current && is_news {
            activity::add(connection, at, kind, &format!("{}{trying}", error.message), of)?;
        } else if is_current {
            let text = format!("{} {failures} attempts have failed.{trying}", error.message);
            activity::add_again(connection, at, kind, &text, of)?;
        }
        if let Some(exchange) = exchange.filter(|_| is_current) {
            activity::link_last(connection, &exchange)?;
        }
        Ok(is_current)
    })
}

/// How long the failure is returned to callers without another request.
fn quiet_period(failure: &RefreshFailure) -> Option<Duration> {
    match failure {
        RefreshFailure::Transient(_, asked) | RefreshFailure::Unknown(_, asked) => {
            Some(asked.unwrap_or_default().clamp(QUIET_PERIOD, MAX_QUIET_PERIOD))
        }
        RefreshFailure::Doubtful(_) | RefreshFailure::Unusable(_) => Some(QUIET_PERIOD),
        RefreshFailure::Refused(_) | RefreshFailure::Stored(_) | RefreshFailure::Local(_) => None,
    }
}
