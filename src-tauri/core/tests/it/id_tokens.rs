//! The ID token of a connection: kept encrypted, refreshed where the provider does so, and handed out.

use std::time::Duration;

use grapnel_core::archive::{Export, Import};
use grapnel_core::authorize::{Authentication, SignInRequest};
use grapnel_model::account::Unverified;
use grapnel_model::activity::Kind;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::connection::{Details, State};
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::leaks::scan_files;
use crate::support::openid_provider::{Issuer, Key, unsigned};
use crate::support::scripted_server::{Reply, callback_of};
use crate::support::world::{World, again};

const OPENID: &[(&str, &str)] = &[("issuer", ""), ("jwks_url", "/jwks")];

/// An issuer that signs with one key, and a connection of account 7.
struct SignedIn {
    issuer: Issuer,
    key: Key,
    id: ConnectionId,
    /// The ID token of the sign-in.
    first: String,
}

impl SignedIn {
    async fn new() -> Self {
        let issuer = Issuer::new(&["openid"], OPENID).await;
        let key = Key::new("ES256");
        issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
        let mut first = String::new();
        let members = |nonce: &str| {
            first = key.sign(json!({ "kid": "k1" }), &issuer.claims("7", nonce));
            json!({ "refresh_token": "rt-1", "id_token": first })
        };
        let attempt = issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
        Self { id: attempt.connection_id.unwrap(), issuer, key, first }
    }

    async fn id_token(&self) -> Result<String, Error> {
        let token = self.issuer.world.grapnel.id_token(&self.id, Duration::ZERO).await?;
        Ok(token.value.expose_secret().to_owned())
    }

    fn details(&self) -> Details {
        self.issuer.world.grapnel.connection(&self.id).unwrap()
    }

    /// An ID token without nonce, with changed claims, as of a refresh at this time.
    fn signed(&self, at: Timestamp, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.issuer.claims("7", "");
        claims.as_object_mut().unwrap().remove("nonce");
        (claims["iat"], claims["exp"]) = (json!(at.as_second()), json!(at.as_second() + 300));
        change(&mut claims);
        self.key.sign(json!({ "kid": "k1" }), &claims)
    }

    /// From now on, a refresh brings this ID token.
    fn refreshes_with(&self, id_token: Option<&str>) {
        let grant = json!({
            "access_token": "at-of-the-refresh", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt-2",
            "id_token": id_token,
        });
        self.issuer.server.on("/token", [Reply::json(200, grant.to_string())]);
    }

    fn refreshes(&self) -> usize {
        let sent = self.issuer.server.received("/token");
        sent.iter().filter(|one| one.body.contains("grant_type=refresh_token")).count()
    }
}

/// The response has status 200, and is what failed the sign-in; the keys were fetched after it.
#[tokio::test]
async fn a_token_response_with_a_wrong_id_token_failed() {
    let signed_in = SignedIn::new().await;
    let grapnel = &signed_in.issuer.world.grapnel;
    let other = Key::new("ES256");
    let members = |nonce: &str| {
        let token = other.sign(json!({ "kid": "k1" }), &signed_in.issuer.claims("7", nonce));
        json!({ "id_token": token })
    };
    let error = signed_in.issuer.sign_in(&again(&signed_in.id), members).await.unwrap_err();
    assert_eq!(error.code, Code::IdTokenInvalid);
    drop(grapnel.idle().await);
    let history = grapnel.api_request_history(&signed_in.id).await.unwrap();
    let failed: Vec<_> = history.iter().filter(|one| one.has_failed()).collect();
    let [token] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!((token.kind, token.status), (ExchangeKind::Token, Some(200)));
    assert_eq!(token.error.as_ref(), Some(&error.message));
    let activity = grapnel.activity(Some(&signed_in.id), None).unwrap();
    let ended = activity.iter().find(|entry| entry.kind == Kind::SignInEnded).unwrap();
    assert_eq!(ended.exchange_id.as_ref(), Some(&token.id));
}

