//! `grapnel app import` and `grapnel app curl`: an app from another client's export, or from pasted text. What was
//! understood is shown before anything is stored.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use grapnel_core::app::{ImportFormat, ImportPreview, ImportedApp, MAX_IMPORT_BYTES, NOT_ADDED, read_apps};
use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_model::provider::{Need, Profile};
use jiff::Timestamp;
use serde::Serialize;

use super::add::Added;
use super::values::{client_secret, setting, with_announced};
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::table;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file, or - for standard input: a Postman collection or environment, an Insomnia export, a Bruno file or
    /// collection, an OpenAPI document, a .env file, a key file of a service account, a profile file, an authorization
    /// URL or a curl command
    file: PathBuf,
    /// The format, if it is not to be detected
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Which app of the file to add, by the name that is listed
    #[arg(long, value_name = "NAME")]
    pick: Option<String>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
pub(crate) struct Curl {
    /// A file with the curl command or authorization URL; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    options: Options,
}

/// Options that complete or replace what was recognized.
#[derive(Debug, Args)]
struct Options {
    /// The name of the new app
    #[arg(long)]
    name: Option<String>,
    /// The provider, if its endpoints do not tell (see `grapnel provider list`)
    #[arg(long)]
    provider: Option<String>,
    /// The client ID
    #[arg(long)]
    client_id: Option<String>,
    /// Read the client secret from standard input or a hidden prompt
    #[arg(long)]
    client_secret_stdin: bool,
    /// The redirect URI: deep-link, loopback or loopback:PORT for a URI of this app's own, or a complete URI
    #[arg(long, default_value = "deep-link")]
    redirect: String,
    /// A scope to request; replaces those of the file (repeatable)
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The environment, in place of the one that the file names ('' for none)
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Override a setting of the profile (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Only show what was understood
    #[arg(long)]
    dry_run: bool,
    /// Add the app without confirmation
    #[arg(long, short)]
    yes: bool,
}

/// The name of a format on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Postman,
    Insomnia,
    Bruno,
    Openapi,
    Dotenv,
    Url,
    Curl,
    Profile,
    ServiceAccount,
}

impl From<Format> for ImportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Postman => Self::Postman,
            Format::Insomnia => Self::Insomnia,
            Format::Bruno => Self::Bruno,
            Format::Openapi => Self::OpenApi,
            Format::Dotenv => Self::Dotenv,
            Format::Url => Self::AuthorizationUrl,
            Format::Curl => Self::Curl,
            Format::Profile => Self::Profile,
            Format::ServiceAccount => Self::ServiceAccount,
        }
    }
}

impl Import {
    /// Whether an app is added.
    pub(super) fn needs_vault(&self) -> bool {
        !self.options.dry_run
    }
}

impl Curl {
    /// Whether an app is added.
    pub(super) fn needs_vault(&self) -> bool {
        !self.options.dry_run
    }
}

pub(super) async fn run(session: &mut Session<'_>, asked: Import) -> Result<()> {
    let format = asked.format.map(ImportFormat::from);
    add(session, &asked.file, format, asked.pick.as_deref(), asked.options).await
}

pub(super) async fn run_curl(session: &mut Session<'_>, asked: Curl) -> Result<()> {
    add(session, &asked.file, None, None, asked.options).await
}

async fn add(
    session: &mut Session<'_>,
    file: &Path,
    format: Option<ImportFormat>,
    pick: Option<&str>,
    mut options: Options,
) -> Result<()> {
    let text = read(session, file, &options)?;
    let provider = options.provider.as_deref().map(Profile::find).transpose()?;
    let import = read_apps(&text, format, provider)?;
    let understood =
        Understood { format: import.format, apps: import.apps.iter().map(|app| &app.preview).collect() };
    if options.dry_run && pick.is_none() {
        return session.output.show(&understood);
    }
    let place = picked(&understood, pick)?;
    let one = Understood { format: import.format, apps: vec![understood.apps[place]] };
    if options.dry_run {
        return session.output.show(&one);
    }
    let shown = one.text(session.output.now());
    shown.lines().for_each(|line| session.output.messages.note(line));
    let apps = import.apps.into_iter().nth(place);
    let ImportedApp { preview, mut app } =
        apps.ok_or_else(|| Error::new(Code::Internal, "No app was read."))?;
    app.name = options.name.take().unwrap_or(app.name);
    app.client_id = options.client_id.take().unwrap_or(app.client_id);
    app.redirect = options.redirect;
    app.environment = options.environment.take().unwrap_or(app.environment);
    app.overrides.extend(options.settings);
    if !options.scopes.is_empty() {
        app.scopes = options.scopes;
    }
    let profile = Profile::find(&app.provider)?;
    check_complete(&preview, |key| match key {
        "client_id" => !app.client_id.is_empty(),
        // It is asked for below.
        "client_secret" => true,
        _ => app.overrides.contains_key(key) || app.overrides.contains_key("issuer"),
    })?;
    if lookup::find_app(&session.grapnel, &app.name)?.is_some() {
        return Err(Error::input("name", format!("An app called “{}” already exists.", app.name))
            .means(NOT_ADDED)
            .hint("Add --name with another name."));
    }
    let question = format!("Add the app “{}”? [y/N]", app.name);
    if !options.yes && !session.confirms(&question, "Importing an app")? {
        return Err(Error::new(Code::Cancelled, "Not added.").means("Nothing was stored."));
    }
    let (overrides, discovered, discovery) = with_announced(session, profile, app.overrides).await?;
    let config = profile.check(&overrides).map_err(|error| error.or_means(NOT_ADDED))?;
    (app.overrides, app.discovered) = (overrides, discovered);
    if app.client_secret.is_none() || options.client_secret_stdin {
        let need = if options.client_secret_stdin { Need::Required } else { config.secret_need() };
        app.client_secret = client_secret(session, options.client_secret_stdin, need)?;
    }
    let app = session.grapnel.add_app(app).await?;
    session.output.show(&Imported {
        added: Added { app: &app, discovery: discovery.as_ref(), registered: None },
        import: &preview,
    })
}

