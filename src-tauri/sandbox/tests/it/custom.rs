//! Custom: a provider that follows the RFCs.

mod authorize;
mod device;
mod discovery;
mod token;
mod tokens;

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::custom::{AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};
use grapnel_sandbox::{RegisteredApp, custom};

use crate::harness::{CHALLENGE, Harness, Reply, VERIFIER, checked, ticket, with};

const REDIRECT: &str = "http://127.0.0.1:3000/callback";
const SCOPE: &str = "openid profile notes:read";

/// An authorization request that follows the RFCs, changed by `pairs`.
async fn authorize(harness: &Harness, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", SCOPE),
        ("state", "s1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    harness.at(Custom).ask(AUTHORIZE_PATH, &with(&usual, pairs)).await
}

/// Submits the consent page with every box ticked.
async fn agree(harness: &Harness, pairs: &[(&str, &str)]) -> Reply {
    let page = authorize(harness, pairs).await;
    assert_eq!(page.status, 200, "{}", page.text);
    answer(harness, &page, &checked(&page.text, "scope")).await
}

async fn answer(harness: &Harness, page: &Reply, scopes: &[String]) -> Reply {
    let (ticket, user) = (ticket(&page.text), checked(&page.text, "user"));
    let mut fields = vec![("ticket", &*ticket), ("user", &*user[0]), ("decision", "authorize")];
    fields.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
    harness.at(Custom).form("/authorize/answer", &fields).await
}

async fn code(harness: &Harness, pairs: &[(&str, &str)]) -> String {
    agree(harness, pairs).await.param("code").unwrap()
}

/// The exchange with the credentials in the body, changed by `pairs`.
async fn exchange(harness: &Harness, code: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    harness.at(Custom).form(TOKEN_PATH, &with(&usual, pairs)).await
}

async fn refresh(harness: &Harness, token: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    harness.at(Custom).form(TOKEN_PATH, &with(&usual, pairs)).await
}

/// A second client. Its secret has characters that differ when form-encoded.
fn other_app() -> RegisteredApp {
    RegisteredApp {
        client_id: "other:app".to_owned(),
        client_secret: "p%2Fq r+s&t=ü".to_owned(),
        ..custom::sandbox_app()
    }
}
