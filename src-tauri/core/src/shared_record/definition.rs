//! The definition in a record: what is shared, and where it may be sent. Only members and owners write it.

use std::collections::BTreeMap;

use grapnel_model::error::Result;
use grapnel_model::provider::{
    CLIENT_CERTIFICATE, CLIENT_KEY, ClientAuth, GrantType, Need, Profile, ProviderConfig,
};
use grapnel_model::team::TeamRefresh;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::form::{FORM, from_newer, parse, unreadable};
use crate::archive_document::{
    self, Archive, ArchivedApp, ArchivedConnection, ArchivedTokens, PlaintextSecret,
};

/// Stands for a client secret that a worker does not need and has not.
const WITHHELD: &str = "withheld-from-workers";

/// The app with the secrets that a refresh needs, the connection without its grant, and whether it is shared.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    form: u32,
    document: Archive,
    pub(super) state: SharingState,
}

/// Whether a connection is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SharingState {
    /// It is, with the grant in the tokens.
    Shared,
    /// It was disconnected for the whole team, at the grant of this number.
    Ended {
        /// The number that the grant had.
        grant_number: i64,
        /// Who disconnected it.
        by: TeamRefresh,
    },
    /// An owner stopped sharing it.
    Unshared {
        /// Who.
        by: TeamRefresh,
        /// Identifies the attempt, by which the computer that made it knows its own.
        attempt: String,
    },
}

/// The secrets of the app that a refresh does not need.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ManageDocument {
    form: u32,
    client_secret: Option<PlaintextSecret>,
    #[serde(default)]
    secrets: BTreeMap<String, PlaintextSecret>,
    registration_token: Option<PlaintextSecret>,
}

impl ManageDocument {
    pub(crate) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        archive_document::write(self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        parse(bytes)
    }
}

impl Definition {
    /// The definition of an app with one connection, and the secrets that it does not have.
    pub(super) fn split(
        mut app: ArchivedApp,
        connection: &ArchivedConnection,
        at: jiff::Timestamp,
    ) -> Result<(Self, ManageDocument)> {
        let config = Profile::find(&app.provider)?.config(&app.overrides)?;
        let manage = take_unneeded(&mut app, &config, connection.tokens.as_ref());
        let connection = ArchivedConnection {
            tokens: None,
            scopes: Vec::new(),
            project_ids: Vec::new(),
            account: None,
            ..connection.clone()
        };
        app.connections = vec![connection];
        let document = Archive::new(at, vec![app]);
        Ok((Self { form: FORM, document, state: SharingState::Shared }, manage))
    }

    /// The definition with another app, or with other settings of it. Its name and environment stay: they are each
    /// computer's own.
    pub(super) fn with_app(
        &self,
        app: ArchivedApp,
        connection: &ArchivedConnection,
    ) -> Result<(Self, ManageDocument)> {
        let before = self.app();
        let app = ArchivedApp { name: before.name.clone(), environment: before.environment.clone(), ..app };
        let (new, manage) = Self::split(app, connection, self.document.exported_at)?;
        Ok((Self { state: self.state.clone(), ..new }, manage))
    }

    pub(super) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        archive_document::write(self)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let parsed: Self = parse(bytes)?;
        if parsed.document.is_newer() {
            return Err(from_newer());
        }
        let one = parsed.document.apps.first().filter(|app| app.connections.len() == 1);
        if one.is_none() || parsed.document.apps.len() != 1 {
            return Err(unreadable());
        }
        Ok(parsed)
    }

    pub(super) fn app(&self) -> &ArchivedApp {
        // `parse` has checked that there is one.
        &self.document.apps[0]
    }

    pub(super) fn connection(&self) -> &ArchivedConnection {
        &self.app().connections[0]
    }

    pub(super) fn connection_mut(&mut self) -> &mut ArchivedConnection {
        &mut self.document.apps[0].connections[0]
    }

    /// The archive of the app with this connection; without the manage part, only what using the tokens needs.
    pub(super) fn archive(&self, connection: ArchivedConnection, manage: Option<ManageDocument>) -> Archive {
        let mut archive = self.document.clone();
        let Some(app) = archive.apps.first_mut() else { return archive };
        app.connections = vec![connection];
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
}

/// Moves the secrets that a refresh does not need to the manage part.
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
    // A token that is bound to it is used with it only.
    let is_bound = config.certificate_bound || tokens.is_some_and(|tokens| tokens.certificate.is_some());
    let presents = is_bound || refreshes && config.presents_certificate(config.client_auth);
    let is_needed = |key: &str| match key {
        CLIENT_KEY => refreshes && signs,
        CLIENT_CERTIFICATE => presents,
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

fn needs_secret(app: &ArchivedApp) -> bool {
    let config = Profile::find(&app.provider).and_then(|profile| profile.config(&app.overrides));
    config.is_ok_and(|config| config.client_secret == Need::Required)
}
