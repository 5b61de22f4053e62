//! Validates the ID token of a sign-in (OpenID Connect Core §3.1.3.7): issuer, audience, nonce, times, signature, and
//! the access token that it belongs to.

use grapnel_model::account::{Account, Claims, Unverified};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, sha256};
use grapnel_model::token_response::Deviation;
use grapnel_oauth::http::token::Grant;
use grapnel_oauth::http::{Client, Mask};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::account;
use super::jwt::{Jwt, Keys, seconds, unchecked_claims};
use super::lenient_json::Members;
use crate::context::Context;
use crate::grant::OAuthClient;

/// The tolerated difference between the clocks of the issuer and of this computer.
const LEEWAY: SignedDuration = SignedDuration::from_mins(5);
/// How far in the future an ID token may have been issued: as far as the clock of this computer may be behind and is
/// still corrected. Beyond it, the clock of one of the two is wrong.
const MAX_FUTURE: SignedDuration = SignedDuration::from_hours(24);
/// The longest subject in bytes (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// A validated ID token.
#[derive(Debug, Clone)]
pub(crate) struct IdToken {
    pub(crate) account: Account,
    pub(crate) claims: Claims,
}

/// What the authorization request of a sign-in asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The digest of its nonce, if it had one.
    pub(crate) nonce_hash: Option<&'a [u8]>,
    /// When it was sent.
    pub(crate) at: Timestamp,
    /// How old the authentication may be at that time, in seconds.
    pub(crate) max_age: Option<u32>,
}

/// Validates the ID token of a grant. `None` if there is none, or if it cannot be read, such as an encrypted one. It
/// came from the token endpoint over TLS, so a signature that cannot be verified is tolerated (§3.1.3.7, point 6), but
/// not a wrong one.
///
/// # Errors
/// It is invalid; the grant must not be stored.
pub(crate) async fn check(
    ctx: &Context,
    http: &Client,
    client: &OAuthClient,
    granted: &Grant,
    asked: Asked<'_>,
    mask: &Mask,
) -> Result<Option<IdToken>> {
    let token = granted.id_token.as_ref().map(ExposeSecret::expose_secret);
    let Some(jwt) = token.and_then(Jwt::parse) else { return Ok(None) };
    let jwks_url = client.config.jwks_url.as_ref();
    let expected = Expected {
        issuer: client.config.issuer.as_deref(),
        client_id: &client.credentials.client_id,
        nonce_hash: asked.nonce_hash,
        now: Some(ctx.time.now()),
        authenticated_after: asked.max_age.map(|age| (asked.at - SignedDuration::from_secs(age.into()), age)),
    };
    let refuse = |fault: Fault| fault.explain(&client.provider);
    expected.check(&jwt.claims).map_err(refuse)?;
    check_binding(&jwt, granted).map_err(refuse)?;
    let verified = jwt.verify(&Keys::at(http, jwks_url).await);
    match &verified {
        Err(Unverified::BadSignature) => return Err(refuse(Fault::BadSignature)),
        // If the issuer publishes keys, it signs its tokens.
        Err(Unverified::NotSigned) if jwks_url.is_some() => return Err(refuse(Fault::NotSigned)),
        _ => {}
    }
    let claims = jwt.view(&verified, mask);
    Ok(account::of_claims(&claims).map(|account| IdToken { account, claims }))
}

fn check_binding(jwt: &Jwt<'_>, granted: &Grant) -> Result<(), Fault> {
    if jwt.is_bound_to(&granted.access_token) == Some(false) { Err(Fault::OtherAccessToken) } else { Ok(()) }
}

/// What the ID token of a refresh tells (OpenID Connect Core §12.2).
pub(crate) enum Refreshed {
    /// It names the account of the sign-in. With its claims, it replaces the ID token before. Its signature is not
    /// verified: the keys would have to be fetched while the new tokens are in memory only.
    Same(Option<Claims>),
    /// It names another account than the ID token of the sign-in.
    Another(Error),
    /// Nothing: there is none, or it cannot be read or is invalid.
    Untold(Option<Deviation>),
}

