//! A private key of the client. It signs the JWTs by which the client authenticates (RFC 7523 §2.2) and its
//! authorization requests (JAR, RFC 9101).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{CLIENT_KEY, KeyAlgorithm};
use grapnel_model::secret::{ExposeSecret, SecretString};
use jsonwebtoken::jwk::{CommonParameters, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use zeroize::Zeroizing;

/// A private key with its algorithm and its public half.
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    public: Jwk,
    id: String,
}

impl SigningKey {
    /// Makes a key: a PKCS#8 document in PEM.
    ///
    /// # Errors
    /// The system's random number generator fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<SecretString> {
        let document = match algorithm {
            KeyAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| Ok(pkcs8(pair.to_pkcs8v1()?.as_ref()))),
            KeyAlgorithm::EdDsa => {
                Ed25519KeyPair::generate().and_then(|pair| Ok(pkcs8(pair.to_pkcs8v1()?.as_ref())))
            }
            KeyAlgorithm::Rs256 | KeyAlgorithm::Ps256 => RsaKeyPair::generate(KeySize::Rsa2048)
                .and_then(|pair| Ok(pkcs8(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref()))),
        };
        document.map_err(|_| Error::new(Code::Internal, "No private key could be made."))
    }

    /// Reads a key in PEM: PKCS#8, or PKCS#1 of an RSA key. Without an ID of the provider's own, its ID is its
    /// thumbprint (RFC 7638).
    ///
    /// # Errors
    /// It is no private key of this algorithm. The error does not contain the key.
    pub fn parse(text: &SecretString, algorithm: KeyAlgorithm, id: Option<&str>) -> Result<Self> {
        let (text, jws) = (with_line_breaks(text.expose_secret()), jws(algorithm));
        let text = text.as_bytes();
        let key = match algorithm {
            KeyAlgorithm::Es256 => EncodingKey::from_ec_pem(text),
            KeyAlgorithm::EdDsa => EncodingKey::from_ed_pem(text),
            KeyAlgorithm::Rs256 | KeyAlgorithm::Ps256 => EncodingKey::from_rsa_pem(text),
        };
        let read = key.and_then(|key| {
            let public = Jwk::from_encoding_key(&key, jws)?;
            let thumbprint = public.thumbprint(ThumbprintHash::SHA256)?;
            Ok((key, public, thumbprint))
        });
        let (key, mut public, thumbprint) = read.map_err(|_| unreadable(jws))?;
        let id = id.map_or(thumbprint, str::to_owned);
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { key, algorithm: jws, public, id })
    }

    /// The public half as a JSON Web Key (RFC 7517), to be registered at the provider.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// Signs claims; the header names the key's ID.
    ///
    /// # Errors
    /// The key is too weak, or the system's random number generator fails.
    pub fn sign(&self, claims: &impl Serialize) -> Result<SecretString> {
        self.sign_as(None, claims)
    }

    /// Signs claims as a JWT with this type (`typ`, RFC 8725 §3.11); `None` for the general one.
    ///
    /// # Errors
    /// As for [`Self::sign`].
    pub fn sign_as(&self, kind: Option<&str>, claims: &impl Serialize) -> Result<SecretString> {
        let mut header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        header.typ = kind.map(str::to_owned).or(header.typ);
        jwt(&header, claims, &self.key)
    }

    /// Signs claims as a JWT with this type, whose header has the public key itself (RFC 9449 §4.2).
    ///
    /// # Errors
    /// As for [`Self::sign`].
    pub(crate) fn sign_with_public_key(&self, kind: &str, claims: &impl Serialize) -> Result<SecretString> {
        let public = Jwk { common: CommonParameters::default(), ..self.public.clone() };
        let mut header = Header { jwk: Some(public), ..Header::new(self.algorithm) };
        header.typ = Some(kind.to_owned());
        jwt(&header, claims, &self.key)
    }

    /// The thumbprint of the public key (RFC 7638).
    ///
    /// # Errors
    /// The key has no thumbprint.
    pub(crate) fn thumbprint(&self) -> Result<String> {
        let thumbprint = self.public.thumbprint(ThumbprintHash::SHA256);
        thumbprint.map_err(|_| Error::new(Code::Internal, "The thumbprint of a key could not be made."))
    }
}

/// Signs claims with a client secret (HMAC with SHA-256).
///
/// # Errors
/// As for [`SigningKey::sign`].
pub(crate) fn sign_with_secret(secret: &SecretString, claims: &impl Serialize) -> Result<SecretString> {
    jwt(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.expose_secret().as_bytes()))
}

fn jwt(header: &Header, claims: &impl Serialize, key: &EncodingKey) -> Result<SecretString> {
    let signed = jsonwebtoken::encode(header, claims, key);
    let signed = signed.map_err(|_| Error::new(Code::Internal, "The client’s JWT could not be signed."))?;
    Ok(signed.into())
}

