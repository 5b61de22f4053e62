//! A token endpoint's response as it may be shown: each secret is replaced by a description. Every member that is not
//! known to be harmless counts as a secret.

use grapnel_model::provider_text::Cleaner;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::token_response::RedactedResponse;
use serde_json::Value;
use url::form_urlencoded;

use super::failure::is_shown_plainly;
use super::mask::Mask;
use super::response::Reply;

/// Members whose strings and numbers are shown. All others are described.
const SHOWN_MEMBERS: &[&str] = &[
    "token_type",
    "issued_token_type",
    "expires_in",
    "expires_at",
    "expires",
    "expires_on",
    "refresh_expires_in",
    "refresh_expires_at",
    "refresh_token_expires_in",
    "refresh_token_expires_at",
    "x_refresh_token_expires_in",
    "scope",
    "project_ids",
    "success",
    "ok",
    "status",
    "error",
    "error_description",
    "error_uri",
    "error_codes",
    "suberror",
    "message",
    "detail",
    "title",
    "code",
    "trace_id",
    "correlation_id",
    "timestamp",
];
/// Headers that explain a refused request, or identify it to the provider.
const HEADERS: &[&str] = &[
    "www-authenticate",
    "retry-after",
    "allow",
    "server",
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-ms-request-id",
    "cf-ray",
];
/// Shorter texts are not masked elsewhere in the response: they may occur by chance.
const MIN_MASKED_CHARS: usize = 8;
/// The most characters that are kept of a body.
const MAX_BODY_CHARS: usize = 4000;
/// How deep nested values are shown.
const MAX_DEPTH: usize = 6;

/// The members of a response, as JSON or as a form.
fn members(text: &str) -> Option<Value> {
    let members = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return None,
        Err(_) if text.starts_with('<') || !text.contains('=') => return None,
        Err(_) => form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::from(value)))
            .collect(),
    };
    Some(Value::Object(members))
}

/// The texts of a token endpoint's response that are described instead of shown.
pub(super) fn received_secrets(reply: &Reply) -> Vec<SecretString> {
    let text = String::from_utf8_lossy(&reply.body);
    let mut found = Vec::new();
    if let Some(members) = members(text.trim_start_matches('\u{feff}').trim()) {
        secrets_of(&members, false, &mut found);
    }
    found.into_iter().map(SecretString::from).collect()
}

/// Redacts a token endpoint's response, including the secrets in `sent`.
pub(super) fn masked(reply: &Reply, sent: &[SecretString]) -> RedactedResponse {
    let text = String::from_utf8_lossy(&reply.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let members = members(text);
    let mut secrets: Vec<String> = sent.iter().map(|secret| secret.expose_secret().to_owned()).collect();
    if let Some(members) = &members {
        secrets_of(members, false, &mut secrets);
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let cleaner = Cleaner::of(&secrets);
    let mut body = match members {
        Some(members) => {
            let shown = mask(members, false, &cleaner, 0);
            serde_json::to_string_pretty(&shown).unwrap_or_default()
        }
        // A success that is not understood may contain tokens in any form.
        None if reply.status.is_success() => format!("‹{} bytes›", reply.body.len()),
        None => {
            // Before masking, so that no hidden character inside a secret keeps it from being found.
            let plain: String = text.chars().filter(|c| is_shown_plainly(*c)).collect();
            Mask::of(sent.iter().cloned()).text(&plain).into_owned()
        }
    };
    if let Some((end, _)) = body.char_indices().nth(MAX_BODY_CHARS) {
        body.truncate(end);
        body.push('…');
    }
    let header = |name: &&'static str| {
        let value = reply.headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), cleaner.clean(value)))
    };
    RedactedResponse {
        status: reply.status.as_u16(),
        content_type: cleaner.clean(&reply.content_type),
        headers: HEADERS.iter().filter_map(header).collect(),
        body,
    }
}

/// Collects the strings that are described instead of shown, so that they are masked in the rest of the response too.
fn secrets_of(value: &Value, is_shown: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !is_shown && text.trim().len() >= MIN_MASKED_CHARS => {
            found.push(text.trim().to_owned());
        }
        Value::Array(items) => items.iter().for_each(|item| secrets_of(item, is_shown, found)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| secrets_of(value, SHOWN_MEMBERS.contains(&name.as_str()), found)),
        _ => {}
    }
}

