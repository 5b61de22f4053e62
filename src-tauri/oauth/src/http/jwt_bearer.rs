//! The assertion of the JWT bearer grant (RFC 7523 §2.1, §3), signed for one request.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_model::error::NextStep;
use grapnel_model::provider::{AssertionAudience, AssertionConfig, AssertionSubject, ProviderConfig};
use grapnel_model::secret::{SecretString, random};
use jiff::Timestamp;
use serde_json::json;

use super::failure::Failure;
use crate::retry::after;
use crate::signing_key::SigningKey;

/// Signs the assertion of a client. Unlike in client authentication, its audience is the token endpoint unless the app
/// says otherwise: what most providers document.
pub(super) fn assertion(
    (config, own): (&ProviderConfig, &AssertionConfig),
    (client_id, key): (&str, Option<&SigningKey>),
    scopes: &[String],
    now: Timestamp,
) -> Result<SecretString, Failure> {
    let Some(key) = key else {
        return Err(Failure::Blocked {
            reason: "the app has no private key, with which it signs its assertion".into(),
            advice: "Edit the app, and enter the private key of its account.".into(),
            next_step: Some(NextStep::EditApp),
        });
    };
    let token_url = config.token_url.as_str();
    let audience = match &config.assertion_audience {
        AssertionAudience::Other(own) => own,
        AssertionAudience::Issuer => config.issuer.as_deref().unwrap_or(token_url),
        AssertionAudience::Default | AssertionAudience::TokenUrl => token_url,
    };
    let mut claims = json!({
        "iss": client_id,
        "aud": audience,
        "jti": BASE64_URL_SAFE_NO_PAD.encode(random::<16>()),
        "iat": now.as_second(),
        "exp": after(now, Duration::from_secs(own.lifetime.unsigned_abs())).as_second(),
    });
    match &own.subject {
        AssertionSubject::Client => claims["sub"] = client_id.into(),
        AssertionSubject::Account(account) => claims["sub"] = account.as_str().into(),
        AssertionSubject::None => {}
    }
    if own.has_scope && !scopes.is_empty() {
        claims["scope"] = scopes.join(&config.scopes_sent.unwrap_or(' ').to_string()).into();
    }
    key.sign(&claims).map_err(|error| Failure::NotSent(error.message))
}
