//! Commands for importing an app. The text is read here and its secrets stay here: the page receives previews, and
//! then names the app that is to be added.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use grapnel_core::Grapnel;
use grapnel_core::app::{
    App, Import, ImportFormat, ImportPreview, ImportedApp, MAX_IMPORT_BYTES, NewApp, read_apps,
};
use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};

use crate::core_handle::CoreHandle;
use crate::dialog;

/// The apps that were read last, until one is added or the page discards them.
#[derive(Default)]
pub(crate) struct PendingImport(Mutex<Vec<ImportedApp>>);

/// The result of reading a file or pasted text. It contains no secret.
#[derive(Serialize, specta::Type)]
pub(crate) struct ReadImport {
    /// The format.
    format: ImportFormat,
    /// The file's name; empty for pasted text.
    file: String,
    /// The apps.
    apps: Vec<ImportPreview>,
}

/// One of the apps that were read, with the values that the person added.
#[derive(Deserialize, specta::Type)]
pub(crate) struct ImportChoice {
    /// Its index in the list of apps that were read.
    place: u32,
    /// Its name.
    name: String,
    /// The label of its environment; empty for none.
    environment: String,
    /// The client ID.
    client_id: String,
    /// A client secret in place of the imported one.
    client_secret: Option<SecretInput>,
    /// The redirect URI, as for a new app.
    redirect: String,
    /// Endpoints that the text did not name, by key.
    endpoints: BTreeMap<String, String>,
}

/// Reads apps from a file that the person chooses; null if they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_file(
    app: AppHandle,
    pending: State<'_, PendingImport>,
) -> Result<Option<ReadImport>> {
    let Some(path) = dialog::open(&app, "Add app from a file").await? else { return Ok(None) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = read(&path).map_err(|error| {
        Error::input("file", format!("“{name}” cannot be read as text: {}.", io_error_text(&error)))
            .means("No app was added; nothing was stored.")
    })?;
    hold(&pending, &text, name).map(Some)
}

/// Reads apps from pasted text, such as a curl command.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_text(pending: State<'_, PendingImport>, text: SecretInput) -> Result<ReadImport> {
    hold(&pending, text.0.expose_secret(), String::new())
}

/// Adds one of the apps that were read.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_imported(
    core: State<'_, CoreHandle>,
    pending: State<'_, PendingImport>,
    choice: ImportChoice,
) -> Result<App> {
    let core = core.core().await?;
    let new = completed(&pending.0.lock(), choice)?;
    let new = discovered(core, new).await?;
    let added = core.add_app(new).await?;
    pending.0.lock().clear();
    Ok(added)
}

/// Discards the apps that were read, with their secrets.
#[tauri::command]
#[specta::specta]
pub(crate) async fn discard_import(pending: State<'_, PendingImport>) -> Result<()> {
    pending.0.lock().clear();
    Ok(())
}

/// Reads one byte more than the maximum, so that a larger file is detected.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_IMPORT_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn hold(pending: &PendingImport, text: &str, file: String) -> Result<ReadImport> {
    let Import { format, apps } = read_apps(text, None, None)?;
    let previews = apps.iter().map(|app| app.preview.clone()).collect();
    *pending.0.lock() = apps;
    Ok(ReadImport { format, file, apps: previews })
}

/// The chosen app with the values that the person added. Only missing values can be added, so that the app is what the
/// person reviewed.
fn completed(apps: &[ImportedApp], choice: ImportChoice) -> Result<NewApp> {
    let app = usize::try_from(choice.place).ok().and_then(|place| apps.get(place));
    let ImportedApp { preview, app } = app.ok_or_else(|| {
        Error::new(Code::NotFound, "The imported app is no longer held.")
            .means("Nothing was stored.")
            .hint("Read the file or the text again.")
    })?;
    let mut new = app.clone();
    new.name = choice.name;
    new.environment = choice.environment;
    new.redirect = choice.redirect;
    if new.client_id.is_empty() {
        new.client_id = choice.client_id;
    }
    if choice.client_secret.is_some() {
        new.client_secret = choice.client_secret;
    }
    let is_missing = |key: &str| preview.missing.iter().any(|missing| missing == key);
    // An issuer determines every endpoint, so it can be added only if no endpoint is known that receives the secret.
    let is_open = |key: &str| is_missing(key) || (key == "issuer" && is_missing("token_url"));
    let open = choice.endpoints.into_iter().filter(|(key, value)| !value.trim().is_empty() && is_open(key));
    for (key, value) in open {
        new.overrides.entry(key).or_insert(value);
    }
    Ok(new)
}

/// Adds the endpoints of the issuer's metadata, if the app has an issuer and no endpoints.
async fn discovered(core: &Grapnel, mut new: NewApp) -> Result<NewApp> {
    let has = |key: &str| new.overrides.contains_key(key);
    if new.provider != "custom" || (has("authorize_url") && has("token_url")) {
        return Ok(new);
    }
    let Some(issuer) = new.overrides.get("issuer") else { return Ok(new) };
    let found = core.discover(issuer).await.map_err(|error| error.or_means("Nothing was stored."))?;
    new.discovered = found.values.keys().filter(|key| !has(key)).cloned().collect();
    let mut all = found.values;
    all.extend(new.overrides);
    // The entered issuer may have been the URL of its metadata.
    all.insert("issuer".into(), found.issuer);
    new.overrides = all;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ACME_CLIENT_ID=acme\nACME_CLIENT_SECRET=hunter2-hunter2\n\
        ACME_TOKEN_URL=https://id.acme.example/t";

    fn choice(endpoints: &[(&str, &str)]) -> ImportChoice {
        ImportChoice {
            place: 0,
            name: "Acme".into(),
            environment: "Staging".into(),
            client_id: "other".into(),
            client_secret: None,
            redirect: String::new(),
            endpoints: endpoints.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        }
    }

    #[test]
    fn the_page_sees_no_secret_and_the_app_gets_it() {
        let pending = PendingImport::default();
        let read = hold(&pending, TEXT, String::new()).unwrap();
        assert!(!serde_json::to_string(&read).unwrap().contains("hunter2"));
        let new = completed(&pending.0.lock(), choice(&[])).unwrap();
        assert_eq!(new.client_secret.unwrap().0.expose_secret(), "hunter2-hunter2");
        assert_eq!((new.client_id.as_str(), new.environment.as_str()), ("acme", "Staging"));
    }

    /// A compromised page cannot send the imported secret to a host that was not reviewed.
    #[test]
    fn the_page_completes_only_missing_values() {
        let pending = PendingImport::default();
        hold(&pending, TEXT, String::new()).unwrap();
        let sent = [
            ("authorize_url", "https://id.acme.example/a"),
            ("token_url", "https://evil.example/t"),
            ("refresh_url", "https://evil.example/r"),
            ("issuer", "https://evil.example"),
        ];
        let new = completed(&pending.0.lock(), choice(&sent)).unwrap();
        assert_eq!(new.overrides["authorize_url"], "https://id.acme.example/a");
        assert_eq!(new.overrides["token_url"], "https://id.acme.example/t");
        assert!(!new.overrides.contains_key("refresh_url") && !new.overrides.contains_key("issuer"));
        assert_eq!(completed(&[], choice(&[])).err().unwrap().code, Code::NotFound);
    }
}
