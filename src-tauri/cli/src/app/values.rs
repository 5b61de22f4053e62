//! Values of an app that come from arguments, from standard input, or from discovery.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use grapnel_core::app::NOT_ADDED;
use grapnel_core::discovery::Discovery;
use grapnel_model::error::{Error, Result, io_error_text};
use grapnel_model::provider::{CLIENT_CERTIFICATE, CLIENT_KEY, Need, Overrides, Profile};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use zeroize::Zeroizing;

use crate::lookup;
use crate::session::Session;

/// Parses `KEY=VALUE`.
pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as token_body=form")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Suggests `app discover` for an issuer that was set without its metadata.
pub(super) fn suggest_discover(session: &Session<'_>, name: &str) {
    let name = lookup::quoted(name);
    session.output.messages.note(&format!("To read the issuer’s metadata: grapnel app discover {name}"));
}

/// The given settings, completed by the issuer's metadata if endpoints are missing; and the keys that were discovered.
pub(super) async fn with_announced(
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
    // The entered issuer may have been the URL of its metadata.
    all.insert("issuer".into(), discovery.issuer.clone());
    Ok((all, discovered, Some(discovery)))
}

/// The same for the authorization server of a protected resource. Of several, `own` names one as its issuer.
pub(super) async fn of_resource(
    session: &Session<'_>,
    resource: &str,
    own: Overrides,
) -> Result<(Overrides, Vec<String>, Option<Discovery>)> {
    let issuer = own.get("issuer").map(String::as_str);
    let found = session.grapnel.discover_resource(resource, issuer).await;
    let found = found.map_err(|error| error.means(NOT_ADDED))?;
    let servers = found.resource.iter().flat_map(|resource| &resource.authorization_servers);
    let servers: Vec<&str> = servers.map(String::as_str).collect();
    if issuer.is_none() && servers.len() > 1 {
        return Err(Error::input("issuer", "The resource accepts tokens of several authorization servers.")
            .means(NOT_ADDED)
            .hint(format!("Add --set issuer=URL with one of: {}.", clean(&servers.join(", "), &[]))));
    }
    let mut all = found.values.clone();
    let discovered = all.keys().filter(|key| !own.contains_key(*key)).cloned().collect();
    all.extend(own);
    Ok((all, discovered, Some(found)))
}

/// Reads the initial access token, if one is to be entered.
pub(super) fn initial_access_token(session: &mut Session<'_>, is_given: bool) -> Result<Option<SecretInput>> {
    let mut read = || session.secret("initial_access_token", "Initial access token (not shown): ");
    if is_given { read().map(|token| Some(SecretInput(token))) } else { Ok(None) }
}

/// Reads the secret values of these keys, one per line, and the private key and the TLS certificate of the client from
/// their files, if any are given.
pub(super) fn secret_values(
    session: &mut Session<'_>,
    keys: Vec<String>,
    (client_key, certificate): (Option<&Path>, &[PathBuf]),
) -> Result<BTreeMap<String, Option<SecretInput>>> {
    let mut values = BTreeMap::new();
    if let Some(path) = client_key {
        values.insert(CLIENT_KEY.to_owned(), Some(SecretInput(secret_file(session, path, CLIENT_KEY)?)));
    }
    if !certificate.is_empty() {
        let mut all = Zeroizing::new(String::with_capacity(certificate.len() * (MAX_KEY_BYTES + 1)));
        for path in certificate {
            all.push_str(secret_file(session, path, CLIENT_CERTIFICATE)?.expose_secret());
            all.push('\n');
        }
        values.insert(CLIENT_CERTIFICATE.to_owned(), Some(SecretInput(all.as_str().into())));
    }
    for key in keys {
        let value = session.secret(&key, &format!("{key} (not shown): "))?;
        values.insert(key, Some(SecretInput(value)));
    }
    Ok(values)
}

/// Reads a file with a private key, or standard input if the path is `-`.
pub(super) fn secret_file(session: &mut Session<'_>, path: &Path, field: &str) -> Result<SecretString> {
    if path == Path::new("-") {
        session.check_is_piped(field)?;
        return session.input.all().map(|text| text.as_str().into());
    }
    let read = |file: File| {
        // Growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_BYTES + 1));
        file.take(MAX_KEY_BYTES as u64 + 1).read_to_string(&mut text)?;
        if text.len() > MAX_KEY_BYTES {
            return Err(io::Error::other("it is longer than 64 KiB"));
        }
        Ok(text.as_str().into())
    };
    File::open(path).and_then(read).map_err(|error| {
        let message = format!("“{}” cannot be read: {}.", path.display(), io_error_text(&error));
        Error::input(field, message).hint(match field {
            CLIENT_CERTIFICATE => {
                "Name a file with certificates or a private key in PEM. To convert PKCS#12: openssl pkcs12 -in FILE \
                 -nodes."
            }
            _ => "Name a file with a private key in PEM, or the JSON key file of a service account.",
        })
    })
}

/// The longest file with a private key, in bytes.
const MAX_KEY_BYTES: usize = 64 << 10;

/// Reads the client secret: if `--client-secret-stdin` is given, or if the provider requires one and a person can type
/// it.
pub(super) fn client_secret(
    session: &mut Session<'_>,
    is_given: bool,
    need: Need,
) -> Result<Option<SecretInput>> {
    if is_given || (need == Need::Required && session.can_ask()) {
        let secret = session.secret("client_secret", "Client secret (not shown): ")?;
        return Ok(Some(SecretInput(secret)));
    }
    if need == Need::Required {
        return Err(Error::input("client_secret", "This provider requires a client secret.")
            .hint("Add --client-secret-stdin and write the secret to standard input."));
    }
    Ok(None)
}
