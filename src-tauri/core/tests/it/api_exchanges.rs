//! The request page's exchanges: what is sent, what is shown of a response, and what the history remembers.

use std::sync::Arc;

use grapnel_core::Grapnel;
use grapnel_core::api_exchange::Exchange;
use grapnel_core::archive::{Export, Import};
use grapnel_model::api_exchange::{
    ApiExchangeSummary, ApiRequestDraft, ExchangeKind, LineRange, RequestHeader, ResponseKind,
    ResponseLayout, SnippetFormat,
};
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Result};
use grapnel_model::id::{ConnectionId, ExchangeId};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::api_requests::{Api, FIRST, SECOND};
use crate::support::scripted_server::{GRANT, Reply, Scripted, sign_in};
use crate::support::world::{TestKeyring, World};

/// The access token of the first grant.
const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";
const PRETTY: ResponseLayout = ResponseLayout::Pretty;

fn draft(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> ApiRequestDraft {
    let header =
        |(name, value): &(&str, &str)| RequestHeader { name: (*name).into(), value: (*value).into() };
    ApiRequestDraft {
        method: method.into(),
        target: target.into(),
        headers: headers.iter().map(header).collect(),
        body: body.into(),
    }
}

async fn send(api: &Api, draft: &ApiRequestDraft) -> Result<Exchange> {
    api.world.grapnel.send_api_request(&api.id, draft).await
}

async fn get(api: &Api, target: &str) -> Result<Exchange> {
    send(api, &draft("GET", target, &[], "")).await
}

fn lines(exchange: &Exchange, layout: ResponseLayout) -> Vec<String> {
    let lines = exchange.body.lines(layout, &[LineRange { start: 0, count: 400 }]);
    lines.into_iter().map(|line| line.text).collect()
}

/// Fails if a file of the data directory contains one of these texts.
fn assert_not_on_disk(world: &World, texts: &[&str]) {
    for entry in std::fs::read_dir(world.home.path()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for text in texts {
            let found = memchr::memmem::find(&bytes, text.as_bytes()).is_some();
            assert!(!found, "{text} is in {}", path.display());
        }
    }
}

/// The requests of the history that the person sent.
async fn sent_by_person(grapnel: &Grapnel, id: &ConnectionId) -> Vec<ApiExchangeSummary> {
    let all = grapnel.api_request_history(id).await.unwrap();
    all.into_iter().filter(|one| one.kind == ExchangeKind::Request).collect()
}

/// The number of rows of a table.
fn rows(world: &World, table: &str) -> u32 {
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_request_is_sent_as_written_and_its_response_read_by_lines() {
    let api = Api::new().await;
    api.server.on("/api/posts", [Reply::json(404, r#"{"error":{"n":1.50}}"#).header("x-trace", "7")]);
    let asked = draft("patch", " posts?a=b ", &[("X-Note", "one"), ("X-Note", "two")], "{\"a\": 1}");
    let exchange = send(&api, &asked).await.unwrap();
    let received = &api.server.received("/api/posts")[0];
    assert_eq!(
        (&*received.method, &*received.target, &*received.body),
        ("PATCH", "/api/posts?a=b", "{\"a\": 1}")
    );
    assert_eq!(received.header("authorization"), Some(FIRST));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.headers.iter().filter(|(name, _)| name == "x-note").count(), 2);
    let view = &exchange.view;
    assert_eq!(
        (view.summary.status, &*view.status_text, view.kind),
        (Some(404), "Not Found", ResponseKind::Json)
    );
    assert_eq!((view.pretty_lines, view.raw_lines, view.summary.size), (5, 1, Some(20)));
    assert!(view.headers.iter().any(|header| header.name == "x-trace" && header.value == "7"));
    assert_eq!(lines(&exchange, PRETTY), ["{", "\"error\": {", "\"n\": 1.50", "}", "}"]);
    assert!(view.summary.duration_ms.is_some() && view.notes.is_empty(), "{:?}", view.notes);
}

#[tokio::test]
async fn what_cannot_be_sent_names_the_part_and_sends_nothing() {
    let api = Api::new().await;
    let before = api.server.all_received().len();
    let mut refused = Vec::new();
    for (asked, field) in [
        (draft("CONNECT", "posts", &[], ""), "method"),
        (draft("GET /", "posts", &[], ""), "method"),
        (draft("GET", "posts", &[("Authorization", "Bearer other")], ""), "header"),
        (draft("GET", "posts", &[("Host", "evil.example")], ""), "header"),
        (draft("GET", "posts", &[("a b", "c")], ""), "header"),
        (draft("GET", "posts", &[("x", "a\r\ny: b")], ""), "header"),
        (draft("GET", "https://evil.example/posts", &[], ""), "url"),
        (draft("GET", "http://user:pw@127.0.0.1/", &[], ""), "url"),
    ] {
        let error = send(&api, &asked).await.err().unwrap();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some(field)), "{error:?}");
        assert_eq!(error.meaning.as_deref(), Some("Nothing was sent."));
        refused.push(error.message);
    }
    insta::assert_snapshot!(refused.join("\n"));
    assert_eq!(api.server.all_received().len(), before);
    assert!(sent_by_person(&api.world.grapnel, &api.id).await.is_empty());
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    let api = Api::new().await;
    api.server.on("/api/old", [Reply::json(302, "").header("location", "/api/new")]);
    let exchange = get(&api, "old").await.unwrap();
    assert_eq!((exchange.view.summary.status, exchange.view.kind), (Some(302), ResponseKind::Empty));
    assert!(
        exchange.view.notes[0].starts_with("The API redirects to /api/new."),
        "{:?}",
        exchange.view.notes
    );
    assert!(api.server.received("/api/new").is_empty());
}

#[tokio::test]
async fn a_refresh_is_told_and_what_repeats_the_token_is_masked() {
    let api = Api::new().await;
    api.server.answer("/api/echo", |received| match received.header("authorization") {
        Some(SECOND) => Reply::json(200, r#"{"you":"the-second-access-token"}"#)
            .header("x-echo", SECOND)
            .header("set-cookie", "session=live-1"),
        _ => Reply::json(401, "{}"),
    });
    let exchange = get(&api, "echo").await.unwrap();
    assert_eq!(lines(&exchange, PRETTY)[1], "\"you\": \"[secret]\"");
    let shown = serde_json::to_string(&exchange.view).unwrap();
    assert!(!shown.contains("second-access-token") && !shown.contains("live-1"), "{shown}");
    insta::assert_snapshot!(exchange.view.notes.join("\n"));
}

#[tokio::test]
async fn a_response_is_cut_off_where_memory_ends() {
    let api = Api::new().await;
    api.server.on("/api/large", [Reply::new(200, "video/mp4", vec![0; (64 << 20) + 1])]);
    let exchange = get(&api, "large").await.unwrap();
    assert_eq!(exchange.body.bytes().len(), 64 << 20);
    assert!(exchange.view.is_truncated && !exchange.view.summary.body_kept);
    assert_eq!(exchange.view.kind, ResponseKind::Binary);
}

#[tokio::test]
async fn the_history_has_credentials_masked_and_nothing_in_the_clear() {
    let mut api = Api::new().await;
    let response = r#"{"title":"of-the-response","api_key":"live-1"}"#;
    api.server.on("/api/posts", [Reply::json(200, response).header("x-of", "of-the-header")]);
    let target = format!("posts?q=of-the-query&key=live-2&t={TOKEN}");
    let headers = [("X-Api-Key", "live-3"), ("X-Own", "of-the-request")];
    let asked = draft("POST", &target, &headers, r#"{"text":"of-the-body","password":"live-4"}"#);
    let id = send(&api, &asked).await.unwrap().view.summary.id;
    let texts = ["of-the-response", "of-the-header", "of-the-query", "of-the-request", "of-the-body"];
    assert_not_on_disk(&api.world, &texts);
    assert_not_on_disk(&api.world, &["live-1", "live-2", "live-3", "live-4", TOKEN]);

    api.world.start_again();
    assert_not_on_disk(&api.world, &texts);
    let listed = sent_by_person(&api.world.grapnel, &api.id).await;
    assert_eq!(
        (listed.len(), &listed[0].id, listed[0].status, listed[0].body_kept),
        (1, &id, Some(200), true)
    );
    assert_eq!(listed[0].target, "posts?q=of-the-query&key=[secret]&t=[secret]");
    let opened = api.world.grapnel.open_api_exchange(&api.id, &id).await.unwrap();
    let shown = format!("{}{:?}", serde_json::to_string(&opened.view).unwrap(), lines(&opened, PRETTY));
    assert!(texts.iter().all(|text| shown.contains(text)), "{shown}");
    assert!(!shown.contains("live-") && !shown.contains(TOKEN), "{shown}");
    assert_eq!((opened.view.kind, opened.view.pretty_lines), (ResponseKind::Json, 4));
    for text in ["OF-THE-RESPONSE", "of-the-header", "x-own: of-the-request", "of-the-body"] {
        let found = api.world.grapnel.search_api_exchanges(&api.id, text).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&id), "{text}");
    }
    assert_eq!(api.world.grapnel.search_api_exchanges(&api.id, "live-1").await.unwrap(), []);
    let other = ExchangeId::random();
    assert_eq!(
        api.world.grapnel.open_api_exchange(&api.id, &other).await.err().unwrap().code,
        Code::NotFound
    );
}

#[tokio::test]
async fn a_body_that_is_large_or_no_text_is_not_in_the_history() {
    let api = Api::new().await;
    api.server.on("/api/large", [Reply::new(200, "text/plain", "a".repeat((1 << 20) + 1))]);
    api.server.on("/api/image", [Reply::new(200, "image/png", *b"\x89PNG\0")]);
    for target in ["large", "image"] {
        let sent = get(&api, target).await.unwrap().view;
        assert!(!sent.summary.body_kept && sent.notes.is_empty(), "{target}");
        let opened = api.world.grapnel.open_api_exchange(&api.id, &sent.summary.id).await.unwrap();
        assert_eq!((opened.view.kind, opened.view.summary.size), (ResponseKind::Empty, sent.summary.size));
        assert_eq!(opened.view.notes.len(), 1, "{target}");
    }
}

#[tokio::test]
async fn a_request_without_a_response_is_in_the_history() {
    let api = Api::new().await;
    api.server.on("/api/gone", [Reply::dropped()]);
    let error = get(&api, "gone").await.err().unwrap();
    let listed = sent_by_person(&api.world.grapnel, &api.id).await;
    assert_eq!((listed[0].status, listed[0].error.as_ref()), (None, Some(&error.message)));
    let opened = api.world.grapnel.open_api_exchange(&api.id, &listed[0].id).await.unwrap();
    assert_eq!((&*opened.view.draft.target, opened.view.kind), ("gone", ResponseKind::Empty));
}

#[tokio::test]
async fn a_cancelled_request_is_broken_off_and_in_the_history() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, GRANT)]);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let app = world.grapnel.add_app(server.new_app(&[("api_base", &base)])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let (grapnel, of) = (world.grapnel.clone(), id.clone());
    let sent =
        tokio::spawn(
            async move { grapnel.send_api_request(&of, &draft("GET", "slow", &[], "")).await.is_ok() },
        );
    let mut stream = silent.accept().await.unwrap().0;
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut received).await.unwrap() > 0);
    }
    let mut events = world.grapnel.events();
    sent.abort();
    assert!(sent.await.unwrap_err().is_cancelled());
    assert_eq!(stream.read_buf(&mut received).await.unwrap_or(0), 0, "the connection is closed");
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
    let mut listed = sent_by_person(&world.grapnel, &id).await;
    while listed.is_empty() {
        events.recv().await.unwrap();
        listed = sent_by_person(&world.grapnel, &id).await;
    }
    let cancelled = &listed[0];
    assert_eq!((cancelled.status, cancelled.error.as_deref()), (None, Some("Cancelled.")));
    assert_eq!((&*cancelled.target, cancelled.duration_ms.is_some()), ("slow", true));
}

