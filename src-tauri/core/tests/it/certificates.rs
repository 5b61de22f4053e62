//! The TLS certificate of an app: made where it is needed, kept in the vault with its private key, its public half
//! shown.

use std::sync::Arc;

use grapnel_core::app::{App, NewApp};
use grapnel_core::archive::{Export, Import};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::KeyAlgorithm;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_oauth::client_certificate::ClientCertificate;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::support::world::World;

fn new_app(own: &[(&str, &str)]) -> NewApp {
    let usual = [
        ("authorize_url", "https://id.example/authorize"),
        ("token_url", "https://id.example/token"),
        ("client_auth", "self_signed_tls_client_auth"),
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

fn entered(text: &str, own: &[(&str, &str)]) -> NewApp {
    let secrets = [("client_certificate".to_owned(), Some(SecretInput(text.into())))].into();
    NewApp { secrets, ..new_app(own) }
}

fn own_certificate() -> String {
    let now = "2026-03-02T12:00:00Z".parse().unwrap();
    let made = ClientCertificate::generate(KeyAlgorithm::Es256, "notes client", now).unwrap();
    made.expose_secret().to_owned()
}

async fn thumbprint(world: &World, app: &App) -> String {
    world.grapnel.certificate(&app.id).await.unwrap().thumbprint
}

async fn change(world: &World, app: &App, change: impl FnOnce(&mut NewApp)) -> Result<App> {
    let mut new = NewApp::from(app.clone());
    change(&mut new);
    world.grapnel.change_app(&app.id, new).await
}

#[tokio::test]
async fn a_certificate_is_made_where_the_client_needs_one_and_stays_until_it_is_removed() {
    let world = World::new();
    let without = world.grapnel.add_app(new_app(&[("client_auth", "body")])).await.unwrap();
    let error = world.grapnel.certificate(&without.id).await.unwrap_err();
    assert!(error.message.contains("has no certificate"), "{error:?}");
    let bound = |new: &mut NewApp| drop(new.overrides.insert("certificate_bound".into(), "true".into()));
    let app = change(&world, &without, bound).await.unwrap();
    assert_eq!(app.secrets, ["client_certificate"]);
    let made = thumbprint(&world, &app).await;
    let app = change(&world, &app, |new| new.client_id = "other".into()).await.unwrap();
    assert_eq!(thumbprint(&world, &app).await, made, "it stays");
    let removed = |new: &mut NewApp| drop(new.secrets.insert("client_certificate".into(), None));
    let app = change(&world, &app, removed).await.unwrap();
    assert_ne!(thumbprint(&world, &app).await, made, "a removed one is replaced by a new one");
}

#[tokio::test]
async fn an_app_with_a_certificate_is_renamed_while_the_vault_is_locked() {
    let mut world = World::new();
    let app = world.grapnel.add_app(new_app(&[])).await.unwrap();
    world.start_again();
    world.keyring.fail(Code::KeyringLocked);
    let renamed = change(&world, &app, |new| new.name = "Other".into()).await.unwrap();
    assert_eq!(renamed.name, "Other");
    // Whether the certificate fits another algorithm cannot be seen without its key.
    let algorithm = |new: &mut NewApp| drop(new.overrides.insert("client_key_alg".into(), "RS256".into()));
    assert_eq!(change(&world, &renamed, algorithm).await.unwrap_err().code, Code::KeyringLocked);
}

#[tokio::test]
async fn what_cannot_be_a_certificate_names_its_field_and_changes_nothing() {
    let world = World::new();
    let field = |error: Error| error.field.unwrap();
    // An authority must issue it.
    for own in [
        &[("client_auth", "tls_client_auth")][..],
        &[("client_auth", "body"), ("revocation_auth", "tls_client_auth")],
    ] {
        let error = world.grapnel.add_app(new_app(own)).await.unwrap_err();
        assert_eq!(field(error), "client_certificate", "{own:?}");
    }
    let error = world.grapnel.add_app(entered("certificate", &[])).await.unwrap_err();
    assert_eq!(field(error), "client_certificate");
    let error = world.grapnel.add_app(entered(&own_certificate().repeat(100), &[])).await.unwrap_err();
    assert_eq!(field(error), "client_certificate");
    assert_eq!(world.grapnel.apps().unwrap().len(), 0);
    let own = own_certificate();
    let app = world.grapnel.add_app(entered(&own, &[("client_auth", "tls_client_auth")])).await.unwrap();
    let view = world.grapnel.certificate(&app.id).await.unwrap();
    assert_eq!(view.subject, "CN=notes client");
    assert!(own.contains(view.pem.lines().nth(1).unwrap()) && !view.pem.contains("PRIVATE"), "{}", view.pem);
}

#[tokio::test]
async fn a_certificate_that_grapnel_made_stays_only_where_it_can() {
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&[])).await.unwrap();
    for (key, value, field) in [
        ("client_auth", "tls_client_auth", "client_certificate"),
        ("client_key_alg", "EdDSA", "client_key_alg"),
    ] {
        let set = |new: &mut NewApp| drop(new.overrides.insert(key.into(), value.into()));
        let error = change(&world, &app, set).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field), "{error:?}");
    }
    let both = |new: &mut NewApp| {
        new.overrides.insert("client_key_alg".into(), "EdDSA".into());
        new.secrets.insert("client_certificate".into(), None);
    };
    assert!(change(&world, &app, both).await.is_ok());
}

