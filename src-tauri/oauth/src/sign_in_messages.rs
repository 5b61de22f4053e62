//! The messages of a sign-in as they are shown to the person: authorization request, callback and token request, with
//! secrets described instead of shown.

use grapnel_model::api_exchange::{ApiExchangeView, ExchangeKind};
use grapnel_model::attempt::{Message, Parameter};
use grapnel_model::provider::{ClientAuth, ProviderConfig, is_secret};
use grapnel_model::token_response::RedactedResponse;
use url::Url;

use crate::authorization_request::PreparedRequest;
use crate::http::MaskedExchange;

/// The three messages of a sign-in.
pub fn messages(
    request: &PreparedRequest,
    config: &ProviderConfig,
    redirect_uri: &str,
    has_secret: bool,
) -> Vec<Message> {
    let mut address = config.authorize_url().unwrap_or(&request.url).clone();
    address.set_query(None);
    let client_id = request.parameters.iter().find(|(name, _)| name == "client_id").map(|(_, value)| value);
    let mut exchange = vec![
        shown("grant_type", "authorization_code"),
        hidden("code", "hidden, from the callback"),
        shown("redirect_uri", redirect_uri),
    ];
    exchange.retain(|parameter| config.token_redirect_uri || parameter.name != "redirect_uri");
    exchange.extend(client_id.map(|id| shown("client_id", id)));
    exchange.extend(match config.client_auth {
        ClientAuth::SecretJwt | ClientAuth::PrivateKeyJwt => {
            Some(hidden("client_assertion", "hidden, a JWT made for each request"))
        }
        ClientAuth::TlsClientAuth | ClientAuth::SelfSignedTlsClientAuth => None,
        _ => has_secret.then(|| hidden("client_secret", "hidden, in the vault")),
    });
    exchange.extend(request.verifier.is_some().then(|| hidden("code_verifier", "hidden, in the vault")));
    vec![
        Message {
            method: "GET".into(),
            address: address.into(),
            parameters: authorization_parameters(request),
            ..Message::default()
        },
        Message {
            method: String::new(),
            address: redirect_uri.to_owned(),
            parameters: [
                hidden("code", "hidden, used once and never kept"),
                hidden("state", "hidden, must be the one that was sent"),
            ]
            .into_iter()
            .chain(
                config
                    .response_mode
                    .is_signed()
                    .then(|| hidden("response", "hidden, the JWT that holds them, signed by the provider")),
            )
            .collect(),
            ..Message::default()
        },
        Message {
            method: "POST".into(),
            address: config.token_url.to_string(),
            parameters: exchange,
            ..Message::default()
        },
    ]
}

/// The parameters of an authorization request, with its secrets described.
fn authorization_parameters(request: &PreparedRequest) -> Vec<Parameter> {
    let sent = request.parameters.iter().map(|(name, value)| match name.as_str() {
        "state" | "nonce" => hidden(name, &format!("hidden, {} characters", value.len())),
        _ if is_secret(&format!("authorize.{name}")) => hidden(name, "hidden, in the vault"),
        _ => shown(name, value),
    });
    let signed = request
        .is_signed()
        .then(|| hidden("request", "hidden, a JWT with the parameters, signed by the app’s key"));
    sent.chain(signed).collect()
}

/// The pushed authorization request (RFC 9126), which precedes the messages of [`messages`].
pub fn pushed(request: &PreparedRequest, par_url: &Url) -> Message {
    let parameters = authorization_parameters(request);
    Message { method: "POST".into(), address: par_url.to_string(), parameters, ..Message::default() }
}

/// Changes the messages to a sign-in by email and password: the request is a POST, and the code is in its response.
pub fn by_password(messages: &mut [Message], login_url: &Url, email: &str) {
    let [asking, coming_back, ..] = messages else { return };
    let sent = ["response_type", "state", "redirect_uri", "client_id"];
    asking.parameters.retain(|parameter| sent.contains(&parameter.name.as_str()));
    let typed =
        [shown("email", email), hidden("password", "hidden, used once and never kept"), shown("scope", "")];
    asking.parameters.splice(..0, typed);
    (asking.method, asking.address) = ("POST".into(), login_url.to_string());
    coming_back.address = String::new();
    for parameter in &mut coming_back.parameters {
        parameter.name = match parameter.name.as_str() {
            "code" => "oauthCode".into(),
            _ => "oauthState".into(),
        };
    }
}

/// Replaces the expected code with the error that arrived. The caller has cleaned both texts.
pub fn came_back_with(messages: &mut [Message], error: &str, description: Option<&str>) {
    let Some(callback) = messages.iter_mut().find(|message| message.method.is_empty()) else { return };
    let came = [Some(shown("error", error)), description.map(|text| shown("error_description", text))];
    callback.parameters.splice(..1, came.into_iter().flatten());
}

/// Adds its response to the token request, or to the first request of a sign-in that has two: whichever `kind` names.
pub fn answered_with(messages: &mut [Message], answer: &MaskedExchange) {
    let ApiExchangeView { summary, headers, content_type, .. } = &answer.view;
    let mut sent = messages.iter_mut().filter(|message| message.method == "POST");
    let is_first = matches!(
        summary.kind,
        ExchangeKind::PasswordLogin | ExchangeKind::DeviceAuthorization | ExchangeKind::PushedAuthorization
    );
    let message = if is_first { sent.next() } else { sent.next_back() };
    let Some(message) = message else { return };
    message.reply = summary.status.map(|status| RedactedResponse {
        status,
        content_type: content_type.clone().unwrap_or_default(),
        headers: headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
        body: answer.body.clone().unwrap_or_default(),
    });
    message.failure.clone_from(&summary.error);
    message.duration_ms = summary.duration_ms;
}

pub(crate) fn shown(name: &str, value: &str) -> Parameter {
    Parameter { name: name.into(), value: value.into(), hidden: false }
}

pub(crate) fn hidden(name: &str, description: &str) -> Parameter {
    Parameter { name: name.into(), value: description.into(), hidden: true }
}
