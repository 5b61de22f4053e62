//! One OAuth 2.0 client as a document describes it: nothing is resolved or validated yet.

use grapnel_model::text::clean_line;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::form::MAX_ENVIRONMENT_CHARS;
use super::variables::Variables;

/// The maximum number of values of one client.
const MAX_VALUES: usize = 256;
/// The maximum length of a shown name or source in characters.
const MAX_LABEL: usize = 120;

/// A value that was found and is not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SkippedValue {
    /// Its name, such as `accessToken`; never its value.
    pub name: String,
    /// Where it was found.
    pub source: String,
    /// Why it is not imported.
    pub reason: String,
}

/// One value, and where it was found.
#[derive(Clone)]
pub(super) struct SourcedValue {
    /// A key of a profile, an extra parameter such as `authorize.audience`, [`ID`], [`SECRET`], `scopes` or
    /// `redirect_uri`.
    pub(super) key: String,
    pub(super) value: String,
    pub(super) source: String,
}

/// The key of a client ID. (In a profile, `client_id` says whether one is required.)
pub(super) const ID: &str = "client_id_value";
/// The key of a client secret, likewise.
pub(super) const SECRET: &str = "client_secret_value";

/// The key of a grant type, by the name that the document or the protocol has for it.
pub(super) const GRANT: &str = "grant_type";

/// The displayed name of a key.
pub(super) fn shown_key(key: &str) -> &str {
    match key {
        ID => "client_id",
        SECRET => "client_secret",
        _ => key,
    }
}

/// One client.
#[derive(Clone, Default)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) said: Vec<SourcedValue>,
    pub(super) not_taken: Vec<SkippedValue>,
    /// The provider that the document names, used if no endpoint determines it.
    pub(super) provider: Option<String>,
    /// Whether the values are those of a profile file, which are taken unchanged, without variables.
    pub(super) is_profile: bool,
}

/// Everything that a document contains.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) clients: Vec<Client>,
    pub(super) variables: Variables,
}

/// The request that a parameter belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Authorization,
    Token,
    Refresh,
}

impl Request {
    fn family(self) -> &'static str {
        match self {
            Self::Authorization => "authorize",
            Self::Token => "token",
            Self::Refresh => "refresh",
        }
    }
}

impl Client {
    pub(super) fn named(name: &str) -> Self {
        Self { name: label(name), ..Self::default() }
    }

    /// Adds a value, unless it is empty.
    pub(super) fn say(&mut self, key: &str, value: &str, source: impl Into<String>) {
        let value = value.trim();
        if !value.is_empty() && self.said.len() < MAX_VALUES {
            let source = label(&source.into());
            self.said.push(SourcedValue { key: key.to_owned(), value: value.to_owned(), source });
        }
    }

    /// Lists something that is not imported.
    pub(super) fn leave(&mut self, name: &str, source: impl Into<String>, reason: &str) {
        let new =
            SkippedValue { name: label(name), source: label(&source.into()), reason: reason.to_owned() };
        if self.not_taken.len() < MAX_VALUES && !self.not_taken.contains(&new) {
            self.not_taken.push(new);
        }
    }

    /// Adds a parameter of an OAuth 2.0 request, by its name in the protocol.
    pub(super) fn parameter(&mut self, of: Request, name: &str, value: &str, source: &str) {
        if value.trim().is_empty() || name.is_empty() {
            return;
        }
        match name {
            "client_id" => self.say(ID, value, source),
            "client_secret" => self.say(SECRET, value, source),
            "scope" if of == Request::Authorization => self.say("scopes", value, source),
            "redirect_uri" | "resource" => self.say(name, value, source),
            "grant_type" => self.say(GRANT, value, source),
            "response_type" if value == "code" => {}
            "response_type" => self.leave(name, source, REMOVED_GRANTS),
            "scope" => self.say("scopes", value, source),
            "access_token" | "refresh_token" | "id_token" | "token" => {
                self.leave(name, source, TOKENS_NOT_IMPORTED);
            }
            "code" | "device_code" => self.leave(name, source, "It was valid for one sign-in only."),
            "username" | "password" => self.leave(name, source, PASSWORDS_NOT_IMPORTED),
            "client_assertion" | "client_assertion_type" => {
                self.leave(name, source, "It was valid for one request. Choose private_key_jwt for the app.");
            }
            "state"
            | "nonce"
            | "code_challenge"
            | "code_challenge_method"
            | "code_verifier"
            | "request"
            | "request_uri" => self.leave(name, source, SET_EACH_TIME),
            _ => self.say(&format!("{}.{name}", of.family()), value, source),
        }
    }

    /// Lists the tokens, passwords and per-request values in these members as not imported.
    pub(super) fn leave_members(&mut self, members: &Value, names: &[(&str, &str)], source: &str) {
        for (name, reason) in names {
            if members.get(*name).is_some_and(|value| !plain(value).trim().is_empty()) {
                self.leave(name, source, reason);
            }
        }
    }
}

/// Why a token is not imported.
pub(super) const TOKENS_NOT_IMPORTED: &str = "Tokens are not imported. Sign in with Grapnel instead.";
/// Why a password is not imported.
pub(super) const PASSWORDS_NOT_IMPORTED: &str =
    "Grapnel signs you in at the provider’s page and needs no password.";
/// Why the implicit grant and the password grant are not imported.
pub(super) const REMOVED_GRANTS: &str = "OAuth 2.1 has no such grant any more, and Grapnel does not use it.";
/// Why a value of one request is not imported.
pub(super) const SET_EACH_TIME: &str = "Grapnel sets it itself for each sign-in.";

/// A scalar as text; the empty text for anything else.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// A name or source that is safe to show.
pub(super) fn label(text: &str) -> String {
    clean_line(text).trim().chars().take(MAX_LABEL).collect()
}

/// The name of an environment as an app can have it.
pub(super) fn environment_label(name: &str) -> String {
    clean_line(name).trim().chars().take(MAX_ENVIRONMENT_CHARS).collect::<String>().trim_end().to_owned()
}
