//! `grapnel app duplicate`: another app like one that is there, such as for staging.

use clap::Args;
use grapnel_core::app::{App, NOT_ADDED, NewApp};
use grapnel_model::error::Result;
use grapnel_model::provider::{Need, Profile};
use grapnel_model::redirect::{Loopback, RedirectMethod};

use super::add::Added;
use super::values::{client_secret, secret_values, setting};
use crate::lookup;
use crate::session::Session;

#[derive(Debug, Args)]
pub(crate) struct Duplicate {
    /// The app's name
    name: String,
    /// The name of the new app; by default the app's name with the new environment, such as “Acme (Staging)”
    #[arg(required_unless_present = "environment")]
    new_name: Option<String>,
    /// The environment of the new app, such as Staging; by default none
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Another client ID
    #[arg(long)]
    client_id: Option<String>,
    /// Copy the client secret and the secret settings as well. Without it, they are not copied: another environment
    /// usually has its own
    #[arg(long, conflicts_with = "client_secret_stdin")]
    with_secret: bool,
    /// Read the client secret from standard input or a hidden prompt
    #[arg(long)]
    client_secret_stdin: bool,
    /// The redirect URI; by default one of the new app's own, by the same redirect method
    #[arg(long)]
    redirect: Option<String>,
    /// A scope to request; replaces the copied scopes (repeatable; '' for none)
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    /// Override a setting of the profile (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Read the secret value of KEY, such as token.header.X-Client-ID, from standard input or a hidden prompt
    /// (repeatable)
    #[arg(long = "secret-value", value_name = "KEY")]
    secret_values: Vec<String>,
}

pub(super) async fn run(session: &mut Session<'_>, asked: Duplicate) -> Result<()> {
    let app = lookup::app(&session.grapnel, &asked.name)?;
    let mut new = NewApp::from(app.clone());
    new.discovered.retain(|key| asked.settings.iter().all(|(other, _)| other != key));
    new.overrides.extend(asked.settings);
    let config =
        Profile::find(&app.provider)?.check(&new.overrides).map_err(|error| error.or_means(NOT_ADDED))?;
    let need = if asked.with_secret && app.has_secret { Need::Optional } else { config.secret_need() };
    new.client_secret = client_secret(session, asked.client_secret_stdin, need)?;
    new.secrets = secret_values(session, asked.secret_values, (None, &[]))?;
    let is_left = |key: &&String| !new.secrets.contains_key(*key);
    let mut left: Vec<String> = app.secrets.iter().filter(is_left).cloned().collect();
    if app.has_secret && new.client_secret.is_none() {
        left.insert(0, "client secret".to_owned());
    }
    new.name = asked.new_name.unwrap_or_default();
    new.client_id = asked.client_id.unwrap_or(new.client_id);
    new.redirect = asked.redirect.unwrap_or_else(|| own_redirect(&app));
    new.scopes = asked.scopes.unwrap_or(new.scopes);
    new.environment = asked.environment.unwrap_or_default();
    let added = session.grapnel.duplicate_app(&app.id, new, asked.with_secret).await?;
    if !asked.with_secret && !left.is_empty() {
        let name = lookup::quoted(&added.name);
        session.output.messages.note(&format!(
            "note: Not copied: {}. To set the new app’s own: grapnel app set {name}",
            left.join(", ")
        ));
    }
    session.output.show(&Added { app: &added, discovery: None, registered: None })
}

/// The same redirect method; if Grapnel receives the callback itself, with a URI of the new app's own.
fn own_redirect(app: &App) -> String {
    match (app.redirect_method, Loopback::of(&app.redirect_uri).and_then(|loopback| loopback.port)) {
        (RedirectMethod::DeepLink, _) => "deep-link".to_owned(),
        (RedirectMethod::Loopback, None) => "loopback".to_owned(),
        (RedirectMethod::Loopback, Some(port)) => format!("loopback:{port}"),
        (RedirectMethod::Paste, _) => app.redirect_uri.clone(),
    }
}
