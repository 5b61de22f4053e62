//! The handling common to token endpoints: reading the body, the grant type, client authentication and counting.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};

use crate::body::{Formats, read_params};
use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::faults::{Endpoint, Fault};
use crate::params::Params;
use crate::provider::{Provider, ProviderId};
use crate::reply::ErrorReply;
use crate::revealed::SecretKind;
use crate::token_requests::InFlightRequest;

/// The grant type of RFC 8628.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grant type of RFC 8693.
pub(crate) const EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A well-formed token request with a supported grant type.
pub(crate) struct TokenRequest {
    pub(crate) endpoint: Endpoint,
    pub(crate) params: Params,
    pub(crate) headers: HeaderMap,
    _in_flight: InFlightRequest,
}

impl TokenRequest {
    pub(crate) async fn read(
        request: Request,
        provider: &Provider,
        formats: Formats,
        log: &DepartureLog<'_>,
    ) -> Result<Self, ErrorReply> {
        let in_flight = provider.token_requests.enter();
        let (headers, params) = read_body(request, formats, log).await?;
        if let Some(verifier) = params.get("code_verifier") {
            provider.shared.reveal.add(SecretKind::CodeVerifier, verifier);
        }
        let endpoint = match required(&params, "grant_type", log)? {
            "authorization_code" => Endpoint::TokenExchange,
            "refresh_token" => Endpoint::TokenRefresh,
            // The others have no such grants.
            "client_credentials" | DEVICE_GRANT | EXCHANGE_GRANT if provider.id == ProviderId::Custom => {
                Endpoint::TokenExchange
            }
            _ => {
                log.add(DepartureKind::WrongValue, "grant_type");
                let why = "grant_type is authorization_code or refresh_token";
                return Err(ErrorReply::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", why));
            }
        };
        in_flight.delay().await;
        Ok(Self { endpoint, params, headers, _in_flight: in_flight })
    }

    /// The next planned fault for this request, if any.
    pub(crate) fn next_fault(&self, provider: &Provider) -> Option<Fault> {
        next_fault(provider, self.endpoint, &self.params)
    }
}

/// The next planned fault for a token request, if any. The grant of a refresh records it.
pub(crate) fn next_fault(provider: &Provider, endpoint: Endpoint, params: &Params) -> Option<Fault> {
    let fault = provider.next_fault(endpoint)?;
    if let Some(token) = params.get("refresh_token") {
        provider.grants.record_refresh_fault(token, &fault);
    }
    Some(fault)
}

/// Reads the parameters of the body. Repeated parameters and a query are refused.
pub(crate) async fn read_body(
    request: Request,
    formats: Formats,
    log: &DepartureLog<'_>,
) -> Result<(HeaderMap, Params), ErrorReply> {
    let (parts, body) = request.into_parts();
    if parts.uri.query().is_some() {
        log.add(DepartureKind::SecretInQuery, "the parameters belong into the body");
        return Err(ErrorReply::invalid_request("the parameters belong into the body, not into the query"));
    }
    let params = read_params(&parts.headers, body, formats, log).await?;
    if let Some(name) = params.names().into_iter().find(|name| params.is_repeated(name)) {
        log.add(DepartureKind::RepeatedParameter, loggable_name(name));
        return Err(ErrorReply::invalid_request(format!("{} was sent more than once", loggable_name(name))));
    }
    Ok((parts.headers, params))
}

pub(crate) fn required<'p>(
    params: &'p Params,
    name: &'static str,
    log: &DepartureLog<'_>,
) -> Result<&'p str, ErrorReply> {
    params.get(name).ok_or_else(|| {
        log.add(DepartureKind::MissingParameter, name);
        ErrorReply::invalid_request(format!("{name} is missing"))
    })
}

/// Logs an unexpected `Authorization` header, and returns whether there is one.
pub(crate) fn sends_authorization(headers: &HeaderMap, log: &DepartureLog<'_>) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return false };
    let basic = value.as_bytes().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"));
    log.add(
        if basic { DepartureKind::BasicAuthentication } else { DepartureKind::WrongAuthorization },
        "Authorization",
    );
    true
}

/// Client authentication by `client_id` and `client_secret` in the body.
pub(crate) fn client_in_body<'a>(
    provider: &'a Provider,
    params: &Params,
    authorization_header: bool,
    log: &DepartureLog<'_>,
) -> Result<&'a crate::registered_app::RegisteredApp, ErrorReply> {
    let (Some(id), Some(secret)) = (params.get("client_id"), params.get("client_secret")) else {
        for name in ["client_id", "client_secret"] {
            if params.get(name).is_none() {
                log.add(DepartureKind::MissingParameter, name);
            }
        }
        return Err(ErrorReply::invalid_client("client_id and client_secret belong into the body"));
    };
    // RFC 6749 §2.3: one authentication method per request.
    if authorization_header {
        return Err(ErrorReply::invalid_request(
            "there is an Authorization header besides the credentials in the body",
        ));
    }
    provider.app(id).filter(|app| app.has_secret(secret)).ok_or_else(|| {
        log.add(DepartureKind::WrongClient, "client_id or client_secret");
        ErrorReply::invalid_client("no client with this id and this secret")
    })
}
