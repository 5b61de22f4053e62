use grapnel_model::error::Code;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "each caller makes them for this")]
fn app(overrides: Value, tokens: Value) -> (ArchivedApp, ArchivedConnection) {
    let connection = json!({
        "id": "0".repeat(32), "name": "Client site", "created_at": "2026-03-02T12:00:00Z", "scopes": [],
        "project_ids": [], "tokens": tokens,
    });
    let app = json!({
        "name": "App", "provider": "custom", "client_id": "client", "client_secret": "the-client-secret",
        "redirect_uri": "deep-link", "scopes": [], "projects": [], "overrides": overrides,
        "secrets": {
            "client_key": "the-private-key", "client_certificate": "the-certificate",
            "authorize.login_token": "of-the-sign-in", "token.key": "of-the-code",
            "refresh.key": "of-the-refresh", "header.X-Key": "of-each-request",
        },
        "registration_token": "the-registration-token", "connections": [],
    });
    (serde_json::from_value(app).unwrap(), serde_json::from_value(connection).unwrap())
}

fn tokens(refresh: Option<&str>) -> Value {
    json!({ "access": "the-access-token", "refresh": refresh, "issued_at": "2026-03-02T12:00:00Z", "renewals": 0 })
}

fn by() -> TeamRefresh {
    TeamRefresh { at: Timestamp::UNIX_EPOCH, member: "Ada".into(), machine: "laptop".into() }
}

/// The secrets of the parts that a worker can read.
fn of_worker(overrides: Value, tokens: Value) -> Vec<&'static str> {
    let (app, connection) = app(overrides, tokens);
    let (document, manage) = SharedDocument::split(app, connection, by()).unwrap();
    let (first, second) = (document.write_definition().unwrap(), manage.write().unwrap());
    let (first, second) = (std::str::from_utf8(&first).unwrap(), std::str::from_utf8(&second).unwrap());
    let secrets = [
        "the-client-secret",
        "the-private-key",
        "the-certificate",
        "of-the-sign-in",
        "of-the-code",
        "of-the-refresh",
        "of-each-request",
        "the-registration-token",
    ];
    for secret in secrets {
        assert_ne!(first.contains(secret), second.contains(secret), "{secret}");
    }
    secrets.into_iter().filter(|secret| first.contains(secret)).collect()
}

#[test]
fn a_worker_gets_the_secrets_that_a_refresh_needs_and_no_others() {
    let url = |more: Value| {
        let mut all = json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" });
        for (key, value) in more.as_object().unwrap() {
            all[key] = value.clone();
        }
        all
    };
    let refreshed = || tokens(Some("the-refresh-token"));
    let basic = of_worker(url(json!({})), refreshed());
    assert_eq!(basic, ["the-client-secret", "of-the-refresh", "of-each-request"]);
    let key = of_worker(url(json!({ "client_auth": "private_key_jwt" })), refreshed());
    assert_eq!(key, ["the-private-key", "of-the-refresh", "of-each-request"]);
    assert_eq!(of_worker(url(json!({})), tokens(None)), Vec::<&str>::new(), "nothing is refreshed");
    // A certificate, by which the client authenticates or to which its tokens are bound, and only then.
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let certificate = of_worker(url(json!({ "client_auth": method })), refreshed());
        assert_eq!(certificate, ["the-certificate", "of-the-refresh", "of-each-request"], "{method}");
        assert_eq!(of_worker(url(json!({ "client_auth": method })), tokens(None)), Vec::<&str>::new());
    }
    let config = json!({ "certificate_bound": "true" });
    assert!(of_worker(url(config.clone()), refreshed()).contains(&"the-certificate"));
    assert_eq!(of_worker(url(config), tokens(None)), ["the-certificate"], "it is presented with the token");
    let mut bound = tokens(None);
    bound["certificate"] = json!("A".repeat(43));
    assert_eq!(of_worker(url(json!({})), bound), ["the-certificate"]);
}

/// The document as another machine reads it.
fn again(document: &SharedDocument) -> SharedDocument {
    let (definition, tokens) = (document.write_definition().unwrap(), document.write_tokens().unwrap());
    SharedDocument::parse(&definition, &tokens).unwrap()
}

