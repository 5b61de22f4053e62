//! The history of the exchanges that Grapnel sent: what is kept, without secrets, and at no cost to the operation.

use std::sync::Arc;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::activity::Kind;
use grapnel_model::api_exchange::{ApiExchangeSummary, ExchangeKind, LineRange, ResponseLayout};
use grapnel_model::attempt::{Message, Phase};
use grapnel_model::connection::State;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::SecretInput;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;

use crate::leaks::scan_files;
use crate::support::scripted_server::{GRANT, Received, Reply, Scripted, callback_of, sign_in};
use crate::support::world::{World, again};

/// The history of a connection, once what was observed so far is in it.
async fn history(grapnel: &Grapnel, id: &ConnectionId) -> Vec<ApiExchangeSummary> {
    drop(grapnel.idle().await);
    grapnel.api_request_history(id).await.unwrap()
}

/// The history once it has so many exchanges. Unlike [`history`], this does not wait for an idle program, which leaves
/// out what a background task observes meanwhile.
async fn history_of(
    count: usize,
    grapnel: &Grapnel,
    events: &mut Receiver<Event>,
    id: &ConnectionId,
) -> Vec<ApiExchangeSummary> {
    loop {
        let all = grapnel.api_request_history(id).await.unwrap();
        if all.len() >= count {
            return all;
        }
        while !matches!(events.recv().await, Ok(Event::Exchanges(_))) {}
    }
}

/// Everything that is shown of an exchange.
async fn shown(grapnel: &Grapnel, id: &ConnectionId, exchange: &ApiExchangeSummary) -> String {
    let opened = grapnel.open_api_exchange(id, &exchange.id).await.unwrap();
    let all = [LineRange { start: 0, count: 400 }];
    let lines = opened.body.lines(ResponseLayout::Raw, &all).into_iter().map(|line| line.text);
    let view = serde_json::to_string(&opened.view).unwrap();
    format!("{view}\n{}\n{}", lines.collect::<Vec<_>>().join("\n"), serde_json::to_string(exchange).unwrap())
}

/// Lets the database refuse to add exchanges if `condition` holds.
fn refuse_exchanges(world: &World, condition: &str) {
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let refuse = format!(
        "CREATE TRIGGER refuse_exchange BEFORE INSERT ON api_exchange WHEN {condition}
            BEGIN SELECT RAISE(ABORT, 'no room'); END"
    );
    database.execute_batch(&refuse).unwrap();
}

