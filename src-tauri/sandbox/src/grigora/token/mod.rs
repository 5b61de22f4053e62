//! The token endpoint: codes for tokens, and refresh tokens for new ones.

mod client;
mod exchange;
mod refresh;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;

use super::{Grigora, TOKEN_PATH};
use crate::body::read_params;
use crate::departures::{Kind, Notes, named};
use crate::faults::{Endpoint, Fault, play};
use crate::grants::Tokens;
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::{Refusal, reply};
use crate::revealed::Secret;

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(grigora)
}

async fn token(State(grigora): State<Arc<Grigora>>, request: Request) -> Response {
    let provider = &grigora.provider;
    let notes = provider.notes(format!("POST {TOKEN_PATH}"));
    let asked = match TokenRequest::read(request, &notes).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    if let Some(verifier) = asked.params.get("code_verifier") {
        provider.reveal.add(Secret::CodeVerifier, verifier);
    }
    let fault = provider.faults.next(asked.endpoint);
    let rotate = fault != Some(Fault::NoRefreshToken);
    let act = async {
        asked.act(&grigora, rotate, &notes).map_or_else(Refusal::into_response, |tokens| granted(&tokens))
    };
    play(fault, &provider.clock, act).await
}

/// A request whose form is right and whose grant type is known.
struct TokenRequest {
    endpoint: Endpoint,
    params: Params,
    basic: bool,
}

impl TokenRequest {
    async fn read(request: Request, notes: &Notes<'_>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if parts.uri.query().is_some() {
            notes.add(Kind::SecretInQuery, "the parameters belong into the body");
            return Err(Refusal::invalid_request("the parameters belong into the body, not into the query"));
        }
        let basic = client::sends_authorization(&parts.headers, notes);
        let params = read_params(&parts.headers, body, notes).await?;
        if let Some(name) = params.names().into_iter().find(|name| params.is_repeated(name)) {
            notes.add(Kind::RepeatedParameter, named(name));
            return Err(Refusal::invalid_request(format!("{} was sent more than once", named(name))));
        }
        let endpoint = match required(&params, "grant_type", notes)? {
            "authorization_code" => Endpoint::TokenExchange,
            "refresh_token" => Endpoint::TokenRefresh,
            _ => {
                notes.add(Kind::WrongValue, "grant_type");
                let why = "grant_type is authorization_code or refresh_token";
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", why));
            }
        };
        Ok(Self { endpoint, params, basic })
    }

    fn act(&self, grigora: &Grigora, rotate: bool, notes: &Notes<'_>) -> Result<Tokens, Refusal> {
        let app = client::authenticate(&grigora.provider, &self.params, self.basic, notes)?;
        if self.endpoint == Endpoint::TokenExchange {
            exchange::exchange(&grigora.provider.grants, app, &self.params, notes)
        } else {
            refresh::refresh(&grigora.provider.grants, app, &self.params, rotate, notes)
        }
    }
}

fn required<'p>(params: &'p Params, name: &'static str, notes: &Notes<'_>) -> Result<&'p str, Refusal> {
    params.get(name).ok_or_else(|| {
        notes.add(Kind::MissingParameter, name);
        Refusal::invalid_request(format!("{name} is missing"))
    })
}

/// The reply, member by member as on the page.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: &'a str,
    project_ids: &'a [String],
}

fn granted(tokens: &Tokens) -> Response {
    let authorization = &tokens.grant.authorization;
    let body = Granted {
        access_token: &tokens.access,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh.as_deref(),
        scope: &authorization.scope,
        project_ids: &authorization.project_ids,
    };
    reply(StatusCode::OK, &body)
}
