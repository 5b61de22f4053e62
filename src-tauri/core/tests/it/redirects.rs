//! No endpoint can redirect a request to another host.

use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use serde_json::{Value, json};

use crate::support::openid_provider::{Issuer, Key};
use crate::support::scripted_server::{Reply, Scripted};
use crate::support::world::World;

const STATUSES: [u16; 4] = [301, 302, 307, 308];

/// A response that redirects to another server.
fn moved(status: u16, elsewhere: &Scripted) -> Reply {
    Reply::new(status, "text/plain", "").header("location", &format!("{}/taken", elsewhere.origin))
}

fn stayed(asked: &Scripted, path: &str, elsewhere: &Scripted) {
    assert!(!asked.received(path).is_empty(), "{path} was not asked");
    let taken = elsewhere.all_received();
    assert!(taken.is_empty(), "{path} led elsewhere: {taken:#?}");
}

/// Signs in, refreshes, fetches the account, and disconnects, where `path` redirects to another server.
async fn whole_life(status: u16, key: &str, path: &str, grant: fn(&Key, Value) -> Value) {
    let elsewhere = Scripted::start().await;
    let issuer = Issuer::new(&["openid"], &[("issuer", ""), (key, path)]).await;
    issuer.server.on(path, [moved(status, &elsewhere)]);
    let signs = Key::new("ES256");
    let members = |nonce: &str| grant(&signs, issuer.claims("7", nonce));
    let signed_in = issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
    let id = signed_in.connection_id.unwrap();
    issuer.world.grapnel.refresh(&id).await.unwrap();
    issuer.world.grapnel.disconnect(&id).await.unwrap();
    stayed(&issuer.server, path, &elsewhere);
}

fn without_id_token(_: &Key, _: Value) -> Value {
    json!({ "refresh_token": "a-refresh-token-of-the-issuer" })
}

#[tokio::test]
async fn userinfo_introspection_revocation_and_keys_follow_no_redirect() {
    for status in STATUSES {
        for (key, path) in [
            ("userinfo_url", "/userinfo"),
            ("introspection_url", "/introspect"),
            ("revocation_url", "/revoke"),
        ] {
            whole_life(status, key, path, without_id_token).await;
        }
        let with_id_token = |key: &Key, claims: Value| {
            let id_token = key.sign(json!({ "kid": "k1" }), &claims);
            json!({ "refresh_token": "r", "id_token": id_token })
        };
        whole_life(status, "jwks_url", "/jwks", with_id_token).await;
    }
}

#[tokio::test]
async fn the_token_endpoint_follows_no_redirect() {
    for status in STATUSES {
        let elsewhere = Scripted::start().await;
        let issuer = Issuer::new(&[], &[]).await;
        let attempt =
            issuer.sign_in(&SignInRequest::default(), |_| json!({ "refresh_token": "r" })).await.unwrap();
        issuer.server.on("/token", [moved(status, &elsewhere)]);
        issuer.world.grapnel.refresh(&attempt.connection_id.unwrap()).await.unwrap_err();
        let attempt =
            issuer.world.grapnel.start_attempt(&issuer.app.id, &SignInRequest::default()).await.unwrap();
        let callback =
            crate::support::scripted_server::callback_of(&issuer.world.grapnel, &attempt.id, "code=k").await;
        issuer.world.grapnel.receive_callback(&callback).await.unwrap_err();
        assert_eq!(issuer.server.received("/token").len(), 3);
        stayed(&issuer.server, "/token", &elsewhere);
    }
}

#[tokio::test]
async fn a_password_login_follows_no_redirect() {
    for status in STATUSES {
        let (world, server, elsewhere) = (World::new(), Scripted::start().await, Scripted::start().await);
        server.on("/login", [moved(status, &elsewhere)]);
        let addresses = [
            ("authorize_url", "/authorize"),
            ("token_url", "/token"),
            ("login_url", "/login"),
            ("api_base", "/api"),
        ];
        let addresses = addresses.map(|(key, path)| (key.to_owned(), format!("{}{path}", server.origin)));
        let new = NewApp {
            provider: "grovestreams".into(),
            client_secret: None,
            overrides: addresses.into(),
            ..server.new_app(&[])
        };
        let app = world.grapnel.add_app(new).await.unwrap();
        let (wanted, password) = (SignInRequest::default(), "a-password-of-someone".into());
        let signing_in =
            world.grapnel.sign_in_with_password(&app.id, &wanted, "ines@harbour.example", &password);
        signing_in.await.unwrap_err();
        stayed(&server, "/login", &elsewhere);
    }
}

#[tokio::test]
async fn an_api_request_follows_no_redirect() {
    for status in STATUSES {
        let elsewhere = Scripted::start().await;
        let server = Scripted::start().await;
        let world = World::new();
        let api = format!("{}/rpc", server.origin);
        server.on("/token", [Reply::json(200, r#"{"access_token":"one-token","expires_in":3600}"#)]);
        server.on("/rpc", [moved(status, &elsewhere)]);
        let new = server.new_app(&[("content", "grindery"), ("api_base", &api)]);
        let app = world.grapnel.add_app(new).await.unwrap();
        let id = crate::support::scripted_server::sign_in(&world.grapnel, &app).await.unwrap();
        world.grapnel.items(&id, "workflows", None).await.unwrap_err();
        stayed(&server, "/rpc", &elsewhere);
    }
}

#[tokio::test]
async fn discovery_follows_no_redirect() {
    for status in STATUSES {
        let (world, server, elsewhere) = (World::new(), Scripted::start().await, Scripted::start().await);
        let paths = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
        for path in paths {
            server.on(path, [moved(status, &elsewhere)]);
        }
        world.grapnel.discover(&server.origin).await.unwrap_err();
        for path in paths {
            stayed(&server, path, &elsewhere);
        }
    }
}
