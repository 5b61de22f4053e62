//! The formats, and their detection.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bru::is_bru;
use super::service_account;

/// A format that apps can be imported from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "kebab-case")]
pub enum ImportFormat {
    /// A Postman collection (v2.0, v2.1) or environment.
    Postman,
    /// An Insomnia export (v4 as JSON, v5 as YAML).
    Insomnia,
    /// A Bruno request, collection or environment (`.bru`, JSON, OpenCollection YAML).
    Bruno,
    /// An OpenAPI document (3.x, 2.0), in JSON or YAML.
    OpenApi,
    /// A file of `NAME=value` lines.
    Dotenv,
    /// A URL that starts a sign-in (RFC 6749 §4.1.1).
    AuthorizationUrl,
    /// A curl command: a token request, or an authorization URL.
    Curl,
    /// A profile file of Grapnel.
    Profile,
    /// The JSON key file of a service account.
    ServiceAccount,
}

impl fmt::Display for ImportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postman => "Postman file",
            Self::Insomnia => "Insomnia export",
            Self::Bruno => "Bruno file",
            Self::OpenApi => "OpenAPI document",
            Self::Dotenv => ".env file",
            Self::AuthorizationUrl => "authorization URL",
            Self::Curl => "curl command",
            Self::Profile => "profile file",
            Self::ServiceAccount => "key file of a service account",
        })
    }
}

impl ImportFormat {
    /// The format of a text that is neither JSON nor YAML.
    pub(super) fn of_plain_text(text: &str) -> Option<Self> {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        let command = first.trim_start_matches(['$', '>', ' ']);
        if command == "curl" || command.starts_with("curl ") || command.starts_with("curl.exe ") {
            return Some(Self::Curl);
        }
        let is_address = ["https://", "http://"].iter().any(|start| starts_with_ignoring_case(first, start));
        if is_address && text.lines().filter(|line| !line.trim().is_empty()).count() == 1 {
            return Some(Self::AuthorizationUrl);
        }
        if is_bru(text) {
            return Some(Self::Bruno);
        }
        if first.starts_with("provider = \"") {
            return Some(Self::Profile);
        }
        is_assignment(first).then_some(Self::Dotenv)
    }

    /// The format of a JSON or YAML document.
    pub(super) fn of_document(document: &Value) -> Option<Self> {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let has = |key: &str| document.get(key).is_some();
        if service_account::is_key_file(document) {
            return Some(Self::ServiceAccount);
        }
        let info = &document["info"];
        if has("openapi") || has("swagger") {
            return Some(Self::OpenApi);
        }
        if has("__export_format") || text("type").contains("insomnia") {
            return Some(Self::Insomnia);
        }
        let schema = info["schema"].as_str().unwrap_or_default();
        if schema.contains("postman.com")
            || info.get("_postman_id").is_some()
            || has("_postman_variable_scope")
        {
            return Some(Self::Postman);
        }
        if has("opencollection") || has("brunoConfig") || (has("items") && has("name")) {
            return Some(Self::Bruno);
        }
        let is_environment = document["values"]
            .as_array()
            .is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.get("key").is_some()));
        (is_environment || (has("info") && has("item"))).then_some(Self::Postman)
    }
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Whether a line is `NAME=value`, with or without `export`.
fn is_assignment(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    })
}
