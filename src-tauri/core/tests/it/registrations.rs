//! Dynamic registration (RFC 7591, RFC 7592) at servers that lie and that break.

use std::sync::Arc;

use grapnel_core::Grapnel;
use grapnel_core::app::{NewApp, RegisteredApp, RegistrationRequest};
use grapnel_core::archive::{Export, Import};
use grapnel_core::clock::Clock;
use grapnel_model::error::{Code, Result};
use grapnel_model::id::AppId;
use grapnel_model::secret::{SecretInput, SecretString};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::scripted_server::{Received, Reply, Scripted};
use crate::support::world::World;

const TOKEN: &str = "registration-access-token";

struct Registrar {
    server: Scripted,
    world: World,
}

impl Registrar {
    async fn new() -> Self {
        let registrar = Self { server: Scripted::start().await, world: World::new() };
        registrar.answer(json!({}));
        registrar.server.answer("/register/1", |asked| match asked.method.as_str() {
            "DELETE" => Reply::new(204, "text/plain", ""),
            _ => Reply::json(500, "{}"),
        });
        registrar
    }

    /// The registration endpoint answers with these members.
    fn answer(&self, more: Value) {
        let mut client = json!({
            "client_id": "client-1",
            "registration_client_uri": format!("{}/register/1", self.server.origin),
            "registration_access_token": TOKEN,
        });
        let Value::Object(more) = more else { panic!("members") };
        client.as_object_mut().unwrap().extend(more);
        self.server.on("/register", [Reply::json(201, client.to_string())]);
    }

    fn app(&self) -> NewApp {
        let endpoint = format!("{}/register", self.server.origin);
        let app = self.server.new_app(&[("registration_url", &endpoint)]);
        NewApp { client_id: String::new(), scopes: vec!["read".into(), "write".into()], ..app }
    }

    async fn register(&self, method: &str) -> Result<RegisteredApp> {
        let request = RegistrationRequest {
            app: self.app(),
            auth_method: Some(method.into()),
            initial_access_token: None,
        };
        self.world.grapnel.register_app(request).await
    }

    fn deleted(&self) -> Vec<Received> {
        let all = self.server.received("/register/1").into_iter();
        all.filter(|one| one.method == "DELETE").collect()
    }
}

#[tokio::test]
async fn the_request_describes_the_app() {
    let registrar = Registrar::new().await;
    let app = registrar.register("none").await.unwrap().app;
    let [asked] = registrar.server.received("/register").try_into().unwrap();
    assert_eq!((asked.method.as_str(), asked.header("authorization")), ("POST", None));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let version = concat!("\"", env!("CARGO_PKG_VERSION"), "\"");
    let body = asked.body.replace(&app.redirect_uri, "REDIRECT").replace(version, "\"VERSION\"");
    let body: Value = serde_json::from_str(&body).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap());
}

#[tokio::test]
async fn a_key_is_made_and_its_public_half_registered() {
    let registrar = Registrar::new().await;
    let app = registrar.register("private_key_jwt").await.unwrap().app;
    let body: Value = serde_json::from_str(&registrar.server.received("/register")[0].body).unwrap();
    let public: Value =
        serde_json::from_str(&registrar.world.grapnel.public_key(&app.id).await.unwrap()).unwrap();
    assert_eq!(body["jwks"], public);
    assert_eq!(body["jwks"]["keys"][0].get("d"), None);
    assert_eq!(body["token_endpoint_auth_signing_alg"], "ES256");
}

