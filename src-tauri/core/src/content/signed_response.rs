//! The signed authorization response (JARM): a JWT of the provider with the parameters of the callback.

use grapnel_model::account::Unverified;
use grapnel_model::provider::ProviderConfig;
use grapnel_oauth::http::Client;
use jiff::Timestamp;
use serde_json::Value;

use super::id_token::{Expected, Fault};
use super::jwt::{Jwt, Keys};
use super::lenient_json::Members;

/// Why a signed response is not relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResponseFault {
    #[error("it is encrypted (JWE), which Grapnel does not support")]
    Encrypted,
    #[error("it is not a JWT")]
    Malformed,
    #[error("{0}")]
    Claims(Fault),
    #[error("{0}")]
    Signature(Unverified),
}

/// The parameters in a response, to find the sign-in that it may belong to. Nobody has vouched for them.
///
/// # Errors
/// It is encrypted, or no JWT.
pub(crate) fn unverified(token: &str) -> Result<Vec<(String, String)>, ResponseFault> {
    if token.split('.').count() == 5 {
        return Err(ResponseFault::Encrypted);
    }
    Jwt::parse(token).map(|jwt| parameters(&jwt.claims)).ok_or(ResponseFault::Malformed)
}

/// Verifies a response (JARM §2.4): issuer, audience, time, and the signature by a key that the provider publishes.
/// Returns its parameters.
///
/// # Errors
/// It is not from this provider, not for this client, expired, or not signed.
pub(crate) async fn verified(
    http: &Client,
    config: &ProviderConfig,
    client_id: &str,
    token: &str,
    now: Timestamp,
) -> Result<Vec<(String, String)>, ResponseFault> {
    let jwt = Jwt::parse(token).ok_or(ResponseFault::Malformed)?;
    let expected = Expected {
        issuer: config.issuer.as_deref(),
        client_id,
        nonce_hash: None,
        now: Some(now),
        authenticated_after: None,
    };
    expected.check_origin(&jwt.claims).map_err(ResponseFault::Claims)?;
    let keys = Keys::at(http, config.jwks_url.as_ref()).await;
    jwt.verify(&keys).map_err(ResponseFault::Signature)?;
    Ok(parameters(&jwt.claims))
}

/// The claims that are parameters of the response, as text.
fn parameters(claims: &Members) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let own = claims.iter().filter(|(name, _)| !["aud", "exp", "iat", "nbf", "jti"].contains(&name.as_str()));
    own.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_jarm_is_read() {
        // JARM §2.3.1: the response in the query.
        let token = "eyJraWQiOiJsYWViIiwiYWxnIjoiRVMyNTYifQ.eyAgImlzcyI6Imh0dHBzOi8vYWNjb3VudHMuZXhhbXBsZS5jb20iLCAgIm\
            F1ZCI6InM2QmhkUmtxdDMiLCAgImV4cCI6MTMxMTI4MTk3MCwgICJjb2RlIjoiUHlDbWFBNkxZaVBMcl9BV05XVlRaNjVOVjZOdENlcX\
            NUYl9HaDllZGh3MEhPMSIsICAic3RhdGUiOiJTOE5KN3VxazVmWTRFak5QZkJHdElGVGpfUSJ9.AAAA";
        let read = unverified(token).unwrap();
        let value = |name: &str| read.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        assert_eq!(value("iss"), Some("https://accounts.example.com"));
        assert_eq!(value("state"), Some("S8NJ7uqk5fY4EjNPfBGtIFTj_Q"));
        assert_eq!((value("aud"), value("exp")), (None, None));
    }

    #[test]
    fn what_is_no_signed_response_is_named() {
        assert_eq!(unverified("a.b.c.d.e"), Err(ResponseFault::Encrypted));
        for text in ["", "code", "a.b.c", "e30.W10.", "....."] {
            assert_eq!(unverified(text), Err(ResponseFault::Malformed), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = unverified(&text);
        }
    }
}
