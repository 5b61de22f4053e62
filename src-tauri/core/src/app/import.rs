//! Reads apps from other sources: an export of another API client, an OpenAPI document, a `.env` file, a pasted
//! authorization URL or curl command. Nothing is stored or sent here.
//!
//! The text is untrusted. Its size, depth and counts are bounded; endpoints must satisfy the rules of a profile file,
//! and each value that is not imported is listed with the reason.

mod authorization_url;
mod bru;
mod bruno;
mod client;
mod curl;
mod document;
mod dotenv;
mod format;
mod insomnia;
mod named_values;
mod openapi;
mod postman;
mod profile_file;
mod service_account;
#[cfg(test)]
mod tests;
mod understand;
mod variables;

use grapnel_model::error::{Error, Result};
use grapnel_model::provider::Profile;
use grapnel_model::text::clean_line;

use client::Contents;
pub use client::SkippedValue;
pub use format::ImportFormat;
pub use understand::{ImportPreview, ImportedApp, ImportedValue};

/// The maximum size of a text in bytes.
pub const MAX_IMPORT_BYTES: usize = 4 << 20;
/// The maximum number of apps in one text.
const MAX_APPS: usize = 64;

/// The result of parsing a text.
pub struct Import {
    /// Its format, given or detected.
    pub format: ImportFormat,
    /// The apps that it describes: at least one, with unique names.
    pub apps: Vec<ImportedApp>,
}

/// Reads the apps that `text` describes. The format is detected if `format` is `None`. With `provider`, the apps are of
/// that provider, whatever the hosts of their endpoints are.
///
/// Fails if the text is too large, is of another format, or describes no OAuth 2.0 client.
pub fn read_apps(
    text: &str,
    format: Option<ImportFormat>,
    provider: Option<&'static Profile>,
) -> Result<Import> {
    accept(text, format, provider)
        .map_err(|error| error.or_means("No app was added; nothing was stored.").or_hint(HINT))
}

const HINT: &str = "Supported: Postman collection or environment, Insomnia export, Bruno file or collection, OpenAPI \
                    document, .env file, profile file, key file of a service account, authorization URL, curl command.";

fn accept(text: &str, format: Option<ImportFormat>, provider: Option<&'static Profile>) -> Result<Import> {
    if text.len() > MAX_IMPORT_BYTES {
        return Err(Error::input("file", format!("The text is larger than {} MB.", MAX_IMPORT_BYTES >> 20)));
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    let (format, contents) = contents(text, format)?;
    let mut apps = understood(&contents, provider);
    if apps.is_empty() {
        return Err(Error::input("file", format!("No OAuth 2.0 client is described in this {format}.")));
    }
    apps.truncate(MAX_APPS);
    name_each(&mut apps);
    Ok(Import { format, apps })
}

/// Reads the text in its format.
fn contents(text: &str, format: Option<ImportFormat>) -> Result<(ImportFormat, Contents)> {
    use ImportFormat as Format;
    let given = format.or_else(|| Format::of_plain_text(text));
    let contents = match given {
        Some(Format::Curl) => curl::read(text)?,
        Some(Format::AuthorizationUrl) => authorization_url::read(text)?,
        Some(Format::Dotenv) => dotenv::read(text),
        Some(Format::Profile) => profile_file::read(text)?,
        Some(Format::Bruno) if bru::is_bru(text) => bruno::of_bru(&bru::parse(text)?),
        _ => {
            let document = document::parse(text)?;
            let format = format
                .or_else(|| Format::of_document(&document))
                .ok_or_else(|| Error::input("file", "The format of this text is not known."))?;
            let contents = match format {
                Format::Postman => postman::read(&document),
                Format::Insomnia => insomnia::read(&document),
                Format::ServiceAccount => service_account::read(&document)?,
                Format::Bruno => bruno::of_document(&document),
                _ => openapi::read(&document),
            };
            return Ok((format, contents));
        }
    };
    Ok((given.unwrap_or(Format::Dotenv), contents))
}

/// Every client in every environment of the file, without duplicates.
fn understood(contents: &Contents, provider: Option<&'static Profile>) -> Vec<ImportedApp> {
    let clients = if contents.clients.is_empty() {
        named_values::clients(&contents.variables)
    } else {
        contents.clients.iter().map(|client| (client.clone(), None)).collect()
    };
    let mut apps: Vec<ImportedApp> = Vec::new();
    for (client, only) in &clients {
        for environment in contents.variables.environments(*only) {
            // A file with many requests repeats its client; each distinct one is kept once.
            if apps.len() >= MAX_APPS {
                return apps;
            }
            let Some(app) = understand::understand(client, &environment, provider) else { continue };
            if !apps.iter().any(|other| other.is_same_client(&app)) {
                apps.push(app);
            }
        }
    }
    apps
}

/// Gives each app a unique name.
fn name_each(apps: &mut [ImportedApp]) {
    let mut taken: Vec<String> = Vec::new();
    for app in apps {
        let name = clean_line(&app.preview.name).trim().to_owned();
        let name = if name.is_empty() { app.preview.provider_name.clone() } else { name };
        let mut unique = name.clone();
        let mut number = 2;
        while taken.iter().any(|other| other.eq_ignore_ascii_case(&unique)) {
            unique = format!("{name} {number}");
            number += 1;
        }
        taken.push(unique.clone());
        app.preview.name.clone_from(&unique);
        app.app.name = unique;
    }
}