#[tokio::test]
async fn the_history_is_deleted_by_the_person_and_with_the_connection() {
    let api = Api::new().await;
    let grapnel = &api.world.grapnel;
    api.server.on("/api/posts", [Reply::json(200, "[]")]);
    for _ in 0..3 {
        get(&api, "posts").await.unwrap();
    }
    let listed = sent_by_person(grapnel, &api.id).await;
    grapnel.delete_api_exchange(&api.id, &listed[1].id).unwrap();
    let left = sent_by_person(grapnel, &api.id).await;
    assert_eq!(left, [listed[0].clone(), listed[2].clone()]);
    drop(grapnel.idle().await);
    grapnel.clear_api_request_history(&api.id).unwrap();
    assert_eq!(rows(&api.world, "api_exchange"), 0);
    get(&api, "posts").await.unwrap();
    grapnel.save_api_request(&api.id, "list", draft("GET", "posts", &[], ""), false).await.unwrap();
    assert_eq!((rows(&api.world, "api_exchange"), rows(&api.world, "saved_request")), (1, 1));
    grapnel.disconnect(&api.id).await.unwrap();
    grapnel.forget(&api.id).await.unwrap();
    assert_eq!((rows(&api.world, "api_exchange"), rows(&api.world, "saved_request")), (0, 0));
}

