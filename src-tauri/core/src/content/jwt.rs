//! JSON Web Tokens (RFC 7519): reads the claims and verifies the signature (RFC 7515). Keys come only from the app's
//! JWKS URL: `jku`, `x5u` and `jwk` in a token's header are ignored.

use std::str::FromStr;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_model::account::{Claims, Field, Signature, Unverified};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_oauth::http;
use grapnel_oauth::http::Mask;
use grapnel_oauth::http::api::read_public;
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;
use url::Url;

use super::lenient_json::{Members, object, others};

/// A parsed token, not yet verified.
pub(super) struct Jwt<'t> {
    pub(super) header: Members,
    pub(super) claims: Members,
    signed: &'t str,
    signature: &'t str,
}

/// A signature that matches a key of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verified {
    /// That key's ID, if it has one.
    key_id: Option<String>,
}

/// The public keys of an issuer (RFC 7517).
pub(super) struct Keys(pub(super) Result<Vec<Jwk>, Unverified>);

impl Keys {
    /// Fetches the keys at a JWKS URL. Unsupported kinds are left out.
    pub(super) async fn at(client: &http::Client, url: Option<&Url>) -> Self {
        let Some(url) = url else { return Self(Err(Unverified::NoKeysUrl)) };
        Self(match read_public(client, url).await {
            Ok(document) => Self::parse(document),
            Err(failure) => Err(Unverified::KeysUnreadable { detail: failure.to_string() }),
        })
    }

    pub(super) fn parse(document: Value) -> Result<Vec<Jwk>, Unverified> {
        match object(document).and_then(|mut members| members.remove("keys")) {
            Some(Value::Array(keys)) => {
                Ok(keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
            }
            _ => Err(Unverified::KeysUnreadable { detail: "the document has no keys".into() }),
        }
    }
}

impl<'t> Jwt<'t> {
    /// Parses a token in compact form. `None` if it is malformed or encrypted.
    pub(super) fn parse(token: &'t str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let members = |part: &str| object(serde_json::from_slice(&BASE64.decode(part).ok()?).ok()?);
        Some(Self { header: members(header)?, claims: members(claims)?, signed, signature })
    }

    /// Verifies the signature with these keys.
    pub(super) fn verify(&self, keys: &Keys) -> Result<Verified, Unverified> {
        let named = self.header_text("alg").unwrap_or_default();
        let alg = || clean(named, &[]);
        match named {
            "none" | "" => return Err(Unverified::NotSigned),
            "HS256" | "HS384" | "HS512" => return Err(Unverified::SharedSecret { alg: alg() }),
            _ => {}
        }
        let method = Method::of(named).ok_or_else(|| Unverified::Unsupported { alg: alg() })?;
        if self.header.contains_key("crit") {
            return Err(Unverified::Critical);
        }
        let keys = keys.0.as_ref().map_err(Clone::clone)?;
        let fitting = || keys.iter().filter(|key| method.fits(key, named));
        let candidates: Vec<&Jwk> = match self.header_text("kid") {
            None => fitting().collect(),
            Some(kid) => {
                let is_named = |key: &&Jwk| key.common.key_id.as_deref() == Some(kid);
                let mut found: Vec<&Jwk> = fitting().filter(is_named).collect();
                if found.is_empty() {
                    // A key without an ID is tried if no key has the token's, and there is only one.
                    found = fitting().filter(|key| key.common.key_id.is_none()).collect();
                    if found.len() != 1 {
                        return Err(Unverified::NoSuchKey { kid: clean(kid, &[]), alg: alg() });
                    }
                }
                found
            }
        };
        if candidates.is_empty() {
            return Err(Unverified::NoKey { alg: alg() });
        }
        let matching = candidates.iter().find(|key| method.verifies(key, self.signed, self.signature));
        let key_id = |key: &&Jwk| key.common.key_id.as_deref().map(|kid| clean(kid, &[]));
        matching.map(|key| Verified { key_id: key_id(key) }).ok_or(Unverified::BadSignature)
    }

