//! What a token endpoint answered, as it may be shown: the reply in its own words, every secret described instead.
//! What is not known to be harmless counts as a secret.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use super::{Reply, clean};

/// A reply with its secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Seen {
    /// The status, such as 200.
    pub status: u16,
    /// The content type that it named.
    pub content_type: String,
    /// Its members, as indented JSON, each secret replaced by a description such as `‹43 characters›`.
    pub body: String,
}

/// Members whose text is shown. Every other text is described.
const HARMLESS: &[&str] = &["token_type", "expires_in", "expires_at", "scope", "project_ids", "success"];
/// Shorter texts are words that may well stand elsewhere by chance.
const SHORTEST: usize = 8;
/// How much of a reply is kept.
const LONGEST: usize = 4000;
/// How deep a reply is shown.
const DEEPEST: usize = 6;

/// A token endpoint's reply as it may be shown; nothing where it has no members.
pub(super) fn masked(reply: &Reply) -> Option<Seen> {
    let text = std::str::from_utf8(&reply.body).ok()?.trim_start_matches('\u{feff}').trim();
    let members = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return None,
        Err(_) if text.starts_with('<') => return None,
        Err(_) => form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::from(value)))
            .collect(),
    };
    let mut secrets = Vec::new();
    let members = Value::Object(members);
    secrets_of(&members, false, &mut secrets);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let shown = mask(members, false, &secrets, 0);
    let mut body = serde_json::to_string_pretty(&shown).ok()?;
    if let Some((end, _)) = body.char_indices().nth(LONGEST) {
        body.truncate(end);
        body.push('…');
    }
    Some(Seen { status: reply.status.as_u16(), content_type: clean(&reply.content_type, &secrets), body })
}

/// Every text that is described instead of shown, so that it is not shown elsewhere in the reply either.
fn secrets_of(value: &Value, is_shown: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !is_shown && text.len() >= SHORTEST => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| secrets_of(item, is_shown, found)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| secrets_of(value, HARMLESS.contains(&name.as_str()), found)),
        _ => {}
    }
}

fn mask(value: Value, is_shown: bool, secrets: &[&str], depth: usize) -> Value {
    match value {
        Value::String(text) if is_shown => clean(&text, secrets).into(),
        Value::String(text) => format!("‹{} characters›", text.chars().count()).into(),
        Value::Array(_) | Value::Object(_) if depth >= DEEPEST => "‹more›".into(),
        Value::Array(items) => {
            items.into_iter().map(|item| mask(item, is_shown, secrets, depth + 1)).collect()
        }
        Value::Object(members) => {
            let masked = members.into_iter().map(|(name, value)| {
                let value = mask(value, HARMLESS.contains(&name.as_str()), secrets, depth + 1);
                (clean(&name, secrets), value)
            });
            Value::Object(masked.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use proptest::prelude::*;

    fn seen(content_type: &str, body: &str) -> Option<Seen> {
        masked(&Reply {
            status: StatusCode::OK,
            content_type: content_type.into(),
            retry_after: None,
            body: body.into(),
        })
    }

    #[test]
    fn secrets_are_described_and_the_rest_is_shown() {
        let json = r#"{"access_token":"gri_at_0123456789abcdef","token_type":"Bearer","expires_in":"3600","scope":"a b",
            "project_ids":["p1",2],"id_token":"eyJ.eyJ.sig","user":{"name":"Ann","keys":["k1"]},"n":1,"null":null,
            "gri_at_0123456789abcdef":true}"#;
        insta::assert_snapshot!(seen("application/json", json).unwrap().body);
        let form = "access_token=gri_at_0123456789abcdef&expires_in=3600&scope=gri_at_0123456789abcdef";
        insta::assert_snapshot!(seen("application/x-www-form-urlencoded", form).unwrap().body);
    }

    #[test]
    fn what_has_no_members_is_not_kept() {
        for body in ["", "[1]", "<html>", "\"text\""] {
            assert_eq!(seen("text/html", body).filter(|seen| seen.body != "{}"), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_is_shown_wherever_it_is_repeated(secret in "[A-Za-z0-9_-]{20,60}", name in "[a-z_]{1,12}") {
            let body = serde_json::json!({
                "access_token": secret, "scope": format!("a {} b", secret), "token_type": secret, &secret: 1, name: { "deep": [secret] },
            });
            let shown = seen(&secret, &body.to_string()).unwrap();
            let shows = format!("{shown:?}").contains(&secret);
            prop_assert!(!shows);
        }
    }
}
