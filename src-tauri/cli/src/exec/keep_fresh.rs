//! Keeps the tokens of refresh files fresh while a command runs.

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_model::access_token::AccessToken;
use grapnel_model::connection::Summary;
use grapnel_model::event::Event;
use grapnel_model::secret::ExposeSecret;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::error::RecvError;

use super::refresh_file::RefreshFile;
use crate::print::Output;
use crate::requesting_process;

/// The maximum time between two checks of the tokens: the clock advances while the computer sleeps, a timer does not.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The minimum time between two checks, unless the data changes.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// A token and its file.
pub(super) struct FreshToken {
    pub(super) connection: Summary,
    pub(super) token: AccessToken,
    pub(super) file: RefreshFile,
}

/// Refreshes each token before it expires, and writes those that another process has refreshed.
pub(super) async fn keep_fresh(
    grapnel: &Grapnel,
    mut kept: Vec<FreshToken>,
    min_valid: SignedDuration,
    output: &Output,
) {
    let mut events = grapnel.events();
    if let Err(error) = grapnel.follow_others() {
        tracing::warn!(%error, "refreshes by other processes are noticed late");
    }
    let mut said = String::new();
    loop {
        let pauses = kept.iter().map(|one| pause(one.token.expires_at, output.now(), min_valid));
        let pause = pauses.min().unwrap_or(MAX_PAUSE);
        let _ = tokio::time::timeout(pause, async {
            loop {
                match events.recv().await {
                    Ok(Event::Connection(id)) if kept.iter().all(|one| one.connection.id != id) => {}
                    Ok(Event::Connection(_) | Event::ChangedElsewhere) | Err(RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        })
        .await;
        for one in &mut kept {
            match refresh(grapnel, one, min_valid).await {
                Ok(()) => {}
                Err(error) if error.message == said => {}
                Err(error) => {
                    let hint = error.hint.unwrap_or_default();
                    output.messages.note(&format!(
                        "warning: The token of “{}” is not refreshed. {} {hint}",
                        one.connection.name, error.message
                    ));
                    said = error.message;
                }
            }
        }
    }
}

async fn refresh(
    grapnel: &Grapnel,
    kept: &mut FreshToken,
    min_valid: SignedDuration,
) -> grapnel_model::error::Result<()> {
    let token = grapnel.token(&kept.connection.id, min_valid.unsigned_abs()).await?;
    if token.value.expose_secret() != kept.token.value.expose_secret() {
        kept.file.replace(&token.value)?;
        requesting_process::log_hand_out(grapnel, &kept.connection);
    }
    kept.token = token;
    Ok(())
}

/// The time until the next check of a token: until `min_valid` before it expires or, if less is left, half of the rest.
fn pause(expires_at: Option<Timestamp>, now: Timestamp, min_valid: SignedDuration) -> Duration {
    let Some(end) = expires_at else { return MAX_PAUSE };
    let left = now.duration_until(end);
    let pause = if left > min_valid { left - min_valid } else { left / 2 };
    Duration::try_from(pause).unwrap_or_default().clamp(MIN_PAUSE, MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_checked_before_it_expires_and_not_in_a_busy_loop() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let after = |left: i64, min_valid: i64| {
            let end = Some(now + SignedDuration::from_secs(left));
            pause(end, now, SignedDuration::from_secs(min_valid)).as_secs()
        };
        assert_eq!(after(3600, 60), 60);
        assert_eq!(after(90, 60), 30);
        assert_eq!(after(60, 60), 30);
        assert_eq!(after(20, 60), 10);
        assert_eq!(after(-20, 60), 1);
        assert_eq!(pause(None, now, SignedDuration::ZERO), MAX_PAUSE);
    }
}
