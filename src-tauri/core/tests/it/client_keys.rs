//! The private key of an app: made where it is needed, kept in the vault, its public half shown, its signature bound to
//! the app's server.

use grapnel_core::app::{App, NewApp};
use grapnel_core::archive::{Export, Import};
use grapnel_model::error::Result;
use grapnel_model::provider::KeyAlgorithm;
use grapnel_model::secret::ExposeSecret;
use grapnel_model::secret::SecretInput;
use grapnel_oauth::signing_key::SigningKey;
use serde_json::Value;

use crate::support::world::World;

fn new_app(own: &[(&str, &str)]) -> NewApp {
    let usual = [
        ("authorize_url", "https://id.example/authorize"),
        ("token_url", "https://id.example/token"),
        ("client_auth", "private_key_jwt"),
    ];
    let overrides = usual.iter().chain(own).map(|(key, value)| ((*key).into(), (*value).into())).collect();
    NewApp {
        name: "Acme".into(),
        provider: "custom".into(),
        client_id: "acme".into(),
        overrides,
        ..NewApp::default()
    }
}

async fn public_key(world: &World, app: &App) -> Value {
    let keys: Value = serde_json::from_str(&world.grapnel.public_key(&app.id).await.unwrap()).unwrap();
    keys["keys"][0].clone()
}

async fn change(world: &World, app: &App, change: impl FnOnce(&mut NewApp)) -> Result<App> {
    let mut new = NewApp::from(app.clone());
    change(&mut new);
    world.grapnel.change_app(&app.id, new).await
}

fn set(new: &mut NewApp, key: &str, value: &str) {
    new.overrides.insert(key.into(), value.into());
}

#[tokio::test]
async fn a_key_is_made_where_the_client_needs_one_and_stays_until_it_is_removed() {
    let world = World::new();
    let without = world.grapnel.add_app(new_app(&[("client_auth", "body")])).await.unwrap();
    assert!(without.secrets.is_empty());
    let error = world.grapnel.public_key(&without.id).await.unwrap_err();
    assert!(error.message.contains("has no private key"), "{error:?}");
    let app = change(&world, &without, |new| set(new, "client_auth", "private_key_jwt")).await.unwrap();
    assert_eq!(app.secrets, ["client_key"]);
    let key = public_key(&world, &app).await;
    assert_eq!((key["kty"].as_str(), key["alg"].as_str(), key.get("d")), (Some("EC"), Some("ES256"), None));
    let app = change(&world, &app, |new| new.client_id = "other".into()).await.unwrap();
    assert_eq!(public_key(&world, &app).await, key, "it stays");
    let app = change(&world, &app, |new| drop(new.secrets.insert("client_key".into(), None))).await.unwrap();
    assert_ne!(public_key(&world, &app).await["kid"], key["kid"], "a removed key is replaced by a new one");
}

#[tokio::test]
async fn an_apps_own_key_is_accepted_only_for_its_algorithm() {
    let world = World::new();
    let own = SigningKey::generate(KeyAlgorithm::EdDsa).unwrap();
    let entered = |alg: &str| {
        let secrets = [("client_key".to_owned(), Some(SecretInput(own.clone())))].into();
        NewApp { secrets, ..new_app(&[("client_key_alg", alg), ("client_key_id", "key-1")]) }
    };
    let error = world.grapnel.add_app(entered("ES256")).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("client_key"));
    let app = world.grapnel.add_app(entered("EdDSA")).await.unwrap();
    let key = public_key(&world, &app).await;
    assert_eq!((key["crv"].as_str(), key["kid"].as_str()), (Some("Ed25519"), Some("key-1")));
    let error = change(&world, &app, |new| set(new, "client_key_alg", "RS256")).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("client_key_alg"), "{error:?}");
    assert_eq!(public_key(&world, &app).await, key, "nothing was changed");
}

/// A JWT that names the issuer is valid there for a minute, wherever it was sent.
#[tokio::test]
async fn a_kept_key_signs_nothing_for_other_hosts() {
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&[])).await.unwrap();
    let moved = |new: &mut NewApp| set(new, "token_url", "https://evil.example/token");
    let error = change(&world, &app, moved).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("client_key"), "{error:?}");
    let with_new_key = |new: &mut NewApp| {
        moved(new);
        new.secrets.insert("client_key".into(), None);
    };
    change(&world, &app, with_new_key).await.unwrap();
}

#[tokio::test]
async fn an_archive_carries_the_key_and_a_profile_file_does_not() {
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&[])).await.unwrap();
    let key = public_key(&world, &app).await;
    let file = world.grapnel.profile_of(&app.id).unwrap();
    assert_eq!(file.left_out, ["client_key"]);
    assert!(!file.write().unwrap().contains("PRIVATE KEY"));
    let (path, passphrase) = (world.home.path().join("a.age"), "harbour lamp eleven moss".into());
    let export = Export { file: path.clone(), passphrase, with_tokens: true, moves: false, force: false };
    world.grapnel.export(export).await.unwrap();
    let other = World::new();
    let archive = other.grapnel.open_archive(&path, &"harbour lamp eleven moss".into()).await.unwrap();
    other.grapnel.import(&archive, Import { with_tokens: true, dry_run: false }).await.unwrap();
    let imported = other.grapnel.apps().unwrap().pop().unwrap();
    assert_eq!(public_key(&other, &imported).await, key);
}

#[tokio::test]
async fn a_private_key_is_nowhere_in_the_clear() {
    let world = World::new();
    let own = SigningKey::generate(KeyAlgorithm::Es256).unwrap();
    let secrets = [("client_key".to_owned(), Some(SecretInput(own.clone())))].into();
    let app = world.grapnel.add_app(NewApp { secrets, ..new_app(&[]) }).await.unwrap();
    change(&world, &app, |new| new.name = "Other".into()).await.unwrap();
    let inside = own.expose_secret().lines().nth(1).unwrap();
    for file in ["grapnel.db", "grapnel.db-wal"] {
        let content = std::fs::read(world.home.path().join(file)).unwrap_or_default();
        assert!(memchr::memmem::find(&content, inside.as_bytes()).is_none(), "{file}");
    }
    let shown = serde_json::to_string(&world.grapnel.apps().unwrap()).unwrap();
    assert!(!shown.contains(inside) && !shown.contains("PRIVATE KEY"));
}
