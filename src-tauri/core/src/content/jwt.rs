//! JSON Web Tokens (RFC 7519): reads the claims and verifies the signature (RFC 7515). Keys come only from the app's
//! JWKS URL: `jku`, `x5u` and `jwk` in a token's header are ignored.

use std::str::FromStr;

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_model::account::{Claims, Field};
use grapnel_model::provider_text::clean;
use grapnel_oauth::http;
use grapnel_oauth::http::Mask;
use grapnel_oauth::http::api::read_public;
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

/// Why a signature is not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unverified {
    #[error("the app has no JWKS URL")]
    NoKeysUrl,
    #[error("the keys at the JWKS URL could not be read: {0}")]
    KeysUnreadable(String),
    #[error("it is not signed (alg none)")]
    NotSigned,
    #[error("{0} signs with a shared secret, which Grapnel does not check")]
    SharedSecret(String),
    #[error("{0} is not supported by Grapnel")]
    Unsupported(String),
    #[error("its header demands extensions (crit) that Grapnel does not support")]
    Critical,
    #[error("the issuer publishes no key “{kid}” for {alg}")]
    NoSuchKey { kid: String, alg: String },
    #[error("the issuer publishes no key for {0}")]
    NoKey(String),
    #[error("the signature does not match the issuer’s key")]
    BadSignature,
}

/// The public keys of an issuer (RFC 7517).
pub(super) struct Keys(pub(super) Result<Vec<Jwk>, Unverified>);

impl Keys {
    /// Fetches the keys at a JWKS URL. Unsupported kinds are left out.
    pub(super) async fn at(client: &http::Client, url: Option<&Url>) -> Self {
        let Some(url) = url else { return Self(Err(Unverified::NoKeysUrl)) };
        Self(match read_public(client, url).await {
            Ok(document) => Self::parse(document),
            Err(failure) => Err(Unverified::KeysUnreadable(failure.to_string())),
        })
    }

    pub(super) fn parse(document: Value) -> Result<Vec<Jwk>, Unverified> {
        match object(document).and_then(|mut members| members.remove("keys")) {
            Some(Value::Array(keys)) => {
                Ok(keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
            }
            _ => Err(Unverified::KeysUnreadable("the document has no keys".into())),
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
    pub(super) fn verify(&self, keys: &Keys) -> Result<(), Unverified> {
        let named = self.header_text("alg").unwrap_or_default();
        let alg = || clean(named, &[]);
        match named {
            "none" | "" => return Err(Unverified::NotSigned),
            "HS256" | "HS384" | "HS512" => return Err(Unverified::SharedSecret(alg())),
            _ => {}
        }
        let method = Method::of(named).ok_or_else(|| Unverified::Unsupported(alg()))?;
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
            return Err(Unverified::NoKey(alg()));
        }
        let is_signed = candidates.iter().any(|key| method.verifies(key, self.signed, self.signature));
        if is_signed { Ok(()) } else { Err(Unverified::BadSignature) }
    }

    /// The claims to show, and why the signature is not verified.
    pub(super) fn view(&self, verified: &Result<(), Unverified>, mask: &Mask) -> Claims {
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
        }
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

/// A claim as text.
pub(super) fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
}
