//! Text of requests and responses as it is kept and shown: the secrets of a mask are masked, and so are credentials
//! that a header, a parameter or a JSON member is named after.

use std::borrow::Cow;

use grapnel_model::mask_credentials::{self, MASKED, is_credential};
use memchr::memmem;
use serde_json::Value;
use url::form_urlencoded;

use super::mask::Mask;

/// The largest text that is kept, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// How a JSON Web Token begins: `{"` in Base64.
const JWT_START: &str = "eyJ";
/// Names of parameters that mean a credential in a URL only.
const PARAMETERS: [&str; 4] = ["key", "sig", "signature", "code"];

/// The value of a header.
pub fn header(name: &str, value: &str, mask: &Mask) -> String {
    if is_credential(name) { MASKED.to_owned() } else { mask.text(value).into_owned() }
}

/// A target: a path or a URL.
pub fn target(target: &str, mask: &Mask) -> String {
    parameters(&mask.text(target))
}

/// A body: JSON or other text; `None` if it is too large, or looks like JSON with credentials and cannot be parsed.
pub fn body(text: &str, mask: &Mask) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return Some(mask.text(text).into_owned());
    }
    let text = String::from_utf8(mask.json(text.as_bytes().to_vec())).ok()?;
    if !mask_credentials::may_hold_any(text.as_bytes()) {
        return Some(text);
    }
    let before = serde_json::from_str::<Value>(&text).ok()?;
    let mut value = before.clone();
    mask_credentials::mask(&mut value);
    if value == before {
        return Some(text);
    }
    Some(if text.contains('\n') { format!("{value:#}") } else { value.to_string() })
}

/// Masks JSON Web Tokens, which are recognized by their form: an ID token is not stored, so that no mask has it.
pub fn without_jwts(text: &str) -> Cow<'_, str> {
    if memmem::find(text.as_bytes(), JWT_START.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let is_of_jwt = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(JWT_START) {
        let length = rest[at..].find(|c| !is_of_jwt(c)).unwrap_or(rest.len() - at);
        let (before, token, after) = (&rest[..at], &rest[at..at + length], &rest[at + length..]);
        shown.push_str(before);
        shown.push_str(if token.contains('.') { MASKED } else { token });
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Masks credentials among the parameters of a URL or a form.
pub fn parameters(text: &str) -> String {
    let pairs = text.split_inclusive(['?', '&', '#']).map(|pair| {
        let (pair, end) = match pair.char_indices().next_back() {
            Some((at, '?' | '&' | '#')) => pair.split_at(at),
            _ => (pair, ""),
        };
        let Some((name, _)) = pair.split_once('=') else { return format!("{pair}{end}") };
        let plain = form_urlencoded::parse(name.as_bytes()).next().unwrap_or_default().0;
        let is_secret = is_credential(&plain) || PARAMETERS.contains(&&*plain.to_ascii_lowercase());
        if is_secret { format!("{name}={MASKED}{end}") } else { format!("{pair}{end}") }
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        Mask::of(["the-access-token-1234".into()])
    }

    #[test]
    fn a_body_without_credentials_stays_as_it_is() {
        for text in ["", "{ \"a\" : 1.50 }", "[1, 2]", "a text about the token", "<html>"] {
            assert_eq!(body(text, &mask()).as_deref(), Some(text));
        }
        assert_eq!(
            body("{\n\"token\":\"x\"\n}", &mask()).as_deref(),
            Some("{\n  \"token\": \"[secret]\"\n}")
        );
    }

    #[test]
    fn what_cannot_be_masked_is_not_kept() {
        assert_eq!(body(r#"{"token":"x","n":1e999}"#, &mask()), None);
        assert_eq!(body("{\"token\":\"x\"}\n{\"token\":\"y\"}", &mask()), None);
        assert_eq!(body(&" ".repeat(MAX_BYTES + 1), &mask()), None);
    }

    #[test]
    fn json_web_tokens_are_masked_in_any_text() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let text = format!(r#"{{"a":"{jwt}","b":"Bearer {jwt}, eyJust a word","c":"eyJ9.é"}}"#);
        let shown = r#"{"a":"[secret]","b":"Bearer [secret], eyJust a word","c":"[secret]é"}"#;
        assert_eq!(without_jwts(&text), shown);
        assert!(matches!(without_jwts("plain"), Cow::Borrowed(_)));
    }
}
