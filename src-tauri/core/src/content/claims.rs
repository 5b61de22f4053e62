//! What an access token says of itself, where it is a JWT. It counts as verified only once its signature was
//! checked with the provider's own keys.

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::Claims;
use super::api::Api;
use super::read::{object, others};
use crate::error::Result;
use crate::http::api::read_public;
use crate::secret::ExposeSecret;

/// The claims of a connection's access token; nothing where it is no JWT.
pub(super) async fn of(api: &Api<'_>) -> Result<Option<Claims>> {
    let token = api.token().await?;
    let Ok(mut claims) = insecure_decode_claims::<Value>(token.expose_secret()) else { return Ok(None) };
    api.mask().value(&mut claims);
    let Some(claims) = object(claims) else { return Ok(None) };
    let is_verified = match &api.conventions.jwks_url {
        // Keys that cannot be had leave it unverified, which is what is then said.
        Some(url) => match read_public(&api.env.http, url).await.map(serde_json::from_value::<JwkSet>) {
            Ok(Ok(keys)) => is_signed(token.expose_secret(), &keys),
            _ => false,
        },
        None => false,
    };
    Ok(Some(Claims { fields: others(claims), is_verified }))
}

fn is_signed(token: &str, keys: &JwkSet) -> bool {
    let Ok(header) = decode_header(token) else { return false };
    let mut validation = Validation::new(header.alg);
    // Only whose signature it is is asked here; when it ends is known from the reply, and for whom it is from nobody.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let fits = |kid: &Option<String>| header.kid.is_none() || header.kid == *kid;
    keys.keys.iter().filter(|key| fits(&key.common.key_id)).any(|key| {
        // A key of the provider is a public one: a shared secret among them would make every token true.
        !matches!(key.algorithm, jsonwebtoken::jwk::AlgorithmParameters::OctetKey(_))
            && DecodingKey::from_jwk(key).is_ok_and(|key| decode::<Value>(token, &key, &validation).is_ok())
    })
}

/// One claim, as text.
pub(super) fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
}