#[test]
fn both_parts_make_the_app_again() {
    let (app, connection) = app(
        json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" }),
        tokens(Some("the-refresh-token")),
    );
    let whole = serde_json::to_value(&app).unwrap();
    let (document, manage) = SharedDocument::split(app, connection, by()).unwrap();
    let document = again(&document);
    let manage = ManageDocument::parse(&manage.write().unwrap()).unwrap();
    let archive = serde_json::to_value(document.archive(Some(manage))).unwrap();
    let mut read = archive["apps"][0].clone();
    assert_eq!(read["connections"].as_array().unwrap().len(), 1);
    read["connections"] = json!([]);
    assert_eq!(read, whole);
}

#[test]
fn what_is_no_record_is_refused_without_its_content() {
    let (app, connection) = app(
        json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" }),
        tokens(None),
    );
    let (document, _) = SharedDocument::split(app, connection, by()).unwrap();
    let of = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).unwrap() };
    let definition = of(&document.write_definition().unwrap());
    let tokens = of(&document.write_tokens().unwrap());
    let parse = |definition: &Value, tokens: &Value| {
        SharedDocument::parse(definition.to_string().as_bytes(), tokens.to_string().as_bytes())
    };
    let with = |value: &Value, pointer: &str, new: Value| {
        let mut value = value.clone();
        *value.pointer_mut(pointer).unwrap() = new;
        value
    };
    for newer in [
        parse(&with(&definition, "/form", json!(FORM + 1)), &tokens),
        parse(&definition, &with(&tokens, "/form", json!(FORM + 1))),
    ] {
        assert_eq!(newer.unwrap_err().code, Code::DataNewer);
    }
    let other = json!({ "form": 1, "secret": "hunter2" });
    for wrong in [
        parse(&with(&definition, "/document/apps", json!([])), &tokens),
        parse(&definition, &with(&tokens, "/grant/tokens/access", json!("a secret\n"))),
        parse(&definition, &with(&tokens, "/grant_number", json!(i64::MAX))),
        parse(&other, &tokens),
        parse(&definition, &other),
        parse(&definition, &json!(["hunter2"])),
    ] {
        let error = wrong.unwrap_err();
        assert_eq!(error.code, Code::DataDamaged);
        assert!(!format!("{error:?}").contains("hunter2") && !format!("{error:?}").contains("a secret"));
    }
}

/// What each refresh writes, also that of a worker, has no place for an address.
#[test]
fn the_tokens_say_nothing_of_where_they_may_be_sent() {
    let url = json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" });
    let (app, mut connection) = app(url, tokens(Some("the-refresh-token")));
    let (document, _) = SharedDocument::split(app, connection.clone(), by()).unwrap();
    let tokens = document.write_tokens().unwrap();
    assert!(!std::str::from_utf8(&tokens).unwrap().contains("example"));
    let mut more: Value = serde_json::from_slice(&tokens).unwrap();
    more["app"] = json!({ "overrides": { "token_url": "https://thief.example" } });
    let definition = document.write_definition().unwrap();
    assert!(SharedDocument::parse(&definition, more.to_string().as_bytes()).is_err());
    // A refresh changes no definition either.
    connection.allowed_origins = Some(serde_json::from_value(json!(["https://thief.example"])).unwrap());
    let refreshed = document.with_grant(connection, by(), false);
    assert!(refreshed.has_definition_of(&document).unwrap());
    assert_eq!(refreshed.connection().allowed_origins, None);
}

#[test]
fn a_disconnect_is_in_the_definition_and_a_sign_in_ends_it() {
    let url = json!({ "authorize_url": "https://as.example/a", "token_url": "https://as.example/t" });
    let (app, connection) = app(url, tokens(Some("the-refresh-token")));
    let (document, _) = SharedDocument::split(app, connection.clone(), by()).unwrap();
    let none = ArchivedConnection { tokens: None, ..connection.clone() };
    let ended = again(&document.with_grant(none, by(), false));
    assert!(matches!(ended.state(), SharingState::Ended { grant_number: 2, .. }));
    // Who has only the key of a worker writes tokens, and it stays disconnected.
    let revived = SharedDocument { part: document.part.clone(), ..ended.clone() };
    assert!(again(&revived).tokens().is_none());
    let signed_in = again(&ended.with_grant(connection, by(), true));
    assert!(signed_in.tokens().is_some());
    assert_eq!((signed_in.grant_number(), signed_in.sign_in_number()), (3, 2));
    assert!(!signed_in.has_definition_of(&ended).unwrap());
}
