//! The tokens of a response: where they are, and whether they can be stored and sent.

use grapnel_model::provider::ProviderConfig;
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::token_response::Deviation;
use http::StatusCode;
use serde_json::Value;

use crate::http::adapter::members::{Members, record_deviation};
use crate::http::failure::Failure;
use crate::http::unusable::Unusable;

/// The members that hold tokens.
pub(super) const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
/// The longest accepted token in bytes. HTTP servers refuse headers well below that.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// How deep a misplaced token is searched for, to name its path.
const MAX_NESTING: usize = 3;

/// Refuses unusable tokens, and leaves a grant of type Bearer or DPoP at the top level of the members.
pub(super) fn check(
    members: &mut Members,
    config: &ProviderConfig,
    status: StatusCode,
    (sent, is_proven): (&[SecretString], bool),
    noted: &mut Vec<Deviation>,
) -> Result<(), Failure> {
    if let Some(path) = &config.token_path {
        take_nested(members, path, noted);
    }
    let unusable = |unusable| Failure::Unusable(unusable, status);
    match members.get("access_token") {
        Some(Value::String(token)) if !token.trim().is_empty() => {}
        Some(_) => {
            return Err(Failure::Strange("one whose access_token is empty or not text".into(), status));
        }
        None => return Err(missing(members, status, sent)),
    }
    if !matches!(members.get("refresh_token"), None | Some(Value::String(_)))
        || members.get("refresh_token").and_then(Value::as_str).is_some_and(|token| token.trim().is_empty())
    {
        members.remove("refresh_token");
        record_deviation(noted, "refresh_token", "was empty and was left out");
    }
    token_type(members, (sent, is_proven), noted).map_err(unusable)?;
    for name in TOKENS {
        if let Some(token) = members.get(name).and_then(Value::as_str) {
            sendable(name, token).map_err(unusable)?;
        }
    }
    Ok(())
}

/// A shorter text, in bytes, is not masked: it may occur elsewhere by chance.
const MIN_MASKED_BYTES: usize = 8;

/// All tokens in a response, at any depth.
pub(super) fn tokens_in(members: &Members) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let mut left: Vec<(&str, &Value)> = members.iter().map(|(name, value)| (name.as_str(), value)).collect();
    while let Some((name, value)) = left.pop() {
        match value {
            Value::String(token) if TOKENS.contains(&name) => found.push(token.clone()),
            Value::Array(items) => left.extend(items.iter().map(|item| (name, item))),
            Value::Object(inner) => left.extend(inner.iter().map(|(name, value)| (name.as_str(), value))),
            _ => {}
        }
    }
    found.into_iter().filter(|token| token.len() >= MIN_MASKED_BYTES)
}

/// A text of the response with its tokens and the secrets in `sent` masked.
fn shown(text: &str, members: &Members, sent: &[SecretString]) -> String {
    let tokens: Vec<String> = tokens_in(members).collect();
    let sent = sent.iter().map(ExposeSecret::expose_secret).filter(|sent| sent.len() >= MIN_MASKED_BYTES);
    clean(text, &tokens.iter().map(String::as_str).chain(sent).collect::<Vec<_>>())
}

/// A token consists of visible ASCII (RFC 6749 appendix A.12; RFC 9110 §5.5). Other characters could break out of the
/// header or the line that it is put into.
fn sendable(member: &'static str, token: &str) -> Result<(), Unusable> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Unusable::TooLong { member, bytes: token.len() });
    }
    match token.chars().position(|c| !c.is_ascii_graphic()) {
        Some(at) => {
            let found = match token.chars().nth(at) {
                Some('\n' | '\r') => "a line break",
                Some(c) if c.is_whitespace() => "a space",
                Some(c) if c.is_control() => "a control character",
                _ => "a character that is not ASCII",
            };
            Err(Unusable::Malformed { member, found, at: at + 1 })
        }
        None => Ok(()),
    }
}

/// Token types that need a key to sign each request, in all their spellings.
const PROOF_OF_POSSESSION: &[&str] =
    &["mac", "hmac", "pop", "dpop", "hok", "shr", "sig", "signature", "signed", "httpsig", "mtls", "cert"];