#[tokio::test]
async fn saved_requests_are_encrypted_and_keep_their_names() {
    let mut api = Api::new().await;
    let saved = draft("POST", "posts?q=of-the-query", &[("X-Api-Key", "of-the-header")], "of-the-body");
    let grapnel = api.world.grapnel.clone();
    let first = grapnel.save_api_request(&api.id, " List ", saved.clone(), false).await.unwrap();
    assert_not_on_disk(&api.world, &["of-the-query", "of-the-header", "of-the-body"]);
    let other = draft("GET", "other", &[], "");
    let error = grapnel.save_api_request(&api.id, "list", other.clone(), false).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("name")));
    for name in ["", "  ", &"a".repeat(101)] {
        assert!(grapnel.save_api_request(&api.id, name, other.clone(), true).await.is_err(), "{name}");
    }
    drop(grapnel);
    api.world.start_again();
    let grapnel = &api.world.grapnel;
    let page = grapnel.api_request_page(&api.id).await.unwrap();
    assert_eq!((&page.saved[..], &page.saved[0].draft), (&[first.clone()][..], &saved));
    assert_eq!(page.base_url, Some(format!("{}/api", api.server.origin)));
    let replaced = grapnel.save_api_request(&api.id, "list", other.clone(), true).await.unwrap();
    assert_eq!((&replaced.id, &replaced.draft), (&first.id, &other));
    grapnel.delete_saved_request(&api.id, &first.id).unwrap();
    assert!(grapnel.api_request_page(&api.id).await.unwrap().saved.is_empty());
}

