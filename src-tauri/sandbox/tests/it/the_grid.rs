//! The Grid.

mod api;
mod login;
mod token;

use grapnel_sandbox::ProviderId::TheGrid;
use grapnel_sandbox::the_grid::{AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};

use crate::harness::{Harness, Reply, ticket, with};
use crate::provider_client::text;

const REDIRECT: &str = "http://127.0.0.1:3000/callback";
const INES: &str = "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70";
const TOMAS: &str = "b83f0d19-5e64-4a7b-8d02-91c7a4e6f325";
const MISAKI: &str = "d2479ec0-3a18-4f95-b6e1-7c05f8d9a216";

/// The documented login request, changed by `pairs`.
async fn log_in(harness: &Harness, identity_provider: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("client_id", CLIENT_ID),
        ("response_type", "code"),
        ("scope", "share,balance"),
        ("redirect_uri", REDIRECT),
    ];
    harness.at(TheGrid).ask(&format!("{AUTHORIZE_PATH}{identity_provider}"), &with(&usual, pairs)).await
}

/// Submits the consent page with Authorize.
async fn agree(harness: &Harness, user: &str, pairs: &[(&str, &str)]) -> Reply {
    let page = log_in(harness, "/github", pairs).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let fields = [("ticket", &*ticket(&page.text)), ("user", user), ("decision", "authorize")];
    harness.at(TheGrid).form("/login/answer", &fields).await
}

async fn code(harness: &Harness) -> String {
    agree(harness, INES, &[]).await.param("code").unwrap()
}

/// The documented exchange, changed by `pairs`.
async fn exchange(harness: &Harness, code: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", code),
        ("grant_type", "authorization_code"),
    ];
    harness.at(TheGrid).form(TOKEN_PATH, &with(&usual, pairs)).await
}

async fn access_of(harness: &Harness, user: &str) -> String {
    let code = agree(harness, user, &[]).await.param("code").unwrap();
    text(&exchange(harness, &code, &[]).await, "access_token")
}
