//! Proof Key for Code Exchange (RFC 7636), method S256 only, as documented.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::random::digest;

/// Whether `challenge` is the S256 challenge of `verifier`.
pub(crate) fn matches(verifier: &str, challenge: &str) -> bool {
    let expected = URL_SAFE_NO_PAD.encode(digest(verifier));
    expected.as_bytes().ct_eq(challenge.as_bytes()).into()
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
pub(crate) fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// The S256 challenge is a SHA-256 in base64url, without padding.
pub(crate) fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b_matches_its_verifier() {
        assert!(matches(VERIFIER, CHALLENGE));
        assert!(is_verifier(VERIFIER) && is_challenge(CHALLENGE));
    }

    #[test]
    fn another_verifier_does_not_match() {
        assert!(!matches(&VERIFIER.replace('d', "e"), CHALLENGE));
        assert!(!matches(CHALLENGE, CHALLENGE), "the plain method is not admitted");
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        assert!(!is_verifier(&VERIFIER[1..]));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&VERIFIER.replace('-', "+")));
        assert!(is_verifier(&"a".repeat(128)));
    }
}
