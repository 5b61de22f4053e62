//! The account: from the ID token, userinfo and introspection; and signing in with another account.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::activity::Kind;
use grapnel_model::attempt::Phase;
use grapnel_model::connection::{Details, State};
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;
use serde_json::{Value, json};

use crate::leaks::scan_files;
use crate::support::openid_provider::{Issuer, Key, unsigned};
use crate::support::scripted_server::Reply;
use crate::support::world::again;

const OPENID: &[(&str, &str)] = &[("issuer", ""), ("jwks_url", "/jwks")];
const USERINFO: &[(&str, &str)] = &[("userinfo_url", "/userinfo")];

/// The only connection.
fn only(issuer: &Issuer) -> Details {
    let [one] = issuer.world.grapnel.connections().unwrap().try_into().unwrap();
    issuer.world.grapnel.connection(&one.id).unwrap()
}

async fn access_token(issuer: &Issuer, details: &Details) -> String {
    let token =
        issuer.world.grapnel.token(&details.summary.id, std::time::Duration::ZERO).await.unwrap().value;
    token.expose_secret().to_owned()
}

fn who(details: &Details) -> String {
    details
        .account
        .as_ref()
        .map_or_else(|| "unknown".into(), |account| format!("{} ({})", account.label(), account.id))
}

/// The case, settings of the app, the issuer's keys, and the header of the ID token.
type Row = (&'static str, &'static [(&'static str, &'static str)], Vec<Value>, Value);

#[tokio::test]
async fn the_account_is_read_from_the_id_token() {
    for alg in ["ES256", "ES512", "EdDSA", "Ed25519", "RS256"] {
        let issuer = Issuer::new(&["openid"], OPENID).await;
        let key = Key::new(alg);
        issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
        let claims = |nonce: &str| {
            let mut claims = issuer.claims("7", nonce);
            claims["name"] = json!("Ann Berg");
            claims["email"] = json!("ann@id.example");
            json!({ "id_token": key.sign(json!({ "kid": "k1", "typ": "JWT" }), &claims) })
        };
        issuer.sign_in(&SignInRequest::default(), claims).await.unwrap();
        let details = only(&issuer);
        assert_eq!(who(&details), "Ann Berg <ann@id.example> (7)", "{alg}");
        let id_claims = details.id_claims.unwrap();
        assert_eq!((id_claims.is_verified, id_claims.unverified_because), (true, None), "{alg}");
        let signature = id_claims.signature.unwrap();
        assert_eq!((signature.key_id.as_deref(), signature.unverified), (Some("k1"), None), "{alg}");
        let header: Vec<_> = id_claims.header.iter().map(|field| field.value.as_str()).collect();
        assert_eq!(header, [alg, "k1", "JWT"]);
    }
}

/// Nothing of a sign-in with an invalid ID token is stored.
#[tokio::test]
async fn an_invalid_id_token_fails_the_sign_in() {
    let issuer = Issuer::new(&["openid"], OPENID).await;
    let (key, other) = (Key::new("ES256"), Key::new("ES256"));
    issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
    let changed = |name: &str, value: Value| {
        let (issuer, key, name) = (&issuer, &key, name.to_owned());
        move |nonce: &str| {
            let mut claims = issuer.claims("7", nonce);
            claims[&name] = value;
            json!({ "id_token": key.sign(json!({ "kid": "k1" }), &claims) })
        }
    };
    let mut said = Vec::new();
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("c2")),
        ("exp", json!(1_000_000)),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
    ] {
        said.push(issuer.sign_in(&SignInRequest::default(), changed(name, value)).await.unwrap_err());
    }
    let by_another =
        |nonce: &str| json!({ "id_token": other.sign(json!({ "kid": "k1" }), &issuer.claims("7", nonce)) });
    said.push(issuer.sign_in(&SignInRequest::default(), by_another).await.unwrap_err());
    let by_nobody = |nonce: &str| json!({ "id_token": unsigned(&issuer.claims("7", nonce)) });
    said.push(issuer.sign_in(&SignInRequest::default(), by_nobody).await.unwrap_err());
    assert!(said.iter().all(|error| error.code == Code::IdTokenInvalid));
    assert!(issuer.world.grapnel.connections().unwrap().is_empty());
    let said: Vec<String> = said.into_iter().map(|error| error.message).collect();
    let origin = issuer.server.origin.strip_prefix("http://").unwrap();
    insta::assert_snapshot!(said.join("\n").replace(origin, "ORIGIN"));
}

