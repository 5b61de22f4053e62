//! Masks secrets in everything a provider sends, so that a response that repeats one cannot cause it to be stored or
//! shown.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::text::is_hidden;
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;

/// Replaces a secret.
pub(super) const MASKED: &str = "[secret]";
/// Shorter secrets are not masked: they may occur elsewhere by chance.
const MIN_SECRET: usize = 12;

/// The secrets to mask, in every encoding in which they may be repeated.
#[derive(Clone)]
pub struct Mask {
    text: Option<AhoCorasick>,
    json: Option<AhoCorasick>,
}

/// The characters that `encodeURIComponent` does not escape.
const ENCODE_URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

impl Mask {
    /// Creates a mask for these secrets.
    pub fn of(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.expose_secret().trim().len() >= MIN_SECRET);
        let secrets: Vec<SecretString> = secrets.collect();
        let automaton = |in_json| {
            let forms = secrets.iter().flat_map(|secret| forms(secret.expose_secret().trim(), in_json));
            let forms: Vec<Vec<u8>> = forms.collect();
            // Each exchange builds its own: a DFA of a long token takes several times as long, and 5 MB.
            let mut builder = AhoCorasick::builder();
            builder.kind(Some(AhoCorasickKind::ContiguousNFA)).match_kind(MatchKind::LeftmostLongest);
            // Building an automaton of so few patterns does not fail.
            builder.build(&forms).ok().filter(|_| !forms.is_empty())
        };
        Self { text: automaton(false), json: automaton(true) }
    }

    /// A text with its secrets masked. If hidden characters conceal a secret, they are removed too.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.contains(is_hidden) {
            let visible: String = text.chars().filter(|c| !is_hidden(*c)).collect();
            if let Cow::Owned(masked) = self.visible(&visible) {
                return Cow::Owned(masked);
            }
        }
        self.visible(text)
    }

    fn visible<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match replaced(self.text.as_ref(), text.as_bytes(), |_, _| Some(MASKED)) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }

    /// JSON text with its secrets masked, in any escaping of its strings. Valid JSON stays valid.
    pub fn json(&self, body: Vec<u8>) -> Vec<u8> {
        if self.json.is_none() {
            return body;
        }
        let in_place = |before: &[u8], found: &[u8]| {
            // A match that begins inside an escape sequence is something else.
            let slashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
            // A number may be a secret too, and must be replaced by a number.
            let masked = if found.iter().all(u8::is_ascii_digit) { "0" } else { MASKED };
            slashes.is_multiple_of(2).then_some(masked)
        };
        let masked = match replaced(self.json.as_ref(), &unescaped(&body), in_place) {
            Cow::Owned(masked) => Some(masked),
            Cow::Borrowed(_) => None,
        };
        // Without a secret, the body is returned unchanged.
        masked.unwrap_or(body)
    }

    /// Masks every string and every name in a value.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|value| self.value(value));
                if members.keys().any(|name| matches!(self.text(name), Cow::Owned(_))) {
                    let all = std::mem::take(members);
                    members
                        .extend(all.into_iter().map(|(name, value)| (self.text(&name).into_owned(), value)));
                }
            }
            Value::Number(number) => {
                if let Cow::Owned(masked) = self.text(&number.to_string()) {
                    *value = masked.into();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Replaces each match, extended to the end of its token, with the result of `in_place`, which is given the bytes
/// before the match and the match itself. `None` keeps it.
fn replaced<'b>(
    automaton: Option<&AhoCorasick>,
    bytes: &'b [u8],
    in_place: impl Fn(&[u8], &[u8]) -> Option<&'static str>,
) -> Cow<'b, [u8]> {
    let Some(automaton) = automaton else { return Cow::Borrowed(bytes) };
    let (mut masked, mut done) = (Vec::new(), 0);
    for found in automaton.find_iter(bytes) {
        if found.start() < done {
            continue;
        }
        let rest = bytes[found.end()..].iter().take_while(|byte| is_of_token(**byte)).count();
        let end = found.end() + rest;
        let Some(text) = in_place(&bytes[..found.start()], &bytes[found.start()..end]) else { continue };
        masked.extend_from_slice(&bytes[done..found.start()]);
        masked.extend_from_slice(text.as_bytes());
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(bytes);
    }
    masked.extend_from_slice(&bytes[done..]);
    Cow::Owned(masked)
}

/// The characters of most tokens (RFC 6750 §2.1), plain or percent-encoded.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=%".contains(&byte)
}

/// The encodings in which a secret may occur in a response: plain or as a JSON string, form-encoded, percent-encoded.
fn forms(secret: &str, in_json: bool) -> Vec<Vec<u8>> {
    // Two thirds of a token distinguish it from others of the same provider and still match a truncated one. A secret
    // with characters that JSON escapes is matched as a whole, so that no escape sequence is split.
    let telling = if secret.bytes().all(is_of_token) {
        MIN_SECRET.max(secret.len().div_ceil(3) * 2)
    } else {
        secret.len()
    };
    let start = secret.get(..telling).unwrap_or(secret);
    let form: String = url::form_urlencoded::byte_serialize(start.as_bytes()).collect();
    let component = percent_encode(start.as_bytes(), ENCODE_URI_COMPONENT).to_string();
    let lower = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        let escapes: Vec<usize> = memchr::memchr_iter(b'%', &bytes).collect();
        for at in escapes {
            if let Some(digits) = bytes.get_mut(at + 1..at + 3) {
                digits.make_ascii_lowercase();
            }
        }
        bytes
    };
    let (lower_form, lower_component) = (lower(&form), lower(&component));
    let itself = if in_json {
        let json = Value::from(start).to_string();
        json[1..json.len() - 1].to_owned()
    } else {
        start.to_owned()
    };
    vec![itself.into(), form.into(), component.into(), lower_form, lower_component]
}

