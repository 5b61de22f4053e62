//! Extra parameters and headers: each is sent with its own request only, and those that may be secret are not shown.

use std::fs;

use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::provider::ProfileFile;
use grapnel_model::secret::{ExposeSecret, SecretInput};

use crate::support::scripted_server::{Received, Reply, Scripted, sign_in};
use crate::support::world::World;

const GRANT: &str = r#"{"access_token":"a1","refresh_token":"r1","token_type":"bearer","expires_in":60}"#;

async fn server() -> Scripted {
    let server = Scripted::start().await;
    server.on("/token", [Reply::json(200, GRANT)]);
    server
}

fn named(request: &Received, name: &str) -> Vec<String> {
    request.form().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
}

async fn asked(grapnel: &Grapnel, app: &App) -> Vec<(String, String)> {
    let attempt = grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let link = grapnel.attempt_link(&attempt.id).await.unwrap();
    let shown = serde_json::to_string(&attempt).unwrap();
    assert!(!shown.contains("hunter2"), "{shown}");
    let parameters = url::Url::parse(link.expose_secret()).unwrap();
    parameters.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn each_parameter_goes_to_its_own_request() {
    let (world, server) = (World::new(), server().await);
    let values = [
        ("authorize.prompt", ""),
        ("authorize.key", "hunter2-authorize"),
        ("token.audience", "hunter2-token"),
        ("refresh.audience", "hunter2-refresh"),
        ("token.header.X-Client-ID", "hunter2-header"),
        ("resource", "https://one.example https://two.example"),
        ("refresh_redirect_uri", "true"),
        ("refresh_scope", "true"),
    ];
    let scopes = vec!["offline_access".to_owned(), "notes".to_owned()];
    let app = world.grapnel.add_app(NewApp { scopes, ..server.new_app(&values) }).await.unwrap();
    let sent = asked(&world.grapnel, &app).await;
    let values = |name: &str| -> Vec<&str> {
        sent.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(values("prompt"), [""; 0], "an empty one switches the default off");
    assert_eq!(values("key"), ["hunter2-authorize"]);
    assert_eq!(values("resource"), ["https://one.example", "https://two.example"]);
    assert_eq!(values("audience"), [""; 0]);

    let id = sign_in(&world.grapnel, &app).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    let [exchange, refresh] = &server.received("/token")[..] else { panic!("an exchange and a refresh") };
    assert_eq!(named(exchange, "audience"), ["hunter2-token"]);
    assert_eq!(named(refresh, "audience"), ["hunter2-refresh"]);
    for request in [exchange, refresh] {
        assert_eq!(request.header("x-client-id"), Some("hunter2-header"));
        assert_eq!(named(request, "resource"), ["https://one.example", "https://two.example"]);
    }
    assert_eq!(named(exchange, "redirect_uri"), [app.redirect_uri.as_str()]);
    assert_eq!(named(refresh, "redirect_uri"), [app.redirect_uri.as_str()]);
    assert_eq!(named(refresh, "scope"), ["offline_access notes"]);
}

#[tokio::test]
async fn a_secret_value_is_encrypted_and_neither_shown_nor_exported() {
    let (world, server) = (World::new(), server().await);
    let mut new = server.new_app(&[("token.audience", "hunter2-token"), ("authorize.audience", "shown")]);
    let secret = Some(SecretInput("hunter2-header".into()));
    new.secrets.insert("token.header.X-Key".into(), secret);
    let app = world.grapnel.add_app(new).await.unwrap();
    assert_eq!(app.secrets, ["token.audience", "token.header.X-Key"]);
    assert!(!app.overrides.contains_key("token.audience"));
    let text = world.grapnel.profile_of(&app.id).unwrap().write().unwrap();
    assert!(text.contains("token.header.X-Key") && text.contains("shown"), "{text}");
    ProfileFile::read(&text).unwrap();
    sign_in(&world.grapnel, &app).await.unwrap();
    let crossed =
        serde_json::to_string(&(world.grapnel.apps().unwrap(), world.grapnel.activity(None, None).unwrap()));
    assert!(!crossed.unwrap().contains("hunter2") && !text.contains("hunter2"));
    nowhere_in_files(&world);
}

fn nowhere_in_files(world: &World) {
    for entry in fs::read_dir(world.home.path()).unwrap() {
        let path = entry.unwrap().path();
        let found = path.is_file() && fs::read(&path).unwrap().windows(7).any(|part| part == b"hunter2");
        assert!(!found, "{}", path.display());
    }
}

fn unchanged(app: &App) -> NewApp {
    NewApp {
        name: app.name.clone(),
        provider: app.provider.clone(),
        client_id: app.client_id.clone(),
        redirect: app.redirect_uri.clone(),
        scopes: app.scopes.clone(),
        overrides: app.overrides.clone(),
        ..NewApp::default()
    }
}

#[tokio::test]
async fn a_secret_value_is_kept_replaced_or_removed() {
    let (world, server) = (World::new(), server().await);
    let new = server.new_app(&[("token.one", "first"), ("token.two", "second")]);
    let app = world.grapnel.add_app(new).await.unwrap();
    let mut change = NewApp { name: "Another".into(), ..unchanged(&app) };
    let app = world.grapnel.change_app(&app.id, change).await.unwrap();
    assert_eq!(app.secrets, ["token.one", "token.two"]);
    change = unchanged(&app);
    change.secrets.insert("token.one".into(), Some(SecretInput("third".into())));
    change.secrets.insert("token.two".into(), None);
    let app = world.grapnel.change_app(&app.id, change).await.unwrap();
    assert_eq!(app.secrets, ["token.one"]);
    sign_in(&world.grapnel, &app).await.unwrap();
    let exchange = server.received("/token").pop().unwrap();
    assert_eq!(named(&exchange, "one"), ["third"]);
    assert_eq!(named(&exchange, "two"), [""; 0]);
}

#[tokio::test]
async fn a_secret_value_is_sent_only_to_the_host_it_was_saved_for() {
    let (world, server, other) = (World::new(), server().await, server().await);
    let app = world.grapnel.add_app(server.new_app(&[("token.header.X-Key", "hunter2")])).await.unwrap();
    let mut change = NewApp { client_secret: Some(SecretInput("s".into())), ..unchanged(&app) };
    change.overrides = other.new_app(&[]).overrides;
    let error = world.grapnel.change_app(&app.id, change).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("token.header.X-Key"), "{error:?}");
    assert!(error.meaning.unwrap().contains(&other.origin));
}

/// Earlier versions had no vault column for them.
#[tokio::test]
async fn clear_values_of_earlier_versions_are_hidden_and_encrypted_at_the_next_sign_in() {
    let (world, server) = (World::new(), server().await);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let sql = "UPDATE app SET overrides = json_set(overrides, '$.\"token.key\"', 'hunter2', '$.\"authorize.state\"', \
        'x')";
    database.execute_batch(sql).unwrap();
    let app = world.grapnel.apps().unwrap().into_iter().find(|one| one.id == app.id).unwrap();
    assert_eq!(
        (&app.secrets[..], &app.left_out[..]),
        (&["token.key".to_owned()][..], &["authorize.state".to_owned()][..])
    );
    assert!(!serde_json::to_string(&app).unwrap().contains("hunter2"));
    let sent = asked(&world.grapnel, &app).await;
    assert_eq!(sent.iter().filter(|(name, _)| name == "state").count(), 1, "{sent:?}");
    sign_in(&world.grapnel, &app).await.unwrap();
    assert_eq!(named(&server.received("/token")[0], "key"), ["hunter2"]);
    database.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    nowhere_in_files(&world);
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    assert_eq!(named(&server.received("/token")[1], "key"), ["hunter2"]);
    world.grapnel.refresh(&id).await.unwrap();
}