    /// The claims to show, and why the signature is not verified.
    pub(super) fn view(&self, verified: &Result<Verified, Unverified>, mask: &Mask) -> Claims {
        let shown = |name: &&str| {
            let value = self.header_text(name)?;
            Some(Field { name: (*name).to_owned(), value: clean(value, &[]) })
        };
        let mut claims = Value::Object(self.claims.clone());
        mask.value(&mut claims);
        Claims {
            header: ["alg", "kid", "typ"].iter().filter_map(shown).collect(),
            fields: object(claims).map(others).unwrap_or_default(),
            is_verified: verified.is_ok(),
            unverified_because: verified.as_ref().err().map(ToString::to_string),
            signature: Some(Signature {
                bytes: u32::try_from(BASE64.decode(self.signature).map_or(0, |bytes| bytes.len()))
                    .unwrap_or(u32::MAX),
                key_id: verified.as_ref().ok().and_then(|verified| verified.key_id.clone()),
                unverified: verified.as_ref().err().cloned(),
            }),
        }
    }

    /// Whether its `at_hash` is that of this access token (OpenID Connect Core §3.1.3.6). `None` if it has none, or if
    /// its algorithm has no hash function.
    pub(super) fn is_bound_to(&self, access_token: &SecretString) -> Option<bool> {
        let claimed = self.claims.get("at_hash")?;
        let hash = match self.header_text("alg")? {
            "RS256" | "PS256" | "ES256" | "HS256" => &digest::SHA256,
            "RS384" | "PS384" | "ES384" | "HS384" => &digest::SHA384,
            // Ed25519 is defined with SHA-512 (RFC 8032).
            "RS512" | "PS512" | "ES512" | "HS512" | "EdDSA" | "Ed25519" => &digest::SHA512,
            _ => return None,
        };
        let whole = digest::digest(hash, access_token.expose_secret().as_bytes());
        let half = &whole.as_ref()[..whole.as_ref().len() / 2];
        Some(claimed.as_str() == Some(&BASE64.encode(half)))
    }

    fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }
}

/// A signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 9864).
#[derive(Clone, Copy)]
enum Method {
    Known(Algorithm),
    Es512,
}

impl Method {
    fn of(alg: &str) -> Option<Self> {
        match alg {
            "ES512" => Some(Self::Es512),
            "Ed25519" => Some(Self::Known(Algorithm::EdDSA)),
            _ => Algorithm::from_str(alg).ok().map(Self::Known),
        }
    }

    /// Whether a key is suitable for this algorithm and not reserved for another use.
    fn fits(self, key: &Jwk, alg: &str) -> bool {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        let kind = &key.algorithm;
        let is_on = |curve: &EllipticCurve| match kind {
            AlgorithmParameters::EllipticCurve(of) => of.curve == *curve,
            AlgorithmParameters::OctetKeyPair(of) => of.curve == *curve,
            _ => false,
        };
        let is_of_kind = match self {
            Self::Es512 => is_on(&EllipticCurve::P521),
            Self::Known(ES256) => is_on(&EllipticCurve::P256),
            Self::Known(ES384) => is_on(&EllipticCurve::P384),
            Self::Known(EdDSA) => is_on(&EllipticCurve::Ed25519),
            Self::Known(RS256 | RS384 | RS512 | PS256 | PS384 | PS512) => {
                matches!(kind, AlgorithmParameters::RSA(_))
            }
            // A symmetric key among public keys would let anyone sign tokens.
            Self::Known(_) => false,
        };
        let is_for_it = match &key.common.key_algorithm {
            None | Some(KeyAlgorithm::UNKNOWN_ALGORITHM) => true,
            Some(KeyAlgorithm::EdDSA) => matches!(self, Self::Known(EdDSA)),
            Some(other) => other.to_string() == alg,
        };
        is_of_kind && is_for_it && key.common.public_key_use != Some(PublicKeyUse::Encryption)
    }