/// Reads the file or standard input, up to the maximum size of an import.
fn read(session: &mut Session<'_>, file: &Path, options: &Options) -> Result<String> {
    let name = file.to_string_lossy();
    if name.starts_with("curl ") || name.contains("://") {
        // The argument is not repeated in the error: it may contain a secret.
        return Err(Error::input("file", "The text is expected on standard input, and not as an argument.")
            .means("Arguments are visible to other programs. If it holds a secret, consider replacing the secret.")
            .hint("Run grapnel app curl, paste the text, and end it with Ctrl-D."));
    }
    let is_stdin = name == "-";
    if is_stdin && options.client_secret_stdin && !session.input.is_terminal {
        return Err(Error::input(
            "client_secret",
            "Standard input cannot hold both the text and the client secret.",
        )
        .hint("Read the text from a file."));
    }
    let unreadable = |error: &std::io::Error| {
        let what = if is_stdin { "Standard input".to_owned() } else { format!("“{name}”") };
        Error::input("file", format!("{what} cannot be read as text: {}.", io_error_text(error)))
            .means(NOT_ADDED)
    };
    if is_stdin {
        session.check_is_piped("file")?;
        if session.input.is_terminal {
            session.output.messages.note("Paste the text, then press Enter and Ctrl-D.");
        }
        return bounded(&mut session.input.lines).map_err(|error| unreadable(&error));
    }
    File::open(file).and_then(|mut file| bounded(&mut file)).map_err(|error| unreadable(&error))
}

/// Reads one byte more than the maximum, so that a larger input is detected.
fn bounded(source: &mut dyn Read) -> std::io::Result<String> {
    let mut text = String::new();
    source.take(MAX_IMPORT_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The index of the app to add. A choice is required if there are several.
fn picked(understood: &Understood<'_>, pick: Option<&str>) -> Result<usize> {
    let apps = &understood.apps;
    let Some(pick) = pick else {
        if apps.len() == 1 {
            return Ok(0);
        }
        return Err(Error::input(
            "pick",
            format!("This {} describes {} apps: {}.", understood.format, apps.len(), understood.names()),
        )
        .means(NOT_ADDED)
        .hint("Add --pick with one of these names, or --dry-run to see what each one has."));
    };
    apps.iter().position(|app| app.name.eq_ignore_ascii_case(pick.trim())).ok_or_else(|| {
        Error::input("pick", format!("This {} has no app called “{pick}”.", understood.format))
            .means(NOT_ADDED)
            .hint(format!("It has: {}.", understood.names()))
    })
}

/// Refuses an incomplete app, and names the options that supply what is missing.
fn check_complete(preview: &ImportPreview, has: impl Fn(&str) -> bool) -> Result<()> {
    let missing: Vec<&str> = preview.missing.iter().map(String::as_str).filter(|key| !has(key)).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let option = |key: &&str| match *key {
        "client_id" => "--client-id ID".to_owned(),
        key => format!("--set {key}=URL"),
    };
    let options: Vec<String> = missing.iter().map(option).collect();
    let issuer = if missing.contains(&"authorize_url") || missing.contains(&"token_url") {
        " If the provider has an issuer, --set issuer=URL finds its endpoints; a built-in provider is chosen with \
         --provider."
    } else {
        ""
    };
    Err(Error::input(first, format!("This is missing: {}.", missing.join(", ")))
        .means(NOT_ADDED)
        .hint(format!("Add {}.{issuer}", options.join(" "))))
}

/// The apps that were recognized in a text.
#[derive(Serialize)]
struct Understood<'a> {
    format: ImportFormat,
    apps: Vec<&'a ImportPreview>,
}

impl Understood<'_> {
    fn names(&self) -> String {
        let names = self.apps.iter().map(|app| format!("“{}”", app.name));
        names.collect::<Vec<_>>().join(", ")
    }
}

impl CommandResult for Understood<'_> {
    fn text(&self, _: Timestamp) -> String {
        let mut parts = Vec::new();
        for app in &self.apps {
            let environment =
                app.environment.as_ref().map(|name| format!(", environment: {name}")).unwrap_or_default();
            parts.push(format!(
                "“{}” ({}), provider: {}{environment}",
                app.name, self.format, app.provider_name
            ));
            let values = app.values.iter().map(|one| {
                let value = one.value.clone().unwrap_or_else(|| "(secret, for the vault)".into());
                [one.key.clone(), value, one.source.clone()]
            });
            parts.push(table(["KEY", "VALUE", "SOURCE"], values));
            let left =
                app.not_taken.iter().map(|one| [one.name.clone(), one.source.clone(), one.reason.clone()]);
            if !app.not_taken.is_empty() {
                parts.push(table(["NOT IMPORTED", "SOURCE", "REASON"], left));
            }
            let mut notes: Vec<String> =
                app.review.sentences().map(|one| format!("warning: {one}")).collect();
            if !app.missing.is_empty() {
                notes.push(format!("missing: {}", app.missing.join(", ")));
            }
            if !notes.is_empty() {
                parts.push(notes.join("\n"));
            }
        }
        parts.join("\n\n")
    }
}

#[derive(Serialize)]
struct Imported<'a> {
    #[serde(flatten)]
    added: Added<'a>,
    import: &'a ImportPreview,
}

impl CommandResult for Imported<'_> {
    fn text(&self, now: Timestamp) -> String {
        self.added.text(now)
    }
}
