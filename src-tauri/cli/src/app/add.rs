//! `grapnel app add`: a new app from arguments, a profile file, or its issuer's metadata.

use std::path::{Path, PathBuf};

use clap::Args;
use grapnel_core::app::{App, ImportFormat, NOT_ADDED, NewApp, RegistrationRequest, read_apps};
use grapnel_core::discovery::Discovery;
use grapnel_model::error::{Error, Result, io_error_text};
use grapnel_model::provider::{CLIENT_CERTIFICATE, CLIENT_KEY, GrantType, Profile, ProfileFile};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use jiff::Timestamp;
use serde::Serialize;

use super::discover;
use super::registration::Differences;
use super::values::{
    client_secret, initial_access_token, of_resource, secret_file, secret_values, setting, suggest_discover,
    with_announced,
};
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::fields;

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The name of the app
    name: String,
    /// The provider (see `grapnel provider list`)
    #[arg(long, required_unless_present_any = ["profile", "resource", "client_key"])]
    provider: Option<String>,
    /// The URL of a protected API or an MCP server, which names its authorization server (RFC 9728); of several, choose
    /// one with --set issuer=URL
    #[arg(long, value_name = "URL", conflicts_with_all = ["provider", "profile"])]
    resource: Option<String>,
    /// A profile file (see `grapnel app profile`) with defaults for provider, scopes and settings
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// The client ID
    #[arg(long, default_value = "", hide_default_value = true)]
    client_id: String,
    /// Register a new client at the provider, instead of one that you registered (RFC 7591)
    #[arg(long, conflicts_with_all = ["client_id", "client_secret_stdin"])]
    register: bool,
    /// Read the token that the provider requires for registering clients from standard input or a hidden prompt
    #[arg(long, requires = "register")]
    initial_access_token_stdin: bool,
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
    /// Read the client's private key from a file, or from standard input if it is -: PEM, or the JSON key file of a
    /// service account, whose other values become settings. Without it, Grapnel makes one if a key is needed
    #[arg(long, alias = "key-file", value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// Read the client's TLS certificates and their private key (PEM) from a file, or from standard input if it is -
    /// (repeatable, if they are in several files)
    #[arg(long = "client-certificate", value_name = "FILE")]
    client_certificate: Vec<PathBuf>,
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
    let account = match &new.client_key {
        Some(path) => with_client_key(session, path)?,
        None => NewApp::default(),
    };
    if new.profile.is_some() && !account.provider.is_empty() {
        return Err(Error::input(
            "client_key",
            "The key file and the profile file both say how the provider works.",
        )
        .means(NOT_ADDED)
        .hint("Omit --profile, or extract the private key as PEM."));
    }
    own.extend(account.overrides);
    own.extend(new.settings);
    let from_file = if account.provider.is_empty() { from_file } else { account.provider };
    let provider = match &new.resource {
        Some(_) => ANY_PROVIDER.to_owned(),
        None => new.provider.unwrap_or(from_file),
    };
    if provider.is_empty() {
        return Err(Error::input("provider", "The provider is missing: a PEM file does not name it.")
            .means(NOT_ADDED)
            .hint("Add --provider (see grapnel provider list)."));
    }
    let profile = Profile::find(&provider)?;
    let has_issuer = own.contains_key("issuer");
    let chooses_auth = own.contains_key("client_auth");
    let (overrides, discovered, discovery) = match &new.resource {
        Some(resource) => of_resource(session, resource, own).await?,
        None => with_announced(session, profile, own).await?,
    };
    let of_resource = discovery.as_ref().and_then(|found| found.resource.as_ref());
    let scopes = of_resource.map_or(scopes, |resource| resource.scopes.clone());
    let config = profile.check(&overrides).map_err(|error| error.or_means(NOT_ADDED))?;
    let need = config.secret_need();
    if let Some(found) = &discovery {
        warn_of_grant(session, found, config.grant_type());
    }
    let offer = discovery.as_ref().and_then(|found| found.registration.auth_method.clone());
    let client_id = if new.client_id.is_empty() { account.client_id } else { new.client_id };
    if !new.register && client_id.is_empty() && offer.is_some() {
        return Err(Error::input("client_id", "The client ID is empty.")
            .means(NOT_ADDED)
            .hint("Add --register to register a new client at the provider, or --client-id ID for one that you have."));
    }
    let client_secret =
        if new.register { None } else { client_secret(session, new.client_secret_stdin, need)? };
    let mut secrets = account.secrets;
    secrets.extend(secret_values(session, new.secret_values, (None, &new.client_certificate))?);
    let own_redirect = if profile.prefers_loopback() { "loopback" } else { "deep-link" };
    let app = NewApp {
        name: new.name,
        provider,
        client_id,
        client_secret,
        redirect: new.redirect.unwrap_or_else(|| own_redirect.to_owned()),
        scopes: if new.scopes.is_empty() { scopes } else { new.scopes },
        projects: Vec::new(),
        overrides,
        secrets,
        discovered,
        environment: new.environment,
    };
    let (app, registered) = if new.register {
        let initial_access_token = initial_access_token(session, new.initial_access_token_stdin)?;
        let auth_method = offer.filter(|_| !chooses_auth);
        let request = RegistrationRequest { app, auth_method, initial_access_token };
        let registered = session.grapnel.register_app(request).await?;
        (registered.app.clone(), Some(registered))
    } else {
        (session.grapnel.add_app(app).await?, None)
    };
    if has_issuer && discovery.is_none() {
        suggest_discover(session, &app.name);
    }
    session.output.show(&Added {
        app: &app,
        discovery: discovery.as_ref(),
        registered: registered.as_ref().map(Differences::of),
    })
}