    fn verifies(self, key: &Jwk, signed: &str, signature: &str) -> bool {
        let Ok(key) = DecodingKey::from_jwk(key) else { return false };
        match self {
            Self::Known(algorithm) => {
                crypto::verify(signature, signed.as_bytes(), &key, algorithm).unwrap_or(false)
            }
            Self::Es512 => {
                let (Ok(point), Ok(signature)) = (key.try_get_as_bytes(), BASE64.decode(signature)) else {
                    return false;
                };
                let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point);
                key.verify(signed.as_bytes(), &signature).is_ok()
            }
        }
    }
}

/// The claims of a refresh token that is a JWT. Grapnel relies on none of them, so no keys are fetched.
pub(crate) fn refresh_token_claims(token: &SecretString, mask: &Mask) -> Option<Claims> {
    let jwt = Jwt::parse(token.expose_secret())?;
    Some(jwt.view(&jwt.verify(&Keys(Err(Unverified::NotChecked))), mask))
}

/// The claims of an ID token whose signature is not checked.
pub(crate) fn unchecked_claims(token: &SecretString, mask: &Mask) -> Option<Claims> {
    let jwt = Jwt::parse(token.expose_secret())?;
    Some(jwt.view(&jwt.verify(&Keys(Err(Unverified::KeysNotFetched))), mask))
}

/// Whether a token is bound to the certificate with this thumbprint (RFC 8705 §3.1); `None` if it is opaque.
pub(crate) fn is_bound_to_certificate(token: &SecretString, thumbprint: &str) -> Option<bool> {
    let jwt = Jwt::parse(token.expose_secret())?;
    Some(jwt.claims.get("cnf").and_then(|cnf| cnf.get("x5t#S256")?.as_str()) == Some(thumbprint))
}

/// When a JWT expires.
pub(crate) fn expiry(token: &SecretString) -> Option<Timestamp> {
    seconds(&Jwt::parse(token.expose_secret())?.claims, "exp")
}

/// A `NumericDate` (RFC 7519 §2), which may have a fraction.
pub(super) fn seconds(claims: &Members, name: &str) -> Option<Timestamp> {
    let number = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second says nothing here")]
    let whole = number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))?;
    Timestamp::from_second(whole).ok()
}