#[tokio::test]
async fn it_is_kept_encrypted_and_deleted_with_the_tokens() {
    let signed_in = SignedIn::new().await;
    let grapnel = &signed_in.issuer.world.grapnel;
    assert_eq!(signed_in.id_token().await.unwrap(), signed_in.first);
    let details = signed_in.details();
    let held = details.tokens.clone().unwrap();
    let known = held.id_token.unwrap();
    assert_eq!(known.received_at, held.issued_at);
    let shown = serde_json::to_string(&(&details, grapnel.activity(None, None).unwrap())).unwrap();
    assert!(!shown.contains(&signed_in.first), "{shown}");
    scan_files(&signed_in.issuer.world, &[("the ID token".into(), signed_in.first.clone())]);
    grapnel.id_token_copied(&signed_in.id).unwrap();
    let copied = grapnel.activity(Some(&signed_in.id), None).unwrap().remove(0);
    assert_eq!((copied.kind, &*copied.text), (Kind::TokenCopied, "ID token copied to the clipboard."));

    grapnel.disconnect(&signed_in.id).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap_err().code, Code::ReconnectNeeded);
    let database = rusqlite::Connection::open(signed_in.issuer.world.home.path().join("grapnel.db")).unwrap();
    let stored = "SELECT count(*) FROM connection WHERE sealed_id_token IS NOT NULL";
    assert_eq!(database.query_row(stored, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[tokio::test]
async fn a_refresh_brings_a_new_one_or_leaves_the_old_one() {
    let signed_in = SignedIn::new().await;
    let grapnel = signed_in.issuer.world.grapnel.clone();
    let now = Timestamp::now();
    let second = signed_in.signed(now + SignedDuration::from_secs(1), |_| {});
    signed_in.refreshes_with(Some(&second));
    // By a program, so that nothing is verified in the background.
    grapnel.token_instead_of_rejected(&signed_in.id, Duration::ZERO).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap(), second);
    let reason = |details: Details| details.id_claims.unwrap().signature.unwrap().unverified;
    assert_eq!(reason(signed_in.details()), Some(Unverified::KeysNotFetched));

    signed_in.refreshes_with(None);
    let mut events = grapnel.events();
    grapnel.refresh(&signed_in.id).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap(), second);
    // A refresh of a person also looks at the account, and verifies the signature.
    while reason(signed_in.details()).is_some() {
        events.recv().await.unwrap();
    }

    // Invalid ones, and one that anybody could have written, are ignored.
    for id_token in [
        signed_in.signed(now, |claims| claims["aud"] = json!("c2")),
        signed_in.signed(now, |claims| claims["aud"] = json!(["c1", "c2"])),
        signed_in.signed(now, |claims| claims["at_hash"] = json!("77QmUPtjPfzWtF2AnpK9RQ")),
        unsigned(&signed_in.issuer.claims("7", "")),
    ] {
        signed_in.refreshes_with(Some(&id_token));
        grapnel.token_instead_of_rejected(&signed_in.id, Duration::ZERO).await.unwrap();
        assert_eq!(signed_in.id_token().await.unwrap(), second, "{id_token}");
        assert_eq!(signed_in.details().summary.state, State::Active);
    }
}

#[tokio::test]
async fn one_with_a_wrong_signature_is_not_kept_once_that_is_known() {
    let signed_in = SignedIn::new().await;
    let grapnel = signed_in.issuer.world.grapnel.clone();
    let claims = signed_in.issuer.claims("7", "");
    signed_in.refreshes_with(Some(&Key::new("ES256").sign(json!({ "kid": "k1" }), &claims)));
    let mut events = grapnel.events();
    grapnel.refresh(&signed_in.id).await.unwrap();
    while signed_in.details().tokens.unwrap().id_token.is_some() {
        events.recv().await.unwrap();
    }
    assert_eq!(signed_in.id_token().await.unwrap_err().code, Code::ReconnectNeeded);
    let signature = signed_in.details().id_claims.unwrap().signature.unwrap();
    assert_eq!(signature.unverified, Some(Unverified::BadSignature));
}

