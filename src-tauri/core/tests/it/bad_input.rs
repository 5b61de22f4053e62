//! Invalid input and its errors: input → code, message, meaning, hint.

use std::collections::HashSet;

use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Error;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{ProviderId, Switch};

use crate::support::scripted_server::{Reply, Scripted};
use crate::support::world::World;

#[derive(Default)]
struct Table {
    rows: Vec<String>,
    told: HashSet<(Option<String>, String)>,
}

impl Table {
    fn add(&mut self, input: &str, error: Error) {
        let told = (error.field.clone(), error.message.clone());
        assert!(self.told.insert(told), "{input} is told like another: {}", error.message);
        let code = serde_json::to_value(error.code).unwrap();
        let field = error.field.map(|field| format!(" [{field}]")).unwrap_or_default();
        self.rows.push(format!(
            "{input}\n    {}{field}: {}\n    means: {}\n    hint:  {}",
            code.as_str().unwrap(),
            error.message,
            error.meaning.unwrap_or_else(|| panic!("{input}: nothing is said of its meaning")),
            error.hint.unwrap_or_else(|| panic!("{input}: nothing is said to do")),
        ));
    }
}

#[tokio::test]
async fn each_invalid_input_has_its_own_error() {
    let mut table = Table::default();
    profiles(&mut table).await;
    issuers(&mut table).await;
    ways_back(&mut table).await;
    answers(&mut table).await;
    answers_of_issuers(&mut table).await;
    let filters = vec![(r"127\.0\.0\.1:\d+", "HOST"), (r"Port \d+", "Port PORT")];
    insta::with_settings!({ filters => filters, omit_expression => true }, {
        insta::assert_snapshot!(table.rows.join("\n\n"));
    });
}

async fn profiles(table: &mut Table) {
    let rows: &[(&str, &str, ProviderId)] = &[
        ("an unknown profile key", "tokn_url=https://a.example", ProviderId::Grigora),
        ("a value that a key cannot have", "token_body=xml", ProviderId::Grigora),
        ("an endpoint on plain http", "token_url=http://a.example/token", ProviderId::Grigora),
        ("a contradiction: a secret that is never sent", "client_auth=none", ProviderId::Grigora),
        ("a contradiction: Basic without a client ID", "client_auth=basic", ProviderId::Grindery),
        ("a contradiction: an issuer is required, and none known", "require_iss=true", ProviderId::Grigora),
        ("a state waived where the provider sends it back", "require_state=false", ProviderId::Grigora),
        ("a fact about the provider", "state_may_be_waived=true", ProviderId::Grigora),
    ];
    for (what, setting, provider) in rows {
        let world = World::of(*provider);
        let mut new = world.new_app();
        let (key, value) = setting.split_once('=').unwrap();
        new.overrides.insert(key.into(), value.into());
        table.add(&format!("{what}: {setting}"), world.grapnel.add_app(new).await.unwrap_err());
        assert!(world.grapnel.apps().unwrap().is_empty());
    }
}

async fn issuers(table: &mut Table) {
    let world = World::of(ProviderId::Custom);
    for issuer in ["", "http://id.example", "https://id.example?x"] {
        let error = world.grapnel.discover(issuer).await.unwrap_err();
        table.add(&format!("an issuer that cannot be: “{issuer}”"), error);
    }
    for (what, switch) in [
        ("an issuer that does not match", Switch::CustomIssuerMismatch),
        ("a discovery document of 10 MiB", Switch::CustomHugeDocument),
    ] {
        world.sandbox.switches().set(switch, true);
        table.add(what, world.grapnel.discover(world.sandbox.custom()).await.unwrap_err());
        world.sandbox.switches().clear();
    }
    let server = Scripted::start().await;
    let document = serde_json::json!({ "issuer": server.origin, "token_endpoint": "http://a.example/token" });
    server.on("/.well-known/openid-configuration", [Reply::json(200, document.to_string())]);
    let error = world.grapnel.discover(&server.origin).await.unwrap_err();
    table.add("a discovery document with an endpoint on plain http", error);
}

async fn ways_back(table: &mut Table) {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("loopback:{}", taken.local_addr().unwrap().port());
    let app = world.grapnel.add_app(NewApp { redirect, ..world.new_app() }).await.unwrap();
    let error = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap_err();
    table.add("a loopback port in use", error);
    assert!(world.grapnel.attempts().unwrap().is_empty());
}

async fn answers(table: &mut Table) {
    let world = World::new();
    let (other, foreign) = world.attempt().await;
    let (attempt, callback) = world.attempt().await;
    let link = world.grapnel.attempt_link(&attempt.id).await.unwrap();
    let code = callback.expose_secret().split_once("code=").unwrap().1.split('&').next().unwrap();
    let stateless = callback.expose_secret().split("&state=").next().unwrap();
    for (what, pasted) in [
        ("nothing is pasted", "  "),
        ("a pasted URL of another attempt", foreign.expose_secret()),
        ("a pasted URL of no attempt", "dev.grapnel.desktop:/oauth/callback?code=c&state=forged"),
        ("a pasted code without state", code),
        ("a pasted text that is neither", "hello world"),
        ("a pasted URL without state", stateless),
        ("a pasted sign-in page", link.expose_secret()),
        ("a pasted text that is no address", "/oauth/callback?code=c&state=s"),
        ("a pasted URL with two codes", &format!("{}&code=another", callback.expose_secret())),
        ("a pasted URL of another address", &callback.expose_secret().replace("/callback", "/elsewhere")),
    ] {
        table.add(what, world.grapnel.paste_callback(&attempt.id, &pasted.into()).await.unwrap_err());
        assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Waiting);
    }
    world.grapnel.receive_callback(&callback).await.unwrap();
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert_eq!(world.grapnel.paste_callback(&attempt.id, &callback).await.unwrap_err(), error);
    table.add("two answers to one attempt", error);
    assert_eq!(world.grapnel.attempts().unwrap()[0].id, other.id, "the other goes on waiting");
    assert_eq!(world.grapnel.connections().unwrap().len(), 1);
    assert_eq!(world.sandbox.grigora_grants().issued().access_tokens, 1);
}

async fn answers_of_issuers(table: &mut Table) {
    let world = World::of(ProviderId::Custom);
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
    new.scopes = vec!["profile".into()];
    world.grapnel.add_app(new).await.unwrap();
    for (what, switch) in [
        ("an answer from another issuer", Switch::CustomWrongIss),
        ("an answer that names no issuer", Switch::CustomNoIss),
    ] {
        world.sandbox.switches().set(switch, true);
        let (attempt, callback) = world.attempt().await;
        table.add(what, world.grapnel.receive_callback(&callback).await.unwrap_err());
        let error = world.grapnel.paste_callback(&attempt.id, &callback).await.unwrap_err();
        table.add(&format!("{what}, pasted"), error);
        world.sandbox.switches().clear();
    }
}
