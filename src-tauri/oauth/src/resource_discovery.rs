//! Discovery from what a person pastes: an issuer, or the URL of a protected API or an MCP server, which leads to its
//! authorization server (RFC 9728).

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider_text::clean;
use url::Url;

use crate::discovery::{
    self, Discovery, DiscoveryNote, NoteKind, ProtectedResource, read_protected_resource,
};
use crate::http::Client;

/// The setting that names the resource in every request (RFC 8707), and the one with the base URL of the API.
const RESOURCE: &str = "resource";
const API_BASE: &str = "api_base";
/// The setting by which tokens are bound to a key (RFC 9449).
const DPOP: &str = "dpop";
/// The scope that many servers ask for before they issue a refresh token (OpenID Connect Core §11).
const OFFLINE_ACCESS: &str = "offline_access";

/// Discovers an issuer, or the authorization server of a protected resource. Of several, `server` is the chosen one, or
/// else the first.
///
/// # Errors
/// Neither an issuer nor a protected resource is found, or what is found cannot be used.
pub async fn discover_any(http: &Client, typed: &str, server: Option<&str>) -> Result<Discovery> {
    if server.is_some() {
        return discover_resource(http, typed, server).await;
    }
    let error = match discovery::discover(http, typed).await {
        Err(error) if error.code == Code::ProviderError => error,
        answered => return answered,
    };
    match read_protected_resource(http, typed).await {
        Ok(Some(resource)) => of_server(http, resource, None).await,
        Ok(None) => Err(error),
        Err(error) => Err(error.or_means("Nothing changed.")),
    }
}

/// Discovers the authorization server of a protected resource. Of several, `server` is the chosen one, or else the
/// first.
///
/// # Errors
/// There is no protected resource with metadata, or what is found cannot be used.
pub async fn discover_resource(http: &Client, typed: &str, server: Option<&str>) -> Result<Discovery> {
    let found = read_protected_resource(http, typed).await;
    match found.map_err(|error| error.or_means("Nothing changed."))? {
        Some(resource) => of_server(http, resource, server).await,
        None => Err(Error {
            code: Code::ProviderError,
            ..Error::input(
                "issuer",
                format!("{} has no protected resource metadata (RFC 9728).", clean(typed, &[])),
            )
        }
        .means("Nothing changed.")
        .hint("Ask its operator which issuer gives tokens for it, and enter that.")),
    }
}

async fn of_server(http: &Client, resource: ProtectedResource, server: Option<&str>) -> Result<Discovery> {
    let servers = &resource.authorization_servers;
    let chosen = match server {
        Some(server) if !servers.iter().any(|one| one == server) => {
            let shown: Vec<String> = servers.iter().map(|one| clean(one, &[])).collect();
            return Err(Error::input(
                "issuer",
                format!("The resource does not name {} as an authorization server.", clean(server, &[])),
            )
            .means("Nothing changed.")
            .hint(format!("It names: {}.", shown.join(", "))));
        }
        Some(server) => server,
        None => servers.first().map(String::as_str).unwrap_or_default(),
    };
    let mut found = discovery::discover(http, chosen).await?;
    found.values.insert(RESOURCE.into(), resource.resource.clone());
    found.values.insert(API_BASE.into(), resource.resource.clone());
    if resource.needs_dpop {
        found.values.insert(DPOP.into(), "required".into());
    }
    let keeps = found.scopes.iter().any(|scope| scope == OFFLINE_ACCESS);
    let mut resource = resource;
    if !resource.scopes.is_empty() {
        if keeps && !resource.scopes.iter().any(|scope| scope == OFFLINE_ACCESS) {
            resource.scopes.push(OFFLINE_ACCESS.into());
        }
        found.scopes.clone_from(&resource.scopes);
    }
    found.notes.extend(other_host(&resource.resource, &found.issuer));
    found.resource = Some(resource);
    Ok(found)
}

/// Says that the tokens of one host are sent to another one: any host can name an authorization server as its own,
/// which may not limit its tokens to the resource.
fn other_host(resource: &str, issuer: &str) -> Option<DiscoveryNote> {
    let host = |text: &str| Url::parse(text).ok()?.host_str().map(str::to_owned);
    let (resource, issuer) = (host(resource)?, host(issuer)?);
    (resource != issuer).then(|| DiscoveryNote {
        kind: NoteKind::Notice,
        text: format!(
            "Grapnel sends the tokens of {issuer} to {resource}. Go on only if you trust {resource}: {issuer} may not \
             limit them to it."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_one_host_for_another_are_noted() {
        let text = |resource, issuer| other_host(resource, issuer).map(|note| note.text);
        assert_eq!(text("https://a.example/mcp", "https://a.example"), None);
        let text = text("https://evil.example/mcp", "https://bank.example").unwrap();
        assert!(text.contains("the tokens of bank.example to evil.example"), "{text}");
    }
}
