//! `grapnel app`: the clients that a person registered at providers.

mod discover;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use grapnel_core::app::{App, NOT_ADDED, NewApp};
use grapnel_core::discovery::Discovery;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{Need, Overrides, Profile, ProfileFile, is_secret};
use grapnel_model::redirect::ProposedRedirect;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::Entered;
use jiff::Timestamp;
use serde::Serialize;

use crate::input::Input;
use crate::named;
use crate::print::Shown;
use crate::session::Session;
use crate::table::{fields, table};
use crate::words::{moment, words};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add an app that you registered at a provider
    Add(Add),
    /// Print redirect URIs that no app has yet, to register one at the provider before you add the app with --redirect
    Redirect,
    /// List every app
    List,
    /// Show an app
    Show {
        /// The app's name
        name: String,
    },
    /// Change an app; what is not named stays
    Set(Box<Set>),
    /// Ask an app's issuer again what it announces, and change the app to it
    Discover(discover::Discover),
    /// Print how an app's provider is spoken to, as a file for others; no secret is in it
    Profile {
        /// The app's name
        name: String,
    },
    /// Remove an app
    Remove(Remove),
}

impl Command {
    /// Whether a secret is sealed for it.
    pub(crate) fn needs_vault(&self) -> bool {
        match self {
            Self::Add(_) => true,
            Self::Set(set) => {
                set.client_secret_stdin
                    || !set.secret_values.is_empty()
                    || set
                        .resets
                        .iter()
                        .chain(set.settings.iter().map(|(key, _)| key))
                        .any(|key| is_secret(key))
            }
            Self::Discover(asked) => asked.client_secret_stdin,
            _ => false,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What to call it
    name: String,
    /// The provider, as `grapnel provider list` has it
    #[arg(long, required_unless_present = "profile")]
    provider: Option<String>,
    /// A profile file, as `grapnel app profile` writes it: its provider, scopes and values are used where none are named
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// The client id, as the provider gave it
    #[arg(long, default_value = "", hide_default_value = true)]
    client_id: String,
    /// Read the client secret from standard input, or from a hidden prompt
    #[arg(long)]
    client_secret_stdin: bool,
    /// The redirect URI: deep-link, loopback or loopback:PORT for one of the app's own, or a whole URI, taken as it is
    #[arg(long, default_value = "deep-link")]
    redirect: String,
    /// A scope to ask for; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A value to use instead of the profile's; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Read the value of KEY, such as token.header.X-Client-ID, from standard input, or from a hidden prompt; may be repeated
    #[arg(long = "secret-value", value_name = "KEY")]
    secret_values: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The app's name
    name: String,
    /// Disconnect and remove its connections as well, with their history
    #[arg(long)]
    with_connections: bool,
    /// Do not ask before connections are removed
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The app's name
    app: String,
    /// What to call it from now on
    #[arg(long)]
    name: Option<String>,
    /// The client id, as the provider gave it
    #[arg(long)]
    client_id: Option<String>,
    /// Read a new client secret from standard input, or from a hidden prompt
    #[arg(long)]
    client_secret_stdin: bool,
    /// The redirect URI: deep-link, loopback or loopback:PORT for one of the app's own, or a whole URI, taken as it is
    #[arg(long)]
    redirect: Option<String>,
    /// A scope to ask for, instead of those before; may be repeated, and is '' for none
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    /// A value to use instead of the profile's; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Read the value of KEY, such as token.header.X-Client-ID, from standard input, or from a hidden prompt; may be repeated
    #[arg(long = "secret-value", value_name = "KEY")]
    secret_values: Vec<String>,
    /// A value to bring back to the profile's; may be repeated
    #[arg(long = "reset", value_name = "KEY")]
    resets: Vec<String>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as token_body=form")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

pub(crate) async fn run(session: &mut Session<'_>, command: Command) -> Result<()> {
    match command {
        Command::Add(new) => add(session, new).await,
        Command::Redirect => session.output.show(&Proposed(ProposedRedirect::random())),
        Command::List => {
            let apps = session.grapnel.apps()?;
            session.output.show(&Apps(apps))
        }
        Command::Show { name } => {
            let app = named::app(&session.grapnel, &name)?;
            session.output.show(&app)
        }
        Command::Set(change) => set(session, *change).await,
        Command::Discover(asked) => discover::run(session, asked).await,
        Command::Profile { name } => {
            let app = named::app(&session.grapnel, &name)?;
            let file = session.grapnel.profile_of(&app.id)?;
            let text = file.write()?;
            session.output.show(&Written { file, text })
        }
        Command::Remove(asked) => remove(session, &asked).await,
    }
}

async fn remove(session: &mut Session<'_>, asked: &Remove) -> Result<()> {
    let app = named::app(&session.grapnel, &asked.name)?;
    let of_app = session.grapnel.connections()?.into_iter().filter(|one| one.app_id == app.id).count();
    if of_app == 0 {
        session.grapnel.remove_app(&app.id)?;
        return session.output.show(&Removed { removed: &app.name, with: None });
    }
    let connections = if of_app == 1 { "1 connection".to_owned() } else { format!("{of_app} connections") };
    if !asked.with_connections {
        return Err(Error::new(Code::InvalidInput, format!("The app “{}” has {connections}.", app.name))
            .means("Nothing was removed.")
            .hint("Add --with-connections to disconnect and remove them as well."));
    }
    let question = format!("Disconnect and remove {connections} of “{}”, and the app? [y/N]", app.name);
    if !asked.yes && !session.agrees(&question, "Nobody is there to ask whether to remove connections.")? {
        return Err(Error::new(Code::Cancelled, "Not removed.").means("Nothing was changed."));
    }
    let with = session.grapnel.remove_app_with_connections(&app.id).await?;
    session.output.show(&Removed { removed: &app.name, with: Some(with) })
}

async fn add(session: &mut Session<'_>, new: Add) -> Result<()> {
    let file = new.profile.as_deref().map(profile_file).transpose()?;
    if let Some(file) = &file {
        // Before anything secret is asked for.
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
    let conventions = profile.check(&overrides).map_err(|error| error.or_means(NOT_ADDED))?;
    let need = conventions.client_secret;
    let client_secret = client_secret(&mut session.input, new.client_secret_stdin, need)?;
    let secrets = secret_values(&mut session.input, new.secret_values)?;
    let app = session.grapnel.add_app(NewApp {
        name: new.name,
        provider,
        client_id: new.client_id,
        client_secret,
        redirect: new.redirect,
        scopes: if new.scopes.is_empty() { scopes } else { new.scopes },
        projects: Vec::new(),
        overrides,
        secrets,
        discovered,
    });
    let app = app.await?;
    if has_issuer && discovery.is_none() {
        suggest_discover(session, &app.name);
    }
    session.output.show(&Added { app: &app, discovery: discovery.as_ref() })
}

fn profile_file(path: &Path) -> Result<ProfileFile> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::input("profile", format!("“{}” cannot be read: {error}.", path.display()))
            .hint("Name a file that “grapnel app profile” wrote.")
    })?;
    ProfileFile::read(&text)
}

async fn set(session: &mut Session<'_>, change: Set) -> Result<()> {
    let app = named::app(&session.grapnel, &change.app)?;
    let mut overrides = app.overrides;
    let is_own = |key: &&String| overrides.contains_key(*key) || app.secrets.contains(*key);
    if let Some(key) = change.resets.iter().find(|key| !is_own(key)) {
        return Err(
            Error::input(key, format!("“{key}” is as the profile has it.")).means("Nothing was changed.")
        );
    }
    let has_issuer = change.settings.iter().any(|(key, _)| key == "issuer");
    overrides.retain(|key, _| !change.resets.contains(key));
    let discovered = app.discovered.into_iter();
    let discovered = discovered.filter(|key| change.settings.iter().all(|(other, _)| other != key)).collect();
    overrides.extend(change.settings);
    let client_secret = if change.client_secret_stdin {
        Some(Entered(session.input.secret("Client secret (not shown): ")?))
    } else {
        None
    };
    let mut secrets = secret_values(&mut session.input, change.secret_values)?;
    secrets.extend(change.resets.into_iter().filter(|key| app.secrets.contains(key)).map(|key| (key, None)));
    let changed = session.grapnel.change_app(
        &app.id,
        NewApp {
            name: change.name.unwrap_or(app.name),
            provider: app.provider,
            client_id: change.client_id.unwrap_or(app.client_id),
            client_secret,
            redirect: change.redirect.unwrap_or(app.redirect_uri),
            scopes: change.scopes.unwrap_or(app.scopes),
            projects: app.projects,
            overrides,
            secrets,
            discovered,
        },
    );
    let changed = changed.await?;
    if has_issuer {
        suggest_discover(session, &changed.name);
    }
    session.output.show(&changed)
}

/// An issuer that is only set is asked nothing.
fn suggest_discover(session: &Session<'_>, name: &str) {
    let name = named::quoted(name);
    session.output.messages.note(&format!("To read what the issuer announces: grapnel app discover {name}"));
}

/// The person's own values, and beneath them what their issuer announces, where the addresses are not known otherwise;
/// and the keys of the latter.
async fn with_announced(
    session: &Session<'_>,
    profile: &Profile,
    own: Overrides,
) -> Result<(Overrides, Vec<String>, Option<Discovery>)> {
    let known = profile.view().values;
    let is_known = |key: &str| {
        own.contains_key(key) || known.iter().any(|value| value.key == key && !value.value.is_empty())
    };
    let Some(issuer) = own.get("issuer").filter(|_| !is_known("authorize_url") || !is_known("token_url"))
    else {
        return Ok((own, Vec::new(), None));
    };
    let discovery = session.grapnel.discover(issuer).await.map_err(|error| error.means(NOT_ADDED))?;
    let mut all = discovery.values.clone();
    let discovered = all.keys().filter(|key| !own.contains_key(*key)).cloned().collect();
    all.extend(own);
    // It may have been typed as the URL of its metadata.
    all.insert("issuer".into(), discovery.issuer.clone());
    Ok((all, discovered, Some(discovery)))
}

/// Reads the values of these keys, a line each.
fn secret_values(input: &mut Input, keys: Vec<String>) -> Result<BTreeMap<String, Option<Entered>>> {
    let mut values = BTreeMap::new();
    for key in keys {
        let value = input.secret(&format!("{key} (not shown): "))?;
        values.insert(key, Some(Entered(value)));
    }
    Ok(values)
}

/// The secret, if one was announced, or if the provider wants one and somebody is there to type it.
fn client_secret(input: &mut Input, announced: bool, need: Need) -> Result<Option<Entered>> {
    if announced || (need == Need::Required && input.is_terminal) {
        return input.secret("Client secret (not shown): ").map(|secret| Some(Entered(secret)));
    }
    if need == Need::Required {
        return Err(Error::input("client_secret", "This provider’s apps have a client secret.")
            .hint("Add --client-secret-stdin, and write the secret to standard input."));
    }
    Ok(None)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Apps(Vec<App>);

impl Shown for Apps {
    fn text(&self, _: Timestamp) -> String {
        if self.0.is_empty() {
            return "No app yet. Add one: grapnel app add NAME --provider PROVIDER --client-id ID".into();
        }
        let rows = self
            .0
            .iter()
            .map(|app| [app.name.clone(), app.provider.clone(), app.client_id.clone(), words(&app.way_back)]);
        table(["APP", "PROVIDER", "CLIENT ID", "WAY BACK"], rows)
    }
}

impl Shown for App {
    fn text(&self, now: Timestamp) -> String {
        let about = fields([
            ("app", self.name.clone()),
            ("provider", self.provider_name.clone()),
            ("client id", self.client_id.clone()),
            ("client secret", if self.has_secret { "held in the vault" } else { "none" }.into()),
            ("redirect URI", self.redirect_uri.clone()),
            ("way back", words(&self.way_back)),
            ("scopes", self.scopes.join(" ")),
            ("projects", self.projects.join(" ")),
            ("added", moment(self.created_at, now)),
        ]);
        let mut parts = vec![about];
        parts.extend(self.own_redirect_uri.as_ref().map(|own| own_redirect(&self.name, own)));
        let source = |key: &String| if self.discovered.contains(key) { "discovery" } else { "yours" };
        let own = self.overrides.iter().map(|(key, value)| [key.clone(), value.clone(), source(key).into()]);
        let secrets =
            self.secrets.iter().map(|key| [key.clone(), "held in the vault".into(), "yours".into()]);
        let own: Vec<_> = own.chain(secrets).collect();
        if !own.is_empty() {
            parts.push(table(["KEY", "VALUE", "SOURCE"], own));
        }
        let hosts = self.other_hosts.iter().map(|other| [other.host.clone(), other.endpoints.join(" ")]);
        if !self.other_hosts.is_empty() {
            parts.push(table(["REQUESTS GO TO", "FOR"], hosts));
        }
        if !self.left_out.is_empty() {
            parts.push(format!("Not sent, because Grapnel sets it itself: {}.", self.left_out.join(", ")));
        }
        parts.join("\n\n")
    }
}

/// What to do about a redirect URI that other apps have too.
fn own_redirect(name: &str, own: &str) -> String {
    format!(
        "Other apps may have the same redirect URI, so that one provider could send you to another in its place \
         (RFC 9700).\nRegister a redirect URI of this app’s own at the provider, then change the app to it:\n  {own}\n  \
         grapnel app set {} --redirect {own}",
        named::quoted(name)
    )
}

#[derive(Serialize)]
#[serde(transparent)]
struct Proposed(ProposedRedirect);

impl Shown for Proposed {
    fn text(&self, _: Timestamp) -> String {
        let Self(ProposedRedirect { deep_link, loopback }) = self;
        fields([
            ("deep link", deep_link.clone()),
            ("loopback", format!("{loopback} (each sign-in adds a free port)")),
        ])
    }
}

#[derive(Serialize)]
struct Added<'a> {
    #[serde(flatten)]
    app: &'a App,
    #[serde(skip_serializing_if = "Option::is_none")]
    discovery: Option<&'a Discovery>,
}

impl Shown for Added<'_> {
    fn text(&self, _: Timestamp) -> String {
        let App { name, redirect_uri, .. } = self.app;
        let port = if self.app.has_free_port() { " (each sign-in adds a free port)" } else { "" };
        let connect = format!("grapnel connect {}", named::quoted(name));
        let next = fields([
            ("register at the provider", format!("{redirect_uri}{port}")),
            ("then connect it", connect),
        ]);
        let announced = self.discovery.map(|found| format!("\n\n{}", discover::text(found)));
        format!("Added the app “{name}”.\n{next}{}", announced.unwrap_or_default())
    }
}

#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    file: ProfileFile,
    #[serde(skip)]
    text: String,
}

impl Shown for Written {
    fn text(&self, _: Timestamp) -> String {
        self.text.trim_end().to_owned()
    }
}

#[derive(Serialize)]
struct Removed<'a> {
    removed: &'a str,
    #[serde(flatten)]
    with: Option<grapnel_core::Removed>,
}

impl Shown for Removed<'_> {
    fn text(&self, _: Timestamp) -> String {
        let Some(with) = &self.with else { return format!("Removed the app “{}”.", self.removed) };
        let connections = if with.connections == 1 { "connection" } else { "connections" };
        let there = match with.revocation {
            Revocation::Done => "Their tokens were revoked.",
            Revocation::NotOffered => {
                "Their tokens were deleted here; the provider offers no revocation, and access stays in force there until you revoke it."
            }
            Revocation::Pending | Revocation::Failed => {
                "Some tokens could not be revoked, and may still be valid at the provider."
            }
        };
        format!("Removed the app “{}” with {} {connections}. {there}", self.removed, with.connections)
    }
}
