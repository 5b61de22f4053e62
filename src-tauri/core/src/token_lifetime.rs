//! The expiry of a grant's tokens: from the token response, the token itself, or introspection.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_model::connection::{ExpirySource, TokenMetadata};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_oauth::http::token::{Grant, TokenEnd};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A later expiry is a mistake.
const MAX_LIFE: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);
/// Refreshes closer together do not show whether a refresh extends the refresh token's lifetime.
const MIN_DISTANCE: SignedDuration = SignedDuration::from_secs(10);

/// A token that expires within this time is replaced before use, since it could expire in transit. For short-lived
/// tokens, a tenth of the lifetime.
const EXPIRY_LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// When a token was issued, and when it expires.
#[derive(Clone, Copy)]
pub(crate) struct Lifetime {
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Lifetime {
    /// The lifetime of a token; unlimited if its expiry is unknown.
    pub(crate) fn new(issued_at: Timestamp, expires_at: Option<Timestamp>) -> Self {
        Self { issued_at, expires_at }
    }

    /// Whether the token can be handed out to a caller that needs it for `min_valid`, without asking for another one.
    pub(crate) fn is_sufficient(self, now: Timestamp, min_valid: Duration) -> bool {
        self.remaining(now) > self.wanted(min_valid).max(EXPIRY_LEEWAY.min(self.whole() / 10))
    }

    /// How long the token must be valid. A duration that the provider's tokens never reach is reduced to half a
    /// lifetime, so that not every request asks for a new one.
    pub(crate) fn wanted(self, min_valid: Duration) -> SignedDuration {
        let min_valid = SignedDuration::try_from(min_valid).unwrap_or(SignedDuration::MAX);
        if min_valid < self.whole() { min_valid } else { self.whole() / 2 }
    }

    /// The remaining lifetime.
    pub(crate) fn remaining(self, now: Timestamp) -> SignedDuration {
        self.expires_at.map_or(SignedDuration::MAX, |end| now.duration_until(end))
    }

    fn whole(self) -> SignedDuration {
        self.expires_at.map_or(SignedDuration::MAX, |end| self.issued_at.duration_until(end))
    }
}

/// When the access token of a new grant expires, and the source of that.
pub(crate) fn access_end(
    now: Timestamp,
    grant: &Grant,
    before: Option<&TokenMetadata>,
) -> (Option<Timestamp>, ExpirySource) {
    if let Some(end) = grant.expires.and_then(|end| moment(now, end)) {
        return (Some(end), ExpirySource::Reply);
    }
    if let Some(end) = claimed(now, &grant.access_token) {
        return (Some(end), ExpirySource::TokenClaim);
    }
    // Introspection is not repeated after each refresh: the new token is assumed to have the same lifetime.
    let before = before.filter(|held| held.expiry_source == ExpirySource::Introspection);
    let life = before.and_then(|held| Some(held.issued_at.duration_until(held.expires_at?)));
    let end = life.and_then(|life| now.checked_add(life).ok());
    (end, if end.is_some() { ExpirySource::Introspection } else { ExpirySource::Reply })
}

/// When the refresh token of a new grant expires, and whether refreshing does not extend that.
pub(crate) fn refresh_end(
    now: Timestamp,
    grant: &Grant,
    before: Option<&TokenMetadata>,
) -> (Option<Timestamp>, bool) {
    let told = grant
        .refresh_expires
        .and_then(|end| moment(now, end))
        .or_else(|| claimed(now, grant.refresh_token.as_ref()?));
    let Some(before) = before else { return (told, false) };
    let Some(old) = before.refresh_expires_at else { return (told, false) };
    // Without a new refresh token, the old one keeps its expiry.
    let Some(new) = told.or_else(|| grant.refresh_token.is_none().then_some(old)) else {
        return (None, false);
    };
    let since = before.issued_at.duration_until(now);
    let more = old.duration_until(new);
    let is_fixed = if since < MIN_DISTANCE { before.refresh_end_is_fixed } else { more < since / 2 };
    // A fixed expiry that is given in seconds from now varies by rounding.
    (Some(if is_fixed && new > old { old } else { new }), is_fixed)
}

fn moment(now: Timestamp, end: TokenEnd) -> Option<Timestamp> {
    match end {
        TokenEnd::In(lifetime) => now.checked_add(SignedDuration::try_from(lifetime).ok()?).ok(),
        TokenEnd::At(second) => Timestamp::from_second(second).ok().filter(|end| is_plausible(now, *end)),
    }
}

fn is_plausible(now: Timestamp, end: Timestamp) -> bool {
    now.duration_until(end).abs() < MAX_LIFE
}

/// The `exp` claim of a token that is a JWT (RFC 7519 §4.1.4), unverified: it is the provider's statement about its own
/// token.
fn claimed(now: Timestamp, token: &SecretString) -> Option<Timestamp> {
    let mut parts = token.expose_secret().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let exp = claims.get("exp")?;
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range is no moment")]
    let second = exp.as_i64().or_else(|| exp.as_f64().map(|exp| exp as i64)).filter(|second| *second > 0)?;
    Timestamp::from_second(second).ok().filter(|end| is_plausible(now, *end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-20T09:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn later(seconds: i64) -> Timestamp {
        now() + SignedDuration::from_secs(seconds)
    }

    fn grant(access: &str, refresh: Option<&str>) -> Grant {
        Grant {
            access_token: access.into(),
            token_type: grapnel_model::access_token::AccessTokenType::Bearer,
            refresh_token: refresh.map(Into::into),
            id_token: None,
            issued_token_type: None,
            is_bearer: true,
            expires: None,
            refresh_expires: None,
            scopes: None,
            authorization_details: None,
            project_ids: None,
            deviations: Vec::new(),
            redacted_response: None,
        }
    }

    fn jwt(claims: &Value) -> String {
        format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn held(refresh_expires_at: Option<i64>, is_fixed: bool) -> TokenMetadata {
        serde_json::from_value(serde_json::json!({
            "access": { "prefix": "", "fingerprint": "" }, "refresh": { "prefix": "", "fingerprint": "" },
            "issued_at": now(), "expires_at": later(60), "renewals": 0,
            "refresh_expires_at": refresh_expires_at.map(later), "refresh_end_is_fixed": is_fixed,
        }))
        .unwrap()
    }

    #[test]
    fn the_expiry_is_from_the_response_the_token_or_introspection() {
        let token = jwt(&serde_json::json!({ "exp": later(30).as_second() }));
        let told = Grant { expires: Some(TokenEnd::In(Duration::from_secs(60))), ..grant(&token, None) };
        assert_eq!(access_end(now(), &told, None), (Some(later(60)), ExpirySource::Reply));
        let told = Grant { expires: Some(TokenEnd::At(later(90).as_second())), ..grant("opaque", None) };
        assert_eq!(access_end(now(), &told, None), (Some(later(90)), ExpirySource::Reply));
        assert_eq!(
            access_end(now(), &grant(&token, None), None),
            (Some(later(30)), ExpirySource::TokenClaim)
        );
        let before = TokenMetadata { expiry_source: ExpirySource::Introspection, ..held(None, false) };
        let refreshed = access_end(later(10), &grant("opaque", None), Some(&before));
        assert_eq!(refreshed, (Some(later(70)), ExpirySource::Introspection));
        assert_eq!(access_end(now(), &grant("opaque", None), Some(&held(None, false))).0, None);
    }

    #[test]
    fn an_implausible_expiry_is_ignored() {
        for exp in [
            serde_json::json!(0),
            serde_json::json!(-5),
            serde_json::json!("soon"),
            serde_json::json!(9e300),
            serde_json::json!(null),
            serde_json::json!(99_999_999_999_999_i64),
        ] {
            let token = jwt(&serde_json::json!({ "exp": exp }));
            assert_eq!(access_end(now(), &grant(&token, None), None).0, None, "{exp}");
        }
        for token in ["", "a.b", "a.!!.c", "....", "e30.e30.e30"] {
            assert_eq!(access_end(now(), &grant(token, None), None).0, None, "{token}");
        }
        let told = Grant { expires: Some(TokenEnd::At(17)), ..grant("opaque", None) };
        assert_eq!(access_end(now(), &told, None).0, None);
    }

    #[test]
    fn a_sliding_and_a_fixed_refresh_token_expiry_are_distinguished() {
        let told = |seconds| Grant {
            refresh_expires: Some(TokenEnd::In(Duration::from_secs(seconds))),
            ..grant("a", Some("r"))
        };
        let before = held(Some(1_800), false);
        assert_eq!(refresh_end(now(), &told(1_800), None), (Some(later(1_800)), false));
        // Sliding: each refresh grants the full lifetime again.
        assert_eq!(refresh_end(later(600), &told(1_800), Some(&before)), (Some(later(2_400)), false));
        // Fixed: the session ends at its original time.
        assert_eq!(refresh_end(later(600), &told(1_201), Some(&before)), (Some(later(1_800)), true));
        // The token is unchanged, and the response does not mention it.
        assert_eq!(refresh_end(later(600), &grant("a", None), Some(&before)), (Some(later(1_800)), true));
        // A new token of unknown lifetime.
        assert_eq!(refresh_end(later(600), &grant("a", Some("r2")), Some(&before)), (None, false));
        // Refreshes in quick succession show nothing.
        assert_eq!(refresh_end(later(1), &told(1_799), Some(&before)), (Some(later(1_800)), false));
    }

    #[test]
    fn a_new_sign_in_is_due_when_no_token_can_be_refreshed() {
        let day = 86_400;
        let fixed = held(Some(90 * day), true);
        assert_eq!(fixed.sign_in_due(), Some(later(90 * day)));
        assert_eq!(fixed.notice_from(), Some(later(83 * day)));
        assert_eq!(held(Some(90 * day), false).sign_in_due(), None);
        let alone = TokenMetadata { refresh: None, ..held(None, false) };
        assert_eq!((alone.sign_in_due(), alone.notice_from()), (Some(later(60)), Some(later(45))));
        // Refreshing must not delay its notice.
        let refreshed = TokenMetadata { issued_at: later(80 * day), signed_in_at: Some(now()), ..fixed };
        assert_eq!(refreshed.notice_from(), Some(later(83 * day)));
    }
}
