//! Demonstrating proof of possession (DPoP, RFC 9449): the key that tokens are bound to, and the proof of one request.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::KeyAlgorithm;
use grapnel_model::secret::{ExposeSecret, SecretString, random, sha256};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::signing_key::SigningKey;

/// The algorithm of the keys: the one that servers support most (FAPI 2.0 Security Profile §5.4).
const ALGORITHM: KeyAlgorithm = KeyAlgorithm::Es256;
/// The type of a proof (RFC 9449 §4.2).
const PROOF_TYPE: &str = "dpop+jwt";

/// The key of one connection, to which the server binds the tokens that it issues.
pub struct DpopKey {
    key: SigningKey,
    text: SecretString,
    thumbprint: String,
}

impl DpopKey {
    /// Makes a key.
    ///
    /// # Errors
    /// The system's random number generator fails.
    pub fn generate() -> Result<Self> {
        Self::parse(&SigningKey::generate(ALGORITHM)?)
    }

    /// Reads a key as [`Self::text`] has it.
    ///
    /// # Errors
    /// It is no such key: the data is damaged. The error does not contain it.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let damaged = |_| {
            Error::new(Code::DataDamaged, "The key that the tokens are bound to (DPoP) cannot be read.")
                .means("The tokens are of no use without it.")
                .hint("Reconnect in the browser.")
        };
        let key = SigningKey::parse(text, ALGORITHM, None).map_err(damaged)?;
        let thumbprint = key.thumbprint()?;
        Ok(Self { key, text: text.clone(), thumbprint })
    }

    /// The private key (PKCS#8 in PEM), to be encrypted.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// The thumbprint of the public key (RFC 7638), by which the server knows it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The proof of one request.
    ///
    /// # Errors
    /// The system's random number generator fails.
    pub fn proof(&self, request: &ProvenRequest<'_>, now: Timestamp) -> Result<SecretString> {
        let claims = Claims {
            jti: BASE64.encode(random::<16>()),
            htm: request.method.as_str(),
            htu: target(request.url),
            iat: now.as_second(),
            ath: request.access_token.map(digest),
            nonce: request.nonce,
        };
        self.key.sign_with_public_key(PROOF_TYPE, &claims)
    }
}

/// The request that a proof is for.
pub struct ProvenRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its URL.
    pub url: &'a Url,
    /// The access token in it, if it goes to a protected resource.
    pub access_token: Option<&'a SecretString>,
    /// The server's last nonce, if it gave one.
    pub nonce: Option<&'a str>,
}

/// The claims of a proof (RFC 9449 §4.2).
#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: String,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// The target URI without query and fragment (`htu`). A `Url` is normalized as RFC 3986 §6.2.2 and §6.2.3 have it.
fn target(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The digest of an access token (`ath`).
fn digest(token: &SecretString) -> String {
    BASE64.encode(sha256(token.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn part(proof: &SecretString, number: usize) -> Value {
        let part = proof.expose_secret().split('.').nth(number).unwrap();
        serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
    }

    /// The structure of RFC 9449 §4.2; a server verifies the signature with the key in the header (§4.3).
    #[test]
    fn a_proof_has_the_structure_of_the_rfc() {
        let key = DpopKey::generate().unwrap();
        let url = "https://server.example.com/token".parse().unwrap();
        let asked = ProvenRequest { method: &Method::POST, url: &url, access_token: None, nonce: None };
        let proof = key.proof(&asked, Timestamp::from_second(1_562_262_616).unwrap()).unwrap();
        let (header, claims) = (part(&proof, 0), part(&proof, 1));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert!(header.get("kid").is_none());
        let mut members: Vec<&String> = header["jwk"].as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["crv", "kty", "x", "y"], "no private member");
        assert_eq!((&claims["htm"], &claims["iat"]), (&json!("POST"), &json!(1_562_262_616)));
        assert_eq!(claims["htu"], "https://server.example.com/token");
        assert!(claims["jti"].as_str().unwrap().len() >= 16);
        assert_eq!(claims.as_object().unwrap().len(), 4, "{claims}");
        let public: Jwk = serde_json::from_value(header["jwk"].clone()).unwrap();
        assert_eq!(public.thumbprint(ThumbprintHash::SHA256).unwrap(), key.thumbprint());
        let (message, signature) = proof.expose_secret().rsplit_once('.').unwrap();
        let verifying = jsonwebtoken::DecodingKey::from_jwk(&public).unwrap();
        let algorithm = jsonwebtoken::Algorithm::ES256;
        assert!(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &verifying, algorithm).unwrap());
        let again = key.proof(&asked, Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(part(&again, 1)["jti"], claims["jti"]);
    }

    /// The token and the digest of RFC 9449 §7.1, and a nonce of §9.
    #[test]
    fn the_digest_of_a_token_is_that_of_the_rfc() {
        let key = DpopKey::generate().unwrap();
        let url = "https://resource.example.org/protectedresource?page=2#x".parse().unwrap();
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU".into();
        let nonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";
        let asked =
            ProvenRequest { method: &Method::GET, url: &url, access_token: Some(&token), nonce: Some(nonce) };
        let claims = part(&key.proof(&asked, Timestamp::UNIX_EPOCH).unwrap(), 1);
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(claims["nonce"], nonce);
        assert_eq!(claims["htu"], "https://resource.example.org/protectedresource");
    }

    /// The key of the proof in RFC 9449 §4.1, and its thumbprint in §6.1.
    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        let key: Jwk = serde_json::from_value(json!({
            "kty": "EC",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "crv": "P-256",
        }))
        .unwrap();
        let thumbprint = key.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is() {
        let key = DpopKey::generate().unwrap();
        assert_eq!(DpopKey::parse(key.text()).unwrap().thumbprint(), key.thumbprint());
        let error = DpopKey::parse(&"no key".into()).err().unwrap();
        assert_eq!((error.code, error.field), (Code::DataDamaged, None), "no person has entered it");
    }

    proptest! {
        #[test]
        fn a_target_has_neither_query_nor_fragment(
            path in "[a-z/%.]{0,12}", query in prop::option::of("\\PC{0,8}"), rest in prop::option::of("\\PC{0,8}"),
        ) {
            let mut url = Url::parse("HTTPS://Server.Example:443/").unwrap();
            url.set_path(&path);
            let plain = url.to_string();
            url.set_query(query.as_deref());
            url.set_fragment(rest.as_deref());
            prop_assert_eq!(target(&url), plain);
            prop_assert!(target(&url).starts_with("https://server.example/"));
        }
    }
}
