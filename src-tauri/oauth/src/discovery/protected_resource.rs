//! Protected resource metadata (RFC 9728): from the URL of an API or an MCP server to its authorization servers.
//!
//! The resource is asked without a token. The document counts only if it is of exactly the URL that was entered: a
//! resource that names another one would get a token that works there (§7.3).

use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::endpoint;
use grapnel_model::provider_text::clean;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::metadata::unsafe_reason;
use crate::http::challenge::{self, is_scope};
use crate::http::{Client, Failure, Limits, StreamedBody};

/// The well-known path (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// How long to wait for the head of the resource's response. Its body is not read.
const CHALLENGE_TIMEOUT: Duration = Duration::from_secs(15);
/// The most authorization servers and scopes that are read.
const MAX_SERVERS: usize = 16;
const MAX_SCOPES: usize = 200;

/// A protected resource, as its metadata describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProtectedResource {
    /// Its identifier, which is the value of `resource` (RFC 8707).
    pub resource: String,
    /// The URL of its metadata.
    pub document: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The issuers of its authorization servers.
    pub authorization_servers: Vec<String>,
    /// The scopes that its challenge asks for, else those of its metadata.
    pub scopes: Vec<String>,
    /// Whether it accepts only tokens that are bound to a key (DPoP, RFC 9449).
    pub needs_dpop: bool,
}

/// Reads the metadata of the protected resource at a URL; `None` if it has none.
///
/// # Errors
/// It has metadata that cannot be used: of another resource, without an authorization server, or with unsafe addresses.
/// Or it cannot be reached.
pub async fn read_protected_resource(http: &Client, typed: &str) -> Result<Option<ProtectedResource>> {
    let url = endpoint("issuer", typed.trim())?;
    let (headers, mut unreachable) = match challenge_of(http, &url).await {
        Ok(headers) => (headers, None),
        Err(failure) => (HeaderMap::new(), Some(failure)),
    };
    let announced = challenge::resource_metadata(&headers);
    let addresses = match &announced {
        Some(address) => {
            let shown = clean(address, &[]);
            let usable = endpoint("issuer", address).map_err(|_| {
                wrong(format!("{url} names a URL that cannot be used for its metadata: {shown}."))
            })?;
            if let Some(reason) = unsafe_reason(&url, &usable) {
                return Err(wrong(format!("{url} says that its metadata is at {shown}, which {reason}.")));
            }
            vec![usable]
        }
        None => well_known(&url),
    };
    for address in addresses {
        match fetch(http, &address).await {
            Ok(Some(document)) => {
                return read(&url, &address, &document, challenge::scopes(&headers)).map(Some);
            }
            Ok(None) => {}
            Err(failure) => unreachable = unreachable.or(Some(failure)),
        }
        if announced.is_some() {
            return Err(wrong(format!(
                "{url} says that its metadata is at {}, and no document is there.",
                clean(address.as_str(), &[])
            )));
        }
    }
    match unreachable {
        Some(failure) => {
            let name = url.host_str().unwrap_or_default();
            Err(Error { field: Some("issuer".into()), ..failure.explain(name).or_hint("Try again.") })
        }
        None => Ok(None),
    }
}

