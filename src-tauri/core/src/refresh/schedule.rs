//! When a connection is refreshed automatically.

use std::hash::{DefaultHasher, Hash, Hasher};

use grapnel_model::settings::Margin;
use grapnel_store::refresh_candidates::RefreshCandidate;
use jiff::{SignedDuration, Timestamp};

/// How long before the end of a lifetime to refresh: the margin in minutes, limited to a fraction of the lifetime.
fn lead_time(life: SignedDuration, margin: Margin) -> SignedDuration {
    let (most, share) = match margin {
        // Leaves time for several attempts.
        Margin::Usual => (5, 5),
        // A chosen margin also applies to shorter lifetimes. Together with the spread it is at most half of the
        // lifetime.
        Margin::OneMinute => (1, 3),
        Margin::FiveMinutes => (5, 3),
        Margin::FifteenMinutes => (15, 3),
        Margin::OneHour => (60, 3),
    };
    SignedDuration::from_mins(most).min(life / share)
}

/// Tokens with a lifetime up to this are refreshed only when they are used: refreshing them automatically would never
/// pause.
const MIN_REFRESHED_LIFETIME: SignedDuration = SignedDuration::from_secs(20);

/// When to refresh; `None` if a new sign-in is needed, the expiry is unknown, or the lifetime is too short.
pub(super) fn due(of: &RefreshCandidate, margin: Margin) -> Option<Timestamp> {
    if of.is_refused {
        return None;
    }
    if let Some(retry_at) = of.retry.at {
        return Some(retry_at);
    }
    // If the refresh token expires first, the connection is lost with it.
    let end = [of.expires_at, of.refresh_expires_at].into_iter().flatten().min()?;
    let life = of.issued_at.duration_until(end);
    if life <= MIN_REFRESHED_LIFETIME {
        return None;
    }
    let margin = lead_time(life, margin);
    // Tokens that were issued together expire together: up to half of the margin spreads their refreshes.
    let early = margin
        + (margin / 2).checked_mul(spread(of)).map_or(SignedDuration::ZERO, |much| much / SPREAD_STEPS);
    let soonest = of.issued_at.saturating_add(MIN_REFRESHED_LIFETIME).unwrap_or(end);
    Some(end.saturating_sub(early).unwrap_or(end).max(soonest))
}

const SPREAD_STEPS: i32 = 1 << 12;

/// A number below [`SPREAD_STEPS`] that depends on the connection and its grant, and is stable.
fn spread(of: &RefreshCandidate) -> i32 {
    let mut hasher = DefaultHasher::new();
    (&of.id, of.version).hash(&mut hasher);
    i32::try_from(hasher.finish() % u64::from(SPREAD_STEPS.unsigned_abs())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use grapnel_model::id::{AppId, ConnectionId};
    use proptest::prelude::*;

    use super::*;
    use grapnel_store::connection::Retry;

    fn refreshable(id: u32, life: i64) -> RefreshCandidate {
        let issued_at = "2026-11-20T09:00:00Z".parse().unwrap();
        RefreshCandidate {
            id: ConnectionId(id.to_string()),
            app_id: AppId("app".into()),
            version: 1,
            issued_at,
            expires_at: Some(issued_at + SignedDuration::from_secs(life)),
            refresh_expires_at: None,
            is_refused: false,
            retry: Retry::default(),
        }
    }

    fn early(of: &RefreshCandidate, margin: Margin) -> i64 {
        due(of, margin).unwrap().duration_until(of.expires_at.unwrap()).as_secs()
    }

    const ALL: [Margin; 5] =
        [Margin::Usual, Margin::OneMinute, Margin::FiveMinutes, Margin::FifteenMinutes, Margin::OneHour];

    #[test]
    fn a_long_lifetime_is_refreshed_minutes_early_and_a_short_one_seconds() {
        let early = |life| early(&refreshable(1, life), Margin::Usual);
        assert!((300..=450).contains(&early(3_600)));
        assert!((300..=450).contains(&early(86_400 * 30)));
        assert!((60..=90).contains(&early(300)));
        assert!((12..=18).contains(&early(60)));
    }

    #[test]
    fn a_chosen_margin_is_limited_by_the_lifetime() {
        let early = |life, margin| early(&refreshable(1, life), margin);
        assert!((60..=90).contains(&early(3_600, Margin::OneMinute)));
        assert!((300..=450).contains(&early(3_600, Margin::FiveMinutes)));
        assert!((900..=1_350).contains(&early(3_600, Margin::FifteenMinutes)));
        assert!((3_600..=5_400).contains(&early(86_400, Margin::OneHour)));
        assert!((20..=30).contains(&early(60, Margin::OneMinute)));
        assert!((100..=150).contains(&early(300, Margin::OneHour)));
    }

    #[test]
    fn a_lifetime_of_seconds_is_not_refreshed_automatically() {
        for life in [-5, 0, 1, 10, 20] {
            let of = refreshable(1, life);
            assert_eq!(due(&of, Margin::default()), None, "{life}");
            // A failed refresh is retried in any case.
            let retry = Retry { at: Some(of.issued_at), ..Retry::default() };
            assert_eq!(due(&RefreshCandidate { retry, ..of.clone() }, Margin::default()), Some(of.issued_at));
        }
    }

    #[test]
    fn a_refresh_token_that_expires_first_determines_the_time() {
        let of = refreshable(1, 3_600);
        let first = of.issued_at + SignedDuration::from_secs(40);
        let due = |of| due(&of, Margin::Usual).unwrap();
        assert!(due(RefreshCandidate { refresh_expires_at: Some(first), ..of.clone() }) < first);
        assert!(
            due(RefreshCandidate { refresh_expires_at: Some(first), expires_at: None, ..of.clone() }) < first
        );
        let last = of.issued_at + SignedDuration::from_hours(9);
        assert_eq!(due(RefreshCandidate { refresh_expires_at: Some(last), ..of.clone() }), due(of));
    }

    #[test]
    fn a_retry_uses_its_own_time_and_a_refusal_has_none() {
        let of = refreshable(1, 3_600);
        let retry = Retry { at: Some(of.issued_at), ..Retry::default() };
        assert_eq!(due(&RefreshCandidate { retry, ..of.clone() }, Margin::default()), Some(of.issued_at));
        assert_eq!(due(&RefreshCandidate { is_refused: true, ..of.clone() }, Margin::default()), None);
        assert_eq!(due(&RefreshCandidate { expires_at: None, ..of }, Margin::default()), None);
    }

    #[test]
    fn a_thousand_simultaneous_tokens_are_spread() {
        let mut moments: Vec<_> =
            (0..1_000).map(|id| early(&refreshable(id, 3_600), Margin::default())).collect();
        moments.sort_unstable();
        moments.dedup();
        assert!(moments.len() > 100, "{} seconds are used", moments.len());
    }

    proptest! {
        #[test]
        fn every_lifetime_is_refreshed_within_it(id: u32, life in 21_i64..4_000_000_000) {
            let of = refreshable(id, life);
            for margin in ALL {
                let due = due(&of, margin).unwrap();
                prop_assert!(due >= of.issued_at + MIN_REFRESHED_LIFETIME);
                prop_assert!(due < of.expires_at.unwrap());
                // The margin must not cause continuous refreshes.
                prop_assert!(of.issued_at.duration_until(due) >= SignedDuration::from_secs(life / 2));
            }
        }
    }
}
