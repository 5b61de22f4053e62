//! The challenges of a response (`WWW-Authenticate`, RFC 9110 §11.6.1) that concern access tokens (RFC 6750 §3, RFC
//! 9449 §7.1).

use grapnel_model::provider_text::clean;
use http::{HeaderMap, StatusCode, header};
use http_auth::ChallengeParser;

/// The schemes of access tokens.
const SCHEMES: &[&str] = &["bearer", "dpop"];
/// The most bytes of the header that are read.
const MAX_HEADER_BYTES: usize = 16 << 10;
/// The most scopes that are read.
const MAX_SCOPES: usize = 100;

/// A parameter of the first challenge for access tokens that has it. Values are as the server wrote them.
fn parameter(headers: &HeaderMap, name: &str) -> Option<String> {
    parameter_of(headers, SCHEMES, name)
}

/// A parameter of the first challenge of these schemes that has it.
fn parameter_of(headers: &HeaderMap, schemes: &[&str], name: &str) -> Option<String> {
    let all = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    for text in all.filter(|text| text.len() <= MAX_HEADER_BYTES) {
        // What follows a malformed challenge is not read.
        for challenge in ChallengeParser::new(text).map_while(Result::ok) {
            if !schemes.iter().any(|scheme| challenge.scheme.eq_ignore_ascii_case(scheme)) {
                continue;
            }
            let found = challenge.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
            if let Some((_, value)) = found {
                return Some(value.to_unescaped());
            }
        }
    }
    None
}

/// The URL of the protected resource's metadata (RFC 9728 §5.1), as the server wrote it.
pub fn resource_metadata(headers: &HeaderMap) -> Option<String> {
    parameter(headers, "resource_metadata")
}

/// Why a server refuses a request with a DPoP proof (RFC 9449 §7.1), as it wrote it.
pub(super) fn dpop_error(headers: &HeaderMap) -> Option<String> {
    parameter_of(headers, &["dpop"], "error")
}

/// The scopes that a resource asks for (RFC 6750 §3). Those that are none by RFC 6749 §3.3 are left out.
pub fn scopes(headers: &HeaderMap) -> Vec<String> {
    let text = parameter(headers, "scope").unwrap_or_default();
    let all = text.split(' ').filter(|scope| is_scope(scope)).take(MAX_SCOPES);
    all.map(|scope| clean(scope, &[])).collect()
}

/// The scopes that a request needed, if a response says that its access token has too few (`insufficient_scope`, RFC
/// 6750 §3.1). Without a list, they are not known.
pub fn insufficient_scope(status: StatusCode, headers: &HeaderMap) -> Option<Vec<String>> {
    let is_it = status == StatusCode::FORBIDDEN
        && parameter(headers, "error").is_some_and(|error| error == "insufficient_scope");
    is_it.then(|| scopes(headers))
}

/// A scope by RFC 6749 §3.3, but without commas, which separate scopes in the input.
pub fn is_scope(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b','))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_str(value).unwrap());
        values.map(|value| (header::WWW_AUTHENTICATE, value)).collect()
    }

    /// The example of RFC 9728 §5.1.
    #[test]
    fn the_example_of_the_rfc_is_read() {
        let url = "https://resource.example.com/.well-known/oauth-protected-resource";
        let found = resource_metadata(&headers(&[&format!("Bearer resource_metadata=\"{url}\"")]));
        assert_eq!(found.as_deref(), Some(url));
    }

    /// The example of RFC 6750 §3, with the error of §3.1 for too few scopes.
    #[test]
    fn missing_scopes_are_read_from_a_refusal_only() {
        let header = r#"Bearer realm="example", error="insufficient_scope", scope="notes:read notes:write""#;
        let found = |status, header: &str| insufficient_scope(status, &headers(&[header]));
        assert_eq!(
            found(StatusCode::FORBIDDEN, header),
            Some(vec!["notes:read".into(), "notes:write".into()])
        );
        assert_eq!(found(StatusCode::UNAUTHORIZED, header), None);
        assert_eq!(found(StatusCode::FORBIDDEN, r#"Bearer error="invalid_token", scope="a""#), None);
        assert_eq!(found(StatusCode::FORBIDDEN, r#"Bearer error="insufficient_scope""#), Some(Vec::new()));
        assert_eq!(found(StatusCode::FORBIDDEN, r#"Basic error="insufficient_scope""#), None);
    }

    #[test]
    fn the_challenge_is_found_among_others() {
        for values in [
            &[r#"Basic realm="a, b", Bearer resource_metadata="https://a.example/m""#][..],
            &["Negotiate", r#"bearer resource_metadata="https://a.example/m""#],
            &[r#"DPoP algs="ES256", resource_metadata="https://a.example/m""#],
            &[r#"Bearer error="x\"y", resource_metadata="https://a.example/m""#],
        ] {
            let found = resource_metadata(&headers(values));
            assert_eq!(found.as_deref(), Some("https://a.example/m"), "{values:?}");
        }
        for values in
            [r#"Basic resource_metadata="https://a.example/m""#, "Bearer", "Bearer resource_metadata="]
        {
            assert_eq!(resource_metadata(&headers(&[values])), None, "{values}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
                let _ = resource_metadata(&headers);
                for scope in insufficient_scope(StatusCode::FORBIDDEN, &headers).unwrap_or_default() {
                    prop_assert!(is_scope(&scope), "{scope}");
                }
            }
        }

        #[test]
        fn what_looks_like_a_challenge_is_read_without_panic(
            text in r#"(Bearer|DPoP|Basic|,|=|"|\\| |scope|error|insufficient_scope|[a-z]){0,40}"#
        ) {
            let headers = headers(&[&text]);
            let _ = (resource_metadata(&headers), insufficient_scope(StatusCode::FORBIDDEN, &headers));
        }

        #[test]
        fn a_quoted_value_comes_back_unchanged(value in "[ -~]{0,60}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let found = resource_metadata(&headers(&[&format!("Bearer realm=x, resource_metadata=\"{quoted}\"")]));
            prop_assert_eq!(found, Some(value));
        }
    }
}
