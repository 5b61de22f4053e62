//! From the URL of an MCP server (`@modelcontextprotocol/sdk`) to its authorization server, a client, and a token that
//! it accepts.

use std::time::Duration;

use grapnel_core::api_request::{ApiRequest, RequestBody, Waiting};
use grapnel_core::app::{NewApp, RegistrationRequest};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::api_exchange::ApiRequestDraft;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_tests::{Context, Result};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::browser::Person;
use crate::world::{STAY, World};

/// An app for the MCP server, as a person adds it by its URL.
async fn connect(world: &World) -> Result<ConnectionId> {
    let mcp = world.server.mcp.as_deref().context("no MCP server")?;
    let found = world.grapnel.discover_any(mcp, None).await?;
    let resource = found.resource.context("no resource")?;
    assert_eq!((resource.resource.as_str(), resource.name.as_deref()), (mcp, Some("Peer tools")));
    assert_eq!(resource.authorization_servers, [world.server.issuer.as_str()]);
    assert_eq!(resource.scopes, ["mcp:tools", "offline_access"], "what the challenge asks for");
    assert_eq!(found.values["resource"], mcp);
    assert_eq!(found.values["api_base"], mcp);
    let mut overrides = found.values;
    overrides.insert(STAY.0.into(), STAY.1.into());
    let app = NewApp {
        name: "MCP".into(),
        provider: "custom".into(),
        redirect: "loopback".into(),
        scopes: resource.scopes,
        overrides,
        ..NewApp::default()
    };
    let auth_method = found.registration.auth_method;
    let request = RegistrationRequest { app, auth_method, initial_access_token: None };
    let app = world.grapnel.register_app(request).await?.app;
    world.connect(&app).await
}

/// Sends an MCP request to a path of the server; returns the status and the result.
async fn initialize(world: &World, id: &ConnectionId, path: &str) -> Result<(StatusCode, Value)> {
    let client = world.grapnel.api(id, Vec::new());
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "grapnel", "version": "1" },
        },
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    let mcp = world.server.mcp.as_deref().context("no MCP server")?;
    let request = ApiRequest {
        method: Method::POST,
        url: client.resolve(&format!("{mcp}{path}"))?,
        headers,
        body: RequestBody::Bytes(body.to_string().into()),
    };
    let waiting =
        Waiting { response: Duration::from_secs(30), retry_after: Duration::ZERO, on_retry: &|_, _| () };
    let mut response = client.send(request, &waiting).await?;
    let status = response.status();
    let body = response.body(1 << 20).await?;
    Ok((status, serde_json::from_slice(&body)?))
}

#[tokio::test]
async fn an_mcp_server_is_connected_by_its_url() -> Result<()> {
    let world = World::with(&["mcp"]).await?;
    let id = connect(&world).await?;
    let (status, answer) = initialize(&world, &id, "").await?;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["result"]["serverInfo"]["name"], "peer", "{answer}");
    // The token of a refresh is for the same resource.
    world.grapnel.refresh(&id).await?;
    assert_eq!(initialize(&world, &id, "").await?.0, StatusCode::OK);
    // A token for a resource is none for the server's own endpoints.
    let refused = world.server.refusals().await?;
    let others: Vec<_> = refused
        .iter()
        .filter(|one| !one.starts_with("userinfo") && !one.starts_with("introspection"))
        .collect();
    assert_eq!(others, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn an_api_that_needs_more_scopes_gets_them_by_another_sign_in() -> Result<()> {
    let world = World::with(&["mcp"]).await?;
    let id = connect(&world).await?;
    let (status, answer) = initialize(&world, &id, "/admin").await?;
    assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
    let draft = ApiRequestDraft {
        method: "POST".into(),
        target: format!("{}/admin", world.server.mcp.as_deref().context("no MCP server")?),
        headers: Vec::new(),
        body: String::new(),
    };
    let exchange = world.grapnel.send_api_request(&id, &draft).await?;
    let missing = exchange.view.missing_scopes.context("not told")?;
    assert_eq!(missing, ["mcp:tools", "mcp:admin"]);

    let connection = world.grapnel.connection(&id)?;
    let again = SignInRequest { again: Some(id.clone()), more_scopes: missing, ..SignInRequest::default() };
    let attempt = world.attempt_for(&connection.summary.app_id, &again, Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.connection_id.as_ref(), Some(&id), "{:?}", attempt.error);
    for path in ["/admin", ""] {
        assert_eq!(initialize(&world, &id, path).await?.0, StatusCode::OK, "{path}");
    }
    // A refresh keeps them.
    world.grapnel.refresh(&id).await?;
    assert_eq!(initialize(&world, &id, "/admin").await?.0, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn an_url_that_is_no_resource_and_no_issuer_is_refused() -> Result<()> {
    let world = World::with(&["mcp"]).await?;
    let mcp = world.server.mcp.as_deref().context("no MCP server")?;
    let origin = mcp.strip_suffix("/mcp").context("a path")?;
    let error = world.grapnel.discover_resource(&format!("{origin}/nothing"), None).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::ProviderError, Some("issuer")));
    // Its metadata names the MCP server, which is offered instead.
    let error = world.grapnel.discover_resource(&format!("{mcp}/admin"), None).await.unwrap_err();
    assert_eq!(error.suggestion.as_deref(), Some(mcp), "{error:?}");
    Ok(())
}
