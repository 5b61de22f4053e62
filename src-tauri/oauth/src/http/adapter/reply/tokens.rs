//! The tokens of a reply: where they are, and whether they can be kept and sent.

use grapnel_model::provider::ProviderConfig;
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::token_response::Deviation;
use http::StatusCode;
use serde_json::Value;

use crate::http::adapter::members::{Members, note};
use crate::http::failure::Failure;
use crate::http::unusable::Unusable;

/// The members that hold tokens.
pub(super) const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
/// The longest token that is kept. HTTP servers refuse headers long before that.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// How deep a token is looked for, to name where it is.
const MAX_NESTING: usize = 3;

/// Refuses what cannot be kept or sent, and leaves a Bearer grant at the top of the members.
pub(super) fn check(
    members: &mut Members,
    config: &ProviderConfig,
    status: StatusCode,
    sent: &[SecretString],
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
        note(noted, "refresh_token", "was empty and was left out");
    }
    token_type(members, sent, noted).map_err(unusable)?;
    for name in TOKENS {
        if let Some(token) = members.get(name).and_then(Value::as_str) {
            sendable(name, token).map_err(unusable)?;
        }
    }
    Ok(())
}

/// A shorter token or code, in bytes, is a word that may well stand elsewhere by chance.
const LEAST: usize = 8;

/// The tokens that a reply holds, at whatever depth.
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
    found.into_iter().filter(|token| token.len() >= LEAST)
}

/// A text of a reply, without the tokens that it holds and what was sent.
fn shown(text: &str, members: &Members, sent: &[SecretString]) -> String {
    let tokens: Vec<String> = tokens_in(members).collect();
    let sent = sent.iter().map(ExposeSecret::expose_secret).filter(|sent| sent.len() >= LEAST);
    clean(text, &tokens.iter().map(String::as_str).chain(sent).collect::<Vec<_>>())
}

/// A token is visible ASCII (RFC 6749 appendix A.12; RFC 9110 §5.5): anything else breaks out of the header, or of the
/// line, that it is put into.
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

/// Types of tokens that are no use without a key that signs each request, as they are known by.
const PROOF_OF_POSSESSION: &[&str] =
    &["mac", "hmac", "pop", "dpop", "hok", "shr", "sig", "signature", "signed", "httpsig", "mtls", "cert"];

/// Any other type is sent as a bearer token: what it is called says which grant it is of, such as Slack's `bot`.
fn token_type(
    members: &mut Members,
    sent: &[SecretString],
    noted: &mut Vec<Deviation>,
) -> Result<(), Unusable> {
    let kind = members.get("token_type").filter(|kind| !kind.is_null());
    match kind.map(|kind| kind.as_str().map(str::trim)) {
        Some(Some(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        None | Some(Some("")) => note(noted, "token_type", "was missing and was taken to be Bearer"),
        Some(None) => note(noted, "token_type", "was not text and was taken to be Bearer"),
        Some(Some(kind)) => {
            let lower = kind.to_ascii_lowercase();
            let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
            let shown = shown(kind, members, sent);
            if words.any(|word| PROOF_OF_POSSESSION.contains(&word)) {
                return Err(Unusable::ProofOfPossession(shown));
            }
            note(noted, "token_type", format!("was “{shown}” and was taken to be Bearer"));
        }
    }
    members.insert("token_type".into(), "Bearer".into());
    Ok(())
}

/// Puts the grant that is at `path` in place of what is around it. Slack's `authed_user` is only in the reply to the
/// code, so a grant at the top counts where there is none at the path.
fn take_nested(members: &mut Members, path: &str, noted: &mut Vec<Deviation>) {
    let mut at: Option<&Value> = None;
    for name in path.split('.') {
        at = at.map_or_else(|| members.get(name), |value| value.get(name));
        if at.is_none() {
            return;
        }
    }
    if let Some(Value::Object(nested)) = at.filter(|nested| nested.get("access_token").is_some()) {
        note(noted, "access_token", format!("came nested in {path}"));
        *members = nested.clone();
    }
}

/// Why there is no access token, as far as the rest of the reply tells.
fn missing(members: &Members, status: StatusCode, sent: &[SecretString]) -> Failure {
    if let Some(path) = nested(members, MAX_NESTING) {
        return Failure::Unusable(Unusable::Nested(shown(&path, members, sent)), status);
    }
    if members.get("id_token").is_some_and(Value::is_string) {
        return Failure::Unusable(Unusable::OnlyIdToken, status);
    }
    Failure::Strange("one without an access_token".into(), status)
}

/// Where within the members an access token is.
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
