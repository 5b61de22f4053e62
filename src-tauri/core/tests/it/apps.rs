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
        ("empty client ID", |new| new.client_id = "  ".into()),
        ("client ID with a tab", |new| new.client_id = "acme\tsites".into()),
        ("client ID with an umlaut", |new| new.client_id = "ägypten".into()),
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

#[tokio::test]
async fn an_environment_takes_the_spelling_that_exists() {
    let world = World::new();
    let new = |name: &str, environment: &str| NewApp {
        name: name.into(),
        environment: environment.into(),
        ..world.new_app()
    };
    let first = world.grapnel.add_app(new("First", "  Übung \n")).await.unwrap();
    assert_eq!(first.environment.as_deref(), Some("Übung"));
    let second = world.grapnel.add_app(new("Second", "ÜBUNG")).await.unwrap();
    assert_eq!(second.environment.as_deref(), Some("Übung"));
    assert_eq!(world.grapnel.add_app(new("Third", " ")).await.unwrap().environment, None);
    let recased = NewApp { environment: "übung".into(), ..NewApp::from(second.clone()) };
    let same = world.grapnel.change_app(&second.id, recased).await.unwrap();
    assert_eq!(same.environment.as_deref(), Some("Übung"));
    assert_eq!(world.grapnel.activity(None, None).unwrap().len(), 3, "nothing was changed");

    // A label that no other app has can be spelled anew.
    let other = NewApp { environment: "Staging".into(), ..NewApp::from(second) };
    let second = world.grapnel.change_app(&same.id, other).await.unwrap();
    let recased = NewApp { environment: "STAGING".into(), ..NewApp::from(second) };
    let second = world.grapnel.change_app(&same.id, recased).await.unwrap();
    assert_eq!(second.environment.as_deref(), Some("STAGING"));
    let none = NewApp { environment: String::new(), ..NewApp::from(second) };
    assert_eq!(world.grapnel.change_app(&same.id, none).await.unwrap().environment, None);
}

#[tokio::test]
async fn an_environment_is_at_most_40_characters_that_can_be_shown() {
    let world = World::new();
    let add = |environment: String| world.grapnel.add_app(NewApp { environment, ..world.new_app() });
    for bad in ["x".repeat(41), "Sta\u{202e}ging".into(), "Sta\nging".into(), "Sta\u{200b}ging".into()] {
        let error = add(bad.clone()).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (Code::InvalidInput, Some("environment")),
            "{bad:?}"
        );
    }
    assert!(world.grapnel.apps().unwrap().is_empty());
    let longest = "ü".repeat(40);
    assert_eq!(add(longest.clone()).await.unwrap().environment, Some(longest));
}

#[tokio::test]
async fn a_copy_without_a_name_is_called_after_its_environment() {
    let world = World::new();
    let new =
        NewApp { environment: "Production".into(), name: "Acme (Production)".into(), ..world.new_app() };
    let app = world.grapnel.add_app(new).await.unwrap();
    let copy = |app: &grapnel_core::app::App, name: &str, environment: &str| NewApp {
        name: name.into(),
        environment: environment.into(),
        redirect: "deep-link".into(),
        ..NewApp::from(app.clone())
    };
    let staging = copy(&app, "", " Staging ");
    let staging = world.grapnel.duplicate_app(&app.id, staging, true).await.unwrap();
    assert_eq!((staging.name.as_str(), staging.environment.as_deref()), ("Acme (Staging)", Some("Staging")));
    let named = copy(&app, "Mine", "Staging");
    assert_eq!(world.grapnel.duplicate_app(&app.id, named, true).await.unwrap().name, "Mine");
}

#[tokio::test]
async fn a_connection_has_the_environment_of_its_app() {
    let world = World::new();
    let id = world.connect().await;
    let environment = || world.grapnel.connection(&id).unwrap().summary.environment;
    assert_eq!(environment(), None);
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let new = NewApp { environment: "Staging".into(), ..NewApp::from(app.clone()) };
    world.grapnel.change_app(&app.id, new).await.unwrap();
    assert_eq!(environment().as_deref(), Some("Staging"));
    assert_eq!(world.grapnel.connections().unwrap()[0].environment.as_deref(), Some("Staging"));
    let profile = world.grapnel.profile_of(&app.id).unwrap().write().unwrap();
    assert!(!profile.contains("Staging"), "it is the person’s own arrangement");
}

fn change(new: &mut NewApp, key: &str, value: &str) {
    new.overrides.insert(key.into(), value.into());
}