/// Compares the ID token of a refresh with the one of the sign-in by its claims: same issuer and subject, and for this
/// app. The new tokens are stored whatever it says, since they are the only valid ones by now.
pub(crate) fn refreshed(client: &OAuthClient, granted: &Grant, signed_in: Option<&Claims>) -> Refreshed {
    let token = granted.id_token.as_ref().map(ExposeSecret::expose_secret);
    let Some(jwt) = token.and_then(Jwt::parse) else { return Refreshed::Untold(None) };
    let expected = Expected {
        issuer: None,
        client_id: &client.credentials.client_id,
        nonce_hash: None,
        now: None,
        authenticated_after: None,
    };
    if let Err(fault) = expected.check(&jwt.claims).and_then(|()| check_binding(&jwt, granted)) {
        let found = format!("came with a refresh, was not as it should be ({fault}), and was ignored");
        return Refreshed::Untold(Some(Deviation { member: "id_token".into(), found }));
    }
    let (Some(before), Some(now)) =
        (signed_in.and_then(account::of_claims), account::of_introspection(&jwt.claims))
    else {
        return Refreshed::Untold(None);
    };
    let mask = Mask::of(granted.secrets());
    if before.is_same(&now) {
        let claims = granted.id_token.as_ref().and_then(|token| unchecked_claims(token, &mask));
        // If the issuer publishes keys, it signs its tokens.
        let is_signed = claims.as_ref().and_then(|claims| claims.signature.as_ref()?.unverified.clone())
            != Some(Unverified::NotSigned);
        return Refreshed::Same(claims.filter(|_| is_signed || client.config.jwks_url.is_none()));
    }
    // Two issuers may each have an account with the same ID.
    let is_namesake = before.id == now.id;
    let called = |account: &Account| match account.issuer.as_deref().filter(|_| is_namesake) {
        Some(issuer) => format!("{} of {issuer}", account.label()),
        None => account.label(),
    };
    let (provider, before, now) = (&client.provider, called(&before), called(&now));
    let now = mask.text(&now);
    Refreshed::Another(
        Error::new(
            Code::OtherAccount,
            format!("{provider} answered the refresh with tokens of another account: {now} instead of {before}."),
        )
        .means("They are kept, since the ones before may be void, and are not handed out. Nothing was deleted here.")
        .hint(format!("Reconnect in the browser as {before}. If you do not know the other account, tell the \
            provider.")),
    )
}

/// The expected values of the claims.
pub(super) struct Expected<'a> {
    pub(super) issuer: Option<&'a str>,
    pub(super) client_id: &'a str,
    pub(super) nonce_hash: Option<&'a [u8]>,
    /// The time, unless an ID token is only compared with an earlier one.
    pub(super) now: Option<Timestamp>,
    /// When the account must have authenticated at the earliest, and the maximum age that was asked for.
    pub(super) authenticated_after: Option<(Timestamp, u32)>,
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it has no “{0}”")]
    Missing(&'static str),
    #[error("its issuer is “{named}”, and the app’s is “{expected}”")]
    OtherIssuer { named: String, expected: String },
    #[error("it is for another client (“{0}”)")]
    OtherAudience(String),
    #[error("it expired at {0}")]
    Expired(Timestamp),
    #[error("it was issued at {0}, which is in the future")]
    IssuedInFuture(Timestamp),
    #[error("the account authenticated at {0}, which is longer ago than the {1} seconds that were asked for")]
    AuthenticatedTooLongAgo(Timestamp, u32),
    #[error("it belongs to another access token (at_hash)")]
    OtherAccessToken,
    #[error("it does not carry the nonce of this sign-in")]
    OtherNonce,
    #[error("its signature does not match the issuer’s key")]
    BadSignature,
    #[error("it is not signed (alg none), and the issuer publishes keys")]
    NotSigned,
}

impl Expected<'_> {
    pub(super) fn check(&self, claims: &Members) -> Result<(), Fault> {
        self.check_origin(claims)?;
        if text(claims, "sub")?.len() > MAX_SUB {
            return Err(Fault::Missing("sub"));
        }
        if let (Some(now), Some(issued)) = (self.now, seconds(claims, "iat"))
            && issued.duration_since(now) > MAX_FUTURE
        {
            return Err(Fault::IssuedInFuture(issued));
        }
        if let Some((earliest, max_age)) = self.authenticated_after {
            let authenticated = seconds(claims, "auth_time").ok_or(Fault::Missing("auth_time"))?;
            if earliest.duration_since(authenticated) > LEEWAY {
                return Err(Fault::AuthenticatedTooLongAgo(authenticated, max_age));
            }
        }
        let Some(expected) = self.nonce_hash else { return Ok(()) };
        let nonce = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
        if sha256(nonce.as_bytes()) == *expected { Ok(()) } else { Err(Fault::OtherNonce) }
    }

    /// Checks what each JWT of an issuer for a client has: both of them, and when it expires.
    pub(super) fn check_origin(&self, claims: &Members) -> Result<(), Fault> {
        let named = text(claims, "iss")?;
        if let Some(expected) = self.issuer.map(|issuer| of_tenant(issuer, claims))
            && named != expected
        {
            return Err(Fault::OtherIssuer { named: clean(named, &[]), expected });
        }
        self.check_audience(claims)?;
        let end = seconds(claims, "exp").ok_or(Fault::Missing("exp"))?;
        if self.now.is_some_and(|now| now.duration_since(end) > LEEWAY) {
            Err(Fault::Expired(end))
        } else {
            Ok(())
        }
    }

    fn check_audience(&self, claims: &Members) -> Result<(), Fault> {
        let audience: Vec<&str> = match claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => return Err(Fault::Missing("aud")),
        };
        if !audience.contains(&self.client_id) {
            return Err(Fault::OtherAudience(clean(&audience.join(", "), &[])));
        }
        match claims.get("azp").and_then(Value::as_str) {
            Some(party) if party != self.client_id => Err(Fault::OtherAudience(clean(party, &[]))),
            None if audience.len() > 1 => Err(Fault::Missing("azp")),
            _ => Ok(()),
        }
    }
}

