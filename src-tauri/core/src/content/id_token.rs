//! Validates the ID token of a sign-in (OpenID Connect Core §3.1.3.7): issuer, audience, nonce, expiry and signature.

use grapnel_model::account::{Account, Claims, Unverified};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString, sha256};
use grapnel_model::token_response::Deviation;
use grapnel_oauth::http::token::Grant;
use grapnel_oauth::http::{Client, Mask};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::account;
use super::jwt::{Jwt, Keys};
use super::lenient_json::Members;
use crate::context::Context;
use crate::grant::OAuthClient;

/// The tolerated difference between the clocks of the issuer and of this computer.
const LEEWAY: SignedDuration = SignedDuration::from_mins(5);
/// The longest subject in bytes (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// A validated ID token.
#[derive(Debug, Clone)]
pub(crate) struct IdToken {
    pub(crate) account: Account,
    pub(crate) claims: Claims,
}

/// Validates the ID token of a grant. `None` if it cannot be read, such as an encrypted one. It came from the token
/// endpoint over TLS, so a signature that cannot be verified is tolerated (§3.1.3.7, point 6), but not a wrong one.
///
/// # Errors
/// It is invalid; the grant must not be stored.
pub(crate) async fn check(
    ctx: &Context,
    http: &Client,
    client: &OAuthClient,
    token: &SecretString,
    nonce_hash: Option<&[u8]>,
    mask: &Mask,
) -> Result<Option<IdToken>> {
    let Some(jwt) = Jwt::parse(token.expose_secret()) else { return Ok(None) };
    let jwks_url = client.config.jwks_url.as_ref();
    let expected = Expected {
        issuer: client.config.issuer.as_deref(),
        client_id: &client.credentials.client_id,
        nonce_hash,
        now: ctx.time.now(),
    };
    let refuse = |fault: Fault| fault.explain(&client.provider);
    expected.check(&jwt.claims).map_err(refuse)?;
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

/// What the ID token of a refresh tells (OpenID Connect Core §12.2).
pub(crate) enum Refreshed {
    /// It names the account of the sign-in.
    Same,
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
        now: Timestamp::MIN,
    };
    if let Err(fault) = expected.check(&jwt.claims) {
        let found = format!("came with a refresh, was not as it should be ({fault}), and was ignored");
        return Refreshed::Untold(Some(Deviation { member: "id_token".into(), found }));
    }
    let (Some(before), Some(now)) =
        (signed_in.and_then(account::of_claims), account::of_introspection(&jwt.claims))
    else {
        return Refreshed::Untold(None);
    };
    if before.is_same(&now) {
        return Refreshed::Same;
    }
    let mask = Mask::of(granted.secrets());
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
    pub(super) now: Timestamp,
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it has no “{0}”")]
    Missing(&'static str),
    #[error("its issuer is “{named}”, and the app’s is “{expected}”")]
    OtherIssuer { named: String, expected: String },
    #[error("it is for another client (“{0}”)")]
    OtherAudience(String),
    #[error("it expired at {0}")]
    Expired(Timestamp),
    #[error("it does not carry the nonce of this sign-in")]
    OtherNonce,
    #[error("its signature does not match the issuer’s key")]
    BadSignature,
    #[error("it is not signed (alg none), and the issuer publishes keys")]
    NotSigned,
}

impl Expected<'_> {
    pub(super) fn check(&self, claims: &Members) -> Result<(), Fault> {
        let text = |name: &'static str| {
            let found = claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            found.ok_or(Fault::Missing(name))
        };
        let named = text("iss")?;
        if let Some(expected) = self.issuer.map(|issuer| of_tenant(issuer, claims))
            && named != expected
        {
            return Err(Fault::OtherIssuer { named: clean(named, &[]), expected });
        }
        if text("sub")?.len() > MAX_SUB {
            return Err(Fault::Missing("sub"));
        }
        self.check_audience(claims)?;
        let end = seconds(claims, "exp").ok_or(Fault::Missing("exp"))?;
        if self.now.duration_since(end) > LEEWAY {
            return Err(Fault::Expired(end));
        }
        let Some(expected) = self.nonce_hash else { return Ok(()) };
        let nonce = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
        if sha256(nonce.as_bytes()) == *expected { Ok(()) } else { Err(Fault::OtherNonce) }
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
            _ => Ok(()),
        }
    }
}

/// Microsoft Entra's metadata for any tenant has a placeholder for the tenant in the issuer; the token's `tid` claim
/// fills it.
fn of_tenant(issuer: &str, claims: &Members) -> String {
    let tenant = claims.get("tid").and_then(Value::as_str).unwrap_or_default();
    let is_id = !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_id { issuer.replace("{tenantid}", tenant) } else { issuer.to_owned() }
}

/// A `NumericDate` (RFC 7519 §2), which may have a fraction.
fn seconds(claims: &Members, name: &str) -> Option<Timestamp> {
    let number = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second says nothing here")]
    let whole = number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))?;
    Timestamp::from_second(whole).ok()
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
            Self::Expired(_) => "Set this computer’s clock, then try again.",
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
            now: Timestamp::from_second(1_000_000).unwrap(),
        };
        expected.check(claims.as_object().unwrap())
    }

    #[test]
    fn each_fault_of_an_id_token_is_named() {
        for good in [
            json!({}),
            json!({ "aud": ["other", "c1"], "azp": "c1" }),
            // `iat` is not checked: this computer's clock may be behind.
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
            json!({ "exp": 999_000 }),
            json!({ "exp": "soon" }),
            json!({ "nonce": "m" }),
            json!({ "nonce": null }),
        ];
        let said = bad.map(|change| format!("{change}: {}", check(&change).unwrap_err()));
        insta::assert_snapshot!(said.join("\n"));
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