#[tokio::test]
async fn an_expired_one_is_refreshed_only_if_the_provider_does_so() {
    let signed_in = SignedIn::new().await;
    let (world, ten_minutes) = (&signed_in.issuer.world, SignedDuration::from_mins(10));
    let later = Timestamp::now() + ten_minutes;
    world.pass(ten_minutes);
    // The sign-in brought one, so that a refresh is tried: it brings a new one.
    let second = signed_in.signed(later, |_| {});
    signed_in.refreshes_with(Some(&second));
    assert_eq!((signed_in.id_token().await.unwrap(), signed_in.refreshes()), (second, 1));
    // It is valid, and nothing is sent.
    signed_in.id_token().await.unwrap();
    assert_eq!(signed_in.refreshes(), 1);

    world.pass(ten_minutes);
    signed_in.refreshes_with(None);
    let error = signed_in.id_token().await.unwrap_err();
    assert_eq!((error.code, signed_in.refreshes()), (Code::ReconnectNeeded, 2));
    insta::assert_snapshot!(expired(&error), @"
    The ID token of “Scripted” expired at [time].
    ORIGIN issues a new one at a sign-in only, not with a refresh. The access token is not affected.
    Reconnect in the browser.
    ");
    // Known by now.
    signed_in.id_token().await.unwrap_err();
    assert_eq!(signed_in.refreshes(), 2);
    signed_in.issuer.world.grapnel.token(&signed_in.id, Duration::ZERO).await.unwrap();
}

fn expired(error: &Error) -> String {
    let (message, _) = error.message.split_once(" at ").unwrap();
    let meaning = error.meaning.as_deref().unwrap().split_once(" issues ").unwrap().1;
    format!("{message} at [time].\nORIGIN issues {meaning}\n{}", error.hint.as_deref().unwrap())
}

#[tokio::test]
async fn a_connection_without_one_says_what_to_do() {
    for (scopes, code) in [(&["openid"][..], Code::ReconnectNeeded), (&["read"], Code::NotFound)] {
        let issuer = Issuer::new(scopes, OPENID).await;
        let attempt = issuer.sign_in(&SignInRequest::default(), |_| json!({})).await.unwrap();
        let id = attempt.connection_id.unwrap();
        let error = issuer.world.grapnel.id_token(&id, Duration::ZERO).await.err().unwrap();
        assert_eq!((error.code, error.message.as_str()), (code, "“Scripted” has no ID token."));
    }
}

#[tokio::test]
async fn one_for_another_access_token_or_of_the_future_fails_the_sign_in() {
    let issuer = Issuer::new(&["openid"], OPENID).await;
    let key = Key::new("ES256");
    issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
    let in_two_days = Timestamp::now().as_second() + 2 * 24 * 3600;
    let mut said = Vec::new();
    for (name, value) in [
        ("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")),
        ("iat", json!(in_two_days)),
        ("aud", json!(["c1", "c2"])),
    ] {
        let members = |nonce: &str| {
            let mut claims = issuer.claims("7", nonce);
            claims[name] = value;
            json!({ "id_token": key.sign(json!({ "kid": "k1" }), &claims) })
        };
        let error = issuer.sign_in(&SignInRequest::default(), members).await.unwrap_err();
        assert_eq!(error.code, Code::IdTokenInvalid);
        said.push(error.message.split_once("relied on: ").unwrap().1.to_owned());
    }
    assert_eq!(said[0], "it belongs to another access token (at_hash).");
    assert!(said[1].ends_with("which is in the future."), "{}", said[1]);
    assert_eq!(said[2], "it has no “azp”.");
    assert!(issuer.world.grapnel.connections().unwrap().is_empty());
}

#[tokio::test]
async fn a_sign_in_with_a_maximum_age_needs_a_recent_authentication() {
    let issuer = Issuer::new(&["openid"], OPENID).await;
    let key = Key::new("ES256");
    issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
    let authentication =
        Authentication { prompt: Some("login".into()), max_age: Some(300), ..Authentication::default() };
    let wanted = SignInRequest { authentication, ..SignInRequest::default() };
    let signed_in = async |authenticated: Option<SignedDuration>| {
        let members = |nonce: &str| {
            let mut claims = issuer.claims("7", nonce);
            if let Some(age) = authenticated {
                claims["auth_time"] = json!((Timestamp::now() - age).as_second());
            }
            json!({ "id_token": key.sign(json!({ "kid": "k1" }), &claims) })
        };
        issuer.sign_in(&wanted, members).await
    };
    assert!(signed_in(None).await.unwrap_err().message.ends_with("it has no “auth_time”."));
    let old = signed_in(Some(SignedDuration::from_hours(2))).await.unwrap_err();
    assert!(old.message.ends_with("longer ago than the 300 seconds that were asked for."), "{old}");
    signed_in(Some(SignedDuration::from_secs(90))).await.unwrap();
}

