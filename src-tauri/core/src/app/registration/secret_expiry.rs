//! Finds client secrets that expire soon, and for which the person was not notified. The result is stored, so that a
//! restart does not notify again.

use grapnel_model::error::Result;
use grapnel_model::registration::Registration;
use grapnel_store::app;
use jiff::{SignedDuration, Timestamp};

use crate::app::view::{App, all};
use crate::context::Context;

/// The longest time before the expiry at which a person is notified.
const MAX_NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Whether the client secret expires soon, or has expired: in the last third of its lifetime, and in its last 14 days.
fn expires_soon(registration: &Registration, now: Timestamp) -> bool {
    registration.secret_expires_at.is_some_and(|end| {
        let lifetime = registration.registered_at.duration_until(end);
        now.duration_until(end) <= MAX_NOTICE.min(lifetime / 3)
    })
}

/// The apps to notify about. They are recorded as notified.
pub(crate) fn take(ctx: &Context) -> Result<Vec<App>> {
    let is_news =
        |own: &Registration| expires_soon(own, ctx.now()) && own.notified_secret_end != own.secret_expires_at;
    let mut news = all(ctx)?;
    news.retain(|app| app.registration.as_ref().is_some_and(is_news));
    if !news.is_empty() {
        ctx.store.write(|tx| {
            for one in &news {
                let Some(mut row) = app::get(tx, &one.id)? else { continue };
                if let Some(own) = &mut row.registration {
                    own.notified_secret_end = own.secret_expires_at;
                    app::update(tx, &row)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_is_at_most_a_third_of_the_lifetime() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        let soon = |lifetime: i64, left: i64| {
            let end = now + days(left);
            let registration = Registration {
                client_id: "client-1".into(),
                endpoint: "https://id.example/register".into(),
                client_uri: None,
                auth_method: "client_secret_basic".into(),
                registered_at: end - days(lifetime),
                secret_expires_at: Some(end),
                notified_secret_end: None,
            };
            expires_soon(&registration, now)
        };
        assert!(soon(90, 14) && soon(90, -1) && soon(6, 2));
        assert!(!soon(90, 15) && !soon(6, 3));
    }
}