#[tokio::test]
async fn every_exchange_of_a_connection_is_in_the_history() {
    let world = World::new();
    let mut events = world.grapnel.events();
    let id = world.connect().await;
    // The browser's two, the exchange of the code, and the two that fetch the account; then the refresh, after which
    // the account is fetched in the background; then the list.
    history_of(5, &world.grapnel, &mut events, &id).await;
    world.grapnel.refresh(&id).await.unwrap();
    history_of(8, &world.grapnel, &mut events, &id).await;
    world.grapnel.projects(&id).await.unwrap();
    let origin = world.sandbox.url(world.provider).unwrap();
    let listed: Vec<String> = history_of(9, &world.grapnel, &mut events, &id)
        .await
        .iter()
        .map(|one| {
            let (path, query) = one.target.split_once('?').unwrap_or((&one.target, ""));
            let status = one.status.map_or("–".to_owned(), |status| status.to_string());
            let names =
                query.split('&').map(|pair| pair.split('=').next().unwrap()).collect::<Vec<_>>().join(",");
            format!("{:?} {} {} {names} {status}", one.kind, one.method, path.replace(origin, ""))
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"));
    crate::leaks::nothing_leaked(&world);
}

#[tokio::test]
async fn a_failed_refresh_is_in_the_history_and_its_activity_entry_leads_to_it() {
    let (world, server) = (World::new(), Scripted::start().await);
    let refusal = r#"{"error":"invalid_grant","error_description":"The session is over."}"#;
    let refused = Reply::json(400, refusal).header("www-authenticate", "Bearer realm=\"acme\"");
    server.on("/token", [Reply::json(200, GRANT), refused]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert!(error.message.contains("The session is over."), "{}", error.message);
    let listed = history(&world.grapnel, &id).await;
    assert_eq!((listed[0].kind, listed[0].status), (ExchangeKind::Refresh, Some(400)));
    let shown = shown(&world.grapnel, &id, &listed[0]).await;
    assert!(shown.contains("The session is over.") && shown.contains("realm="), "{shown}");
    assert!(shown.contains("grant_type=refresh_token&refresh_token=[secret]"), "{shown}");
    let activity = world.grapnel.activity(Some(&id), None).unwrap();
    let entry = activity.iter().find(|entry| entry.kind == Kind::RefreshRefused).unwrap();
    assert_eq!(entry.exchange_id.as_ref(), Some(&listed[0].id));
    let signed_in = activity.iter().find(|entry| entry.kind == Kind::SignedIn).unwrap();
    let token = listed.iter().find(|one| one.kind == ExchangeKind::Token).unwrap();
    assert_eq!(signed_in.exchange_id.as_ref(), Some(&token.id));
    world.grapnel.clear_api_request_history(&id).unwrap();
    let activity = world.grapnel.activity(Some(&id), None).unwrap();
    assert!(activity.iter().all(|entry| entry.exchange_id.is_none()), "a link leads nowhere");
}

/// A response that repeats everything that was sent, and a token, in every part of it.
fn echo(request: &Received, status: u16, token: &str) -> Reply {
    let sent =
        serde_json::json!({ "headers": request.headers, "body": request.body, "target": request.target });
    let form: Vec<String> = request.form().into_iter().map(|(_, value)| value).collect();
    let authorization = request.header("authorization").unwrap_or_default().to_owned();
    let all = format!("{} {authorization} {token}", form.join(" "));
    let members = serde_json::json!({
        "access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": all, "error": all,
        "error_description": all, "message": all, "debug": sent, "id": "7", "sub": "7", "name": all, "active": true,
        "username": all, &all: all,
    });
    let reply = match status {
        500 => Reply::new(500, "text/html", format!("<p>{all} {}</p>", request.body)),
        status => Reply::json(status, members.to_string()),
    };
    reply
        .header("x-echo", &all)
        .header("www-authenticate", &format!("Bearer error=\"{all}\""))
        .header("set-cookie", "session=live-cookie-0123456789")
}

#[tokio::test]
async fn no_secret_that_a_provider_repeats_is_in_the_history() {
    const TOKENS: [&str; 4] = [
        "access-one-0123456789",
        "access-two-0123456789",
        "refresh-of-all-0123456789",
        "never-kept-0123456789",
    ];
    let (world, server) = (World::new(), Scripted::start().await);
    let count = std::sync::atomic::AtomicUsize::new(0);
    server.answer("/token", move |request| {
        let nth = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let token = TOKENS[nth.min(1)];
        match nth {
            0 | 1 => {
                let reply = echo(request, 200, token);
                let mut value: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
                value["refresh_token"] = TOKENS[2].into();
                value.as_object_mut().unwrap().remove("error");
                Reply::json(200, value.to_string()).header("x-echo", TOKENS[0])
            }
            2 => echo(request, 400, TOKENS[1]),
            _ => echo(request, 500, TOKENS[1]),
        }
    });
    server.answer("/userinfo", |request| echo(request, 200, TOKENS[2]));
    server.answer("/introspect", |request| echo(request, 200, TOKENS[2]));
    server.answer("/revoke", |request| echo(request, 400, TOKENS[3]));
    let at = |path: &str| format!("{}{path}", server.origin);
    let (userinfo, introspect, revoke) = (at("/userinfo"), at("/introspect"), at("/revoke"));
    let client_secret = "client-secret-0123456789";
    let new = NewApp {
        client_secret: Some(SecretInput(client_secret.into())),
        ..server.new_app(&[
            ("userinfo_url", &userinfo),
            ("introspection_url", &introspect),
            ("revocation_url", &revoke),
            ("client_auth", "basic"),
        ])
    };
    let app = world.grapnel.add_app(new).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    for _ in 0..2 {
        world.grapnel.refresh(&id).await.unwrap_err();
    }
    // The provider refuses to sign in again, too.
    let attempt = world.grapnel.start_attempt(&app.id, &again(&id)).await.unwrap();
    let callback = callback_of(&world.grapnel, &attempt.id, "code=the-code-of-this-sign-in").await;
    world.grapnel.receive_callback(&callback).await.unwrap_err();
    world.grapnel.disconnect(&id).await.unwrap();
    let listed = history(&world.grapnel, &id).await;
    for kind in [
        ExchangeKind::Token,
        ExchangeKind::Refresh,
        ExchangeKind::Userinfo,
        ExchangeKind::Introspection,
        ExchangeKind::Revocation,
        ExchangeKind::Callback,
    ] {
        assert!(listed.iter().any(|one| one.kind == kind), "{kind:?} is missing");
    }
    let mut secrets: Vec<String> = TOKENS.map(str::to_owned).into();
    secrets.extend([
        client_secret.into(),
        "the-code-of-this-sign-in".into(),
        "live-cookie-0123456789".into(),
    ]);
    for sent in server.all_received() {
        secrets.extend(
            sent.form().into_iter().filter(|(name, _)| name == "code_verifier").map(|(_, value)| value),
        );
        let basic = sent.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        secrets.extend(basic.map(str::to_owned));
    }
    let mut all = serde_json::to_string(&world.grapnel.attempt(&attempt.id).unwrap()).unwrap();
    for one in &listed {
        all += &shown(&world.grapnel, &id, one).await;
        all += &world.grapnel.exchange_snippet(&id, &one.id).await.unwrap();
    }
    for secret in &secrets {
        assert!(!all.contains(secret.as_str()), "{secret} is in {all}");
    }
    let named: Vec<_> = secrets.into_iter().map(|secret| (secret.clone(), secret)).collect();
    scan_files(&world, &named);
}

/// A response that arrives after the tokens were deleted can still repeat one that it was not requested with.
#[tokio::test]
async fn an_exchange_that_ends_after_a_disconnect_is_masked() {
    const REFRESH_TOKEN: &str = "tGzv3JOkF0XG5Qx2TlKWIA";
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, GRANT)]);
    let (arrived, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at_server, late) = (Arc::clone(&arrived), Arc::clone(&released));
    server.answer("/api/project/list", move |_| {
        at_server.notify_one();
        let told = serde_json::json!({ "message": format!("Nothing is listed for {REFRESH_TOKEN}.") });
        Reply::json(404, told.to_string()).header("x-echo", REFRESH_TOKEN).held_until(&late)
    });
    let api_base = format!("{}/api", server.origin);
    let app = NewApp {
        provider: "grigora".into(),
        client_secret: Some(SecretInput("client-secret-0123456789".into())),
        ..server.new_app(&[("api_base", &api_base)])
    };
    let app = world.grapnel.add_app(app).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let (grapnel, of) = (world.grapnel.clone(), id.clone());
    let projects = tokio::spawn(async move { grapnel.projects(&of).await });
    arrived.notified().await;
    world.grapnel.disconnect(&id).await.unwrap();
    assert!(world.grapnel.connection(&id).unwrap().tokens.is_none());
    released.notify_one();
    projects.await.unwrap().unwrap_err();
    let listed = history(&world.grapnel, &id).await;
    let late = listed.iter().find(|one| one.target.ends_with("/api/project/list")).unwrap();
    let shown = shown(&world.grapnel, &id, late).await;
    assert!(shown.contains("Nothing is listed for") && shown.contains("x-echo"), "{shown}");
    assert!(!shown.contains(REFRESH_TOKEN), "{shown}");
    scan_files(&world, &[(REFRESH_TOKEN.to_owned(), REFRESH_TOKEN.to_owned())]);
}