/// The type of a token that is none to call an API with, as `oauth2` reads it.
pub(in crate::http) const NOT_APPLICABLE: &str = "n_a";

/// Checks `token_type`. Unknown types are sent as bearer tokens: some providers use the member for the kind of grant,
/// such as Slack's `bot`.
fn token_type(
    members: &mut Members,
    (sent, is_proven): (&[SecretString], bool),
    noted: &mut Vec<Deviation>,
) -> Result<(), Unusable> {
    let kind = members.get("token_type").filter(|kind| !kind.is_null());
    match kind.map(|kind| kind.as_str().map(str::trim)) {
        Some(Some(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        // The token is none to call an API with (RFC 8693 §2.2.1).
        Some(Some(kind)) if kind.eq_ignore_ascii_case("N_A") && members.contains_key("issued_token_type") => {
            members.insert("token_type".into(), NOT_APPLICABLE.into());
            return Ok(());
        }
        Some(Some(kind)) if kind.eq_ignore_ascii_case("dpop") && is_proven => {
            members.insert("token_type".into(), "DPoP".into());
            return Ok(());
        }
        None | Some(Some("")) => {
            record_deviation(noted, "token_type", "was missing and was taken to be Bearer");
        }
        Some(None) => record_deviation(noted, "token_type", "was not text and was taken to be Bearer"),
        Some(Some(kind)) => {
            let lower = kind.to_ascii_lowercase();
            let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
            let shown = shown(kind, members, sent);
            if words.any(|word| PROOF_OF_POSSESSION.contains(&word)) {
                return Err(Unusable::ProofOfPossession(shown));
            }
            record_deviation(noted, "token_type", format!("was “{shown}” and was taken to be Bearer"));
        }
    }
    members.insert("token_type".into(), "Bearer".into());
    Ok(())
}

/// Replaces the members with the grant at `path`, which leads to the object with the token (`authed_user`) or to the
/// token itself (`authed_user.access_token`, or `/authed_user/access_token` as a JSON pointer). Slack sends
/// `authed_user` only in response to a code, so a grant at the top level is used if there is none at the path.
fn take_nested(members: &mut Members, path: &str, noted: &mut Vec<Deviation>) {
    let separator = if path.starts_with('/') { '/' } else { '.' };
    let names: Vec<&str> = path.trim_start_matches('/').split(separator).collect();
    let at = |names: &[&str]| match names.split_first() {
        None => Some(Value::Object(members.clone())),
        Some((first, rest)) => rest.iter().try_fold(members.get(*first)?, step).cloned(),
    };
    let nested = match at(&names) {
        Some(Value::Object(nested)) if nested.contains_key("access_token") => Some(nested),
        // What is beside the token belongs to it.
        Some(Value::String(token)) => match at(&names[..names.len() - 1]) {
            Some(Value::Object(mut beside)) => {
                beside.insert("access_token".into(), token.into());
                Some(beside)
            }
            _ => None,
        },
        _ => None,
    };
    if let Some(nested) = nested {
        if *members != nested {
            record_deviation(noted, "access_token", format!("came nested in {path}"));
        }
        *members = nested;
    }
}

/// The member of an object, or the item of a list.
fn step<'v>(value: &'v Value, name: &&str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(*name),
    }
}

/// Why there is no access token, as far as the response tells.
fn missing(members: &Members, status: StatusCode, sent: &[SecretString]) -> Failure {
    if let Some(path) = nested(members, MAX_NESTING) {
        return Failure::Unusable(Unusable::Nested(shown(&path, members, sent)), status);
    }
    if members.get("id_token").is_some_and(Value::is_string) {
        return Failure::Unusable(Unusable::OnlyIdToken, status);
    }
    Failure::Strange("one without an access_token".into(), status)
}

/// The path of an access token inside the members.
fn nested(members: &Members, depth: usize) -> Option<String> {
    let inner = members.iter().filter_map(|(name, value)| Some((name, value.as_object()?)));
    for (name, inner) in inner {
        if inner.get("access_token").is_some_and(Value::is_string) {
            return Some(name.clone());
        }
        if let Some(rest) = depth.checked_sub(1).and_then(|depth| nested(inner, depth)) {
            return Some(format!("{name}.{rest}"));
        }
    }
    None
}
