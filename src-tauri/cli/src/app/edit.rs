//! `grapnel app set`: changing an app.

use std::path::PathBuf;

use clap::Args;
use grapnel_core::app::NewApp;
use grapnel_model::error::{Error, Result};
use grapnel_model::provider::{CLIENT_KEY_SETTINGS, is_secret};
use grapnel_model::secret::SecretInput;

use super::values::{secret_values, setting, suggest_discover};
use crate::lookup;
use crate::session::Session;

#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The app's name
    app: String,
    /// The new name
    #[arg(long)]
    name: Option<String>,
    /// The client ID
    #[arg(long)]
    client_id: Option<String>,
    /// Read a new client secret from standard input or a hidden prompt
    #[arg(long)]
    client_secret_stdin: bool,
    /// The redirect URI: deep-link, loopback or loopback:PORT for a URI of this app's own, or a complete URI
    #[arg(long)]
    redirect: Option<String>,
    /// A scope to request; replaces the current scopes (repeatable; '' for none)
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    /// The environment, such as Production or Staging, by which lists are grouped ('' for none)
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Override a setting of the profile (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Read the secret value of KEY, such as token.header.X-Client-ID, from standard input or a hidden prompt
    /// (repeatable)
    #[arg(long = "secret-value", value_name = "KEY")]
    secret_values: Vec<String>,
    /// Read a new private key of the client (PEM) from a file, or from standard input if it is -
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// Read the client's TLS certificates and their private key (PEM) from a file, or from standard input if it is -
    /// (repeatable, if they are in several files)
    #[arg(long = "client-certificate", value_name = "FILE")]
    client_certificate: Vec<PathBuf>,
    /// Reset a setting to the profile's default (repeatable)
    #[arg(long = "reset", value_name = "KEY")]
    resets: Vec<String>,
}

impl Set {
    /// Whether a secret value changes.
    pub(super) fn needs_vault(&self) -> bool {
        let mut keys = self.resets.iter().chain(self.settings.iter().map(|(key, _)| key));
        let is_secret = keys.any(|key| is_secret(key) || CLIENT_KEY_SETTINGS.contains(&key.as_str()));
        let has_file = self.client_key.is_some() || !self.client_certificate.is_empty();
        self.client_secret_stdin || has_file || !self.secret_values.is_empty() || is_secret
    }
}

pub(super) async fn run(session: &mut Session<'_>, change: Set) -> Result<()> {
    let app = lookup::app(&session.grapnel, &change.app)?;
    let is_own = |key: &&String| app.overrides.contains_key(*key) || app.secrets.contains(*key);
    if let Some(key) = change.resets.iter().find(|key| !is_own(key)) {
        return Err(
            Error::input(key, format!("“{key}” is already at its default.")).means("Nothing was changed.")
        );
    }
    let has_issuer = change.settings.iter().any(|(key, _)| key == "issuer");
    let mut new = NewApp::from(app.clone());
    new.overrides.retain(|key, _| !change.resets.contains(key));
    new.discovered.retain(|key| change.settings.iter().all(|(other, _)| other != key));
    new.overrides.extend(change.settings);
    if change.client_secret_stdin {
        new.client_secret =
            Some(SecretInput(session.secret("client_secret", "Client secret (not shown): ")?));
    }
    new.secrets = secret_values(
        session,
        change.secret_values,
        (change.client_key.as_deref(), &change.client_certificate),
    )?;
    let resets = change.resets.into_iter().filter(|key| app.secrets.contains(key));
    new.secrets.extend(resets.map(|key| (key, None)));
    new.name = change.name.unwrap_or(new.name);
    new.client_id = change.client_id.unwrap_or(new.client_id);
    new.redirect = change.redirect.unwrap_or(new.redirect);
    new.scopes = change.scopes.unwrap_or(new.scopes);
    new.environment = change.environment.unwrap_or(new.environment);
    let changed = session.grapnel.change_app(&app.id, new).await?;
    if has_issuer {
        suggest_discover(session, &changed.name);
    }
    session.output.show(&changed)
}
