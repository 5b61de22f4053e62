//! From the URL of a protected API to its authorization server (RFC 9728), at servers that lie and that break.

use grapnel_core::discovery::Discovery;
use grapnel_model::error::{Code, Error, Result};
use serde_json::{Value, json};

use crate::support::metadata_server::{MetadataServer, OAUTH};
use crate::support::scripted_server::Reply;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// A server that is the API `/api` and its own authorization server at `/id`.
struct Resource {
    server: MetadataServer,
    url: String,
    issuer: String,
}

impl Resource {
    async fn new() -> Self {
        let server = MetadataServer::start().await;
        let (url, issuer) = (format!("{}/api", server.origin()), format!("{}/id", server.origin()));
        let of = Self { server, url, issuer };
        of.challenge(&format!("{}{WELL_KNOWN}/api", of.server.origin()));
        of.describe(json!({}));
        let document = json!({
            "issuer": of.issuer,
            "registration_endpoint": format!("{}/register", of.server.origin()),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        });
        of.server.serve(&format!("{OAUTH}/id"), &of.server.document(document));
        of
    }

    /// The API names this address of its metadata.
    fn challenge(&self, address: &str) {
        let challenge = format!("Bearer realm=\"api\", resource_metadata=\"{address}\"");
        self.server.scripted.on("/api", [Reply::json(401, "{}").header("www-authenticate", &challenge)]);
    }

    /// The metadata, with these members replaced.
    fn describe(&self, more: Value) {
        let mut document = json!({
            "resource": self.url, "authorization_servers": [self.issuer], "scopes_supported": ["read", "write"],
        });
        let Value::Object(more) = more else { panic!("members") };
        document.as_object_mut().unwrap().extend(more);
        self.server.serve(&format!("{WELL_KNOWN}/api"), &document);
    }

    async fn discover(&self) -> Result<Discovery> {
        self.server.grapnel().discover_any(&self.url, None).await
    }

    fn told(&self, error: &Error) -> String {
        let meaning = error.meaning.as_deref().unwrap();
        format!("{}\n  meaning: {meaning}", self.server.told(error))
    }
}

#[tokio::test]
async fn the_challenge_leads_to_the_authorization_server() {
    let api = Resource::new().await;
    let found = api.discover().await.unwrap();
    assert_eq!(found.issuer, api.issuer);
    assert_eq!(found.values["resource"], api.url);
    assert_eq!(found.values["api_base"], api.url);
    assert_eq!(found.scopes, ["read", "write"], "those of the resource, not of the server");
    assert_eq!(found.registration.auth_method.as_deref(), Some("none"), "a native app keeps no secret");
    let asked = api.server.scripted.received("/api");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), None);
}

#[tokio::test]
async fn without_a_challenge_the_well_known_url_is_read() {
    let api = Resource::new().await;
    for reply in [
        Reply::json(200, "{}"),
        Reply::new(404, "text/html", "<html>"),
        Reply::json(405, ""),
        Reply::dropped(),
    ] {
        api.server.scripted.on("/api", [reply]);
        assert_eq!(api.discover().await.unwrap().issuer, api.issuer);
    }
}

#[tokio::test]
async fn the_scopes_of_the_challenge_come_first() {
    let api = Resource::new().await;
    let challenge = format!(
        "DPoP algs=\"ES256\", scope=\"read\", resource_metadata=\"{}{WELL_KNOWN}/api\"",
        api.server.origin()
    );
    api.server.scripted.on("/api", [Reply::json(401, "{}").header("www-authenticate", &challenge)]);
    assert_eq!(api.discover().await.unwrap().resource.unwrap().scopes, ["read"]);
}

#[tokio::test]
async fn of_several_authorization_servers_one_is_chosen() {
    let api = Resource::new().await;
    let other = format!("{}/other", api.server.origin());
    api.describe(json!({ "authorization_servers": [api.issuer, other] }));
    api.server.serve(&format!("{OAUTH}/other"), &api.server.document(json!({ "issuer": other })));
    let grapnel = api.server.grapnel();
    assert_eq!(grapnel.discover_any(&api.url, None).await.unwrap().issuer, api.issuer);
    assert_eq!(grapnel.discover_any(&api.url, Some(&other)).await.unwrap().issuer, other);
    let error = grapnel.discover_any(&api.url, Some("https://evil.example")).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("issuer")));
}

#[tokio::test]
async fn an_issuer_is_still_read_as_an_issuer() {
    let api = Resource::new().await;
    let found = api.server.grapnel().discover_any(&api.issuer, None).await.unwrap();
    assert_eq!((found.issuer, found.resource), (api.issuer, None));
    assert!(!api.server.scripted.all_received().iter().any(|one| one.target == "/id"));
}

#[tokio::test]
async fn metadata_that_lies_is_refused() {
    let api = Resource::new().await;
    let origin = api.server.origin().to_owned();
    let mut told = Vec::new();
    for lie in [
        json!({ "resource": "https://bank.example/api" }),
        json!({ "resource": origin }),
        json!({ "resource": null }),
        json!({ "authorization_servers": [] }),
        json!({ "authorization_servers": ["http://id.example"] }),
        json!({ "authorization_servers": [format!("{origin}/nobody")] }),
        // The server says that it is another issuer.
        json!({ "authorization_servers": [format!("{origin}/liar")] }),
    ] {
        api.describe(lie.clone());
        api.server.serve(&format!("{OAUTH}/liar"), &api.server.document(json!({ "issuer": api.issuer })));
        let error = api.discover().await.unwrap_err();
        told.push(format!("{lie}\n  {}", api.told(&error)).replace(&origin, "ORIGIN"));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_chain_of_addresses_is_not_followed() {
    let api = Resource::new().await;
    let origin = api.server.origin().to_owned();
    let mut told = Vec::new();
    let next = format!("{origin}/next");
    let again = format!("Bearer resource_metadata=\"{next}\"");
    for (what, reply) in [
        ("a redirect", Reply::new(302, "text/plain", "").header("location", &next)),
        ("another challenge", Reply::json(401, "{}").header("www-authenticate", &again)),
        ("a page", Reply::new(200, "text/html", "<html>")),
        ("too much", Reply::json(200, format!(r#"{{"resource":"{}"}}"#, "x".repeat(2 << 20)))),
        ("nothing", Reply::dropped()),
    ] {
        api.challenge(&format!("{origin}/first"));
        api.server.scripted.on("/first", [reply]);
        let error = api.discover().await.unwrap_err();
        told.push(format!("{what}: {}", api.told(&error)));
    }
    for address in ["http://api.example/metadata", "javascript:alert(1)", "", "https://a:b@api.example/"] {
        api.challenge(address);
        let error = api.discover().await.unwrap_err();
        told.push(format!("{address:?}: {}", api.told(&error)));
    }
    assert!(api.server.scripted.received("/next").is_empty());
    insta::assert_snapshot!(told.join("\n"));
}
