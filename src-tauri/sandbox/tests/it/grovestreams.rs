//! GroveStreams.

mod api;
mod login;
mod sign_in;
mod token;

use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::{EMAIL, PASSWORD, SIGN_IN_PATH, TOKEN_PATH};

use crate::harness::{Harness, Reply, ticket, with};
use crate::provider_client::text;

const REDIRECT: &str = "http://127.0.0.1:3000/callback";
const CLIENT: &str = "any name I like";

/// A sign-in request as the page's script sends it, changed by `pairs`.
async fn begin(harness: &Harness, pairs: &[(&str, &str)]) -> Reply {
    let usual =
        [("response_type", "code"), ("client_id", CLIENT), ("state", "s1"), ("redirect_uri", REDIRECT)];
    harness.at(GroveStreams).ask(SIGN_IN_PATH, &with(&usual, pairs)).await
}

/// Submits the sign-in form with an email and a password.
async fn type_in(harness: &Harness, page: &Reply, email: &str, password: &str) -> Reply {
    let fields =
        [("ticket", &*ticket(&page.text)), ("email", email), ("password", password), ("decision", "sign-in")];
    harness.at(GroveStreams).form(SIGN_IN_PATH, &fields).await
}

async fn sign_in(harness: &Harness, pairs: &[(&str, &str)]) -> Reply {
    let page = begin(harness, pairs).await;
    assert_eq!(page.status, 200, "{}", page.text);
    type_in(harness, &page, EMAIL, PASSWORD).await
}

async fn code(harness: &Harness) -> String {
    sign_in(harness, &[]).await.param("code").unwrap()
}

/// An exchange with the required parameters and `pairs`.
async fn exchange(harness: &Harness, code: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [("grant_type", "authorization_code"), ("code", code), ("client_id", CLIENT)];
    harness.at(GroveStreams).form(TOKEN_PATH, &with(&usual, pairs)).await
}

async fn refresh(harness: &Harness, token: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", CLIENT)];
    harness.at(GroveStreams).form(TOKEN_PATH, &with(&usual, pairs)).await
}

async fn access(harness: &Harness) -> String {
    text(&exchange(harness, &code(harness).await, &[]).await, "access_token")
}

/// Asserts a failure: status 200 with an envelope.
#[track_caller]
fn failed(reply: &Reply) {
    assert_eq!((reply.status, reply.json()["success"].as_bool()), (200, Some(false)), "{}", reply.text);
    assert!(reply.json()["message"].is_string() && reply.json().get("access_token").is_none());
}
