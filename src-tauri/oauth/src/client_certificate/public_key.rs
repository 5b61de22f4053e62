//! The public key of a certificate as a JSON Web Key (RFC 7518 §6, RFC 8037 §2).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use x509_cert::der::Decode;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The JSON Web Key; `None` for a key of another kind.
pub(super) fn jwk(key: &SubjectPublicKeyInfoOwned) -> Option<Value> {
    let bytes = key.subject_public_key.as_bytes()?;
    let encoded = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    match key.algorithm.oid {
        RSA => {
            let parts = AnyRef::from_der(bytes)
                .and_then(|all| all.sequence(|parts| Ok((UintRef::decode(parts)?, UintRef::decode(parts)?))));
            let (n, e) = parts.ok()?;
            Some(json!({ "kty": "RSA", "n": encoded(n.as_bytes()), "e": encoded(e.as_bytes()) }))
        }
        EC => {
            let curve = key.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok()?;
            let (name, size) = match curve {
                P256 => ("P-256", 32),
                P384 => ("P-384", 48),
                _ => return None,
            };
            // An uncompressed point (SEC 1 §2.3.3).
            let point = bytes.strip_prefix(&[4]).filter(|point| point.len() == 2 * size)?;
            let (x, y) = point.split_at(size);
            Some(json!({ "kty": "EC", "crv": name, "x": encoded(x), "y": encoded(y) }))
        }
        ED25519 => Some(json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(bytes) })),
        _ => None,
    }
}
