//! The Grid.

mod api;
mod login;
mod token;

use grapnel_sandbox::ProviderId::TheGrid;
use grapnel_sandbox::the_grid::{AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};

use crate::harness::{House, Reply, ticket, with};
use crate::place::text;

const REDIRECT: &str = "http://127.0.0.1:3000/callback";
const INES: &str = "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70";
const TOMAS: &str = "b83f0d19-5e64-4a7b-8d02-91c7a4e6f325";
const MISAKI: &str = "d2479ec0-3a18-4f95-b6e1-7c05f8d9a216";

/// A login request as the page shows it, changed by `pairs`.
async fn log_in(house: &House, identity_provider: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("client_id", CLIENT_ID),
        ("response_type", "code"),
        ("scope", "share,balance"),
        ("redirect_uri", REDIRECT),
    ];
    house.at(TheGrid).ask(&format!("{AUTHORIZE_PATH}{identity_provider}"), &with(&usual, pairs)).await
}

/// What a person does who agrees.
async fn agree(house: &House, user: &str, pairs: &[(&str, &str)]) -> Reply {
    let page = log_in(house, "/github", pairs).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let fields = [("ticket", &*ticket(&page.text)), ("user", user), ("decision", "authorize")];
    house.at(TheGrid).form("/login/answer", &fields).await
}

async fn code(house: &House) -> String {
    agree(house, INES, &[]).await.param("code").unwrap()
}

/// The exchange as the page shows it, changed by `pairs`.
async fn exchange(house: &House, code: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", code),
        ("grant_type", "authorization_code"),
    ];
    house.at(TheGrid).form(TOKEN_PATH, &with(&usual, pairs)).await
}

async fn access_of(house: &House, user: &str) -> String {
    let code = agree(house, user, &[]).await.param("code").unwrap();
    text(&exchange(house, &code, &[]).await, "access_token")
}
