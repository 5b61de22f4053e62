//! Redirects to an app: its redirect URI with response parameters in the query or the fragment.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Appends `pairs` to the query of `uri`.
pub(crate) fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{}", encoded(pairs))
}

/// `uri` with `pairs` as its fragment.
pub(crate) fn with_fragment(uri: &str, pairs: &[(&str, &str)]) -> String {
    format!("{uri}#{}", encoded(pairs))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A 302 redirect. `None` if `to` is not a valid header value.
pub(crate) fn redirect_to(to: &str) -> Option<Response> {
    let location = HeaderValue::from_str(to).ok()?;
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Some((StatusCode::FOUND, headers).into_response())
}

/// Whether the redirect opens a program, so that the browser keeps showing the page.
pub(crate) fn has_custom_scheme(uri: &str) -> bool {
    !uri.starts_with("http://") && !uri.starts_with("https://")
}

/// Whether an unregistered redirect URI is safe to redirect to: absolute, without a fragment, and of no scheme that a
/// browser executes or reads itself.
pub(crate) fn is_safe_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let scheme = scheme.to_ascii_lowercase();
    let named = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let web = scheme == "http" || scheme == "https";
    let host = !web || rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let plain = !rest.is_empty() && uri.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    let local = ["javascript", "data", "vbscript", "blob", "file", "about", "filesystem"];
    named && host && plain && !local.contains(&scheme.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_absolute_and_has_no_executable_scheme() {
        for fine in [
            "http://127.0.0.1:3000/callback",
            "https://my.app/back?x=1",
            "dev.grapnel.desktop:/oauth/callback",
            "dev.grapnel.desktop://oauth/callback",
        ] {
            assert!(is_safe_redirect_uri(fine), "{fine}");
        }
        for wrong in [
            "",
            "my.app/back",
            "/back",
            "https://",
            "https:///back",
            "https:back",
            "https://my.app/#x",
            "https://my.app/a b",
            "https://my.app/\r\nSet-Cookie:x",
            "1x:/back",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            assert!(!is_safe_redirect_uri(wrong), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_appended_to_the_query() {
        assert_eq!(with_query("a:/b", &[("x", "1 2")]), "a:/b?x=1+2");
        assert_eq!(with_query("a:/b?c=d", &[("x", "1")]), "a:/b?c=d&x=1");
        assert_eq!(with_fragment("a:/b", &[("x", "&")]), "a:/b#x=%26");
    }
}
