//! Classifies a refused refresh by what it means for the refresh token: a pure function, tested case by case.

use grapnel_oauth::http::ENVELOPE_FAILURE;
use grapnel_oauth::refusal::Refusal;
use http::StatusCode;

/// The state before a failure, which its classification depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct PriorState {
    /// Whether an earlier response may have been lost.
    pub(super) response_lost: bool,
    /// The number of consecutive refusals that may be temporary.
    pub(super) refusals: u32,
    /// Whether the access token has not expired.
    pub(super) access_token_is_valid: bool,
}

/// What a refusal means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalClass {
    /// The provider is temporarily unavailable. Retried indefinitely.
    Unavailable,
    /// Unclear. Retried a few times.
    Doubtful,
    /// The refresh token is invalid: a new sign-in is needed.
    Reconnect,
    /// The client credentials are not accepted: the app must be corrected.
    Client,
    /// The app's scopes are not accepted.
    Scope,
}

/// After this many consecutive refusals, a doubtful one is final.
const MAX_REFUSALS: u32 = 3;

impl RefusalClass {
    pub(super) fn of(refused: &Refusal<'_>, before: PriorState) -> Self {
        let code = normalized_code(refused.error);
        let is_one_of = |codes: &[&str]| codes.iter().any(|known| normalized_code(known) == code);
        if is_one_of(UNAVAILABLE) {
            return Self::Unavailable;
        }
        if is_one_of(CLIENT) {
            return Self::Client;
        }
        if is_one_of(SCOPE) {
            return Self::Scope;
        }
        if is_one_of(RECONNECT)
            || refused.error == ENVELOPE_FAILURE
            || refused.description.is_some_and(says_token_is_invalid)
        {
            return Self::Reconnect;
        }
        // Proxy authentication (407) is a proxy's response, not the provider's.
        if refused.status == Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
            return Self::Unavailable;
        }
        if before.refusals.saturating_add(1) >= MAX_REFUSALS || !before.access_token_is_valid {
            Self::Reconnect
        } else {
            Self::Doubtful
        }
    }
}

/// After these codes a retry cannot succeed: RFC 6749 §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6, and what
/// providers send instead of `invalid_grant`.
const RECONNECT: &[&str] = &[
    "invalid_grant",
    "invalid_request",
    "unsupported_grant_type",
    "access_denied",
    "invalid_token",
    "interaction_required",
    "login_required",
    "consent_required",
    "account_selection_required",
    "bad_refresh_token",
    "invalid_refresh_token",
    "refresh_token_invalid",
    "refresh_token_expired",
    "expired_refresh_token",
    "refresh_token_revoked",
    "revoked_refresh_token",
    "refresh_token_not_found",
    "refresh_token_reused",
    "token_expired",
    "expired_token",
    "token_revoked",
    "revoked_token",
    "token_inactive",
    "inactive_token",
    "token_invalid",
    "invalid_session",
    "session_expired",
    "account_inactive",
    "inactive_user",
    "user_disabled",
    "grant_revoked",
    "authorization_revoked",
];
const CLIENT: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "invalid_client_id",
    "invalid_client_secret",
    "bad_client_secret",
    "incorrect_client_credentials",
];
const SCOPE: &[&str] = &["invalid_scope", "invalid_target", "insufficient_scope"];
const UNAVAILABLE: &[&str] = &[
    "temporarily_unavailable",
    "server_error",
    "slow_down",
    "rate_limited",
    "ratelimited",
    "rate_limit_exceeded",
    "too_many_requests",
    "service_unavailable",
    "internal_error",
    "internal_server_error",
    // RFC 9449 §8: nothing in the request was used.
    "use_dpop_nonce",
];

/// Normalizes a code to its letters: `invalid_grant`, `invalid-grant` and `InvalidGrant` are equal.
fn normalized_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a description says unambiguously that a refresh token is invalid.
fn says_token_is_invalid(words: &str) -> bool {
    let words = words.to_lowercase().replace('_', " ");
    let dead = [
        "invalid",
        "expired",
        "revoked",
        "not found",
        "unknown",
        "no longer",
        "not valid",
        "already used",
        "reused",
        "inactive",
        "does not exist",
        "no such",
    ];
    words.contains("refresh token") && dead.iter().any(|word| words.contains(word))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn each_refusal_has_its_class() {
        let codes = [
            (400, "invalid_grant", None),
            (401, "invalid_token", None),
            (200, "bad_refresh_token", None),
            (400, "interaction_required", None),
            (400, "InvalidRefreshToken", None),
            (400, "TOKEN_EXPIRED", None),
            (400, "", Some("Invalid refresh token")),
            (400, "190", Some("The refresh_token has been revoked.")),
            (400, "", Some("Missing parameter: refresh_token")),
            (401, "invalid_client", None),
            (400, "unauthorized_client", None),
            (400, "invalid_scope", None),
            (400, "invalid_target", None),
            (400, "temporarily_unavailable", None),
            (200, "ratelimited", None),
            (400, "strange", None),
            (200, "strange", None),
            (400, "", None),
            (401, "", None),
            (403, "", None),
            (404, "", None),
            (410, "", None),
            (407, "", None),
            (400, "use_dpop_nonce", None),
            (400, ENVELOPE_FAILURE, Some("Nope")),
        ];
        let mut table = String::new();
        for (status, code, words) in codes {
            let refused =
                Refusal { status: StatusCode::from_u16(status).ok(), error: code, description: words };
            let class = |access_token_is_valid, refusals| {
                let before = PriorState { response_lost: false, refusals, access_token_is_valid };
                RefusalClass::of(&refused, before)
            };
            let all = [class(true, 0), class(true, 1), class(true, 2), class(false, 0)];
            let _ = writeln!(table, "{status} {code:?} {}: {all:?}", words.unwrap_or_default());
        }
        insta::assert_snapshot!(table);
    }
}
