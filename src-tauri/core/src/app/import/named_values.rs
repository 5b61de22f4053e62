//! Clients described by plain names and values, as in `.env` files and environments of API clients: `ACME_CLIENT_ID`,
//! `clientSecret`, `TOKEN_URL`. Names with the same prefix belong to one client.

use std::collections::BTreeMap;

use grapnel_model::provider::Profile;

use super::client::{Client, GRANT, ID, SECRET, TOKENS_NOT_IMPORTED};
use super::variables::Variables;

/// Endings of names, and the keys that they mean. Longer endings come first.
const ENDINGS: &[(&str, &str)] = &[
    ("AUTHORIZATION_ENDPOINT", "authorize_url"),
    ("AUTHORIZE_ENDPOINT", "authorize_url"),
    ("AUTHORIZATION_URL", "authorize_url"),
    ("AUTHORIZATION_URI", "authorize_url"),
    ("AUTHORIZE_URL", "authorize_url"),
    ("AUTH_ENDPOINT", "authorize_url"),
    ("AUTH_URL", "authorize_url"),
    ("AUTH_URI", "authorize_url"),
    ("REFRESH_TOKEN_URL", "refresh_url"),
    ("REFRESH_URL", "refresh_url"),
    ("ACCESS_TOKEN_ENDPOINT", "token_url"),
    ("ACCESS_TOKEN_URL", "token_url"),
    ("TOKEN_ENDPOINT", "token_url"),
    ("TOKEN_URL", "token_url"),
    ("TOKEN_URI", "token_url"),
    ("REVOCATION_ENDPOINT", "revocation_url"),
    ("REVOCATION_URL", "revocation_url"),
    ("REVOKE_URL", "revocation_url"),
    ("INTROSPECTION_ENDPOINT", "introspection_url"),
    ("INTROSPECTION_URL", "introspection_url"),
    ("USERINFO_ENDPOINT", "userinfo_url"),
    ("USER_INFO_URL", "userinfo_url"),
    ("USERINFO_URL", "userinfo_url"),
    ("JWKS_URI", "jwks_url"),
    ("JWKS_URL", "jwks_url"),
    ("END_SESSION_ENDPOINT", "end_session_url"),
    ("END_SESSION_URL", "end_session_url"),
    ("ISSUER_URL", "issuer"),
    ("ISSUER", "issuer"),
    ("API_BASE_URL", "api_base"),
    ("API_BASE", "api_base"),
    ("REDIRECT_URI", "redirect_uri"),
    ("REDIRECT_URL", "redirect_uri"),
    ("CALLBACK_URI", "redirect_uri"),
    ("CALLBACK_URL", "redirect_uri"),
    ("GRANT_TYPE", GRANT),
    ("CLIENT_ID", ID),
    ("CLIENT_SECRET", SECRET),
    ("SCOPES", "scopes"),
    ("SCOPE", "scopes"),
    ("AUDIENCE", "authorize.audience"),
];
const TOKENS: &[&str] = &["ACCESS_TOKEN", "REFRESH_TOKEN", "ID_TOKEN"];
/// Words of the protocol that are no part of a client's name.
const OF_PROTOCOL: &[&str] = &["OAUTH", "OAUTH2", "OIDC", "OPENID"];
/// Keys of which a client must have at least one.
const NEEDED: &[&str] = &[ID, "authorize_url", "token_url", "issuer"];

/// The clients of each environment, with the environment's index.
pub(super) fn clients(variables: &Variables) -> Vec<(Client, Option<usize>)> {
    let mut all = Vec::new();
    for (place, environment, values) in variables.sets() {
        let mut groups: BTreeMap<String, Client> = BTreeMap::new();
        let mut others = 0;
        for (name, value) in &values {
            let upper = upper_snake(name);
            let token = TOKENS.iter().find_map(|ending| upper.strip_suffix(ending));
            let known = ENDINGS.iter().find_map(|(end, key)| Some((upper.strip_suffix(end)?, *key)));
            // `MY_CLIENT_ID` ends with whole words; `MYCLIENT_ID` does not.
            let is_whole = |start: &str| start.is_empty() || start.ends_with('_');
            if let Some((start, key)) = known.filter(|(start, _)| is_whole(start)) {
                groups.entry(group(start)).or_default().say(key, value, name.as_str());
            } else if let Some(start) = token.filter(|start| is_whole(start) && !value.is_empty()) {
                groups.entry(group(start)).or_default().leave(name, "", TOKENS_NOT_IMPORTED);
            } else {
                others += 1;
            }
        }
        for (start, mut client) in merged(groups) {
            client.name = if start.is_empty() { environment.to_owned() } else { title(&start) };
            client.provider = provider(&start);
            if others > 0 {
                let reason = format!("Not about an OAuth 2.0 client ({others}).");
                client.leave("other variables", environment, &reason);
            }
            all.push((client, place));
        }
    }
    all
}

/// The groups that are clients. If there is only one client, names without a prefix belong to it.
fn merged(mut groups: BTreeMap<String, Client>) -> BTreeMap<String, Client> {
    let is_client = |client: &Client| client.said.iter().any(|said| NEEDED.contains(&said.key.as_str()));
    let has_id = |client: &Client| client.said.iter().any(|said| said.key == ID);
    if groups.len() == 2
        && groups.get("").is_some_and(|bare| !has_id(bare))
        && let (Some(bare), Some(only)) = (groups.remove(""), groups.values_mut().next())
    {
        only.said.extend(bare.said);
        only.not_taken.extend(bare.not_taken);
    }
    groups.retain(|_, client| is_client(client));
    groups
}

/// The prefix of a name, without words of the protocol.
fn group(start: &str) -> String {
    let words = start.split('_').filter(|word| !word.is_empty() && !OF_PROTOCOL.contains(word));
    words.collect::<Vec<_>>().join("_")
}

/// `clientId` and `client-id` as `CLIENT_ID`.
fn upper_snake(name: &str) -> String {
    let mut upper = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && was_lower {
            upper.push('_');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        upper.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    }
    upper
}

/// `ACME_STAGING` as `Acme Staging`.
fn title(start: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_string() + &letters.as_str().to_ascii_lowercase())
            .unwrap_or_default()
    };
    start.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// The provider that a prefix names, such as `GRIGORA` or `THE_GRID_STAGING`.
fn provider(start: &str) -> Option<String> {
    let plain = |name: &str| name.replace(['_', ' '], "").to_ascii_lowercase();
    let start = plain(start);
    let mut known = Profile::all().filter(|profile| profile.id != "custom");
    known.find(|profile| start.starts_with(&plain(&profile.name))).map(|profile| profile.id.clone())
}
