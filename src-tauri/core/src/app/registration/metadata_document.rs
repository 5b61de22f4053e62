//! The client ID metadata document (draft-ietf-oauth-client-id-metadata-document): what a client whose ID is an address
//! publishes there. Grapnel writes it; the person hosts it.

use grapnel_model::error::{Error, NextStep, Result};
use grapnel_model::id::AppId;
use serde_json::Value;
use url::Url;

use super::client_metadata::{PublicKeys, auth_method, client_metadata, has_secret};
use crate::context::Context;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// The document of an app, as JSON.
///
/// # Errors
/// The app's client ID is not the URL of such a document, or the client authenticates with a secret.
pub(crate) async fn metadata_document(ctx: &Context, id: &AppId) -> Result<String> {
    let app = ConfiguredApp::load(ctx, id)?;
    let address = &app.row.client_id;
    if let Some(why) = unusable(address) {
        return Err(Error::input(
            "client_id",
            format!("The client ID of “{}” is not the URL of a metadata document: {why}.", app.row.name),
        )
        .hint("Choose the https URL where you will host the document, and set it as the client ID.")
        .next_step(NextStep::EditApp));
    }
    let config = app.config()?;
    let method = match auth_method(config) {
        method if has_secret(method) && app.row.sealed_secret.is_none() => "none",
        method => method,
    };
    if has_secret(method) {
        return Err(Error::input(
            "client_auth",
            "A client with a metadata document has no client secret: anyone can read the document.",
        )
        .hint("Remove the client secret, or choose private_key_jwt (client_auth).")
        .next_step(NextStep::EditApp));
    }
    let keys = PublicKeys::of(config, &secret_parameters::open(ctx, &app.row).await?)?;
    let mut members = client_metadata(&app.row, config, method, &keys);
    members.insert("client_id".into(), address.as_str().into());
    serde_json::to_string_pretty(&Value::Object(members))
        .map_err(|_| Error::new(grapnel_model::error::Code::Internal, "The document could not be written."))
}

/// Why a client ID is no address of a metadata document (§3 of the draft).
fn unusable(client_id: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(client_id) else { return Some("it is not a URL") };
    let dots = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    // The parser removes dot segments, so they are looked for in the text.
    let path =
        client_id.split_once("://").map_or("", |(_, rest)| rest.split(['?', '#']).next().unwrap_or(""));
    if url.scheme() != "https" {
        Some("it does not begin with https://")
    } else if url.path() == "/" {
        Some("it has no path")
    } else if path.split('/').any(dots) {
        Some("its path has a segment “.” or “..”")
    } else if url.fragment().is_some() {
        Some("it has a #")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("it has a user name or password")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::unusable;

    #[test]
    fn a_client_id_is_an_address_by_the_draft() {
        for good in ["https://acme.example/oauth/client.json", "https://acme.example:8443/c?v=1"] {
            assert_eq!(unusable(good), None, "{good}");
        }
        for bad in [
            "client-1",
            "http://acme.example/c",
            "https://acme.example",
            "https://acme.example/",
            "https://acme.example/a/../c",
            "https://acme.example/./c",
            "https://acme.example/a/%2E%2e/c",
            "https://acme.example/c#x",
            "https://user@acme.example/c",
        ] {
            assert!(unusable(bad).is_some(), "{bad}");
        }
    }
}
