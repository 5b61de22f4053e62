//! Token exchange (RFC 8693): a token derived from a connection's, kept until it expires, and ending with its sign-in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::authorize::SignInRequest;
use grapnel_core::token_exchange::DerivedToken;
use grapnel_model::activity::Kind;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::derived_token::{TokenTarget, TokenType};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::Overrides;
use grapnel_model::revocation::{Revocation, TokenKind};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use jiff::SignedDuration;
use tokio::sync::Notify;

use crate::support::scripted_server::{Received, Reply, Scripted, callback_of, sign_in};
use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

fn value(request: &Received, name: &str) -> Option<String> {
    request.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn is_exchange(request: &Received) -> bool {
    value(request, "grant_type").as_deref() == Some(EXCHANGE)
}

/// The exchanges that the server was asked for.
fn exchanges(server: &Scripted) -> Vec<Received> {
    server.received("/token").into_iter().filter(is_exchange).collect()
}

fn refreshes(server: &Scripted) -> usize {
    let all = server.received("/token");
    all.iter().filter(|one| value(one, "grant_type").as_deref() == Some("refresh_token")).count()
}

fn issued(number: u32) -> Reply {
    Reply::json(
        200,
        format!(
            r#"{{"access_token":"derived-token-number-{number}","token_type":"Bearer","expires_in":600,
            "issued_token_type":"urn:ietf:params:oauth:token-type:access_token",
            "refresh_token":"never-kept-{number}"}}"#
        ),
    )
}

/// A server that numbers the connection's tokens and those of exchanges, for which `exchange` may answer otherwise.
async fn server(exchange: impl Fn(&Received, u32) -> Option<Reply> + Send + 'static) -> Scripted {
    let server = Scripted::start().await;
    let (own, derived) = (AtomicU32::new(0), AtomicU32::new(0));
    server.answer("/token", move |request| {
        if is_exchange(request) {
            let number = derived.fetch_add(1, Ordering::Relaxed) + 1;
            return exchange(request, number).unwrap_or_else(|| issued(number));
        }
        let number = own.fetch_add(1, Ordering::Relaxed) + 1;
        Reply::json(
            200,
            format!(
                r#"{{"access_token":"own-token-number-{number}","refresh_token":"refresh-token-{number}",
                "token_type":"Bearer","expires_in":3600}}"#
            ),
        )
    });
    server
}

async fn connected(server: &Scripted, own: &[(&str, &str)]) -> (World, ConnectionId) {
    let world = World::new();
    let app = grapnel_core::app::NewApp {
        client_secret: Some(SecretInput("the-secret-of-the-app".into())),
        ..server.new_app(own)
    };
    let app = world.grapnel.add_app(app).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    (world, id)
}

fn notes() -> TokenTarget {
    TokenTarget {
        audiences: vec!["notes".into()],
        scopes: vec!["notes:read".into()],
        ..TokenTarget::default()
    }
}

async fn derive(grapnel: &Grapnel, id: &ConnectionId) -> Result<DerivedToken> {
    grapnel.derived_token(id, notes(), (MINUTE, false)).await
}

async fn token(grapnel: &Grapnel, id: &ConnectionId) -> String {
    derive(grapnel, id).await.unwrap().token.value.expose_secret().to_owned()
}