/// It came from the token endpoint over TLS, so its claims count (OpenID Connect Core §3.1.3.7, point 6).
#[tokio::test]
async fn an_unverifiable_signature_is_explained() {
    let key = Key::new("ES256");
    let (named, unnamed) = (json!({ "kid": "k1" }), json!({}));
    let table: [Row; 7] = [
        ("no address", &[("issuer", "")], vec![], named.clone()),
        ("nothing there", OPENID, vec![], named.clone()),
        ("other key", OPENID, vec![key.jwk(json!({ "kid": "k2" }))], named.clone()),
        ("key without a name", OPENID, vec![key.jwk(unnamed.clone())], named.clone()),
        ("token without a name", OPENID, vec![key.jwk(json!({ "kid": "k2" }))], unnamed.clone()),
        ("two without a name", OPENID, vec![key.jwk(unnamed.clone()), Key::new("ES256").jwk(unnamed)], named),
        (
            "extension",
            OPENID,
            vec![key.jwk(json!({ "kid": "k1" }))],
            json!({ "kid": "k1", "crit": ["b64"], "b64": false }),
        ),
    ];
    let mut said = Vec::new();
    for (what, addresses, keys, header) in table {
        let issuer = Issuer::new(&["openid"], addresses).await;
        if what != "nothing there" {
            issuer.publishes(&keys);
        }
        let members = |nonce: &str| json!({ "id_token": key.sign(header, &issuer.claims("7", nonce)) });
        issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
        let claims = only(&issuer).id_claims.unwrap();
        said.push(format!("{what}: {:?}", claims.unverified_because));
        assert_eq!(who(&only(&issuer)), "7 (7)", "{what}");
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_token_that_claims_another_algorithm_is_not_verified() {
    let issuer = Issuer::new(&["openid"], OPENID).await;
    let key = Key::new("ES256");
    issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
    let mut said = Vec::new();
    for alg in ["HS256", "ES256K", "RS256", "EdDSA"] {
        let members = |nonce: &str| {
            json!({ "id_token": key.sign(json!({ "kid": "k1", "alg": alg }),
        &issuer.claims("7", nonce)) })
        };
        let attempt = issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
        let details = issuer.world.grapnel.connection(&attempt.connection_id.unwrap()).unwrap();
        said.push(format!("{alg}: {:?}", details.id_claims.unwrap().unverified_because));
    }
    insta::assert_snapshot!(said.join("\n"));
}

/// Userinfo is requested with any scopes, and read under any member names.
#[tokio::test]
async fn the_account_is_read_from_userinfo() {
    let (json, jwt) = ("application/json", "application/jwt");
    let key = Key::new("ES256");
    let signed = key.sign(json!({ "kid": "k1" }), &json!({ "sub": "9", "name": "Sid", "aud": "c1" }));
    let for_another = key.sign(json!({ "kid": "k1" }), &json!({ "sub": "9", "aud": "c2" }));
    let nobody = unsigned(&json!({ "sub": "9" }));
    let table = [
        ("sub", vec![Reply::new(200, json, r#"{"sub":"1","given_name":"Ann","family_name":"Berg"}"#)]),
        ("login", vec![Reply::new(200, json, r#"{"id":42,"login":"ann","email":"ann@id.example"}"#)]),
        (
            "by POST",
            vec![Reply::new(405, json, "{}"), Reply::new(200, json, r#"{"sub":"1","nickname":"annie"}"#)],
        ),
        ("signed", vec![Reply::new(200, jwt, signed)]),
        ("for another", vec![Reply::new(200, jwt, for_another)]),
        ("by nobody", vec![Reply::new(200, jwt, nobody)]),
        ("refused", vec![Reply::new(403, json, r#"{"error":"insufficient_scope"}"#)]),
        ("of no account", vec![Reply::new(200, json, "{}")]),
    ];
    let mut said = Vec::new();
    for (what, replies) in table {
        let issuer = Issuer::new(&["read"], &[("userinfo_url", "/userinfo"), ("jwks_url", "/jwks")]).await;
        issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
        issuer.server.on("/userinfo", replies);
        let attempt =
            issuer.sign_in(&SignInRequest::default(), |_| json!({ "scope": "read" })).await.unwrap();
        assert_eq!(attempt.phase, Phase::Done, "{what}");
        let details = only(&issuer);
        assert_eq!(details.error, None, "{what}");
        said.push(format!("{what}: {} {:?}", who(&details), details.identity_note));
    }
    insta::assert_snapshot!(said.join("\n"));
}

/// OpenID Connect Core §5.3.2.
#[tokio::test]
async fn userinfo_of_someone_else_is_ignored() {
    let issuer = Issuer::new(&["openid"], &[("issuer", ""), ("userinfo_url", "/userinfo")]).await;
    let key = Key::new("ES256");
    issuer.server.on("/userinfo", [Reply::json(200, r#"{"sub":"8","name":"Mallory"}"#)]);
    let members = |nonce: &str| json!({ "id_token": key.sign(json!({}), &issuer.claims("7", nonce)) });
    issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
    assert_eq!(who(&only(&issuer)), "7 (7)");
    assert!(only(&issuer).identity_note.unwrap().contains("another subject"));
}

#[tokio::test]
async fn an_id_token_that_userinfo_repeats_is_neither_stored_nor_shown() {
    let issuer = Issuer::new(&["openid"], &[("issuer", ""), ("userinfo_url", "/userinfo")]).await;
    let key = Key::new("ES256");
    let mut id_token = String::new();
    let members = |nonce: &str| {
        id_token = key.sign(json!({}), &issuer.claims("7", nonce));
        let userinfo = json!({ "sub": "7", "name": id_token, "debug": format!("Bearer {id_token}") });
        issuer.server.on("/userinfo", [Reply::json(200, userinfo.to_string())]);
        json!({ "id_token": id_token, "scope": format!("openid {id_token}") })
    };
    issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
    let details = only(&issuer);
    assert_eq!(who(&details), "[secret] (7)");
    let shown =
        serde_json::to_string(&(&details, issuer.world.grapnel.activity(None, None).unwrap())).unwrap();
    assert!(!shown.contains(&id_token), "{shown}");
    scan_files(&issuer.world, &[("the ID token".into(), id_token)]);
}

#[tokio::test]
async fn the_account_is_read_from_introspection() {
    let issuer = Issuer::new(&[], &[("introspection_url", "/introspect")]).await;
    let told = r#"{"active":true,"scope":"read write","client_id":"c1","username":"ann","sub":"7","exp":4000000000}"#;
    issuer.server.on("/introspect", [Reply::json(200, told)]);
    issuer.sign_in(&SignInRequest::default(), |_| json!({})).await.unwrap();
    let details = only(&issuer);
    assert_eq!(who(&details), "ann (7)");
    insta::assert_json_snapshot!(details.authorization);
}

#[tokio::test]
async fn another_account_does_not_replace_the_first() {
    for by_id_token in [true, false] {
        let addresses = if by_id_token { &[("issuer", "")][..] } else { USERINFO };
        let issuer = Issuer::new(if by_id_token { &["openid"] } else { &[] }, addresses).await;
        let key = Key::new("ES256");
        let signed_in_as = async |sub: &str, wanted: &SignInRequest| {
            issuer.server.on("/userinfo", [Reply::json(200, json!({ "sub": sub }).to_string())]);
            let members = |nonce: &str| {
                if by_id_token {
                    json!({ "id_token": key.sign(json!({}), &issuer.claims(sub, nonce)) })
                } else {
                    json!({})
                }
            };
            issuer.sign_in(wanted, members).await.unwrap()
        };
        signed_in_as("1", &SignInRequest::default()).await;
        let first = only(&issuer);
        let (id, token) = (first.summary.id.clone(), access_token(&issuer, &first).await);

        // The same account again replaces the grant without confirmation.
        let attempt = signed_in_as("1", &again(&id)).await;
        assert_eq!((attempt.other_account, attempt.connection_id), (None, Some(id.clone())));
        let newer = access_token(&issuer, &only(&issuer)).await;
        assert_ne!(newer, token);

        // Another account is stored beside it.
        let attempt = signed_in_as("2", &again(&id)).await;
        let other = attempt.other_account.unwrap();
        assert_eq!((other.connection_id.clone(), other.connection.as_str()), (id.clone(), "Scripted"));
        assert_eq!(
            (other.account.as_str(), other.signed_in.as_str(), other.kept_as.as_str()),
            ("1", "2", "Scripted 2")
        );
        let first = issuer.world.grapnel.connection(&id).unwrap();
        assert_eq!((who(&first), access_token(&issuer, &first).await), ("1 (1)".into(), newer));
        let beside = issuer.world.grapnel.connection(&attempt.connection_id.unwrap()).unwrap();
        assert_eq!(who(&beside), "2 (2)");

        // Until the person confirms that it replaces it.
        let token = access_token(&issuer, &beside).await;
        assert_eq!(issuer.world.grapnel.replace_account(&attempt.id).await.unwrap(), id);
        let first = only(&issuer);
        assert_eq!((who(&first), access_token(&issuer, &first).await), ("2 (2)".into(), token));
        assert_eq!(issuer.world.grapnel.attempt(&attempt.id).unwrap().other_account, None);
        assert!(issuer.world.grapnel.replace_account(&attempt.id).await.is_err());

        // Or requested it when starting.
        let attempt = signed_in_as("3", &SignInRequest { replaces_account: true, ..again(&id) }).await;
        assert_eq!((attempt.other_account, attempt.connection_id), (None, Some(id)));
        assert_eq!(who(&only(&issuer)), "3 (3)");
        assert!(only(&issuer).identity_note.unwrap().contains("changed from 2 to 3"));
    }
}

/// If the account is unknown, the tokens are stored anyway, and the previous account's content is not shown as theirs.
#[tokio::test]
async fn an_account_that_cannot_be_known_loses_no_tokens() {
    let issuer = Issuer::new(&[], USERINFO).await;
    issuer.server.on("/userinfo", [Reply::json(200, r#"{"sub":"1"}"#)]);
    issuer.sign_in(&SignInRequest::default(), |_| json!({})).await.unwrap();
    let first = only(&issuer);
    let token = access_token(&issuer, &first).await;
    issuer.server.on("/userinfo", [Reply::json(503, "{}")]);
    let attempt = issuer.sign_in(&again(&first.summary.id), |_| json!({})).await.unwrap();
    assert_eq!(attempt.phase, Phase::Done);
    let now = only(&issuer);
    assert_eq!(who(&now), "unknown");
    assert!(now.identity_note.unwrap().contains("Userinfo"));
    assert_ne!(access_token(&issuer, &only(&issuer)).await, token);
}

#[tokio::test]
async fn two_connections_of_one_account_are_reported() {
    let issuer = Issuer::new(&[], USERINFO).await;
    issuer.server.on("/userinfo", [Reply::json(200, r#"{"sub":"1"}"#)]);
    let one = issuer.sign_in(&SignInRequest::default(), |_| json!({})).await.unwrap();
    assert!(one.same_account.is_empty());
    let named = SignInRequest { name: Some("Second".into()), ..SignInRequest::default() };
    assert_eq!(issuer.sign_in(&named, |_| json!({})).await.unwrap().same_account, ["Scripted"]);
    issuer.server.on("/userinfo", [Reply::json(200, r#"{"sub":"2"}"#)]);
    let named = SignInRequest { name: Some("Third".into()), ..SignInRequest::default() };
    assert!(issuer.sign_in(&named, |_| json!({})).await.unwrap().same_account.is_empty());
}

/// A connection whose ID token named account 7, and the error of a refresh whose ID token has these claims.
async fn refreshed_with(change: impl FnOnce(&mut Value)) -> (Issuer, Option<grapnel_model::error::Error>) {
    let issuer = Issuer::new(&["openid"], OPENID).await;
    let key = Key::new("ES256");
    issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
    let signed = |claims: &Value| key.sign(json!({ "kid": "k1" }), claims);
    let members =
        |nonce: &str| json!({ "refresh_token": "rt-1", "id_token": signed(&issuer.claims("7", nonce)) });
    issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
    let mut claims = issuer.claims("7", "");
    claims.as_object_mut().unwrap().remove("nonce");
    change(&mut claims);
    let grant = json!({
        "access_token": "at-of-the-refresh", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt-2",
        "id_token": signed(&claims),
    });
    issuer.server.on("/token", [Reply::json(200, grant.to_string())]);
    let refreshed = issuer.world.grapnel.refresh(&only(&issuer).summary.id).await;
    (issuer, refreshed.err())
}

#[tokio::test]
async fn a_refreshed_id_token_of_the_same_account_changes_nothing() {
    let (issuer, error) = refreshed_with(|_| {}).await;
    assert_eq!(error, None);
    let details = only(&issuer);
    assert_eq!((details.summary.state, who(&details).as_str()), (State::Active, "7 (7)"));
    assert_eq!(access_token(&issuer, &details).await, "at-of-the-refresh");
}

/// OpenID Connect Core §12.2. The provider has invalidated the previous tokens, so the new ones are stored.
#[tokio::test]
async fn refreshed_tokens_of_another_account_are_stored_and_not_handed_out() {
    let mut said = Vec::new();
    for (name, value) in [("sub", "8"), ("iss", "https://other.example")] {
        let (issuer, error) = refreshed_with(|claims| claims[name] = json!(value)).await;
        let error = error.unwrap();
        assert_eq!(error.code, Code::OtherAccount);
        let grapnel = &issuer.world.grapnel;
        let details = only(&issuer);
        let id = &details.summary.id;
        assert_eq!((details.summary.state, who(&details).as_str()), (State::ReconnectNeeded, "7 (7)"));
        let zero = std::time::Duration::ZERO;
        assert_eq!(grapnel.token(id, zero).await.unwrap_err().code, Code::OtherAccount);
        assert_eq!(grapnel.token_instead_of_rejected(id, zero).await.unwrap_err().code, Code::OtherAccount);
        let noted = grapnel.activity(None, None).unwrap().remove(0);
        assert_eq!((noted.kind, noted.text), (Kind::OtherAccount, error.message.clone()));
        let origin = issuer.server.origin.strip_prefix("http://").unwrap();
        said.push(format!("{error:#?}").replace(origin, "ORIGIN"));

        // Another refresh uses the stored refresh token, which is not lost. Only an ID token shows that the account is
        // the right one again.
        let right = unsigned(&issuer.claims("7", ""));
        for (id_token, is_right) in [(None, false), (Some(right), true)] {
            let grant = json!({
                "access_token": "at-again", "token_type": "Bearer", "expires_in": 3600, "id_token": id_token,
            });
            issuer.server.on("/token", [Reply::json(200, grant.to_string())]);
            assert_eq!(grapnel.refresh(id).await.is_ok(), is_right);
            let sent = issuer.server.received("/token").pop().unwrap().form();
            assert!(sent.contains(&("refresh_token".into(), "rt-2".into())), "{sent:?}");
            assert_eq!(grapnel.token(id, zero).await.is_ok(), is_right);
        }
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_refreshed_id_token_for_another_client_is_ignored() {
    let (issuer, error) = refreshed_with(|claims| {
        claims["aud"] = json!("c2");
        claims["sub"] = json!("8");
    })
    .await;
    assert_eq!(error, None);
    let details = only(&issuer);
    assert_eq!(access_token(&issuer, &details).await, "at-of-the-refresh");
    let found = details.deviations.iter().find(|one| one.member == "id_token").unwrap();
    assert!(found.found.contains("for another client (“c2”)"), "{found:?}");
}