#[tokio::test]
async fn an_initial_access_token_is_sent_to_the_registration_endpoint_only() {
    let registrar = Registrar::new().await;
    let request = RegistrationRequest {
        app: registrar.app(),
        auth_method: Some("none".into()),
        initial_access_token: Some(SecretInput(" initial-access-token\n".into())),
    };
    let app = registrar.world.grapnel.register_app(request).await.unwrap().app;
    let asked = registrar.server.received("/register");
    assert_eq!(asked[0].header("authorization"), Some("Bearer initial-access-token"));
    registrar.world.grapnel.registration(&app.id).await.unwrap_err();
    let [read] = registrar.server.received("/register/1").try_into().unwrap();
    assert_eq!(read.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn a_client_that_cannot_be_used_is_deleted_again() {
    let registrar = Registrar::new().await;
    for (number, answer) in [
        json!({ "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        // No secret to authenticate with.
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
    ]
    .into_iter()
    .enumerate()
    {
        registrar.answer(answer);
        let error = registrar.register("none").await.unwrap_err();
        assert_eq!(error.code, Code::ReplyInvalid, "{error:?}");
        assert_eq!(error.meaning.as_deref(), Some("The registration was deleted again; nothing was stored."));
        let deleted = registrar.deleted();
        assert_eq!(deleted.len(), number + 1);
        assert_eq!(deleted[number].header("authorization"), Some(&*format!("Bearer {TOKEN}")));
        assert_eq!(registrar.world.grapnel.apps().unwrap(), []);
    }
    registrar.server.answer("/register/1", |_| Reply::json(403, "{}"));
    let error = registrar.register("none").await.unwrap_err();
    assert!(error.meaning.unwrap().contains("The client client-1 stays registered"));
}

#[tokio::test]
async fn nothing_is_sent_to_a_configuration_endpoint_of_another_origin() {
    let registrar = Registrar::new().await;
    let other = Scripted::start().await;
    registrar.answer(json!({ "registration_client_uri": format!("{}/register/1", other.origin) }));
    let registered = registrar.register("none").await.unwrap();
    assert_eq!(registered.app.registration.unwrap().client_uri, None);
    assert!(registered.notes[0].contains("Grapnel does not use it"), "{:?}", registered.notes);
    let grapnel = &registrar.world.grapnel;
    assert!(grapnel.registration(&registered.app.id).await.is_err());
    grapnel.remove_app_and_client(&registered.app.id).await.unwrap();
    assert!(other.all_received().is_empty(), "{:?}", other.all_received());
}

#[tokio::test]
async fn what_the_provider_changed_is_told_and_kept() {
    let registrar = Registrar::new().await;
    registrar.answer(json!({
        "client_secret": "the-client-secret",
        "client_secret_expires_at": 1_900_000_000,
        "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": ["https://other.example/callback"],
        "scope": "read",
    }));
    let RegisteredApp { app, changes, notes } = registrar.register("none").await.unwrap();
    let members: Vec<&str> = changes.iter().map(|change| change.member.as_str()).collect();
    assert_eq!(members, ["redirect_uris", "token_endpoint_auth_method", "scope"]);
    assert!(notes[0].contains("redirect URI"), "{notes:?}");
    assert!(app.has_secret);
    assert_eq!(app.overrides["client_auth"], "body");
    let registration = app.registration.unwrap();
    assert_eq!(registration.secret_expires_at.unwrap().as_second(), 1_900_000_000);
    assert_eq!(registration.auth_method, "client_secret_post");
}

/// The request is answered once `change` is done. Returns what became of it.
async fn read_while<F: Future<Output = ()>>(
    registrar: &Registrar,
    app: &AppId,
    more: Value,
    change: F,
) -> Result<RegisteredApp> {
    let released = Arc::new(Notify::new());
    let mut client = json!({
        "client_id": "client-1",
        "registration_client_uri": format!("{}/register/1", registrar.server.origin),
        "registration_access_token": "the-next-token",
    });
    client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let reply = Reply::json(200, client.to_string()).held_until(&released);
    let arrived = Arc::new(Notify::new());
    let arrival = Arc::clone(&arrived);
    registrar.server.answer("/register/1", move |_| {
        arrival.notify_one();
        reply.clone()
    });
    let reading = registrar.world.grapnel.registration(app);
    let changing = async {
        arrived.notified().await;
        change.await;
        released.notify_one();
    };
    tokio::join!(reading, changing).0
}

#[tokio::test]
async fn a_change_during_a_request_is_not_undone_by_its_answer() {
    let registrar = Registrar::new().await;
    let grapnel = &registrar.world.grapnel;
    let app = registrar.register("none").await.unwrap().app;
    let new = NewApp {
        client_id: app.client_id.clone(),
        redirect: app.redirect_uri.clone(),
        scopes: vec!["read".into()],
        environment: "Staging".into(),
        overrides: app.overrides.clone(),
        ..registrar.app()
    };
    let changing = async { drop(grapnel.change_app(&app.id, new).await.unwrap()) };
    let read = read_while(&registrar, &app.id, json!({}), changing).await.unwrap();
    let [now] = grapnel.apps().unwrap().try_into().unwrap();
    assert_eq!((now.scopes, now.environment.as_deref()), (vec!["read".to_owned()], Some("Staging")));
    assert_eq!(read.app.environment.as_deref(), Some("Staging"));
    // The token of the answer is used from then on.
    registrar.server.answer("/register/1", |_| Reply::json(500, "{}"));
    grapnel.registration(&app.id).await.unwrap_err();
    let last = registrar.server.received("/register/1").pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer the-next-token"));
}

/// The secrets that are encrypted meanwhile for another protection stay.
#[tokio::test]
async fn a_vault_that_moves_during_a_request_keeps_the_apps_key() {
    let registrar = Registrar::new().await;
    let grapnel = &registrar.world.grapnel;
    let app = registrar.register("private_key_jwt").await.unwrap().app;
    let key = grapnel.public_key(&app.id).await.unwrap();
    let passphrase = SecretString::from("harbour lamp eleven moss");
    let moving = async { grapnel.protect_with_passphrase(&passphrase).await.unwrap() };
    read_while(&registrar, &app.id, json!({}), moving).await.unwrap();
    assert_eq!(grapnel.public_key(&app.id).await.unwrap(), key);
    grapnel.protect_with_keyring().await.unwrap();
    assert_eq!(grapnel.public_key(&app.id).await.unwrap(), key);
}

#[tokio::test]
async fn a_server_that_the_app_has_left_changes_nothing() {
    let registrar = Registrar::new().await;
    let grapnel = &registrar.world.grapnel;
    let app = registrar.register("none").await.unwrap().app;
    let elsewhere = Scripted::start().await;
    let new = NewApp {
        client_id: app.client_id.clone(),
        redirect: app.redirect_uri.clone(),
        overrides: elsewhere.new_app(&[("registration_url", &app.overrides["registration_url"])]).overrides,
        ..registrar.app()
    };
    let changing = async { drop(grapnel.change_app(&app.id, new).await.unwrap()) };
    let secret = json!({ "client_secret": "s", "token_endpoint_auth_method": "client_secret_post" });
    let error = read_while(&registrar, &app.id, secret, changing).await.unwrap_err();
    assert!(error.message.contains("was changed"), "{error:?}");
    let [now] = grapnel.apps().unwrap().try_into().unwrap();
    assert!(now.overrides["token_url"].starts_with(&elsewhere.origin) && !now.has_secret);

    let sent = registrar.server.received("/register/1").len();
    let moved = NewApp {
        client_id: now.client_id.clone(),
        redirect: now.redirect_uri.clone(),
        overrides: elsewhere
            .new_app(&[("registration_url", &format!("{}/register", elsewhere.origin))])
            .overrides,
        ..registrar.app()
    };
    grapnel.change_app(&app.id, moved).await.unwrap();
    let error = grapnel.update_registration(&app.id).await.unwrap_err();
    assert!(error.message.contains("at another address"), "{error:?}");
    assert_eq!(registrar.server.received("/register/1").len(), sent);
}

#[tokio::test]
async fn a_client_that_grapnel_did_not_register_is_not_registered_anew() {
    let registrar = Registrar::new().await;
    let grapnel = &registrar.world.grapnel;
    let by_hand = grapnel.add_app(NewApp { client_id: "by-hand".into(), ..registrar.app() }).await.unwrap();
    let error = grapnel.renew_registration(&by_hand.id, None).await.unwrap_err();
    assert!(error.message.contains("did not register"), "{error:?}");
    assert_eq!(registrar.server.received("/register").len(), 0);
}

/// It is stored and shown.
#[tokio::test]
async fn a_configuration_endpoint_with_the_token_in_it_is_not_used() {
    let registrar = Registrar::new().await;
    let uri = format!("{}/register/1?t={TOKEN}", registrar.server.origin);
    registrar.answer(json!({ "registration_client_uri": uri }));
    let registered = registrar.register("none").await.unwrap();
    assert_eq!(registered.app.registration.unwrap().client_uri, None);
    assert!(!registered.notes.join(" ").contains(TOKEN), "{:?}", registered.notes);
}

#[tokio::test]
async fn a_client_secret_that_expires_is_notified_once() {
    let registrar = Registrar::new().await;
    let (world, day) = (&registrar.world, SignedDuration::from_hours(24));
    let end = (world.clock.now() + day * 60).as_second();
    let secret = json!({ "client_secret": "the-client-secret", "client_secret_expires_at": end });
    registrar.answer(secret.clone());
    let app = registrar.register("client_secret_basic").await.unwrap().app;
    let told = |grapnel: &Grapnel| {
        grapnel.take_expiring_secrets().unwrap().into_iter().map(|app| app.id).collect::<Vec<_>>()
    };
    world.clock.advance(day * 40);
    assert!(told(&world.grapnel).is_empty());
    world.clock.advance(day * 7);
    assert_eq!(told(&world.grapnel), std::slice::from_ref(&app.id));
    assert!(told(&world.grapnel).is_empty(), "told twice");
    assert!(told(&world.second_start()).is_empty(), "told again after a start");
    // The provider issues another secret, whose expiry is another one.
    let mut client = secret;
    client["client_id"] = "client-1".into();
    client["client_secret_expires_at"] = (end + 86_400).into();
    registrar.server.answer("/register/1", move |_| Reply::json(200, client.to_string()));
    world.grapnel.registration(&app.id).await.unwrap();
    assert_eq!(told(&world.grapnel), [app.id]);
}

#[tokio::test]
async fn a_client_that_stays_registered_does_not_block_the_removal() {
    let registrar = Registrar::new().await;
    for reply in [Reply::json(500, "{}"), Reply::dropped(), Reply::json(403, r#"{"error":"no"}"#)] {
        let app = registrar.register("none").await.unwrap().app;
        registrar.server.answer("/register/1", move |_| reply.clone());
        let (_, stays) = registrar.world.grapnel.remove_app_and_client(&app.id).await.unwrap();
        assert!(stays.unwrap().contains("The client client-1 stays registered there"));
        assert_eq!(registrar.world.grapnel.apps().unwrap(), []);
    }
    // One that is gone already is deleted.
    let app = registrar.register("none").await.unwrap().app;
    registrar.server.answer("/register/1", |_| Reply::json(401, "{}"));
    assert_eq!(registrar.world.grapnel.remove_app_and_client(&app.id).await.unwrap().1, None);
}

#[tokio::test]
async fn a_name_that_is_taken_registers_nothing() {
    let registrar = Registrar::new().await;
    registrar.register("none").await.unwrap();
    let error = registrar.register("none").await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("name"));
    assert_eq!(registrar.server.received("/register").len(), 1);
}

#[tokio::test]
async fn an_archive_brings_the_registration_along() {
    let registrar = Registrar::new().await;
    registrar.register("none").await.unwrap();
    let (file, passphrase) =
        (registrar.world.home.path().join("grapnel.age"), SecretString::from("harbour lamp eleven moss"));
    let asked = Export {
        file: file.clone(),
        passphrase: passphrase.clone(),
        with_tokens: true,
        moves: false,
        force: false,
    };
    registrar.world.grapnel.export(asked).await.unwrap();
    let there = World::new();
    let archive = there.grapnel.open_archive(&file, &passphrase).await.unwrap();
    there.grapnel.import(&archive, Import { with_tokens: true, dry_run: false }).await.unwrap();
    let [app] = there.grapnel.apps().unwrap().try_into().unwrap();
    there.grapnel.remove_app_and_client(&app.id).await.unwrap();
    let deleted = registrar.deleted();
    assert_eq!(deleted[0].header("authorization"), Some(&*format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn the_document_of_a_client_is_written_for_its_address() {
    let registrar = Registrar::new().await;
    let grapnel = &registrar.world.grapnel;
    let address = "https://acme.example/oauth/grapnel.json";
    let app = grapnel.add_app(NewApp { client_id: address.into(), ..registrar.app() }).await.unwrap();
    let document: Value = serde_json::from_str(&grapnel.metadata_document(&app.id).await.unwrap()).unwrap();
    assert_eq!(document["client_id"], address);
    assert_eq!(document["redirect_uris"], json!([app.redirect_uri]));
    assert_eq!(document["token_endpoint_auth_method"], "none");
    assert_eq!(document["client_name"], "Grapnel");
    let other = NewApp { client_id: "client-1".into(), name: "Other".into(), ..registrar.app() };
    let other = grapnel.add_app(other).await.unwrap();
    let error = grapnel.metadata_document(&other.id).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("client_id"));
}

#[tokio::test]
async fn the_registration_access_token_is_nowhere_in_the_clear() {
    let registrar = Registrar::new().await;
    let app = registrar.register("none").await.unwrap().app;
    registrar.world.grapnel.registration(&app.id).await.unwrap_err();
    for entry in std::fs::read_dir(registrar.world.home.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "{}", path.display());
    }
    assert!(!serde_json::to_string(&app).unwrap().contains(TOKEN));
}