/// The headers of the resource's response to a request without a token.
async fn challenge_of(http: &Client, url: &Url) -> Result<HeaderMap, Failure> {
    // What an MCP server with its streaming transport accepts.
    let request = Request::get(url.as_str())
        .header(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"))
        .body(StreamedBody::from(Vec::new()));
    let request = request.map_err(|error| Failure::NotSent(error.to_string()))?;
    Ok(http.stream(request, CHALLENGE_TIMEOUT).await?.into_parts().0.headers)
}

/// The URLs of the metadata: the well-known path before the resource's path (RFC 9728 §3.1), then alone.
fn well_known(url: &Url) -> Vec<Url> {
    let mut first = url.clone();
    let path = if url.path() == "/" { "" } else { url.path() };
    first.set_path(&format!("{WELL_KNOWN}{path}"));
    let mut second = url.clone();
    second.set_path(WELL_KNOWN);
    second.set_query(None);
    if first == second { vec![first] } else { vec![first, second] }
}

/// The document at a URL; `None` if there is nothing that looks like one. Redirects are not followed.
async fn fetch(http: &Client, address: &Url) -> Result<Option<Map<String, Value>>, Failure> {
    let request = Request::get(address.as_str()).header(header::ACCEPT, "application/json").body(Vec::new());
    let request = request.map_err(|error| Failure::NotSent(error.to_string()))?;
    let reply = http.send(ExchangeKind::Discovery, request, Limits::IDENTITY).await?;
    let document = serde_json::from_slice(&reply.body).ok().filter(|_| reply.status == StatusCode::OK);
    let Some(Value::Object(document)) = document else { return Ok(None) };
    let is_one = document.contains_key("resource") || document.contains_key("authorization_servers");
    Ok(is_one.then_some(document))
}

fn read(
    url: &Url,
    address: &Url,
    document: &Map<String, Value>,
    asked: Vec<String>,
) -> Result<ProtectedResource> {
    let Some(resource) = document.get("resource").and_then(Value::as_str) else {
        return Err(wrong(format!("The metadata at {address} does not say which resource it is of.")));
    };
    // Equal up to what the URL syntax leaves open, such as the case of the host (RFC 9728 §3.3).
    // The parser drops tabs and line feeds, and in `resource` a space separates two.
    if Url::parse(resource).ok().as_ref() != Some(url) || clean(resource, &[]) != resource {
        return Err(other_resource(url, address, resource));
    }
    let list = |name: &str| {
        let all = document.get(name).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(Value::as_str)
    };
    let servers: Vec<String> = list("authorization_servers").take(MAX_SERVERS).map(str::to_owned).collect();
    for server in &servers {
        let shown = clean(server, &[]);
        let unusable = |why: &str| {
            wrong(format!("{url} names an authorization server that cannot be used, {shown}. {why}"))
        };
        let usable = endpoint("issuer", server).map_err(|error| unusable(&error.message))?;
        if let Some(reason) = unsafe_reason(url, &usable) {
            return Err(unusable(&format!("It {reason}.")));
        }
        if shown != *server {
            return Err(unusable("It has characters that are not shown."));
        }
    }
    if servers.is_empty() {
        return Err(wrong(format!("The metadata of {url} names no authorization server."))
            .hint("Ask its operator which issuer gives tokens for it, and enter that."));
    }
    let scopes: Vec<String> = list("scopes_supported")
        .filter(|scope| is_scope(scope))
        .take(MAX_SCOPES)
        .map(str::to_owned)
        .collect();
    let name = document.get("resource_name").and_then(Value::as_str).map(|name| clean(name, &[]));
    Ok(ProtectedResource {
        resource: resource.to_owned(),
        document: address.as_str().to_owned(),
        name: name.filter(|name| !name.is_empty()),
        authorization_servers: servers,
        scopes: if asked.is_empty() { scopes } else { asked },
        needs_dpop: document.get("dpop_bound_access_tokens_required") == Some(&Value::Bool(true)),
    })
}

fn other_resource(url: &Url, address: &Url, resource: &str) -> Error {
    let shown = clean(resource, &[]);
    let error =
        wrong(format!("The metadata at {address} is of another resource, {shown}, and not of {url}."))
            .means("A token for it would be sent to a server that it is not for. Nothing changed.");
    // A server often describes itself as a whole. Then that is what a token is for, and the person decides so.
    let same = Url::parse(resource).ok().filter(|other| other.origin() == url.origin());
    if same.is_some_and(|other| endpoint("issuer", other.as_str()).is_ok()) {
        return error.hint(format!("If {shown} is the API that you mean, enter that.")).suggest(resource);
    }
    error.hint("Tell the operator of the API.")
}

fn wrong(message: impl Into<String>) -> Error {
    Error { code: Code::ProviderError, ..Error::input("issuer", message) }
        .hint("Tell the operator of the API. Or enter the issuer of its authorization server.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(document: Value) -> Map<String, Value> {
        let Value::Object(document) = document else { panic!("members") };
        document
    }

    fn read_at(url: &str, document: Value) -> Result<ProtectedResource> {
        let url = Url::parse(url).unwrap();
        read(&url, &well_known(&url)[0], &members(document), Vec::new())
    }

    /// The response of RFC 9728 §3.2, with a member of §2.
    #[test]
    fn the_response_of_the_rfc_is_read() {
        let found = read_at(
            "https://resource.example.com",
            json!({
                "resource": "https://resource.example.com",
                "authorization_servers": ["https://as1.example.com", "https://as2.example.net"],
                "bearer_methods_supported": ["header", "body"],
                "scopes_supported": ["profile", "email", "phone"],
                "dpop_bound_access_tokens_required": true,
                "resource_documentation": "https://resource.example.com/resource_documentation.html",
            }),
        )
        .unwrap();
        assert_eq!(found.document, "https://resource.example.com/.well-known/oauth-protected-resource");
        assert_eq!(found.authorization_servers, ["https://as1.example.com", "https://as2.example.net"]);
        assert_eq!(found.scopes, ["profile", "email", "phone"]);
        assert!(found.needs_dpop);
    }

    #[test]
    fn well_known_urls_are_those_of_the_rfc() {
        let all = |url: &str| {
            well_known(&Url::parse(url).unwrap()).into_iter().map(String::from).collect::<Vec<_>>()
        };
        let root = "https://a.example/.well-known/oauth-protected-resource";
        assert_eq!(all("https://a.example"), [root]);
        assert_eq!(all("https://a.example/r/1"), [&format!("{root}/r/1"), root]);
        assert_eq!(all("https://a.example/r?k=v"), [&format!("{root}/r?k=v"), root]);
    }

    #[test]
    fn each_lie_is_refused() {
        let url = "https://api.example/mcp";
        let good = json!({ "resource": url, "authorization_servers": ["https://id.example"] });
        assert!(read_at(url, good.clone()).is_ok());
        let mut told = Vec::new();
        for (member, value) in [
            ("resource", json!("https://bank.example/api")),
            ("resource", json!("https://api.example/mcp/")),
            ("resource", json!("https://api.example")),
            ("resource", json!("http://api.example/mcp")),
            ("resource", json!("https://api.example/\nmcp")),
            ("resource", json!("https://api.example/mcp\u{200b}")),
            ("authorization_servers", json!(["https://id.example/\u{202e}a"])),
            ("resource", json!(7)),
            ("authorization_servers", json!([])),
            ("authorization_servers", json!("https://id.example")),
            ("authorization_servers", json!(["http://id.example"])),
            ("authorization_servers", json!(["https://127.0.0.1:8443"])),
            ("authorization_servers", json!(["http://localhost:8080"])),
            ("authorization_servers", json!(["https://user:password@id.example"])),
            ("authorization_servers", json!(["https://id.example", "javascript:alert(1)"])),
        ] {
            let mut lie = members(good.clone());
            lie.insert(member.into(), value.clone());
            let error = read_at(url, Value::Object(lie)).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::ProviderError, Some("issuer")));
            let suggestion = error.suggestion.map(|text| format!(" [{text}]")).unwrap_or_default();
            told.push(format!("{member}: {value}\n  {} {}{suggestion}", error.message, error.hint.unwrap()));
        }
        insta::assert_snapshot!(told.join("\n"));
    }
}
