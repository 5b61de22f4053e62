//! What the record of a shared connection says, in two parts: what using the tokens needs, and what only signing in and
//! administration need. A worker has the key of the first part only.

use std::collections::BTreeMap;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::{
    CLIENT_CERTIFICATE, CLIENT_KEY, ClientAuth, GrantType, Need, Profile, ProviderConfig,
};
use grapnel_model::secret::ExposeSecret;
use grapnel_model::team::TeamRefresh;
use grapnel_store::connection::Retry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::archive_document::{
    self, Archive, ArchivedApp, ArchivedConnection, ArchivedTokens, PlaintextSecret,
};

/// The form of both parts.
const FORM: u32 = 1;
/// Stands for a client secret that a worker does not need and has not.
const WITHHELD: &str = "withheld-from-workers";

/// The first part: the app and the connection, with what a refresh needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SharedDocument {
    form: u32,
    document: Archive,
    /// Counts the grants: sign-ins and refreshes by any machine.
    pub(crate) grant_number: i64,
    /// Who got the last one, or ended it.
    pub(crate) by: TeamRefresh,
    /// The failed refreshes since.
    #[serde(default)]
    pub(crate) failure: Option<SharedFailure>,
    /// Whether an owner stopped sharing it.
    #[serde(default)]
    pub(crate) is_unshared: bool,
}

/// The failed refreshes of a shared connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SharedFailure {
    pub(crate) error: Error,
    failures: u32,
    failed_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    quiet_until: Option<Timestamp>,
    answer_lost: bool,
    refusals: u32,
}

impl SharedFailure {
    pub(crate) fn new(error: Error, retry: &Retry) -> Self {
        let Retry { failures, failed_at, at, quiet_until, response_lost, refusals } = retry.clone();
        Self { error, failures, failed_at, retry_at: at, quiet_until, answer_lost: response_lost, refusals }
    }

    pub(crate) fn retry(&self) -> Retry {
        Retry {
            failures: self.failures,
            failed_at: self.failed_at,
            at: self.retry_at,
            quiet_until: self.quiet_until,
            response_lost: self.answer_lost,
            refusals: self.refusals,
        }
    }
}

/// The second part: the secrets of the app that a refresh does not need.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ManageDocument {
    form: u32,
    client_secret: Option<PlaintextSecret>,
    #[serde(default)]
    secrets: BTreeMap<String, PlaintextSecret>,
    registration_token: Option<PlaintextSecret>,
}

impl SharedDocument {
    /// The two parts of an app with the connection that is to be shared.
    pub(crate) fn split(
        mut app: ArchivedApp,
        connection: ArchivedConnection,
        by: TeamRefresh,
    ) -> Result<(Self, ManageDocument)> {
        let config = Profile::find(&app.provider)?.config(&app.overrides)?;
        let manage = take_unneeded(&mut app, &config, connection.tokens.as_ref());
        app.connections = vec![connection];
        let document = Archive::new(by.at, vec![app]);
        Ok((Self { form: FORM, document, grant_number: 1, by, failure: None, is_unshared: false }, manage))
    }

    /// Both parts as an archive; without the second, only what using the tokens needs.
    pub(crate) fn archive(&self, manage: Option<ManageDocument>) -> Archive {
        let mut archive = self.document.clone();
        let Some(app) = archive.apps.first_mut() else { return archive };
        match manage {
            Some(manage) => {
                app.client_secret = app.client_secret.take().or(manage.client_secret);
                app.secrets.extend(manage.secrets);
                app.registration_token = manage.registration_token;
            }
            // An app that must have a secret is not valid without one. No request is sent with this.
            None if app.client_secret.is_none() && needs_secret(app) => {
                app.client_secret = Some(PlaintextSecret(WITHHELD.into()));
            }
            None => {}
        }
        archive
    }

    pub(crate) fn app(&self) -> &ArchivedApp {
        // `parse` has checked that there is one.
        &self.document.apps[0]
    }

    pub(crate) fn connection(&self) -> &ArchivedConnection {
        &self.app().connections[0]
    }

    /// The tokens; `None` once it is disconnected.
    pub(crate) fn tokens(&self) -> Option<&ArchivedTokens> {
        self.connection().tokens.as_ref().filter(|_| !self.is_unshared)
    }

    pub(crate) fn connection_id(&self) -> ConnectionId {
        ConnectionId(self.connection().id.clone())
    }

