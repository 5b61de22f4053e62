//! Testing an app's endpoints before it is added: what each answer means, and that nothing secret is sent.

use std::collections::BTreeMap;
use std::net::TcpListener;

use grapnel_core::endpoint_check::{CheckOutcome, EndpointCheck};
use grapnel_model::settings::Settings;
use grapnel_sandbox::ProviderId;
use serde_json::json;

use crate::support::metadata_server::{MetadataServer, OPENID};
use crate::support::proxy_server::Internet;
use crate::support::scripted_server::{Reply, Scripted};
use crate::support::world::World;

/// One line for each check, with the port of this test's server left out.
fn told(checks: &[EndpointCheck], origin: &str) -> String {
    let host = origin.split_once("//").unwrap().1;
    let line = |check: &EndpointCheck| {
        let hint = check.hint.as_deref().map(|hint| format!("\n    {hint}")).unwrap_or_default();
        format!("{} {:?}: {}{hint}", check.key, check.outcome, check.found).replace(host, "HOST")
    };
    checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn check_token(reply: Reply) -> String {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/authorize", [Reply::new(400, "text/html", "<p>Which client?</p>")]);
    server.on("/token", [reply]);
    let overrides = server.new_app(&[]).overrides;
    let checks = world.grapnel.check_endpoints("custom", overrides).await.unwrap();
    told(&checks, &server.origin)
}

#[tokio::test]
async fn every_endpoint_of_the_sandbox_passes_and_is_sent_no_credentials() {
    for provider in [ProviderId::Grigora, ProviderId::Grindery, ProviderId::TheGrid, ProviderId::GroveStreams]
    {
        let world = World::of(provider);
        let new = world.new_app();
        let checks = world.grapnel.check_endpoints(&new.provider, new.overrides).await.unwrap();
        let others: Vec<_> = checks.iter().filter(|check| check.outcome != CheckOutcome::Passed).collect();
        assert!(others.is_empty(), "{provider:?}: {others:?}");
        assert!(checks.iter().any(|check| check.key == "token_url"), "{provider:?}: {checks:?}");
    }
}

#[tokio::test]
async fn a_token_endpoint_is_known_by_how_it_refuses() {
    let redirect = Reply::new(302, "text/plain", "").header("location", "/login");
    let rows = [
        ("an OAuth error", Reply::json(400, r#"{"error":"invalid_request"}"#)),
        ("an OAuth error with 200", Reply::json(200, r#"{"ok":false,"error":"invalid_code"}"#)),
        ("a form", Reply::new(400, "application/x-www-form-urlencoded", "error=invalid_request")),
        ("JSON without an error", Reply::json(400, r#"{"message":"no"}"#)),
        ("JSON with 200", Reply::json(200, "{}")),
        ("an envelope", Reply::json(200, r#"{"success":false,"message":"no"}"#)),
        ("a web page", Reply::new(200, "text/html", "<!doctype html><title>Home</title>")),
        ("nothing", Reply::new(400, "text/plain", "")),
        ("not found", Reply::new(404, "text/plain", "no")),
        ("a failure", Reply::new(503, "text/plain", "no")),
        ("a redirect", redirect),
        ("a dropped connection", Reply::dropped()),
        ("hidden characters", Reply::json(400, "{\"error\":\"in\\u202evalid\\u001b[2J\"}")),
    ];
    let mut all = Vec::new();
    for (what, reply) in rows {
        all.push(format!("{what}\n{}", check_token(reply).await));
    }
    insta::assert_snapshot!(all.join("\n\n"));
}

#[tokio::test]
async fn no_secret_and_no_client_is_sent() {
    let (world, server) = (World::new(), Scripted::start().await);
    let userinfo = format!("{}/me", server.origin);
    let mut overrides = server.new_app(&[("userinfo_url", &userinfo)]).overrides;
    overrides.insert("token.audience".into(), "the-secret-audience".into());
    overrides.insert("token.header.X-Key".into(), "the-secret-key".into());
    overrides.insert("authorize.api_key".into(), "the-secret-of-authorize".into());
    world.grapnel.check_endpoints("custom", overrides).await.unwrap();
    let received = server.all_received();
    assert_eq!(received.len(), 3, "{received:?}");
    for request in &received {
        assert!(
            request.header("authorization").is_none() && request.header("x-key").is_none(),
            "{request:?}"
        );
        let sent = format!("{request:?}");
        assert!(!sent.contains("the-secret") && !sent.contains("client"), "{sent}");
    }
    let token = server.received("/token");
    assert_eq!(token[0].form(), [("grant_type".to_owned(), "authorization_code".to_owned())]);
}

#[tokio::test]
async fn a_closed_port_and_an_untrusted_certificate_are_reported() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let overrides = Scripted::app_at(&format!("http://{free}"), &[]).overrides;
    let checks = world.grapnel.check_endpoints("custom", overrides).await.unwrap();
    for check in &checks {
        assert_eq!(check.outcome, CheckOutcome::Failed);
        assert!(check.found.contains(&format!("connection refused ({free})")), "{check:?}");
    }
    let internet = Internet::start().await;
    world.grapnel.change_settings(Settings { certificates: String::new(), ..internet.settings() }).unwrap();
    let overrides = Scripted::app_at("https://a.example", &[]).overrides;
    let checks = world.grapnel.check_endpoints("custom", overrides).await.unwrap();
    for check in &checks {
        assert_eq!(check.outcome, CheckOutcome::Failed);
        assert!(check.found.contains("the certificate of a.example is not trusted"), "{check:?}");
    }
    assert!(internet.server.all_received().is_empty());
}

#[tokio::test]
async fn the_issuers_metadata_is_compared_with_the_settings() {
    let server = MetadataServer::start().await;
    let keys = format!("{}/jwks", server.origin());
    server.serve(OPENID, &server.document(json!({ "jwks_uri": keys })));
    server.scripted.on("/jwks", [Reply::json(200, r#"{"keys":[{}]}"#)]);
    server.scripted.on("/token", [Reply::json(400, r#"{"error":"invalid_request"}"#)]);
    let discovered = server.discover().await.values;
    let same = server.grapnel().check_endpoints("custom", discovered.clone()).await.unwrap();
    let mut differing = discovered.clone();
    differing.insert("jwks_url".into(), format!("{}/authorize", server.origin()));
    let differing = server.grapnel().check_endpoints("custom", differing).await.unwrap();
    server.scripted.on(OPENID, [Reply::new(404, "text/plain", "no")]);
    let gone = server.grapnel().check_endpoints("custom", discovered).await.unwrap();
    let all = [same, differing, gone].map(|checks| told(&checks, server.origin()));
    insta::assert_snapshot!(all.join("\n\n"));
}

#[tokio::test]
async fn an_invalid_setting_is_named_and_nothing_is_sent() {
    let (world, server) = (World::new(), Scripted::start().await);
    let mut overrides = server.new_app(&[]).overrides;
    overrides.insert("userinfo_url".into(), "http://id.example/me".into());
    let error = world.grapnel.check_endpoints("custom", overrides).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("userinfo_url"));
    assert_eq!(error.meaning.as_deref(), Some("Nothing was tested."));
    let none = world.grapnel.check_endpoints("custom", BTreeMap::new()).await.unwrap_err();
    assert_eq!(none.field.as_deref(), Some("authorize_url"));
    assert!(server.all_received().is_empty());
}
