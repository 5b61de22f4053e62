//! What the history remembers of an exchange: the connection's secrets are masked, and so are credentials that a
//! header, a parameter or a JSON member is named after.

use grapnel_model::api_exchange::{ApiRequestDraft, RequestHeader};
use grapnel_oauth::http::Mask;
use serde_json::Value;
use url::form_urlencoded;

use crate::content::mask_credentials::{self, MASKED, is_credential};

/// The largest text that is remembered, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Names of parameters that mean a credential in a URL only.
const PARAMETERS: [&str; 4] = ["key", "sig", "signature", "code"];

/// The value of a header.
pub(super) fn header(name: &str, value: &str, mask: &Mask) -> String {
    if is_credential(name) { MASKED.to_owned() } else { mask.text(value).into_owned() }
}

/// A request. A body that is too large or cannot be masked is left out.
pub(super) fn draft(draft: &ApiRequestDraft, mask: &Mask) -> ApiRequestDraft {
    let headers = draft
        .headers
        .iter()
        .map(|sent| RequestHeader { name: sent.name.clone(), value: header(&sent.name, &sent.value, mask) });
    let is_form = draft.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("content-type") && header.value.contains("x-www-form-urlencoded")
    });
    ApiRequestDraft {
        method: draft.method.clone(),
        target: target(&draft.target, mask),
        headers: headers.collect(),
        body: match &draft.body {
            form if is_form && form.len() <= MAX_BYTES => parameters(&mask.text(form)),
            _ if is_form => String::new(),
            other => body(other, mask).unwrap_or_default(),
        },
    }
}

/// A target: a path or a URL.
pub(super) fn target(target: &str, mask: &Mask) -> String {
    parameters(&mask.text(target))
}

/// A body: JSON or other text; `None` if it is too large, or looks like JSON with credentials and cannot be parsed.
pub(super) fn body(text: &str, mask: &Mask) -> Option<String> {
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

/// Masks credentials among the parameters of a URL or a form.
fn parameters(text: &str) -> String {
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
    fn credentials_are_masked_wherever_a_request_has_them() {
        let header = |name: &str, value: &str| RequestHeader { name: name.into(), value: value.into() };
        let sent = ApiRequestDraft {
            method: "POST".into(),
            target:
                "https://api.example/a?page=2&api_key=live-1&x=the-access-token-1234&client%5Fsecret=live-2\
                #code=live-3"
                    .into(),
            headers: vec![
                header("Cookie", "session=live-4"),
                header("X-Api-Key", "live-5"),
                header("X-Trace", "for the-access-token-1234"),
                header("Accept", "text/html"),
            ],
            body: r#"{"id":1.50,"auth":{"password":"live-6"},"note":"the-access-token-1234"}"#.into(),
        };
        let stored = draft(&sent, &mask());
        insta::assert_debug_snapshot!(stored);
        assert!(!format!("{stored:?}").contains("live-"));
    }

    #[test]
    fn a_form_is_masked_by_the_names_of_its_fields() {
        let sent = ApiRequestDraft {
            method: "POST".into(),
            target: "form".into(),
            headers: vec![RequestHeader {
                name: "content-type".into(),
                value: "application/x-www-form-urlencoded".into(),
            }],
            body: "user=ann&password=live-1&note=a%26b".into(),
        };
        assert_eq!(draft(&sent, &mask()).body, "user=ann&password=[secret]&note=a%26b");
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
}