fn all_of(error: &Error) -> String {
    let parts = [Some(&error.message), error.meaning.as_ref(), error.hint.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n  ")
}

fn refusal(code: &str) -> Reply {
    Reply::json(400, format!(r#"{{"error":"{code}","error_description":"said by the server"}}"#))
}

#[tokio::test]
async fn a_token_is_exchanged_once_and_kept() {
    let server = server(|_, _| None).await;
    // Extra values of the app do not change what the person asks for.
    let own = [
        ("client_auth", "body"),
        ("resource", "https://app.example"),
        ("token.audience", "other"),
        ("token.realm", "one"),
        ("send_scope", "false"),
    ];
    let (world, id) = connected(&server, &own).await;
    let target = TokenTarget {
        resources: vec!["https://two.example/api".into(), "https://one.example/api".into()],
        token_type: Some(TokenType::Jwt),
        ..notes()
    };
    let derived = world.grapnel.derived_token(&id, target.clone(), (MINUTE, false)).await.unwrap();
    assert_eq!(derived.token.value.expose_secret(), "derived-token-number-1");
    let again = world.grapnel.derived_token(&id, target, (MINUTE, false)).await.unwrap();
    assert_eq!(again.token.value.expose_secret(), "derived-token-number-1");
    let sent = exchanges(&server);
    assert_eq!(sent.len(), 1);
    let form: Vec<String> = sent[0].form().iter().map(|(name, value)| format!("{name}={value}")).collect();
    insta::assert_snapshot!(form.join("\n"));

    let listed = world.grapnel.connection(&id).unwrap().derived_tokens;
    assert_eq!(listed.len(), 1);
    let told = serde_json::to_string(&listed).unwrap();
    assert!(!told.contains("derived-token-number"), "{told}");
    let known = listed[0].issued.clone().unwrap();
    // RFC 8693 §2.2.1: without scopes in the response, they are those that were requested.
    assert_eq!(known.scopes, ["notes:read"]);
    assert_eq!(known.token_type.as_deref(), Some(TokenType::AccessToken.identifier()));
    let entry = world.grapnel.activity(Some(&id), None).unwrap().remove(0);
    assert_eq!(entry.kind, Kind::TokenExchanged);
    let services = "notes, https://one.example/api, https://two.example/api";
    let expected = format!(
        "Exchanged the access token for one for {services}, with the scopes notes:read, of the type jwt."
    );
    assert_eq!(entry.text, expected);
    drop(world.grapnel.idle().await);
    let history = world.grapnel.api_request_history(&id).await.unwrap();
    let logged = history.iter().find(|one| one.kind == ExchangeKind::TokenExchange).unwrap();
    let logged = world.grapnel.open_api_exchange(&id, &logged.id).await.unwrap().view;
    assert!(logged.draft.body.contains("audience=notes"), "{}", logged.draft.body);
    for secret in ["own-token-number", "the-secret-of-the-app"] {
        assert!(!logged.draft.body.contains(secret), "{}", logged.draft.body);
    }
}

#[tokio::test]
async fn a_token_that_ends_is_exchanged_anew_with_a_fresh_one_of_the_connection() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    world.clock.advance(SignedDuration::from_secs(530));
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1", "it lasts more than a minute");
    world.clock.advance(SignedDuration::from_secs(20));
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-2");
    assert_eq!(refreshes(&server), 0);
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-3");
    let subjects: Vec<_> =
        exchanges(&server).iter().map(|one| value(one, "subject_token").unwrap()).collect();
    assert_eq!(subjects, ["own-token-number-1", "own-token-number-1", "own-token-number-2"]);
    assert_eq!(refreshes(&server), 1);
    assert_eq!(world.grapnel.connection(&id).unwrap().derived_tokens.len(), 1);
}

#[tokio::test]
async fn a_caller_that_was_rejected_gets_another_token() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    let rejected = world.grapnel.derived_token(&id, notes(), (MINUTE, true)).await.unwrap();
    assert_eq!(rejected.token.value.expose_secret(), "derived-token-number-2");
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-2");
}

/// Callers of two processes, while the connection's own token has expired: one refresh, one exchange.
#[tokio::test(flavor = "multi_thread")]
async fn many_callers_cause_one_exchange() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    world.clock.advance(SignedDuration::from_hours(2));
    let other = world.second_start();
    let callers: Vec<_> = (0..20)
        .map(|number| {
            let (grapnel, id) = (if number % 2 == 0 { &world.grapnel } else { &other }.clone(), id.clone());
            tokio::spawn(async move { token(&grapnel, &id).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "derived-token-number-1");
    }
    assert_eq!((exchanges(&server).len(), refreshes(&server)), (1, 1));
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let mut told = Vec::new();
    for code in [
        "invalid_target",
        "invalid_request",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_client",
        "access_denied",
        "temporarily_unavailable",
    ] {
        let server = server(move |_, _| Some(refusal(code))).await;
        let (world, id) = connected(&server, &[]).await;
        let error = derive(&world.grapnel, &id).await.err().unwrap();
        let said = all_of(&error).replace(server.origin.trim_start_matches("http://"), "server.example");
        told.push(format!("{code} ({:?})\n  {said}", error.code));
        // The connection itself is well.
        let details = world.grapnel.connection(&id).unwrap();
        assert_eq!((details.error, refreshes(&server)), (None, 0));
        assert_eq!(details.derived_tokens[0].error.as_ref(), Some(&error));
        assert_eq!(details.derived_tokens[0].issued, None);
        let entry = world.grapnel.activity(Some(&id), None).unwrap().remove(0);
        assert_eq!(entry.kind, Kind::TokenExchangeFailed);
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn a_failure_is_not_repeated_at_once_and_loses_no_token() {
    let fails = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&fails);
    let server = server(move |_, _| match shared.load(Ordering::Relaxed) {
        0 => None,
        1 => Some(Reply::json(503, "{}").header("retry-after", "30")),
        2 => Some(Reply::dropped()),
        _ => Some(Reply::new(200, "text/html", "<html>")),
    })
    .await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    world.clock.advance(SignedDuration::from_secs(550));
    fails.store(1, Ordering::Relaxed);
    let code = async |wanted| derive(&world.grapnel, &id).await.err().map(|error| error.code) == wanted;
    assert!(code(Some(Code::ProviderUnavailable)).await);
    assert!(code(Some(Code::ProviderUnavailable)).await);
    assert_eq!(exchanges(&server).len(), 2, "it asked to wait");
    // What is stored serves whoever needs it for less.
    let short = world.grapnel.derived_token(&id, notes(), (Duration::from_secs(40), false)).await.unwrap();
    assert_eq!(short.token.value.expose_secret(), "derived-token-number-1");
    let mut asked = 2;
    for (fault, expected) in [(2, Code::ProviderUnavailable), (3, Code::ReplyInvalid)] {
        world.clock.advance(SignedDuration::from_secs(31));
        fails.store(fault, Ordering::Relaxed);
        assert!(code(Some(expected)).await, "{fault}");
        asked += 1;
        assert_eq!(exchanges(&server).len(), asked);
    }
    world.clock.advance(SignedDuration::from_secs(3));
    fails.store(0, Ordering::Relaxed);
    assert!(code(None).await);
    assert_eq!(world.grapnel.connection(&id).unwrap().error, None);
}

#[tokio::test]
async fn a_refused_subject_token_is_refreshed_once() {
    let server = server(|request, _| {
        let is_old = value(request, "subject_token").as_deref() == Some("own-token-number-1");
        is_old.then(|| refusal("invalid_request"))
    })
    .await;
    let (world, id) = connected(&server, &[]).await;
    // One that was issued a moment ago would be refused again.
    assert_eq!(derive(&world.grapnel, &id).await.err().unwrap().code, Code::ProviderError);
    assert_eq!(refreshes(&server), 0);
    world.clock.advance(SignedDuration::from_secs(90));
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-3");
    assert_eq!(refreshes(&server), 1);
}

/// A response to an exchange with these members besides the access token.
fn response(token: &str, members: &str) -> Reply {
    Reply::json(200, format!(r#"{{"access_token":"{token}","token_type":"Bearer"{members}}}"#))
}

#[tokio::test]
async fn what_was_not_asked_for_is_refused() {
    let cases = [
        ("own-token-number-1", ""),
        ("other-kind", r#","issued_token_type":"urn:ietf:params:oauth:token-type:refresh_token""#),
    ];
    for (token, members) in cases {
        let server = server(move |_, _| Some(response(token, members))).await;
        let (world, id) = connected(&server, &[]).await;
        let target = TokenTarget { token_type: Some(TokenType::AccessToken), ..notes() };
        let refused = world.grapnel.derived_token(&id, target, (MINUTE, false)).await.err().unwrap();
        assert!(all_of(&refused).contains("The token was not kept"), "{refused:?}");
        assert_eq!(world.grapnel.connection(&id).unwrap().derived_tokens[0].issued, None);
    }
}

/// RFC 8693 §2.2.1 permits other scopes. The type must be named; a token without it can be used all the same.
#[tokio::test]
async fn more_scopes_and_a_missing_type_are_in_the_activity() {
    let server = server(|_, _| Some(response("broad", r#","scope":"notes:read notes:write""#))).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "broad");
    let entry = world.grapnel.activity(Some(&id), None).unwrap().remove(0);
    assert!(entry.text.contains("not asked for: notes:write."), "{}", entry.text);
    assert!(entry.text.contains("issued_token_type"), "{}", entry.text);
}

#[tokio::test]
async fn a_token_of_unknown_expiry_is_exchanged_anew_after_an_hour() {
    let server = server(|_, number| Some(response(&format!("endless-{number}"), ""))).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "endless-1");
    world.clock.advance(SignedDuration::from_mins(50));
    assert_eq!(token(&world.grapnel, &id).await, "endless-1");
    world.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(token(&world.grapnel, &id).await, "endless-2");
}

/// The provider has ended the authorization that it was derived from.
#[tokio::test]
async fn derived_tokens_end_with_a_final_refusal() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    server.answer("/token", |_| refusal("invalid_grant"));
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(derive(&world.grapnel, &id).await.err().unwrap().code, Code::ReconnectNeeded);
}

/// What is stored is better than an error, for a caller that needs it for less than what is asked of the provider.
#[tokio::test]
async fn a_failure_returns_the_stored_token_if_it_lasts() {
    let server = server(|_, number| (number > 1).then(|| Reply::json(503, "{}"))).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    world.clock.advance(SignedDuration::from_secs(580));
    let lasts = world.grapnel.derived_token(&id, notes(), (Duration::from_secs(10), false)).await;
    assert_eq!(lasts.unwrap().token.value.expose_secret(), "derived-token-number-1");
    assert_eq!(exchanges(&server).len(), 2);
}

#[tokio::test]
async fn derived_tokens_end_with_their_connection() {
    let server = server(|_, _| None).await;
    server.on("/revoke", [Reply::new(200, "text/plain", "")]);
    let revoke = format!("{}/revoke", server.origin);
    let (world, id) = connected(&server, &[("revocation_url", &revoke)]).await;
    derive(&world.grapnel, &id).await.unwrap();
    let disconnected = world.grapnel.disconnect(&id).await.unwrap();
    let kinds: Vec<_> = disconnected.tokens.iter().map(|one| (one.token, one.revocation)).collect();
    let all = [TokenKind::RefreshToken, TokenKind::AccessToken, TokenKind::DerivedToken];
    assert_eq!(kinds, all.map(|kind| (kind, Revocation::Done)));
    let revoked: Vec<_> = server.received("/revoke").iter().map(|one| value(one, "token").unwrap()).collect();
    assert_eq!(revoked, ["refresh-token-1", "own-token-number-1", "derived-token-number-1"]);
    assert!(world.grapnel.connection(&id).unwrap().derived_tokens.is_empty());
    assert_eq!(derive(&world.grapnel, &id).await.err().unwrap().code, Code::ReconnectNeeded);
    world.grapnel.forget(&id).await.unwrap();
    assert_eq!(exchanges(&server).len(), 1);
    drop(world.grapnel.idle().await);
    let left = std::fs::read_dir(world.home.path().join("locks")).unwrap();
    let left = left.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains(&id.0));
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn derived_tokens_end_with_their_sign_in() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    derive(&world.grapnel, &id).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().derived_tokens.len(), 1, "a refresh is no sign-in");
    let app = world.grapnel.apps().unwrap().remove(0);
    let again = SignInRequest { again: Some(id.clone()), ..SignInRequest::default() };
    let attempt = world.grapnel.start_attempt(&app.id, &again).await.unwrap();
    let callback = callback_of(&world.grapnel, &attempt.id, "code=the-code-of-another-account").await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert!(world.grapnel.connection(&id).unwrap().derived_tokens.is_empty());
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-2");
}

#[tokio::test]
async fn a_token_that_arrives_after_a_disconnect_is_revoked_and_not_kept() {
    let released = Arc::new(Notify::new());
    let held = Arc::clone(&released);
    let server = server(move |_, number| Some(issued(number).held_until(&held))).await;
    server.on("/revoke", [Reply::new(200, "text/plain", "")]);
    let revoke = format!("{}/revoke", server.origin);
    let (world, id) = connected(&server, &[("revocation_url", &revoke)]).await;
    let (grapnel, of) = (world.grapnel.clone(), id.clone());
    let exchange = tokio::spawn(async move { derive(&grapnel, &of).await.err().map(|error| error.code) });
    while exchanges(&server).is_empty() {
        tokio::task::yield_now().await;
    }
    world.grapnel.disconnect(&id).await.unwrap();
    released.notify_one();
    assert_eq!(exchange.await.unwrap(), Some(Code::ReconnectNeeded));
    let revoked: Vec<_> = server.received("/revoke").iter().map(|one| value(one, "token").unwrap()).collect();
    assert_eq!(revoked.last().map(String::as_str), Some("derived-token-number-1"));
    assert!(world.grapnel.connection(&id).unwrap().derived_tokens.is_empty());
}

#[tokio::test]
async fn a_derived_token_can_be_removed() {
    let server = server(|_, _| None).await;
    server.on("/revoke", [Reply::new(200, "text/plain", "")]);
    let revoke = format!("{}/revoke", server.origin);
    let (world, id) = connected(&server, &[("revocation_url", &revoke)]).await;
    derive(&world.grapnel, &id).await.unwrap();
    let listed = world.grapnel.connection(&id).unwrap().derived_tokens.remove(0);
    world.grapnel.remove_derived_token(&id, &listed.id).await.unwrap();
    assert!(world.grapnel.connection(&id).unwrap().derived_tokens.is_empty());
    assert_eq!(value(&server.received("/revoke")[0], "token").as_deref(), Some("derived-token-number-1"));
    world.grapnel.remove_derived_token(&id, &listed.id).await.unwrap();
}

/// The connection's token is not sent to a host that it was not issued for.
#[tokio::test]
async fn a_changed_token_url_does_not_get_the_connections_token() {
    let (server, other) = (server(|_, _| None).await, server(|_, _| None).await);
    let (world, id) = connected(&server, &[]).await;
    let app = world.grapnel.apps().unwrap().remove(0);
    let url = ("token_url".to_owned(), format!("{}/token", other.origin));
    let overrides: Overrides = app.overrides.clone().into_iter().chain([url]).collect();
    let client_secret = Some(SecretInput("the-secret-of-the-app".into()));
    let changed = grapnel_core::app::NewApp { overrides, client_secret, ..server.new_app(&[]) };
    world.grapnel.change_app(&app.id, changed).await.unwrap();
    assert_eq!(derive(&world.grapnel, &id).await.err().unwrap().code, Code::ReconnectNeeded);
    assert!(other.all_received().is_empty() && exchanges(&server).is_empty());
}

#[tokio::test]
async fn a_token_of_the_type_n_a_is_none_to_call_an_api_with() {
    let server = server(|_, _| {
        Some(Reply::json(
            200,
            r#"{"access_token":"an-assertion","token_type":"N_A",
                "issued_token_type":"urn:ietf:params:oauth:token-type:saml2"}"#,
        ))
    })
    .await;
    let (world, id) = connected(&server, &[]).await;
    let derived = derive(&world.grapnel, &id).await.unwrap();
    assert!(!derived.issued.is_bearer);
    assert_eq!(grapnel_core::token_exchange::bearer(derived).err().unwrap().code, Code::ProviderError);
}

#[tokio::test]
async fn what_cannot_be_a_target_is_refused_before_anything_is_sent() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    let wrong = TokenTarget { resources: vec!["notes".into()], ..TokenTarget::default() };
    for target in [TokenTarget::default(), wrong] {
        let error = world.grapnel.derived_token(&id, target, (MINUTE, false)).await.err().unwrap();
        assert_eq!(error.code, Code::InvalidInput);
    }
    assert!(exchanges(&server).is_empty());
}

#[tokio::test]
async fn a_derived_token_is_encrypted_and_moves_with_the_vault() {
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    world.grapnel.protect_with_passphrase(&"harbour lamp eleven moss".into()).await.unwrap();
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
    assert_eq!(exchanges(&server).len(), 1);
    for file in std::fs::read_dir(world.home.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(20).any(|part| part == b"derived-token-number"));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_token_agent_hands_out_derived_tokens() {
    use crate::support::agent_client::{line, serve};
    let server = server(|_, _| None).await;
    let (world, id) = connected(&server, &[]).await;
    let _served = serve(&world, &world.grapnel).await;
    let asked = r#"{"get":"token","connection":"Scripted","audience":["notes"],"scope":["notes:read"]}"#;
    let told = line(&world, &format!("{asked}\n")).await;
    assert_eq!(told["access_token"], "derived-token-number-1", "{told}");
    assert_eq!(token(&world.grapnel, &id).await, "derived-token-number-1");
}