fn mask(value: Value, is_shown: bool, cleaner: &Cleaner, depth: usize) -> Value {
    match value {
        Value::String(text) if is_shown => cleaner.clean(&text).into(),
        Value::String(text) => format!("‹{} characters›", text.chars().count()).into(),
        Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => "‹more›".into(),
        Value::Array(items) => {
            items.into_iter().map(|item| mask(item, is_shown, cleaner, depth + 1)).collect()
        }
        Value::Object(members) => {
            let masked = members.into_iter().map(|(name, value)| {
                let value = mask(value, SHOWN_MEMBERS.contains(&name.as_str()), cleaner, depth + 1);
                (cleaner.clean(&name), value)
            });
            Value::Object(masked.collect())
        }
        Value::Number(_) if !is_shown => "‹a number›".into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use proptest::prelude::*;

    fn seen_of(status: StatusCode, content_type: &str, body: &str, sent: &[&str]) -> RedactedResponse {
        let reply = Reply {
            status,
            content_type: content_type.into(),
            retry_after: None,
            headers: http::HeaderMap::new(),
            body: body.into(),
        };
        masked(&reply, &sent.iter().map(|secret| SecretString::from(*secret)).collect::<Vec<_>>())
    }

    fn seen(content_type: &str, body: &str) -> RedactedResponse {
        seen_of(StatusCode::OK, content_type, body, &[])
    }

    #[test]
    fn secrets_are_described_and_the_rest_is_shown() {
        let json = r#"{"access_token":"gri_at_0123456789abcdef","token_type":"Bearer","expires_in":"3600","scope":"a b",
            "project_ids":["p1",2],"id_token":"eyJ.eyJ.sig","user":{"name":"Ann","keys":["k1"]},"n":1,"null":null,
            "gri_at_0123456789abcdef":true}"#;
        insta::assert_snapshot!(seen("application/json", json).body);
        let form = "access_token=gri_at_0123456789abcdef&expires_in=3600&scope=gri_at_0123456789abcdef";
        insta::assert_snapshot!(seen("application/x-www-form-urlencoded", form).body);
    }

    #[test]
    fn without_members_only_an_error_response_is_shown() {
        assert_eq!(seen("text/plain", "gri_at_0123456789abcdef").body, "‹23 bytes›");
        let text = "<p>No such code: one-time-code-123\u{7}</p>";
        let refused = seen_of(StatusCode::BAD_REQUEST, "text/html", text, &["one-time-code-123"]);
        assert_eq!(refused.body, "<p>No such code: [secret]</p>");
        for hidden in ["one-\u{200b}time-code-123", "one-\u{7}time-code-1\u{1b}23"] {
            let refused = seen_of(StatusCode::BAD_REQUEST, "text/plain", hidden, &["one-time-code-123"]);
            assert_eq!(refused.body, "[secret]", "{hidden:?}");
        }
    }

    #[test]
    fn a_sent_secret_is_masked_in_the_response() {
        let body = r#"{"error":"bad","scope":"read s3cret-of-the-client","error_codes":[7],"pin":123456}"#;
        let seen = seen_of(StatusCode::OK, "application/json", body, &["s3cret-of-the-client"]);
        insta::assert_snapshot!(seen.body, @r#"
        {
          "error": "bad",
          "scope": "read [secret]",
          "error_codes": [
            7
          ],
          "pin": "‹a number›"
        }
        "#);
    }

    /// As many values as a response may have, each of which could occur in each of the others.
    #[test]
    fn a_response_full_of_secrets_is_masked_quickly() {
        let members = (0..20_000).map(|n| (format!("name-{n:07}"), format!("secret-{n:07}").into()));
        let body = Value::Object(members.collect()).to_string();
        let begun = std::time::Instant::now();
        assert!(seen("application/json", &body).body.contains("‹14 characters›"));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn no_secret_is_shown_wherever_it_is_repeated(secret in "[A-Za-z0-9_-]{20,60}", name in "[a-z_]{1,12}") {
            let body = serde_json::json!({
                "access_token": secret, "scope": format!("a {} b", secret), "token_type": secret, &secret: 1,
                name: { "deep": [secret] },
            });
            let shown = seen(&secret, &body.to_string());
            let shows = format!("{shown:?}").contains(&secret);
            prop_assert!(!shows);
        }
    }
}