#[tokio::test]
async fn what_a_sign_in_asks_for_is_checked_before_it_is_sent() {
    let issuer = Issuer::new(&["openid"], OPENID).await;
    let ask = async |app: &grapnel_core::app::App, prompt: &str| {
        let authentication = Authentication { prompt: Some(prompt.into()), ..Authentication::default() };
        let wanted = SignInRequest { authentication, ..SignInRequest::default() };
        issuer.world.grapnel.start_attempt(&app.id, &wanted).await
    };
    for refused in ["none login", "login  consent", "", "log\nin"] {
        let error = ask(&issuer.app, refused).await.unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("prompt")), "{refused:?}");
    }
    let attempt = ask(&issuer.app, "none").await.unwrap();
    let link = issuer.world.grapnel.attempt_link(&attempt.id).await.unwrap();
    assert!(link.expose_secret().contains("prompt=none"));
    let mut said = Vec::new();
    for error in [
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "unmet_authentication_requirements",
    ] {
        let attempt = ask(&issuer.app, "none").await.unwrap();
        let callback = callback_of(&issuer.world.grapnel, &attempt.id, &format!("error={error}")).await;
        let error = issuer.world.grapnel.receive_callback(&callback).await.unwrap_err();
        assert_eq!(error.code, Code::ProviderError);
        said.push(
            error
                .message
                .split_once("cannot")
                .or(error.message.split_once("could not"))
                .unwrap()
                .1
                .to_owned(),
        );
    }
    insta::assert_snapshot!(said.join("\n"), @"
    go on without asking you to sign in (login_required).
    go on without asking you for something (interaction_required).
    go on without asking for your consent (consent_required).
    go on without asking which account to use (account_selection_required).
    authenticate you as the sign-in asked for (unmet_authentication_requirements).
    ");
    let world = World::new();
    let grigora = world.add_app().await;
    let authentication = Authentication { max_age: Some(1), ..Authentication::default() };
    let wanted = SignInRequest { authentication, ..SignInRequest::default() };
    assert_eq!(world.grapnel.start_attempt(&grigora.id, &wanted).await.unwrap_err().code, Code::InvalidInput);
}

#[tokio::test]
async fn a_moved_vault_and_an_export_have_it() {
    let mut signed_in = SignedIn::new().await;
    let passphrase = SecretString::from("harbour lamp eleven moss");
    let world = &mut signed_in.issuer.world;
    world.grapnel.protect_with_passphrase(&passphrase).await.unwrap();
    world.start_again();
    world.grapnel.unlock(&passphrase).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap(), signed_in.first);

    let file = signed_in.issuer.world.home.path().join("out.age");
    let export = Export {
        file: file.clone(),
        passphrase: passphrase.clone(),
        with_tokens: true,
        moves: true,
        force: false,
    };
    signed_in.issuer.world.grapnel.export(export).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap_err().code, Code::ReconnectNeeded, "it was moved");
    let there = World::new();
    let all = Import { with_tokens: true, dry_run: false };
    let archive = there.grapnel.open_archive(&file, &passphrase).await.unwrap();
    there.grapnel.import(&archive, all).await.unwrap();
    let held = there.grapnel.id_token(&signed_in.id, Duration::ZERO).await.unwrap();
    assert_eq!(held.value.expose_secret(), signed_in.first);
    let claims = there.grapnel.connection(&signed_in.id).unwrap().id_claims.unwrap();
    assert_eq!(claims.signature.unwrap().unverified, Some(Unverified::KeysNotFetched));
}

#[tokio::test]
async fn it_goes_with_the_tokens_of_another_account() {
    let signed_in = SignedIn::new().await;
    let mut second = String::new();
    let members = |nonce: &str| {
        second = signed_in.key.sign(json!({ "kid": "k1" }), &signed_in.issuer.claims("8", nonce));
        json!({ "id_token": second })
    };
    let attempt = signed_in.issuer.sign_in(&again(&signed_in.id), members).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap(), signed_in.first);
    signed_in.issuer.world.grapnel.replace_account(&attempt.id).await.unwrap();
    assert_eq!(signed_in.id_token().await.unwrap(), second);
}

/// OpenID Connect RP-Initiated Logout 1.0, without `id_token_hint`.
#[tokio::test]
async fn the_page_to_sign_out_does_not_get_the_id_token() {
    let issuer = Issuer::new(&["openid"], &[("issuer", ""), ("end_session_url", "/logout?tenant=1")]).await;
    let key = Key::new("ES256");
    let members = |nonce: &str| {
        let mut claims = issuer.claims("7", nonce);
        claims["email"] = json!("ann+1@id.example");
        json!({ "id_token": key.sign(json!({}), &claims) })
    };
    let attempt = issuer.sign_in(&SignInRequest::default(), members).await.unwrap();
    let page = issuer.world.grapnel.end_session_url(&attempt.connection_id.unwrap()).unwrap();
    let query = "tenant=1&client_id=c1&logout_hint=ann%2B1%40id.example";
    assert_eq!(page.expose_secret(), format!("{}/logout?{query}", issuer.server.origin));

    let signed_in = SignedIn::new().await;
    let error = signed_in.issuer.world.grapnel.end_session_url(&signed_in.id).unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert!(error.message.ends_with("announces no page to sign out (end_session_endpoint)."), "{error}");
}
