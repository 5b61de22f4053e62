//! The key file of a service account, as Google's console writes it: `type`, `client_email`, `private_key`,
//! `private_key_id` and `token_uri`. Its app uses the JWT bearer grant (RFC 7523 §2.1). The private key goes to the
//! vault.

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::CLIENT_KEY;
use serde_json::Value;

use super::client::{Client, Contents, ID};

/// What such an account needs beside the values of its file, as Google documents it
/// (<https://developers.google.com/identity/protocols/oauth2/service-account>): RS256, the token endpoint as audience,
/// the scopes as a claim, and a subject only to act for someone. An assertion may last for an hour there.
const CONVENTIONS: [(&str, &str); 6] = [
    ("grant_type", "jwt_bearer"),
    ("client_auth", "none"),
    ("client_key_alg", "RS256"),
    ("assertion_audience", "token_url"),
    ("assertion_scope", "claim"),
    ("assertion_subject", "none"),
];

/// Whether a document is such a file.
pub(super) fn is_key_file(document: &Value) -> bool {
    document["type"] == "service_account" && document.get("private_key").is_some()
}

pub(super) fn read(document: &Value) -> Result<Contents> {
    let text = |name: &str| document[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let needed = |name: &str| {
        text(name).ok_or_else(|| {
            Error::input("file", format!("The key file has no {name}."))
                .hint("Download the key of the service account again, as JSON.")
        })
    };
    let email = needed("client_email")?;
    let mut client = Client {
        provider: Some("custom".into()),
        is_profile: true,
        ..Client::named(email.split('@').next().unwrap_or(email))
    };
    client.say(ID, email, "client_email");
    client.say("token_url", needed("token_uri")?, "token_uri");
    client.say(CLIENT_KEY, needed("private_key")?, "private_key");
    client.say("client_key_id", text("private_key_id").unwrap_or_default(), "private_key_id");
    for (key, value) in CONVENTIONS {
        client.say(key, value, "type");
    }
    Ok(Contents { clients: vec![client], ..Contents::default() })
}
