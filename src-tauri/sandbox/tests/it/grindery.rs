//! Grindery.

mod rpc;
mod sign_in;
mod token;

use grapnel_sandbox::ProviderId::Grindery;
use grapnel_sandbox::grindery::{SIGN_IN_PATH, TOKEN_PATH};

use crate::harness::{Harness, Reply, ticket};
use crate::provider_client::text;

const REDIRECT: &str = "http://127.0.0.1:3000/callback";
/// The first two wallets, and the one without an email.
const INES: &str = "0x5a3f1c09be27d4a86e10f97c3b82d56407ea91cd";
const TOMAS: &str = "0xc0ffee52b7d1406f8e3a9b0c5d7241fe68a3b9d0";
const MISAKI: &str = "0x00e1f7a2943bd85c6610c4dd9e5b3f7208ac41be";

/// Submits the sign-in page with a wallet.
async fn signed_by(harness: &Harness, wallet: &str) -> Reply {
    let grindery = harness.at(Grindery);
    let request = [("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "s1")];
    let page = grindery.ask(SIGN_IN_PATH, &request).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let fields = [("ticket", &*ticket(&page.text)), ("wallet", wallet), ("decision", "sign")];
    grindery.form("/sign-in/signed", &fields).await
}

async fn code(harness: &Harness) -> String {
    signed_by(harness, INES).await.param("code").unwrap()
}

async fn exchange(harness: &Harness, code: &str) -> Reply {
    harness.at(Grindery).form(TOKEN_PATH, &[("grant_type", "authorization_code"), ("code", code)]).await
}

async fn refresh(harness: &Harness, token: &str) -> Reply {
    harness.at(Grindery).form(TOKEN_PATH, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// An access token of a wallet.
async fn access_of(harness: &Harness, wallet: &str) -> String {
    let code = signed_by(harness, wallet).await.param("code").unwrap();
    text(&exchange(harness, &code).await, "access_token")
}