    /// The document with another grant of the connection, or without one. The app and the name in the team stay.
    pub(crate) fn with_grant(&self, connection: ArchivedConnection, by: TeamRefresh) -> Self {
        let mut new = self.clone();
        let before = &mut new.document.apps[0].connections[0];
        *before = ArchivedConnection {
            id: before.id.clone(),
            name: before.name.clone(),
            created_at: before.created_at,
            annotations: before.annotations.clone(),
            ..connection
        };
        new.document.apps[0].connections.truncate(1);
        Self { grant_number: self.grant_number + 1, by, failure: None, ..new }
    }

    /// The document after a failed refresh.
    pub(crate) fn with_failure(&self, failure: SharedFailure) -> Self {
        Self { failure: Some(failure), ..self.clone() }
    }

    /// The document that tells the others that it is no longer shared.
    pub(crate) fn unshared(&self, by: TeamRefresh) -> Self {
        let mut new = self.clone();
        new.document.apps[0].connections[0].tokens = None;
        Self { by, failure: None, is_unshared: true, ..new }
    }

    pub(crate) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        archive_document::write(self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let parsed: Self = parse(bytes)?;
        if parsed.document.is_newer() {
            return Err(from_newer());
        }
        let one = parsed.document.apps.first().filter(|app| app.connections.len() == 1);
        if one.is_none() || parsed.document.apps.len() != 1 {
            return Err(unreadable());
        }
        if let Some(tokens) = parsed.tokens() {
            archive_document::check_tokens(tokens).map_err(|_| unreadable())?;
        }
        Ok(parsed)
    }
}

impl ManageDocument {
    pub(crate) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        archive_document::write(self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        parse(bytes)
    }
}

