//! `grapnel app add`: a new app from arguments, a profile file, or its issuer's metadata.

use std::path::{Path, PathBuf};

use clap::Args;
use grapnel_core::app::{App, NOT_ADDED, NewApp};
use grapnel_core::discovery::Discovery;
use grapnel_model::error::{Error, Result};
use grapnel_model::provider::{CLIENT_KEY, GrantType, Profile, ProfileFile};
use jiff::Timestamp;
use serde::Serialize;

use super::discover;
use super::values::{client_secret, secret_values, setting, suggest_discover, with_announced};
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::fields;

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The name of the app
    name: String,
    /// The provider (see `grapnel provider list`)
    #[arg(long, required_unless_present = "profile")]
    provider: Option<String>,
    /// A profile file (see `grapnel app profile`) with defaults for provider, scopes and settings
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// The client ID
    #[arg(long, default_value = "", hide_default_value = true)]
    client_id: String,
    /// Read the client secret from standard input or a hidden prompt
    #[arg(long)]
    client_secret_stdin: bool,
    /// The redirect URI: deep-link, loopback or loopback:PORT for a URI of this app's own, or a complete URI [default:
    /// what the provider accepts, else deep-link]
    #[arg(long)]
    redirect: Option<String>,
    /// A scope to request (repeatable)
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The environment, such as Production or Staging, by which lists are grouped
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    environment: String,
    /// Override a setting of the profile (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Read the secret value of KEY, such as token.header.X-Client-ID, from standard input or a hidden prompt
    /// (repeatable)
    #[arg(long = "secret-value", value_name = "KEY")]
    secret_values: Vec<String>,
    /// Read the client's private key (PEM) from a file, or from standard input if it is -; without it, Grapnel
    /// makes one if the client authentication needs a key
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
}

pub(super) async fn run(session: &mut Session<'_>, new: Add) -> Result<()> {
    let file = new.profile.as_deref().map(profile_file).transpose()?;
    if let Some(file) = &file {
        // Printed before any secret is entered.
        for sentence in Profile::find(&file.provider)?.review(&file.values).sentences() {
            session.output.messages.note(&format!("warning: the profile file: {sentence}"));
        }
    }
    let (from_file, scopes, mut own) =
        file.map(|file| (file.provider, file.scopes, file.values)).unwrap_or_default();
    own.extend(new.settings);
    let provider = new.provider.unwrap_or(from_file);
    let profile = Profile::find(&provider)?;
    let has_issuer = own.contains_key("issuer");
    let (overrides, discovered, discovery) = with_announced(session, profile, own).await?;
    let config = profile.check(&overrides).map_err(|error| error.or_means(NOT_ADDED))?;
    let need = config.secret_need();
    if let Some(found) = &discovery {
        warn_of_grant(session, found, config.grant_type());
    }
    let client_secret = client_secret(session, new.client_secret_stdin, need)?;
    let secrets = secret_values(session, new.secret_values, new.client_key.as_deref())?;
    let own_redirect = if profile.prefers_loopback() { "loopback" } else { "deep-link" };
    let app = session.grapnel.add_app(NewApp {
        name: new.name,
        provider,
        client_id: new.client_id,
        client_secret,
        redirect: new.redirect.unwrap_or_else(|| own_redirect.to_owned()),
        scopes: if new.scopes.is_empty() { scopes } else { new.scopes },
        projects: Vec::new(),
        overrides,
        secrets,
        discovered,
        environment: new.environment,
    });
    let app = app.await?;
    if has_issuer && discovery.is_none() {
        suggest_discover(session, &app.name);
    }
    session.output.show(&Added { app: &app, discovery: discovery.as_ref() })
}

/// Warns if the issuer's metadata leaves out the app's grant.
fn warn_of_grant(session: &Session<'_>, found: &Discovery, grant: GrantType) {
    let offered = &found.grant_types;
    if !offered.is_empty() && !offered.iter().any(|name| name == grant.name()) {
        session.output.messages.note(&format!(
            "warning: The issuer’s metadata announces no {} (announced: {}).",
            grant.title(),
            offered.join(", ")
        ));
    }
}

fn profile_file(path: &Path) -> Result<ProfileFile> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::input("profile", format!("“{}” cannot be read: {error}.", path.display()))
            .hint("Use a file written by “grapnel app profile”.")
    })?;
    ProfileFile::read(&text)
}

/// A new app.
#[derive(Serialize)]
pub(super) struct Added<'a> {
    #[serde(flatten)]
    pub(super) app: &'a App,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) discovery: Option<&'a Discovery>,
}

impl CommandResult for Added<'_> {
    fn text(&self, _: Timestamp) -> String {
        let App { name, redirect_uri, .. } = self.app;
        let port = if self.app.has_free_port() { " (any free port is added)" } else { "" };
        let connect = format!("grapnel connect {}", lookup::quoted(name));
        let has_callback = self.app.grant_type == GrantType::AuthorizationCode;
        let redirect = if has_callback { format!("{redirect_uri}{port}") } else { String::new() };
        let has_key = self.app.secrets.iter().any(|key| key == CLIENT_KEY);
        let key = has_key.then(|| format!("grapnel app key {}", lookup::quoted(name)));
        let next = fields([
            ("Redirect URI to register", redirect),
            ("Public key to register", key.unwrap_or_default()),
            ("Next", connect),
        ]);
        let announced = self.discovery.map(|found| format!("\n\n{}", discover::text(found)));
        format!("Added the app “{name}”.\n{next}{}", announced.unwrap_or_default())
    }
}
