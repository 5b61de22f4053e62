//! Discovery at real-world servers: what their well-known URLs return, what their documents omit or get wrong, and what
//! they require.

use std::fmt::Write;

use grapnel_core::app::NewApp;
use grapnel_model::error::Code;
use grapnel_model::secret::SecretInput;
use serde_json::{Value, json};

use crate::support::metadata_server::{MetadataServer, OAUTH, OPENID};
use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;
/// Responses of well-known URLs without a document.
fn no_documents(origin: &str) -> Vec<(&'static str, Reply)> {
    let status = |status| Reply::new(status, "text/plain", "no");
    vec![
        ("a web page", Reply::new(200, "text/html", "<!doctype html><title>Home</title>")),
        ("nothing", Reply::new(200, "text/plain", "")),
        ("an empty object", Reply::json(200, "{}")),
        ("an array", Reply::json(200, "[]")),
        ("an error with 200", Reply::json(200, r#"{"error":"not_found"}"#)),
        ("an issuer that is null", Reply::json(200, r#"{"issuer":null,"token_endpoint":7}"#)),
        ("half of it", Reply::json(200, r#"{"issuer":"#)),
        ("more than fits", Reply::json(200, format!(r#"{{"issuer":"{}"}}"#, "x".repeat(2 << 20)))),
        ("no answer", Reply::dropped()),
        ("204", status(204)),
        ("401", status(401)),
        ("403", status(403)),
        ("405", status(405)),
        ("410", status(410)),
        ("429", status(429)),
        ("500", status(500)),
        ("503", status(503)),
        ("a redirect", status(302).header("location", "/login?next=%2F")),
        ("a redirect to a document", status(301).header("location", &format!("{origin}/auth{OPENID}"))),
        ("a redirect to nowhere", status(307)),
        ("a document of another issuer", Reply::json(200, r#"{"issuer":"https://other.example"}"#)),
    ]
}

#[tokio::test]
async fn a_response_without_a_document_leads_to_the_next_url() {
    let server = MetadataServer::start().await;
    for (what, reply) in no_documents(server.origin()) {
        for (other, good) in [(OAUTH, OPENID), (OPENID, OAUTH)] {
            server.scripted.on(other, [reply.clone()]);
            server.serve(good, &server.document(json!({})));
            let found = server.discover().await;
            assert_eq!(found.documents, [format!("{}{good}", server.origin())], "{what}");
            assert_eq!(found.values["token_url"], format!("{}/token", server.origin()), "{what}");
        }
    }
    for elsewhere in ["/auth/.well-known/openid-configuration", "/login"] {
        assert!(server.scripted.received(elsewhere).is_empty(), "no redirect is followed");
    }
}

#[tokio::test]
async fn without_a_document_the_error_lists_each_urls_response() {
    let server = MetadataServer::start().await;
    let mut told = Vec::new();
    for (what, reply) in no_documents(server.origin()) {
        server.scripted.on(OAUTH, [reply]);
        let error = server.grapnel().discover(server.origin()).await.unwrap_err();
        assert_eq!(server.scripted.received(OAUTH).len(), told.len() + 1, "each is asked once: {what}");
        told.push(format!("{what}: {}", server.told(&error)));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn an_unreachable_server_is_reported_as_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = World::new().grapnel.discover(&issuer).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderUnavailable);
    assert!(error.message.contains("could not be reached"), "{}", error.message);
}

#[tokio::test]
async fn a_document_is_found_at_each_well_known_url() {
    for path in [
        format!("{OAUTH}/o/acme"),
        format!("/o/acme{OAUTH}"),
        format!("/o/acme{OPENID}"),
        format!("{OPENID}/o/acme"),
    ] {
        let server = MetadataServer::start().await;
        let issuer = format!("{}/o/acme", server.origin());
        server.serve(&path, &server.document(json!({ "issuer": issuer })));
        let found = server.grapnel().discover(&issuer).await.unwrap();
        assert_eq!(found.documents, [format!("{}{path}", server.origin())]);
        assert_eq!(found.values["issuer"], issuer);
    }
}

#[tokio::test]
async fn the_documents_of_one_issuer_are_merged() {
    let server = MetadataServer::start().await;
    let at = |path: &str| format!("{}{path}", server.origin());
    let oauth =
        json!({ "revocation_endpoint": at("/revoke"), "userinfo_endpoint": null, "scopes_supported": [] });
    let openid = json!({
        "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/jwks"), "revocation_endpoint": at("/other"),
        "scopes_supported": ["openid", "email"],
    });
    server.serve(OAUTH, &server.document(oauth.clone()));
    server.serve(OPENID, &server.document(openid.clone()));
    let found = server.discover().await;
    assert_eq!(found.documents, [at(OAUTH), at(OPENID)]);
    let value = |key: &str| found.values[key].clone();
    assert_eq!(value("revocation_url"), at("/revoke"), "the first has it already");
    assert_eq!((value("userinfo_url"), value("jwks_url")), (at("/userinfo"), at("/jwks")));
    assert_eq!(found.scopes, ["openid", "email"]);
    assert_eq!(found.notes, [], "what one left out the other has");

    // The required members may be in either document.
    let mut half = server.document(oauth);
    half.as_object_mut().unwrap().remove("token_endpoint");
    server.serve(OAUTH, &half);
    assert_eq!(server.discover().await.values["token_url"], at("/token"));

    // The document of another issuer adds nothing.
    let mut other = server.document(openid);
    other["issuer"] = json!(at("/other"));
    server.serve(OPENID, &other);
    server.serve(OAUTH, &server.document(json!({})));
    let found = server.discover().await;
    assert_eq!((found.documents.len(), found.values.get("userinfo_url")), (1, None));
}

#[tokio::test]
async fn unusable_members_are_left_out_and_reported() {
    let server = MetadataServer::start().await;
    let mut told = String::new();
    for (name, values) in [
        (
            "token_endpoint_auth_methods_supported",
            vec![json!(null), json!("client_secret_post"), json!([7, null])],
        ),
        ("code_challenge_methods_supported", vec![json!(null), json!({ "S256": true })]),
        ("authorization_response_iss_parameter_supported", vec![json!(null), json!("true"), json!(1)]),
        ("require_pushed_authorization_requests", vec![json!(null), json!("true")]),
        (
            "revocation_endpoint",
            vec![json!(null), json!(""), json!("  "), json!(7), json!(["x"]), json!("/revoke")],
        ),
        ("jwks_uri", vec![json!("http://id.example /jwks"), json!("ftp://id.example/jwks")]),
        ("userinfo_endpoint", vec![json!("https://user@id.example"), json!("https://id.example/#me")]),
        ("scopes_supported", vec![json!(null), json!("openid email"), json!([["openid"]])]),
        ("grant_types_supported", vec![json!(null), json!({})]),
        ("a_member_that_nobody_knows", vec![json!(null), json!({ "a": [1, 2] }), json!("")]),
    ] {
        for value in values {
            server.serve(OPENID, &server.document(json!({ name: value })));
            let found = server.discover().await;
            let usual = ["authorize_url", "client_auth", "issuer", "pkce", "require_iss", "token_url"];
            assert_eq!(found.values.keys().collect::<Vec<_>>(), usual, "{name}: {value}");
            assert_eq!((&*found.values["require_iss"], &*found.values["pkce"]), ("false", "always"));
            let _ = write!(told, "{name}: {value}\n{}", server.notes(&found));
        }
    }
    insta::assert_snapshot!(told);
}

/// RFC 8414 §2: without a list, the authorization code grant is the default.
#[tokio::test]
async fn the_grant_follows_from_what_the_issuer_offers() {
    let server = MetadataServer::start().await;
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let device_endpoint = format!("{}/device", server.origin());
    for (offered, chosen) in [
        (json!(["authorization_code", device, "client_credentials"]), None),
        (json!([device, "client_credentials", "refresh_token"]), Some("device_code")),
        (json!(["client_credentials"]), Some("client_credentials")),
        (json!(["client_credentials", "implicit"]), Some("client_credentials")),
    ] {
        let mut document = server.document(json!({
            "grant_types_supported": offered, "device_authorization_endpoint": device_endpoint,
        }));
        // What the grant does not need may be missing.
        if chosen.is_some() {
            document.as_object_mut().unwrap().remove("authorization_endpoint");
        }
        server.serve(OPENID, &document);
        let found = server.discover().await;
        assert_eq!(found.values.get("grant_type").map(String::as_str), chosen, "{offered}");
        assert_eq!(found.values["device_authorization_url"], device_endpoint);
        let is_told = found.notes.iter().any(|note| note.text.contains("announces the"));
        assert_eq!(is_told, chosen.is_some(), "{:?}", found.notes);
    }
}

#[tokio::test]
async fn missing_required_members_are_named() {
    let server = MetadataServer::start().await;
    let mut told = String::new();
    for (member, value) in [
        ("authorization_endpoint", None),
        ("token_endpoint", None),
        ("authorization_endpoint", Some(json!(null))),
        ("token_endpoint", Some(json!(""))),
        ("token_endpoint", Some(json!(["https://id.example/token"]))),
    ] {
        let mut document = server.document(json!({ "grant_types_supported": ["implicit"] }));
        match value {
            Some(value) => document[member] = value,
            None => drop(document.as_object_mut().unwrap().remove(member)),
        }
        server.serve(OPENID, &document);
        let error = server.grapnel().discover(server.origin()).await.unwrap_err();
        let _ = writeln!(told, "{}", server.told(&error));
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_metadata_url_is_accepted_as_its_issuer() {
    let server = MetadataServer::start().await;
    for slash in ["", "/"] {
        let issuer = format!("{}/o{slash}", server.origin());
        server.serve(&format!("/o{OPENID}"), &server.document(json!({ "issuer": issuer })));
        for pasted in
            [format!("/o{OPENID}"), format!("{OPENID}/o"), format!("{OAUTH}/o/"), format!("/o{OAUTH}")]
        {
            let found = server.grapnel().discover(&format!(" {}{pasted}", server.origin())).await.unwrap();
            assert_eq!((&found.issuer, &found.values["issuer"]), (&issuer, &issuer), "{pasted}");
        }
    }
    let error = server.grapnel().discover(&format!("{}{OPENID}/other", server.origin())).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderError);
}

#[tokio::test]
async fn an_issuer_in_another_spelling_is_suggested_and_another_one_is_not() {
    let server = MetadataServer::start().await;
    let mut told = String::new();
    for (typed, announced) in [("", "/"), ("/", ""), ("/o", "/o/"), ("/o/", "/o"), ("", "/o"), ("/o", "")] {
        let path = typed.trim_end_matches('/');
        let announced = format!("{}{announced}", server.origin());
        server.serve(&format!("{path}{OPENID}"), &server.document(json!({ "issuer": announced })));
        let typed = format!("{}{typed}", server.origin());
        let error = server.grapnel().discover(&typed).await.unwrap_err();
        let _ = writeln!(told, "{}", server.told(&error));
        if let Some(suggestion) = error.suggestion {
            assert_eq!(server.grapnel().discover(&suggestion).await.unwrap().issuer, announced);
        }
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn unsupported_requirements_of_a_server_are_reported() {
    let server = MetadataServer::start().await;
    let mut told = String::new();
    for more in [
        json!({ "require_pushed_authorization_requests": true }),
        json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth", "client_secret_jwt"] }),
        json!({ "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"] }),
        json!({ "revocation_endpoint_auth_methods_supported": ["private_key_jwt"] }),
        json!({ "introspection_endpoint_auth_methods_supported": ["Bearer"] }),
        json!({ "grant_types_supported": ["client_credentials", "refresh_token"] }),
        json!({ "response_types_supported": ["code id_token", "code token"] }),
        json!({ "response_types_supported": ["id_token", "code"], "grant_types_supported": [] }),
        json!({ "response_modes_supported": ["fragment", "web_message"] }),
        json!({ "response_modes_supported": ["fragment", "query.jwt", "jwt"] }),
        json!({ "response_modes_supported": ["query", "jwt"] }),
        json!({ "response_modes_supported": ["form_post"] }),
        json!({ "require_signed_request_object": true }),
        json!({ "dpop_bound_access_tokens": true, "dpop_signing_alg_values_supported": ["ES256"] }),
        json!({ "dpop_signing_alg_values_supported": ["ES256"], "request_parameter_supported": true }),
        json!({ "tls_client_certificate_bound_access_tokens": true }),
        json!({ "code_challenge_methods_supported": [] }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
        json!({ "code_challenge_methods_supported": null }),
        json!({ "code_challenge_methods_supported": ["plain", "S256"] }),
        json!({ "userinfo_endpoint": "https://graph.example/me", "jwks_uri": "https://graph.example:8443/keys" }),
        json!({ "token_endpoint_auth_methods_supported": ["x\u{1b}[2J\u{202e}y"] }),
    ] {
        server.serve(OPENID, &server.document(more.clone()));
        let found = server.discover().await;
        assert_eq!(found.values["pkce"], "always");
        // A client's member (RFC 9449 §5.2), which says nothing in a server's metadata.
        assert_eq!(found.values.get("dpop"), None);
        let _ = write!(told, "{more}\n{}", server.notes(&found));
    }
    insta::assert_snapshot!(told);
}

/// Servers that say so do not make a client send unsigned JWTs, or with a secret as a key what is to be signed.
#[tokio::test]
async fn an_announced_algorithm_is_chosen_only_if_a_key_signs_with_it() {
    let server = MetadataServer::start().await;
    for (announced, chosen) in [
        (json!(["none"]), None),
        (json!(["none", "HS256"]), None),
        (json!(["NONE", "ES256K", "none\n"]), None),
        (json!("none"), None),
        (json!(["none", "PS256"]), Some("PS256")),
    ] {
        server.serve(
            OPENID,
            &server.document(json!({
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": announced,
                "id_token_signing_alg_values_supported": ["none"],
                "request_object_signing_alg_values_supported": ["none"],
            })),
        );
        let found = server.discover().await.values;
        assert_eq!(found.get("client_key_alg").map(String::as_str), chosen, "{announced}");
        assert!(!found.values().any(|value| value.eq_ignore_ascii_case("none")), "{found:?}");
    }
}

#[tokio::test]
async fn an_announced_authentication_method_is_chosen() {
    let server = MetadataServer::start().await;
    let mut chosen = Vec::new();
    let (basic, post) = ("client_secret_basic", "client_secret_post");
    for methods in [
        json!(null),
        json!([]),
        json!([basic]),
        json!([post]),
        json!([post, basic]),
        json!(["none"]),
        json!(["none", basic]),
        json!(["private_key_jwt", post]),
        json!(["private_key_jwt"]),
    ] {
        server.serve(
            OPENID,
            &server.document(json!({
                "token_endpoint_auth_methods_supported": methods,
                "revocation_endpoint_auth_methods_supported": methods,
                "introspection_endpoint_auth_methods_supported": methods,
            })),
        );
        let found = server.discover().await;
        let value = |key: &str| found.values.get(key).map_or("-", String::as_str);
        assert_eq!(value("revocation_auth"), value("introspection_auth"));
        chosen.push(format!(
            "{methods}: token {}, revocation {}; offered {:?}",
            value("client_auth"),
            value("revocation_auth"),
            found.client_auth
        ));
    }
    insta::assert_snapshot!(chosen.join("\n"));
}

/// Runs a sign-in with these authentication methods; returns what is sent to the token endpoint.
async fn sent_by(server: &MetadataServer, methods: Value, secret: Option<&str>) -> String {
    server.serve(OPENID, &server.document(json!({ "token_endpoint_auth_methods_supported": methods })));
    server.scripted.on("/token", [Reply::json(200, r#"{"access_token":"a","token_type":"Bearer"}"#)]);
    let new = NewApp {
        name: format!("{methods} {secret:?}"),
        client_secret: secret.map(|secret| SecretInput(secret.into())),
        overrides: server.discover().await.values,
        ..server.scripted.new_app(&[])
    };
    let app = server.grapnel().add_app(new).await.unwrap();
    sign_in(server.grapnel(), &app).await.unwrap();
    let asked = server.scripted.received("/token").pop().unwrap();
    let form = asked.form();
    let member =
        |name: &str| form.iter().find(|(key, _)| key == name).map_or("-", |(_, value)| value.as_str());
    format!(
        "{methods} {}: client_id {}, client_secret {}, {}",
        secret.unwrap_or("without a secret"),
        member("client_id"),
        member("client_secret"),
        if asked.header("authorization").is_some() { "Basic" } else { "no header" }
    )
}

#[tokio::test]
async fn an_entered_secret_is_sent_and_a_public_client_sends_only_its_id() {
    let server = MetadataServer::start().await;
    let mut sent = Vec::new();
    for methods in [json!(["none"]), json!(["client_secret_post"]), json!(["client_secret_basic", "none"])] {
        for secret in [None, Some("s3cret")] {
            sent.push(sent_by(&server, methods.clone(), secret).await);
        }
    }
    insta::assert_snapshot!(sent.join("\n"));
}

#[tokio::test]
async fn changed_metadata_are_shown_before_the_app_is_changed() {
    let server = MetadataServer::start().await;
    let grapnel = server.grapnel();
    let at = |path: &str| format!("{}{path}", server.origin());
    server.serve(OPENID, &server.document(json!({})));
    let mut overrides = server.discover().await.values;
    // As an earlier version did if S256 was not announced.
    overrides.extend([("pkce".into(), "never".into()), ("client_auth".into(), "body".into())]);
    let new = || NewApp {
        client_secret: Some(SecretInput("s3cret".into())),
        overrides: overrides.clone(),
        ..server.scripted.new_app(&[])
    };
    let app = grapnel.add_app(new()).await.unwrap();
    let methods = json!(["client_secret_basic", "client_secret_post"]);
    let more =
        json!({ "revocation_endpoint": at("/revoke"), "token_endpoint_auth_methods_supported": methods });
    server.serve(OPENID, &server.document(more));
    let found = grapnel.rediscover(&app.id).await.unwrap();
    let changes = found.changes.iter().map(|one| (&*one.key, &*one.before, &*one.after)).collect::<Vec<_>>();
    let revoke = at("/revoke");
    assert_eq!(changes, [("pkce", "never", "always"), ("revocation_url", "", &revoke)]);
    assert_eq!(grapnel.apps().unwrap()[0].overrides, app.overrides, "asking changes nothing");

    // An endpoint that moves to another host is protected as in any other change.
    let elsewhere = Scripted::start().await;
    let moved = format!("{}/token", elsewhere.origin);
    server.serve(OPENID, &server.document(json!({ "token_endpoint": moved })));
    let found = grapnel.rediscover(&app.id).await.unwrap();
    assert!(found.discovery.notes[0].text.contains("token_url"), "{:?}", found.discovery.notes);
    let mut edited = NewApp { client_secret: None, ..new() };
    edited.overrides.extend(found.changes.into_iter().map(|one| (one.key, one.after)));
    let error = grapnel.change_app(&app.id, edited).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("client_secret"));

    let by_hand = NewApp { name: "By hand".into(), ..server.scripted.new_app(&[]) };
    let by_hand = grapnel.add_app(by_hand).await.unwrap();
    let error = grapnel.rediscover(&by_hand.id).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("issuer")));
}