/// Moves the secrets that a refresh does not need to the second part.
fn take_unneeded(
    app: &mut ArchivedApp,
    config: &ProviderConfig,
    tokens: Option<&ArchivedTokens>,
) -> ManageDocument {
    let is_of_client = tokens.is_some_and(|tokens| !tokens.grant_type.has_person());
    let refreshes = is_of_client || tokens.is_some_and(|tokens| tokens.refresh.is_some());
    let sends_secret = matches!(
        config.client_auth,
        ClientAuth::Basic | ClientAuth::BasicRaw | ClientAuth::Body | ClientAuth::SecretJwt
    );
    let signs =
        config.client_auth == ClientAuth::PrivateKeyJwt || config.grant_type() == GrantType::JwtBearer;
    let is_needed = |key: &str| match key {
        CLIENT_KEY => refreshes && signs,
        // Also to present a token that is bound to it.
        CLIENT_CERTIFICATE => true,
        _ if key.starts_with("authorize.") => false,
        _ if key.starts_with("token.") => is_of_client,
        _ => refreshes,
    };
    let (needed, unneeded) =
        std::mem::take(&mut app.secrets).into_iter().partition(|(key, _)| is_needed(key));
    app.secrets = needed;
    ManageDocument {
        form: FORM,
        client_secret: if refreshes && sends_secret { None } else { app.client_secret.take() },
        secrets: unneeded,
        registration_token: app.registration_token.take(),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T> {
    #[derive(Deserialize)]
    struct Versioned {
        form: u32,
    }
    // The parser's own message could quote a secret.
    let versioned: Versioned = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
    if versioned.form > FORM {
        return Err(from_newer());
    }
    serde_json::from_slice(bytes).map_err(|_| unreadable())
}

fn from_newer() -> Error {
    Error::new(Code::DataNewer, "A newer Grapnel wrote this connection’s record in the team’s database.")
        .means("The tokens held here are kept as they are.")
        .hint("Update Grapnel on this computer.")
}

fn unreadable() -> Error {
    Error::new(Code::DataDamaged, "This connection’s record in the team’s database cannot be understood.")
        .means("The tokens held here are kept as they are.")
        .hint("An owner can stop sharing it, and share it again.")
}

fn needs_secret(app: &ArchivedApp) -> bool {
    let config = Profile::find(&app.provider).and_then(|profile| profile.config(&app.overrides));
    config.is_ok_and(|config| config.client_secret == Need::Required)
}

/// Whether two tokens are the same.
pub(crate) fn is_same_token(one: &ArchivedTokens, other: &ArchivedTokens) -> bool {
    one.access.0.expose_secret() == other.access.0.expose_secret()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "each caller makes them for this")]
    fn app(overrides: Value, tokens: Value) -> (ArchivedApp, ArchivedConnection) {
        let connection = json!({
            "id": "0".repeat(32), "name": "Client site", "created_at": "2026-03-02T12:00:00Z", "scopes": [],
            "project_ids": [], "tokens": tokens,
        });
        let app = json!({
            "name": "App", "provider": "custom", "client_id": "client", "client_secret": "the-client-secret",
            "redirect_uri": "deep-link", "scopes": [], "projects": [], "overrides": overrides,
            "secrets": {
                "client_key": "the-private-key", "authorize.login_token": "of-the-sign-in", "token.key": "of-the-code",
                "refresh.key": "of-the-refresh", "header.X-Key": "of-each-request",
            },
            "registration_token": "the-registration-token", "connections": [],
        });
        (serde_json::from_value(app).unwrap(), serde_json::from_value(connection).unwrap())
    }

    fn tokens(refresh: Option<&str>) -> Value {
        json!({ "access": "the-access-token", "refresh": refresh, "issued_at": "2026-03-02T12:00:00Z", "renewals": 0 })
    }

    fn by() -> TeamRefresh {
        TeamRefresh { at: Timestamp::UNIX_EPOCH, member: "Ada".into(), machine: "laptop".into() }
    }

    /// The secrets of the part that a worker can read.
    fn of_worker(overrides: Value, tokens: Value) -> Vec<&'static str> {
        let (app, connection) = app(overrides, tokens);
        let (document, manage) = SharedDocument::split(app, connection, by()).unwrap();
        let (first, second) = (document.write().unwrap(), manage.write().unwrap());
        let (first, second) = (std::str::from_utf8(&first).unwrap(), std::str::from_utf8(&second).unwrap());
        let secrets = [
            "the-client-secret",
            "the-private-key",
            "of-the-sign-in",
            "of-the-code",
            "of-the-refresh",
            "of-each-request",
            "the-registration-token",
        ];
        for secret in secrets {
            assert_ne!(first.contains(secret), second.contains(secret), "{secret}");
        }
        secrets.into_iter().filter(|secret| first.contains(secret)).collect()
    }

    #[test]
    fn a_worker_gets_the_secrets_that_a_refresh_needs_and_no_others() {
        let url = |more: Value| {
            let mut all =
                json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" });
            for (key, value) in more.as_object().unwrap() {
                all[key] = value.clone();
            }
            all
        };
        let refreshed = || tokens(Some("the-refresh-token"));
        let basic = of_worker(url(json!({})), refreshed());
        assert_eq!(basic, ["the-client-secret", "of-the-refresh", "of-each-request"]);
        let key = of_worker(url(json!({ "client_auth": "private_key_jwt" })), refreshed());
        assert_eq!(key, ["the-private-key", "of-the-refresh", "of-each-request"]);
        assert_eq!(of_worker(url(json!({})), tokens(None)), Vec::<&str>::new(), "nothing is refreshed");
    }

    #[test]
    fn both_parts_make_the_app_again() {
        let (app, connection) = app(
            json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" }),
            tokens(Some("the-refresh-token")),
        );
        let whole = serde_json::to_value(&app).unwrap();
        let (document, manage) = SharedDocument::split(app, connection, by()).unwrap();
        let document = SharedDocument::parse(&document.write().unwrap()).unwrap();
        let manage = ManageDocument::parse(&manage.write().unwrap()).unwrap();
        let archive = serde_json::to_value(document.archive(Some(manage))).unwrap();
        let mut again = archive["apps"][0].clone();
        assert_eq!(again["connections"].as_array().unwrap().len(), 1);
        again["connections"] = json!([]);
        assert_eq!(again, whole);
    }

    #[test]
    fn what_is_no_record_is_refused_without_its_content() {
        let (app, connection) = app(
            json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" }),
            tokens(None),
        );
        let (document, _) = SharedDocument::split(app, connection, by()).unwrap();
        let mut newer = serde_json::to_value(&document).unwrap();
        newer["form"] = json!(FORM + 1);
        let mut none = serde_json::to_value(&document).unwrap();
        none["document"]["apps"] = json!([]);
        let mut unsendable = serde_json::to_value(&document).unwrap();
        unsendable["document"]["apps"][0]["connections"][0]["tokens"]["access"] = json!("a secret\n");
        let parse = |value: &Value| SharedDocument::parse(value.to_string().as_bytes()).unwrap_err();
        assert_eq!(parse(&newer).code, Code::DataNewer);
        for wrong in [none, unsendable, json!({ "form": 1, "secret": "hunter2" }), json!(["hunter2"])] {
            let error = parse(&wrong);
            assert_eq!(error.code, Code::DataDamaged);
            assert!(!format!("{error:?}").contains("hunter2") && !format!("{error:?}").contains("a secret"));
        }
    }
}
