//! The fuzz target of JWTs. No forged signature is accepted, an accepted ID token is for this app, and what is shown of
//! a token is safe.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use std::cell::LazyCell;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jiff::SignedDuration;
use serde_json::Value;

use super::id_token::Expected;
use super::jwt::{Jwt, Keys};
use super::lenient_json::Members;
use super::{Account, account};
use crate::fuzz::checks::{sentences, shows_plainly};
use crate::fuzz::world::NOW;
use grapnel_model::secret::{SecretString, sha256};
use grapnel_oauth::http::Mask;

const ISSUER: &str = "https://id.example/{tenantid}/v2.0";
const CLIENT: &str = "client";
const NONCE: &[u8] = b"nonce";
/// Must not be shown anywhere.
const SECRET: &str = "secret-5f1c2a9be07d";
/// Public keys of every kind. The private keys were discarded, so no valid signature exists.
const UNUSED_KEYS: &str = include_str!("unused_keys.json");

thread_local! {
    static UNUSED: LazyCell<Keys> = LazyCell::new(|| {
        Keys(Keys::parse(serde_json::from_str(UNUSED_KEYS).expect("keys")))
    });
}

pub(crate) fn jwt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (header, claims, signature, keys) = (line(), line(), line(), line());
    // As it may be in a response.
    if let Some(jwt) = Jwt::parse(header) {
        judge(&jwt, keys);
    }
    let token = format!("{}.{}.{signature}", BASE64.encode(header), BASE64.encode(claims));
    let is_object = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
    match Jwt::parse(&token) {
        Some(jwt) => judge(&jwt, keys),
        // A dot in the signature moves the parts before it.
        None => assert!(!is_object(header) || !is_object(claims) || signature.contains('.')),
    }
}

fn judge(jwt: &Jwt<'_>, keys: &str) {
    let forged = UNUSED.with(|unused| jwt.verify(unused));
    assert!(forged.is_err(), "no key of these has signed it");
    let keys = serde_json::from_str(keys).unwrap_or_default();
    let verified = jwt.verify(&Keys(Keys::parse(keys)));
    if verified.is_ok() {
        let alg = jwt.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        assert!(!alg.is_empty() && alg != "none" && !alg.starts_with("HS"), "{alg}");
        assert!(!jwt.header.contains_key("crit"));
    }
    if let Err(unverified) = &verified {
        shows_plainly(&unverified.to_string());
    }
    let nonce_hash = sha256(NONCE);
    let expected = Expected {
        issuer: Some(ISSUER),
        client_id: CLIENT,
        nonce_hash: Some(&nonce_hash),
        now: Some(NOW),
        authenticated_after: None,
    };
    match expected.check(&jwt.claims) {
        Ok(()) => is_for_us(&jwt.claims),
        Err(fault) => sentences(&fault.explain("Acme")).for_each(shows_plainly),
    }
    let mask = Mask::of([SecretString::from(SECRET)]);
    let claims = jwt.view(&verified, &mask);
    assert_eq!(claims.is_verified, claims.unverified_because.is_none());
    claims.header.iter().for_each(|field| shows_plainly(&field.value));
    for field in &claims.fields {
        assert!(!field.name.contains(SECRET) && !field.value.contains(SECRET), "{field:?}");
    }
    let mut told = Value::Object(jwt.claims.clone());
    mask.value(&mut told);
    let told = told.as_object().cloned().unwrap_or_default();
    let accounts =
        [account::of_claims(&claims), account::of_userinfo(&told), account::of_introspection(&told)];
    accounts.iter().flatten().for_each(shown);
}

/// Asserts, by parsing the claims independently, that an ID token is for this app and this sign-in.
fn is_for_us(claims: &Members) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let tenant = text("tid");
    assert!(text("iss") == ISSUER || text("iss") == ISSUER.replace("{tenantid}", tenant));
    assert!(text("iss").starts_with("https://id.example/") && text("iss").ends_with("/v2.0"));
    assert_eq!(text("iss").matches('/').count(), 4, "a tenant is one part of a path");
    assert!(!text("sub").is_empty() && text("sub").len() <= 255);
    let is_ours = |value: &Value| value.as_str() == Some(CLIENT);
    assert!(
        claims
            .get("aud")
            .is_some_and(|aud| is_ours(aud) || aud.as_array().is_some_and(|all| all.iter().any(is_ours)))
    );
    let end = claims.get("exp").and_then(Value::as_f64).expect("a number");
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let now = (NOW - SignedDuration::from_mins(5)).as_second() as f64;
    assert!(end >= now, "it is over");
    assert_eq!(text("nonce").as_bytes(), NONCE);
}

/// Asserts that the account's display name is safe to show.
fn shown(account: &Account) {
    let Account { id, name, email, issuer, username } = account;
    assert!(!id.is_empty() && !id.contains(SECRET));
    for text in [Some(name), email.as_ref(), issuer.as_ref(), username.as_ref()].into_iter().flatten() {
        shows_plainly(text);
        assert!(text.chars().count() <= 420 && !text.contains(SECRET), "{text:?}");
    }
    shows_plainly(&account.label());
}
