//! Adding and removing apps; errors name the invalid field.

use grapnel_core::app::NewApp;
use grapnel_model::error::Code;
use grapnel_model::secret::SecretInput;

use crate::support::world::World;

type Change = fn(&mut NewApp);

#[tokio::test]
async fn invalid_input_is_refused_by_field_and_stores_nothing() {
    let world = World::new();
    let changes: [(&str, Change); 17] = [
        ("empty client id", |new| new.client_id = "  ".into()),
        ("client id with a tab", |new| new.client_id = "acme\tsites".into()),
        ("client id with an umlaut", |new| new.client_id = "ägypten".into()),
        ("secret with a line break", |new| new.client_secret = Some(SecretInput("my\nsecret".into()))),
        ("another state", |new| change(new, "authorize.State", "x")),
        ("another redirect URI at a refresh", |new| {
            change(new, "refresh.redirect_uri", "https://evil.example");
        }),
        ("a header of credentials", |new| change(new, "token.header.Authorization", "x")),
        ("a value far too long", |new| change(new, "authorize.prompt", &"x".repeat(5000))),
        ("project id with a space", |new| new.projects = vec!["my project".into()]),
        ("empty address", |new| change(new, "token_url", "")),
        ("http on another host", |new| change(new, "token_url", "http://api.grigora.co/t")),
        ("no address", |new| change(new, "api_base", "grigora")),
        ("unknown key", |new| change(new, "tokn_url", "https://a.example")),
        ("impossible choice", |new| change(new, "token_body", "xml")),
        ("unknown provider", |new| new.provider = "acme".into()),
        ("name with a control character", |new| new.name = "a\u{7}b".into()),
        ("name that turns", |new| new.name = "Acme \u{202e}tset".into()),
    ];
    let mut told = Vec::new();
    for (what, change) in changes {
        let mut new = world.new_app();
        change(&mut new);
        let error = world.grapnel.add_app(new).await.unwrap_err();
        told.push(format!(
            "{what}: [{}] {} {}",
            error.field.unwrap_or_default(),
            error.message,
            error.hint.unwrap_or_default()
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
    assert!(world.grapnel.apps().unwrap().is_empty());
    assert!(world.keyring.keys().is_empty());
}

#[tokio::test]
async fn an_app_stores_only_differences_from_the_profile() {
    let world = World::new();
    let mut new = world.new_app();
    new.name = String::new();
    new.client_id = format!("  {}\n", new.client_id);
    new.overrides.insert("token_body".into(), "json".into());
    let app = world.grapnel.add_app(new).await.unwrap();
    assert_eq!(app.name, "Grigora");
    assert_eq!(app.client_id, grapnel_sandbox::grigora::CLIENT_ID);
    assert!(!app.overrides.contains_key("token_body"));
    assert!(app.has_secret);
}

/// RFC 6749, appendix A: any printable ASCII character.
#[tokio::test]
async fn client_ids_and_secrets_can_contain_spaces() {
    let world = World::new();
    let secret = Some(SecretInput(" my ~secret+/=: ".into()));
    let new = NewApp { client_id: "acme sites (1)".into(), client_secret: secret, ..world.new_app() };
    let app = world.grapnel.add_app(new).await.unwrap();
    assert_eq!((app.client_id.as_str(), app.has_secret), ("acme sites (1)", true));
}

#[tokio::test]
async fn two_apps_cannot_have_one_name() {
    let world = World::new();
    world.add_app().await;
    let error = world.grapnel.add_app(NewApp { name: "ACME".into(), ..world.new_app() }).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("name")));
}

#[tokio::test]
async fn an_app_with_connections_is_not_removed() {
    let world = World::new();
    let id = world.connect().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    assert_eq!(world.grapnel.remove_app(&app.id).unwrap_err().code, Code::InvalidInput);
    assert_eq!(world.grapnel.forget(&id).await.unwrap_err().code, Code::InvalidInput);
    world.grapnel.disconnect(&id).await.unwrap();
    world.grapnel.forget(&id).await.unwrap();
    world.grapnel.remove_app(&app.id).unwrap();
    assert!(world.grapnel.apps().unwrap().is_empty());
    assert_eq!(world.grapnel.remove_app(&app.id).unwrap_err().code, Code::NotFound);
}

fn change(new: &mut NewApp, key: &str, value: &str) {
    new.overrides.insert(key.into(), value.into());
}