/// A claim as text.
pub(super) fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: [u8; 64] = [0xfb; 64];

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.{}", BASE64.encode(header), BASE64.encode(claims), BASE64.encode(SIGNATURE))
    }

    fn view(token: &str, keys: &Keys) -> Option<Claims> {
        let jwt = Jwt::parse(token)?;
        Some(jwt.view(&jwt.verify(keys), &Mask::of([])))
    }

    #[test]
    fn each_reason_for_an_unverified_signature_is_a_case_and_a_sentence() {
        let none = || Keys(Ok(Vec::new()));
        let some = |kid: &str| {
            let key = serde_json::json!({ "keys": [{
                "kty": "EC", "crv": "P-256", "kid": kid, "x": BASE64.encode([1; 32]), "y": BASE64.encode([2; 32]),
            }]});
            Keys(Keys::parse(key))
        };
        let table = [
            (r#"{"alg":"RS256"}"#, Keys(Err(Unverified::NoKeysUrl))),
            (r#"{"alg":"RS256"}"#, Keys(Keys::parse(Value::Null))),
            (r#"{"alg":"none"}"#, none()),
            (r#"{"typ":"JWT"}"#, none()),
            (r#"{"alg":"HS256"}"#, none()),
            (r#"{"alg":"ES256K\u202e\n"}"#, none()),
            (r#"{"alg":"ES256","crit":["b64"]}"#, none()),
            (r#"{"alg":"ES256","kid":"k1"}"#, some("k2")),
            (r#"{"alg":"ES256"}"#, none()),
            (r#"{"alg":"ES256","kid":"k1"}"#, some("k1")),
        ];
        let said = table.map(|(header, keys)| {
            let claims = view(&token(header, "{}"), &keys).unwrap();
            let signature = serde_json::to_string(&claims.signature).unwrap();
            format!("{header}\n  {signature}\n  {}", claims.unverified_because.unwrap())
        });
        insta::assert_snapshot!(said.join("\n"));
    }

    /// The example of OpenID Connect Core §A.3 and §A.4, whose ID token is signed with RS256; and the halves of the
    /// other digests, as Python's hashlib computes them.
    #[test]
    fn an_access_token_is_compared_with_the_hash_of_the_id_token() {
        let access_token = SecretString::from("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        let is_bound = |alg: &str, at_hash: &str| {
            let token = token(&format!(r#"{{"alg":"{alg}"}}"#), &format!(r#"{{"at_hash":{at_hash}}}"#));
            Jwt::parse(&token).unwrap().is_bound_to(&access_token)
        };
        let example = r#""77QmUPtjPfzWtF2AnpK9RQ""#;
        assert_eq!(is_bound("RS256", example), Some(true));
        assert_eq!(is_bound("ES384", r#""jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs""#), Some(true));
        assert_eq!(is_bound("EdDSA", r#""q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM""#), Some(true));
        for (alg, wrong) in [("ES512", example), ("RS256", r#""77QmUPtjPfzWtF2AnpK9RR""#), ("RS256", "7")] {
            assert_eq!(is_bound(alg, wrong), Some(false), "{alg} {wrong}");
        }
        assert_eq!(is_bound("none", example), None);
        assert_eq!(Jwt::parse(&token(r#"{"alg":"RS256"}"#, "{}")).unwrap().is_bound_to(&access_token), None);
    }

    #[test]
    fn a_refresh_token_is_decoded_without_keys() {
        let claims = |header: &str| {
            let token = SecretString::from(token(header, r#"{"sub":"7","access_token":"abc"}"#));
            refresh_token_claims(&token, &Mask::of([token.clone()])).unwrap()
        };
        let signed = claims(r#"{"alg":"RS256"}"#);
        assert_eq!(signed.signature.unwrap().unverified, Some(Unverified::NotChecked));
        assert_eq!(claim(&claims(r#"{"alg":"RS256"}"#), "access_token"), Some("[secret]"));
        let shared = claims(r#"{"alg":"HS512"}"#).signature.unwrap().unverified;
        assert_eq!(shared, Some(Unverified::SharedSecret { alg: "HS512".into() }));
        assert_eq!(refresh_token_claims(&"opaque.refresh.token".into(), &Mask::of([])), None);
    }

    #[test]
    fn a_hostile_token_is_shown_safely_or_not_at_all() {
        let header = r#"{"alg":"none","kid":"\u001b[2J\u202e<b>","typ":7}"#;
        let nested = format!(r#"{{"a":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(view(&token(header, &nested), &Keys(Err(Unverified::NoKeysUrl))), None);
        for text in ["", ".", "..", "a.b.c", &".".repeat(1 << 16), &token("[]", "{}"), &token("{}", "7")] {
            assert_eq!(view(text, &Keys(Err(Unverified::NoKeysUrl))), None, "{text:.20}");
        }
        let claims = format!(r#"{{"sub":"first","sub":"last","big":"{}"}}"#, "x".repeat(1 << 20));
        let claims = view(&token(header, &claims), &Keys(Err(Unverified::NoKeysUrl))).unwrap();
        assert_eq!(claim(&claims, "sub"), Some("last"));
        assert_eq!(claims.fields.len(), 2);
        assert_eq!(
            claims.header.iter().map(|field| field.value.as_str()).collect::<Vec<_>>(),
            ["none", "[2J<b>"]
        );
        assert!(!serde_json::to_string(&claims).unwrap().contains(&BASE64.encode(SIGNATURE)));
    }
}