#[tokio::test]
async fn an_export_has_neither_history_nor_saved_requests() {
    let api = Api::new().await;
    api.server.on("/api/posts", [Reply::json(200, "[]")]);
    get(&api, "posts").await.unwrap();
    let saved = draft("GET", "posts", &[], "");
    api.world.grapnel.save_api_request(&api.id, "list", saved, false).await.unwrap();
    let file = api.world.home.path().join("grapnel.age");
    let asked = Export {
        file: file.clone(),
        passphrase: "harbour lamp eleven moss".into(),
        with_tokens: true,
        moves: false,
        force: false,
    };
    let words = asked.passphrase.clone();
    api.world.grapnel.export(asked).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let elsewhere =
        Grapnel::with(home.path(), Arc::new(TestKeyring::default()), api.world.clock.clone()).unwrap();
    let archive = elsewhere.open_archive(&file, &words).await.unwrap();
    elsewhere.import(&archive, Import { with_tokens: true, dry_run: false }).await.unwrap();
    let id = elsewhere.connections().unwrap().pop().unwrap().id;
    assert!(elsewhere.api_request_history(&id).await.unwrap().is_empty());
    assert!(elsewhere.api_request_page(&id).await.unwrap().saved.is_empty());
}

#[tokio::test]
async fn a_page_begins_with_the_documented_endpoints_and_their_bodies() {
    let world = World::new();
    let id = world.connect().await;
    let page = world.grapnel.api_request_page(&id).await.unwrap();
    assert!(page.base_url.is_some());
    let posts = page.endpoints.iter().find(|endpoint| endpoint.path == "cms/post/list").unwrap();
    assert!(posts.method == "POST" && posts.body.starts_with("{\n  \""), "{posts:?}");
}

#[tokio::test]
async fn copied_code_has_the_url_and_no_token() {
    let api = Api::new().await;
    let asked = draft("POST", "posts", &[], "{}");
    for format in [SnippetFormat::Curl, SnippetFormat::Fetch, SnippetFormat::Python] {
        let code = api.world.grapnel.api_request_snippet(&api.id, &asked, format).unwrap();
        assert!(code.contains(&format!("{}/api/posts", api.server.origin)), "{code}");
        assert!(code.contains("grapnel") && !code.contains(TOKEN), "{code}");
        let elsewhere = draft("GET", "https://evil.example/", &[], "");
        assert!(api.world.grapnel.api_request_snippet(&api.id, &elsewhere, format).is_err());
    }
}
