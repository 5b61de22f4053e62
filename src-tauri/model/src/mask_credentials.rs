//! Masks members with credentials, at any depth, before browsed content is cached or an exchange stored. A member is
//! recognized by its name.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde_json::Value;

/// Replaces a credential.
pub const MASKED: &str = "[secret]";
/// Member names that mean a credential, by their letters only.
const NAMES: &[&str] = &[
    "auth",
    "authentication",
    "authorization",
    "proxyauthorization",
    "bearer",
    "credential",
    "credentials",
    "cookie",
    "cookies",
    "setcookie",
    "jwt",
    "otp",
    "pin",
    "signingkey",
    "encryptionkey",
    "accesskey",
    "accesskeyid",
];
/// Endings of other such names, also in the plural.
const ENDINGS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "apikey",
    "privatekey",
    "secretkey",
    "secretaccesskey",
];

/// Whether a member of this name is a credential. `api_key`, `apiKey` and `X-API-Key` are the same name.
pub fn is_credential(name: &str) -> bool {
    let letters: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let singular = letters.strip_suffix('s').unwrap_or(&letters);
    NAMES.contains(&letters.as_str())
        || ENDINGS.iter().any(|end| letters.ends_with(end) || singular.ends_with(end))
}

/// Masks the credentials in a value.
pub fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| mask_member(name, value)),
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Masks a member that is a credential, or the credentials in it.
pub fn mask_member(name: &str, value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        // Headers and settings are often lists of names and values.
        Value::Array(items) if !is_credential(name) => items.iter_mut().for_each(mask_pair),
        _ if is_credential(name) => *value = MASKED.into(),
        other => mask(other),
    }
}

fn mask_pair(item: &mut Value) {
    let named = ["name", "key"].iter().find_map(|key| item.get(*key)?.as_str());
    if named.is_some_and(is_credential)
        && let Some(value) = item.get_mut("value")
    {
        *value = MASKED.into();
    }
    mask(item);
}

/// A JSON object as text with its credentials masked. Most have none and are returned unchanged.
pub fn masked(raw: &str) -> Cow<'_, str> {
    if !may_hold_any(raw.as_bytes()) {
        return Cow::Borrowed(raw);
    }
    let Ok(before) = serde_json::from_str::<Value>(raw) else { return Cow::Borrowed(raw) };
    let mut value = before.clone();
    mask(&mut value);
    if value == before { Cow::Borrowed(raw) } else { Cow::Owned(value.to_string()) }
}

/// A quick check whether a text can contain a credential: any word of such a name, or a backslash, since names may be
/// escaped.
pub fn may_hold_any(text: &[u8]) -> bool {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let words = [
            "token",
            "secret",
            "passw",
            "pwd",
            "passphrase",
            "key\"",
            "keys\"",
            "auth",
            "bearer",
            "credential",
            "cookie",
            "jwt\"",
            "otp\"",
            "pin\"",
            "keyid\"",
            "\\u00",
        ];
        AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
    });
    WORDS.as_ref().is_none_or(|words| words.is_match(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_masked_at_any_depth() {
        let mut value = json!({
            "workflow": {
                "title": "Mint",
                "actions": [{
                    "authentication": { "type": "oauth", "value": "live-1" },
                    "input": { "API-Key": "live-2", "pin": 1234 },
                }],
                "headers": [
                    { "name": "Authorization", "value": "Bearer live-3" },
                    { "name": "Accept", "value": "json" },
                ],
            },
            "accessTokens": ["live-4"], "client_secret": "live-5", "password": null, "token": false,
            "token_type": "bearer", "author": "Ann", "keyword": "pins",
        });
        mask(&mut value);
        insta::assert_json_snapshot!(value);
    }

    #[test]
    fn text_without_credentials_stays_as_it_is() {
        for raw in [
            r#"{"title":"The secret of tokens","body":"my password is long"}"#,
            r#"{"a":1}"#,
            "[]",
            "not json token",
        ] {
            assert!(matches!(masked(raw), Cow::Borrowed(_)), "{raw}");
        }
        assert_eq!(masked(r#"{"a":{"to\u006ben":"live"}}"#), r#"{"a":{"token":"[secret]"}}"#);
    }
}
