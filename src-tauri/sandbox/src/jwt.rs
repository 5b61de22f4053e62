//! JSON Web Tokens signed with ES256 (RFC 7515, RFC 7518 §3.4), and the public key to check them with.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::random::{bytes, digest};

/// The signing key: generated on first use, new at each start.
#[derive(Debug, Default)]
pub(crate) struct Signer {
    key: OnceLock<SigningKey>,
}

impl Signer {
    /// A signed token with these claims and a random `jti`, so that equal claims give different tokens.
    pub(crate) fn sign(&self, mut claims: Value) -> String {
        claims["jti"] = json!(URL_SAFE_NO_PAD.encode(bytes::<12>()));
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.kid() });
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature: Signature = self.key().sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The key set (RFC 7517) with the public key in it.
    pub(crate) fn key_set(&self) -> Value {
        let (x, y) = self.point();
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": self.kid(),
        }] })
    }

    /// The key's thumbprint (RFC 7638).
    fn kid(&self) -> String {
        let (x, y) = self.point();
        URL_SAFE_NO_PAD.encode(digest(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)))
    }

    fn point(&self) -> (String, String) {
        let point = self.key().verifying_key().to_encoded_point(false);
        let text =
            |part: Option<&p256::FieldBytes>| URL_SAFE_NO_PAD.encode(part.copied().unwrap_or_default());
        (text(point.x()), text(point.y()))
    }

    fn key(&self) -> &SigningKey {
        // Only about 1 in 2^32 random 256-bit values is not a valid key, so eight attempts are enough.
        let made = || (0..8).find_map(|_| SigningKey::from_slice(&bytes::<32>()).ok());
        #[expect(clippy::expect_used, reason = "eight draws that are all no key do not happen")]
        self.key.get_or_init(|| made().expect("a random key"))
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    use super::*;

    // RFC 7515, appendix A.3.
    const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    const SIGNED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                          cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn decoded(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn rfc_7515() -> Signer {
        Signer { key: OnceLock::from(SigningKey::from_slice(&decoded(D)).unwrap()) }
    }

    #[test]
    fn the_key_of_rfc_7515_appendix_a_3_has_its_public_half() {
        assert_eq!(rfc_7515().point(), (X.to_owned(), Y.to_owned()));
        let theirs = Signature::from_slice(&decoded(SIGNATURE)).unwrap();
        let key = rfc_7515();
        key.key().verifying_key().verify(SIGNED.as_bytes(), &theirs).unwrap();
    }

    #[test]
    fn a_signature_verifies_with_the_key_set() {
        let signer = Signer::default();
        let token = signer.sign(json!({ "sub": "someone" }));
        let key = &signer.key_set()["keys"][0];
        let point =
            [vec![4], decoded(key["x"].as_str().unwrap()), decoded(key["y"].as_str().unwrap())].concat();
        let (content, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&decoded(signature)).unwrap();
        VerifyingKey::from_sec1_bytes(&point).unwrap().verify(content.as_bytes(), &signature).unwrap();
        let header: Value = serde_json::from_slice(&decoded(content.split_once('.').unwrap().0)).unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&json!("ES256"), &key["kid"]));
        assert_ne!(token, signer.sign(json!({ "sub": "someone" })), "each token is its own");
    }
}
