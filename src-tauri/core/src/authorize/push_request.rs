//! Pushes an authorization request to the provider (PAR, RFC 9126), before the browser opens.

use std::sync::Arc;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::attempt::Message;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_oauth::authorization_request::PreparedRequest;
use grapnel_oauth::http::{TokenFailure, pushed_request};
use grapnel_oauth::refusal::Refusal;
use grapnel_oauth::sign_in_messages;
use url::Url;

use super::exchange::compare_settings;
use crate::context::Context;
use crate::exchange_log::ExchangeLog;
use crate::grant::OAuthClient;
use crate::signed_in::ConfiguredApp;

/// Pushes the parameters of `request` to `url` and leaves a reference to them in its URL. Returns the message with its
/// response. `of` is the connection that is authorized again.
pub(super) async fn push_request(
    ctx: &Arc<Context>,
    url: &Url,
    app: &ConfiguredApp,
    request: &mut PreparedRequest,
    of: Option<&ConnectionId>,
) -> Result<Message> {
    let client = OAuthClient::of(ctx, app).await?;
    let OAuthClient { config, credentials, .. } = &client;
    let log = ExchangeLog::new(ctx, of);
    let mut messages = [sign_in_messages::pushed(request, url)];
    let pushed =
        pushed_request::push(log.http(), url, config, credentials, &request.sent(&credentials.client_id))
            .await;
    if let Some(exchange) = log.last_of(ExchangeKind::PushedAuthorization) {
        sign_in_messages::answered_with(&mut messages, &exchange);
    }
    let reference = pushed.map_err(|failure| explain(&client, failure))?;
    request.refer_to(config, &credentials.client_id, reference);
    let [message] = messages;
    Ok(message)
}

/// The error of a request that was not accepted. Nothing was shown to the person yet, so nothing is lost.
fn explain(client: &OAuthClient, failure: TokenFailure) -> Error {
    let provider = &client.provider;
    let error = match failure {
        TokenFailure::Refused { status, error, description } => {
            let refusal =
                Refusal { status: Some(status), error: &error, description: description.as_deref() }
                    .explain(provider);
            match refusal.code {
                Code::InvalidClient => client.advise(refusal, "try again"),
                _ => compare_settings(refusal),
            }
        }
        TokenFailure::Failed(failure) => failure
            .explain(provider)
            .or_hint("Check the pushed authorization request URL of the app, then try again."),
    };
    error.means("The browser was not opened, and nothing changed here.")
}