/// A PEM document whose line breaks are missing, as a field of one line leaves it, with those around its content.
fn with_line_breaks(text: &str) -> Zeroizing<String> {
    let parts: Vec<&str> = text.trim().split("-----").collect();
    Zeroizing::new(match parts[..] {
        ["", begin, content, end, ""] => {
            let content = Zeroizing::new(content.split_whitespace().collect::<String>());
            format!("-----{begin}-----\n{}\n-----{end}-----\n", *content)
        }
        _ => text.to_owned(),
    })
}

/// A PKCS#8 document in PEM.
fn pkcs8(document: &[u8]) -> SecretString {
    pem::encode(&pem::Pem::new("PRIVATE KEY", document)).into()
}

fn jws(algorithm: KeyAlgorithm) -> Algorithm {
    match algorithm {
        KeyAlgorithm::Es256 => Algorithm::ES256,
        KeyAlgorithm::EdDsa => Algorithm::EdDSA,
        KeyAlgorithm::Rs256 => Algorithm::RS256,
        KeyAlgorithm::Ps256 => Algorithm::PS256,
    }
}

fn unreadable(algorithm: Algorithm) -> Error {
    let kind = match algorithm {
        Algorithm::ES256 => "an elliptic curve key (P-256)",
        Algorithm::EdDSA => "an Ed25519 key",
        _ => "an RSA key of at least 2048 bits",
    };
    Error::input(CLIENT_KEY, format!("This is no private key for {algorithm:?}.")).hint(format!(
        "Enter {kind} in PEM, from BEGIN PRIVATE KEY to END PRIVATE KEY, or choose the key’s own algorithm \
             (client_key_alg). `openssl pkcs8 -topk8 -nocrypt` converts others."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [KeyAlgorithm; 4] =
        [KeyAlgorithm::Es256, KeyAlgorithm::EdDsa, KeyAlgorithm::Rs256, KeyAlgorithm::Ps256];

    /// Signs with a new key and verifies with its public half, as a server does.
    #[test]
    fn a_signature_of_each_algorithm_matches_the_public_key() {
        for algorithm in ALL {
            let text = SigningKey::generate(algorithm).unwrap();
            let key = SigningKey::parse(&text, algorithm, None).unwrap();
            let signed = key.sign(&json!({ "sub": "client" })).unwrap();
            let (message, signature) = signed.expose_secret().rsplit_once('.').unwrap();
            let public = serde_json::to_value(key.public()).unwrap();
            assert!(public.get("d").is_none() && public["use"] == "sig", "{public}");
            let verifying = jsonwebtoken::DecodingKey::from_jwk(key.public()).unwrap();
            let verify = |message: &str| {
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), &verifying, jws(algorithm))
                    .unwrap()
            };
            assert!(verify(message) && !verify(&format!("{message}x")), "{algorithm:?}");
            let header = jsonwebtoken::decode_header(signed.expose_secret()).unwrap();
            assert_eq!(header.kid.as_deref(), public["kid"].as_str());
        }
    }

    #[test]
    fn a_key_is_read_only_for_its_own_algorithm() {
        for made in ALL {
            let text = SigningKey::generate(made).unwrap();
            for algorithm in ALL {
                let fits = jws(made).family() == jws(algorithm).family();
                let read = SigningKey::parse(&text, algorithm, None);
                assert_eq!(read.is_ok(), fits, "{made:?} as {algorithm:?}");
                if let Err(error) = read {
                    assert_eq!(error.field.as_deref(), Some(CLIENT_KEY));
                    let shown = format!("{error:?}");
                    let inside = text.expose_secret().lines().nth(1).unwrap();
                    assert!(!shown.contains(&inside[..20]), "{shown}");
                }
            }
        }
        for text in ["", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(SigningKey::parse(&text.into(), KeyAlgorithm::Es256, None).is_err(), "{text}");
        }
    }

    /// The key and the thumbprint of RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let key: Jwk = serde_json::from_value(json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\
                oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65\
                YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr\
                dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
                nqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29",
        }))
        .unwrap();
        let thumbprint = key.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_key_that_lost_its_line_breaks_is_read() {
        let text = SigningKey::generate(KeyAlgorithm::Rs256).unwrap();
        for joint in ["", " "] {
            let one_line = text.expose_secret().lines().collect::<Vec<_>>().join(joint);
            SigningKey::parse(&one_line.into(), KeyAlgorithm::Rs256, None).unwrap();
        }
    }

    #[test]
    fn the_providers_own_key_id_replaces_the_thumbprint() {
        let text = SigningKey::generate(KeyAlgorithm::Es256).unwrap();
        let key = SigningKey::parse(&text, KeyAlgorithm::Es256, Some("key-1")).unwrap();
        assert_eq!(key.public().common.key_id.as_deref(), Some("key-1"));
    }
}