#[tokio::test]
async fn a_history_that_cannot_be_written_fails_neither_sign_in_nor_refresh() {
    let world = World::new();
    refuse_exchanges(&world, "1");
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    assert!(history(&world.grapnel, &id).await.is_empty());
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

#[tokio::test]
async fn tokens_are_stored_before_their_exchange_is() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.clear_api_request_history(&id).unwrap();
    drop(world.grapnel.idle().await);
    world.grapnel.clear_api_request_history(&id).unwrap();
    // A refresh that is not stored yet is marked as begun.
    refuse_exchanges(&world, "EXISTS (SELECT 1 FROM connection WHERE refresh_begun IS NOT NULL)");
    world.grapnel.refresh(&id).await.unwrap();
    let listed = history(&world.grapnel, &id).await;
    assert_eq!(listed.iter().map(|one| one.kind).collect::<Vec<_>>(), [ExchangeKind::Refresh]);
}

#[tokio::test]
async fn handing_out_a_valid_token_adds_nothing_to_the_history() {
    let world = World::new();
    let id = world.connect().await;
    let before = history(&world.grapnel, &id).await;
    world.grapnel.token(&id, Duration::ZERO).await.unwrap();
    assert_eq!(history(&world.grapnel, &id).await, before);
}

#[tokio::test]
async fn a_failed_first_sign_in_shows_its_exchange_with_the_attempt() {
    let (world, server) = (World::new(), Scripted::start().await);
    let refused =
        Reply::json(401, r#"{"error":"invalid_client","trace_id":"7f3a"}"#).header("x-request-id", "r-1");
    server.on("/token", [refused, Reply::dropped()]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let token_request = async || -> Message {
        let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
        let callback = callback_of(&world.grapnel, &attempt.id, "code=the-code-of-this-sign-in").await;
        world.grapnel.receive_callback(&callback).await.unwrap_err();
        let attempt = world.grapnel.attempt(&attempt.id).unwrap();
        assert_eq!(attempt.phase, Phase::Failed);
        attempt.exchange.into_iter().next_back().unwrap()
    };
    let refused = token_request().await;
    let reply = refused.reply.unwrap();
    assert_eq!((reply.status, refused.failure), (401, None));
    assert!(reply.body.contains("7f3a") && refused.duration_ms.is_some(), "{}", reply.body);
    assert!(reply.headers.contains(&("x-request-id".into(), "r-1".into())), "{:?}", reply.headers);
    let lost = token_request().await;
    assert!(lost.reply.is_none() && lost.failure.unwrap().contains("did not arrive"));
}

#[tokio::test]
async fn a_refresh_whose_response_cannot_be_used_failed_whatever_its_status() {
    let (world, server) = (World::new(), Scripted::start().await);
    let page = Reply::new(200, "text/html", "<p>Please sign in</p>");
    server.on("/token", [Reply::json(200, GRANT), page]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    let listed = history(&world.grapnel, &id).await;
    assert_eq!((listed[0].kind, listed[0].status), (ExchangeKind::Refresh, Some(200)));
    assert!(listed[0].has_failed() && listed[0].error.as_ref().unwrap().contains("HTML"), "{:?}", listed[0]);
    assert!(!listed[1].has_failed(), "{:?}", listed[1]);
}