/// The profile of a provider that is found by its metadata.
const ANY_PROVIDER: &str = "custom";

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

/// The client's private key; with the other values of its file, if that is the key file of a service account.
fn with_client_key(session: &mut Session<'_>, path: &Path) -> Result<NewApp> {
    let text = secret_file(session, path, CLIENT_KEY)?;
    if !text.expose_secret().trim_start().starts_with('{') {
        let secrets = [(CLIENT_KEY.to_owned(), Some(SecretInput(text)))].into();
        return Ok(NewApp { secrets, ..NewApp::default() });
    }
    let read = read_apps(text.expose_secret(), Some(ImportFormat::ServiceAccount), None);
    let app = read.map_err(|error| error.means(NOT_ADDED))?.apps.into_iter().next();
    app.map(|imported| imported.app)
        .ok_or_else(|| Error::input("client_key", "The key file describes no account."))
}

fn profile_file(path: &Path) -> Result<ProfileFile> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("“{}” cannot be read: {}.", path.display(), io_error_text(&error));
        Error::input("profile", message).hint("Use a file written by “grapnel app profile”.")
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
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) registered: Option<Differences<'a>>,
}

impl CommandResult for Added<'_> {
    fn text(&self, _: Timestamp) -> String {
        let App { name, redirect_uri, .. } = self.app;
        let port = if self.app.has_free_port() { " (any free port is added)" } else { "" };
        let connect = format!("grapnel connect {}", lookup::quoted(name));
        let has_callback = self.app.grant_type == GrantType::AuthorizationCode;
        let is_registered = self.registered.is_some();
        let redirect =
            if has_callback && !is_registered { format!("{redirect_uri}{port}") } else { String::new() };
        let has_key = !is_registered && self.app.secrets.iter().any(|key| key == CLIENT_KEY);
        let key = has_key.then(|| format!("grapnel app key {}", lookup::quoted(name)));
        let has_certificate = !is_registered && self.app.secrets.iter().any(|key| key == CLIENT_CERTIFICATE);
        let certificate =
            has_certificate.then(|| format!("grapnel app certificate {}", lookup::quoted(name)));
        let next = fields([
            ("Client ID", if is_registered { self.app.client_id.clone() } else { String::new() }),
            ("Redirect URI to register", redirect),
            ("Public key to register", key.unwrap_or_default()),
            ("Certificate to register", certificate.unwrap_or_default()),
            ("Next", connect),
        ]);
        let announced = self.discovery.map(|found| format!("\n\n{}", discover::text(found)));
        let how = if is_registered { "Registered and added" } else { "Added" };
        let differs = self.registered.as_ref().map(Differences::text).unwrap_or_default();
        format!("{how} the app “{name}”.\n{next}{differs}{}", announced.unwrap_or_default())
    }
}