fn text<'c>(claims: &'c Members, name: &'static str) -> Result<&'c str, Fault> {
    let found = claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or(Fault::Missing(name))
}

/// Microsoft Entra's metadata for any tenant has a placeholder for the tenant in the issuer; the token's `tid` claim
/// fills it.
fn of_tenant(issuer: &str, claims: &Members) -> String {
    let tenant = claims.get("tid").and_then(Value::as_str).unwrap_or_default();
    let is_id = !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_id { issuer.replace("{tenantid}", tenant) } else { issuer.to_owned() }
}

impl Fault {
    pub(super) fn explain(&self, provider: &str) -> Error {
        let hint = match self {
            Self::OtherNonce => {
                "If you did not start this sign-in yourself, someone may have sent you another person’s callback. \
                 Otherwise, try again."
            }
            Self::OtherIssuer { .. } => "Compare the app’s issuer with what the provider documents.",
            Self::OtherAudience(_) => "Compare the app’s client ID with the provider’s page.",
            Self::Expired(_) | Self::IssuedInFuture(_) => "Set this computer’s clock, then try again.",
            Self::AuthenticatedTooLongAgo(..) => {
                "Sign out at the provider in the browser, then try again; or ask for no maximum age."
            }
            Self::OtherAccessToken => {
                "Tell the provider: the two tokens of its response do not belong together."
            }
            Self::BadSignature | Self::NotSigned => {
                "Compare the app’s JWKS URL with what the provider documents, then try again."
            }
            Self::Missing(_) => "Tell the provider: OpenID Connect requires it.",
        };
        Error::new(
            Code::IdTokenInvalid,
            format!("{provider} sent an ID token that cannot be relied on: {self}."),
        )
        .means("The tokens that came with it were dropped. Nothing changed here.")
        .hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(change: &Value) -> Result<(), Fault> {
        check_with(change, None)
    }

    fn check_with(change: &Value, max_age: Option<u32>) -> Result<(), Fault> {
        let mut claims = json!({
            "iss": "https://id.example", "sub": "1", "aud": "c1", "exp": 1_000_600, "iat": 1_000_000, "nonce": "n",
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let expected = Expected {
            issuer: Some("https://id.example"),
            client_id: "c1",
            nonce_hash: Some(&sha256(b"n")),
            now: Some(Timestamp::from_second(1_000_000).unwrap()),
            authenticated_after: max_age
                .map(|age| (Timestamp::from_second(1_000_000 - i64::from(age)).unwrap(), age)),
        };
        expected.check(claims.as_object().unwrap())
    }

    #[test]
    fn each_fault_of_an_id_token_is_named() {
        for good in [
            json!({}),
            json!({ "aud": ["other", "c1"], "azp": "c1" }),
            // This computer's clock may be behind.
            json!({ "exp": 999_800.5, "iat": 1_001_000 }),
        ] {
            assert_eq!(check(&good), Ok(()), "{good}");
        }
        let bad = [
            json!({ "iss": "https://id.example/" }),
            json!({ "iss": null }),
            json!({ "sub": 7 }),
            json!({ "sub": "s".repeat(256) }),
            json!({ "aud": "c2" }),
            json!({ "aud": [] }),
            json!({ "aud": ["c1", "c2"], "azp": "c2" }),
            json!({ "aud": ["c1", "c2"] }),
            json!({ "iat": 1_090_000 }),
            json!({ "exp": 999_000 }),
            json!({ "exp": "soon" }),
            json!({ "nonce": "m" }),
            json!({ "nonce": null }),
        ];
        let said = bad.map(|change| format!("{change}: {}", check(&change).unwrap_err()));
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn an_authentication_is_not_older_than_was_asked_for() {
        for auth_time in [999_699, 999_400, 1_000_100] {
            assert_eq!(check_with(&json!({ "auth_time": auth_time }), Some(300)), Ok(()), "{auth_time}");
        }
        assert_eq!(check_with(&json!({}), Some(300)), Err(Fault::Missing("auth_time")));
        let too_old = Fault::AuthenticatedTooLongAgo(Timestamp::from_second(999_399).unwrap(), 300);
        assert_eq!(check_with(&json!({ "auth_time": 999_399 }), Some(300)), Err(too_old));
        assert_eq!(check(&json!({ "auth_time": 7 })), Ok(()), "nothing was asked for");
    }

    #[test]
    fn the_tenant_placeholder_of_an_issuer_is_filled() {
        let of = |tenant: &str| {
            of_tenant("https://login.example/{tenantid}/v2.0", json!({ "tid": tenant }).as_object().unwrap())
        };
        assert_eq!(of("9122-ab"), "https://login.example/9122-ab/v2.0");
        assert_eq!(of("evil.example/x"), "https://login.example/{tenantid}/v2.0");
    }
}