#[tokio::test]
async fn an_archive_carries_the_certificate_and_a_profile_file_does_not() {
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&[])).await.unwrap();
    let own = thumbprint(&world, &app).await;
    let file = world.grapnel.profile_of(&app.id).unwrap();
    assert_eq!(file.left_out, ["client_certificate"]);
    assert!(!file.write().unwrap().contains("PRIVATE KEY"));
    let (path, passphrase) = (world.home.path().join("a.age"), "harbour lamp eleven moss".into());
    let export = Export { file: path.clone(), passphrase, with_tokens: true, moves: false, force: false };
    world.grapnel.export(export).await.unwrap();
    let other = World::new();
    let archive = other.grapnel.open_archive(&path, &"harbour lamp eleven moss".into()).await.unwrap();
    other.grapnel.import(&archive, Import { with_tokens: true, dry_run: false }).await.unwrap();
    let imported = other.grapnel.apps().unwrap().pop().unwrap();
    assert_eq!(thumbprint(&other, &imported).await, own);
}

#[tokio::test]
async fn its_private_key_is_nowhere_in_the_clear() {
    let world = World::new();
    let own = own_certificate();
    let app = world.grapnel.add_app(entered(&own, &[])).await.unwrap();
    change(&world, &app, |new| new.name = "Other".into()).await.unwrap();
    let inside = own.split_once("BEGIN PRIVATE KEY-----").unwrap().1.trim_start().lines().next().unwrap();
    let mut found = String::new();
    for file in ["grapnel.db", "grapnel.db-wal"] {
        let content = std::fs::read(world.home.path().join(file)).unwrap();
        assert!(memchr::memmem::find(&content, inside.as_bytes()).is_none(), "{file}");
        found.push_str(&String::from_utf8_lossy(&content));
    }
    assert!(found.contains("client_certificate"), "the app is in these files");
    let view = world.grapnel.certificate(&app.id).await.unwrap();
    let shown = serde_json::to_string(&(world.grapnel.apps().unwrap(), view)).unwrap();
    assert!(!shown.contains(inside) && !shown.contains("PRIVATE KEY"));
}

/// A server that takes only certificates of its own authority. It ends the connection with an alert, when TLS 1.3 has
/// sent the request.
#[tokio::test]
async fn a_server_that_does_not_trust_the_certificate_is_told_with_what_to_do() {
    let world = World::new();
    let (mut authority, key) = (CertificateParams::new(Vec::new()).unwrap(), KeyPair::generate().unwrap());
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&key).unwrap();
    let authority = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(tls)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = format!("https://{}/par", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // Read to its end, so that the alert is not overtaken by a reset of the connection.
            let Err((_, mut client)) = acceptor.accept(client).into_fallible().await else { continue };
            let _ = tokio::io::copy(&mut client, &mut tokio::io::sink()).await;
        }
    });
    let file = world.home.path().join("ca.pem");
    std::fs::write(&file, root.pem()).unwrap();
    let mut settings = world.grapnel.settings().unwrap();
    settings.certificates = file.display().to_string();
    world.grapnel.change_settings(settings).unwrap();
    let app = world.grapnel.add_app(new_app(&[("par", "true"), ("par_url", &address)])).await.unwrap();
    let error = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap_err();
    server.abort();
    assert!(error.message.contains("does not accept the app’s client certificate"), "{error:?}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("grapnel app certificate")), "{error:?}");
}