/// JSON text with unnecessary escapes of printable ASCII removed; some libraries escape `/`, `+` and `=`.
fn unescaped(body: &[u8]) -> Cow<'_, [u8]> {
    if memmem::find(body, b"\\/").is_none() && memmem::find(body, b"\\u00").is_none() {
        return Cow::Borrowed(body);
    }
    let mut plain = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = match rest {
            [_, b'/', ..] => (Some(b'/'), 2),
            [_, b'u', b'0', b'0', high, low, ..] => (visible(*high, *low), 6),
            _ => (None, 2),
        };
        match character {
            // These stay escaped, in the short form.
            Some(character @ (b'"' | b'\\')) => plain.extend([b'\\', character]),
            Some(character) => plain.push(character),
            None => plain.extend_from_slice(&rest[..length.min(rest.len())]),
        }
        rest = &rest[length.min(rest.len())..];
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// The character of an escape sequence if it is printable ASCII.
fn visible(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = digit(high)? * 16 + digit(low)?;
    (byte.is_ascii_graphic() || byte == b' ').then_some(byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mask(secrets: &[&str]) -> Mask {
        Mask::of(secrets.iter().map(|secret| SecretString::from(*secret)))
    }

    #[test]
    fn a_secret_is_masked_in_every_encoding() {
        let secret = "s3cret/with+signs=and~more";
        let mask = mask(&[secret]);
        for echo in [
            r#""s3cret/with+signs=and~more""#,
            r#""s3cret\/with\u002Bsigns\u003dand~more""#,
            r#""\u00733cret/with+signs=and~more""#,
            r#""https://x.example/?t=s3cret%2Fwith%2Bsigns%3Dand%7Emore&a=b""#,
            r#""https://x.example/?t=s3cret%2fwith%2bsigns%3dand~more&a=b""#,
            r#""cut off: s3cret/with+signs=an""#,
        ] {
            let masked = mask.json(format!("[{echo}]").into_bytes());
            let masked: Value = serde_json::from_slice(&masked).unwrap();
            let text = masked[0].as_str().unwrap();
            assert!(text.contains(MASKED) && !text.contains("signs"), "{echo} → {text}");
        }
        assert_eq!(mask.json(br#"{"other":"a\/b"}"#.to_vec()), br#"{"other":"a\/b"}"#);
    }

    #[test]
    fn masking_a_secret_with_quotes_keeps_json_valid() {
        let secret = r#"a "quoted" \secret\ "#.trim();
        let body = json!({ "said": format!("it is {secret}, is it"), "n": 1 }).to_string();
        let masked: Value = serde_json::from_slice(&mask(&[secret]).json(body.into_bytes())).unwrap();
        assert_eq!(masked, json!({ "said": "it is [secret], is it", "n": 1 }));
    }

    #[test]
    fn a_secret_is_found_with_any_of_its_characters_escaped() {
        let secret = r#"s3cret with "quotes", \slash/es"#;
        for escaped in secret.chars() {
            let text: String = secret
                .chars()
                .map(|c| match c {
                    c if c == escaped => format!("\\u{:04x}", u32::from(c)),
                    '"' | '\\' => format!("\\{c}"),
                    c => c.to_string(),
                })
                .collect();
            let body = format!(r#"{{"a":"it is {text}"}}"#);
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["a"], format!("it is {secret}"));
            let masked: Value = serde_json::from_slice(&mask(&[secret]).json(body.into_bytes())).unwrap();
            assert_eq!(masked["a"], "it is [secret]", "{text}");
        }
    }

    #[test]
    fn names_and_numbers_are_masked_too() {
        let mut value =
            json!({ "k123456789012": 1, "n": 123_456_789_012_345_u64, "deep": [{ "x": "k123456789012" }] });
        mask(&["k123456789012", "123456789012345"]).value(&mut value);
        assert_eq!(value, json!({ "[secret]": 1, "n": "[secret]", "deep": [{ "x": "[secret]" }] }));
    }

    #[test]
    fn a_secret_number_leaves_a_number() {
        let body = br#"{"a":[1234567890123],"b":"1234567890123"}"#;
        assert_eq!(mask(&["1234567890123"]).json(body.to_vec()), br#"{"a":[0],"b":"0"}"#);
    }

    #[test]
    fn a_secret_with_hidden_characters_in_it_is_found() {
        let mask = mask(&["k123456789012"]);
        assert_eq!(mask.text("a k12345\u{200b}6789012\u{ad} z"), "a [secret] z");
        assert_eq!(mask.text("a k12345\u{200b}z"), "a k12345\u{200b}z");
    }

    #[test]
    fn short_words_are_not_masked() {
        assert_eq!(mask(&["admin", ""]).text("admin has the admin page"), "admin has the admin page");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_in_any_json(secret in "[!-~]{12,80}", around in ".{0,20}") {
            let value = json!({ "a": format!("{around}{secret}{around}"), "b": [secret], "c": around });
            let masked = mask(&[&secret]).json(value.to_string().into_bytes());
            let masked: Value = serde_json::from_slice(&masked).unwrap();
            prop_assert!(!masked["a"].as_str().unwrap().contains(&secret));
            prop_assert_eq!(&masked["b"][0], MASKED);
        }

        #[test]
        fn unescaping_changes_no_value(text in ".{0,40}", tail in r#"[\\/u0-9a-f"]{0,12}"#) {
            let value = json!({ "t": format!("{text}{tail}") });
            let escaped: String = value.to_string().replace('/', "\\/");
            let plain = unescaped(escaped.as_bytes());
            prop_assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap(), value);
        }
    }
}
