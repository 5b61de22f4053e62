//! Sign-in by email and password instead of a browser: GroveStreams' `oauth_login` returns a code. The password is sent
//! once and not stored.

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use http::{Method, Request, header};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use url::Url;

use super::client::Client;
use super::failure::Failure;
use super::limits::Limits;
use crate::refusal::said;

/// The parameters of a login.
pub struct Login<'a> {
    /// The email address of the account.
    pub email: &'a str,
    /// The password of the account.
    pub password: &'a SecretString,
    /// The client ID.
    pub client_id: &'a str,
    /// The redirect URI of the app.
    pub redirect_uri: &'a str,
}

/// Logs in and returns the authorization code.
pub async fn log_in(
    client: &Client,
    url: &Url,
    login: &Login<'_>,
    state: &SecretString,
) -> Result<SecretString> {
    let body = json!({
        "email": login.email, "password": login.password.expose_secret(), "scope": "", "response_type": "code",
        "state": state.expose_secret(), "redirect_uri": login.redirect_uri, "client_id": login.client_id,
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(body.to_string().into_bytes());
    let sent = match request {
        Ok(request) => client.send(ExchangeKind::PasswordLogin, request, Limits::TOKEN).await,
        Err(error) => Err(Failure::NotSent(error.to_string())),
    };
    let reply = sent.map_err(|failure| nothing(failure.explain("The provider").or_hint("Try again.")))?;
    let not_json =
        |_| Error::new(Code::ReplyInvalid, "The provider’s reply was not JSON.").hint("Try again.");
    let parsed = serde_json::from_slice::<Value>(&reply.body).map_err(not_json);
    let code = parsed.and_then(|reply| read(&reply, login, state));
    code.map_err(nothing).inspect_err(|error| client.reject(ExchangeKind::PasswordLogin, &error.message))
}

fn read(reply: &Value, login: &Login<'_>, state: &SecretString) -> Result<SecretString> {
    let text = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default();
    if reply.get("success") != Some(&Value::Bool(true)) || text("oauthCode").is_empty() {
        let text = clean(text("message"), &[login.password.expose_secret()]);
        return Err(Error::input(
            "password",
            format!("The provider did not accept email and password.{}", said(Some(&text))),
        )
        .hint("Compare both, then try again."));
    }
    if !bool::from(text("oauthState").as_bytes().ct_eq(state.expose_secret().as_bytes())) {
        return Err(Error::new(
            Code::CallbackInvalid,
            "The provider’s answer carries another state than was sent.",
        )
        .hint("Try again. If it stays so, someone is between you and the provider."));
    }
    Ok(text("oauthCode").into())
}

fn nothing(error: Error) -> Error {
    error.means("No token was issued, and the password was not kept.")
}
