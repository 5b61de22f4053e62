//! The control endpoint `/_sandbox`, over which tests and scripts inspect and configure the sandbox.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::body::content_type;
use crate::clock::iso;
use crate::departures::DepartureKind;
use crate::faults::PlannedFault;
use crate::input_error::InputError;
use crate::middleware::is_cross_origin;
use crate::provider::{Consent, Provider};
use crate::reply::{ErrorReply, json_reply};

type ProviderState = State<Arc<Provider>>;
type ControlResult = Result<Response, ErrorReply>;

const MAX_BODY_BYTES: usize = 64 * 1024;

pub(crate) fn router(provider: Arc<Provider>) -> Router<Arc<Provider>> {
    Router::new()
        .route("/", get(summary))
        .route("/departures", get(departures).delete(clear_departures))
        .route("/faults", get(faults).post(plan_fault).delete(clear_faults))
        .route("/clock", get(clock).post(advance))
        .route("/lifetimes", get(lifetimes).post(set_lifetimes))
        .route("/issued", get(issued))
        .route("/token-requests", get(token_requests).post(set_latency).delete(reset_token_requests))
        .route("/revoke", post(revoke))
        .route("/consent", get(consent).post(set_consent))
        .route("/switches", get(switches).post(set_switch).delete(clear_switches))
        .layer(from_fn_with_state(Arc::clone(&provider), reject_cross_origin))
        .with_state(provider)
}

/// Refuses requests that a web page of another origin can make a browser send (CSRF).
async fn reject_cross_origin(State(provider): ProviderState, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let plain = request.method() == Method::POST && content_type(headers) != "application/json";
    if !plain && !is_cross_origin(headers, &provider) {
        return next.run(request).await;
    }
    provider
        .departure_log("/_sandbox")
        .add(DepartureKind::ForeignOrigin, "a request to the control endpoint");
    ErrorReply::invalid_request("send JSON, and not from another site")
        .with_status(StatusCode::FORBIDDEN)
        .into_response()
}

async fn summary(State(provider): ProviderState) -> Response {
    ok(&json!({
        "provider": provider.id.name(),
        "url": provider.origin,
        "now": iso(provider.shared.clock.now()),
        "departures": provider.shared.departures.len(),
        "faults": planned_faults(&provider),
        "issued": provider.grants.issued(),
        "token_requests": provider.token_requests.read(),
        "lifetimes": provider.grants.lifetimes(),
        "consent": provider.consent.get(),
        "switches": enabled_switches(&provider),
    }))
}

async fn departures(State(provider): ProviderState) -> Response {
    ok(&json!({ "departures": provider.shared.departures.all() }))
}

async fn clear_departures(State(provider): ProviderState) -> Response {
    provider.shared.departures.clear();
    departures(State(provider)).await
}

async fn faults(State(provider): ProviderState) -> Response {
    ok(&json!({ "faults": planned_faults(&provider) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRequest {
    /// Any provider, if absent.
    provider: Option<String>,
    endpoint: String,
    /// A name, or a name and a value: `slow=500`.
    fault: String,
    /// A number or `always`; once, if absent.
    times: Option<Value>,
}

async fn plan_fault(State(provider): ProviderState, body: Body) -> ControlResult {
    let request: FaultRequest = read(body).await?;
    let planned = request.planned().and_then(|planned| provider.shared.faults.plan(planned));
    planned.map_err(|error| ErrorReply::invalid_request(error.to_string()))?;
    Ok(faults(State(provider)).await)
}

impl FaultRequest {
    fn planned(&self) -> Result<PlannedFault, InputError> {
        let times = match &self.times {
            None => "1".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        Ok(PlannedFault {
            provider: self.provider.as_deref().map(str::parse).transpose()?,
            endpoint: self.endpoint.parse()?,
            fault: self.fault.parse()?,
            times: times.parse()?,
        })
    }
}

async fn clear_faults(State(provider): ProviderState) -> Response {
    provider.shared.faults.clear();
    faults(State(provider)).await
}

async fn clock(State(provider): ProviderState) -> Response {
    ok(&json!({ "now": iso(provider.shared.clock.now()) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceRequest {
    /// Seconds.
    advance: u64,
}

async fn advance(State(provider): ProviderState, body: Body) -> ControlResult {
    let AdvanceRequest { advance } = read(body).await?;
    provider.shared.clock.advance(Duration::from_secs(advance));
    Ok(clock(State(provider)).await)
}

async fn lifetimes(State(provider): ProviderState) -> Response {
    ok(&provider.grants.lifetimes())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LifetimesRequest {
    code: Option<u64>,
    access_token: Option<u64>,
    /// A number of seconds, or `"never"`.
    refresh_token: Option<Value>,
}

async fn set_lifetimes(State(provider): ProviderState, body: Body) -> ControlResult {
    let request: LifetimesRequest = read(body).await?;
    let mut lifetimes = provider.grants.lifetimes();
    lifetimes.code = request.code.unwrap_or(lifetimes.code);
    lifetimes.access_token = request.access_token.unwrap_or(lifetimes.access_token);
    lifetimes.refresh_token = match request.refresh_token {
        None => lifetimes.refresh_token,
        Some(Value::String(text)) if text == "never" => None,
        Some(value) => Some(
            value
                .as_u64()
                .ok_or_else(|| ErrorReply::invalid_request("refresh_token: seconds or \"never\""))?,
        ),
    };
    provider.grants.set_lifetimes(lifetimes);
    Ok(ok(&lifetimes))
}

async fn issued(State(provider): ProviderState) -> Response {
    ok(&provider.grants.issued())
}

async fn token_requests(State(provider): ProviderState) -> Response {
    let mut body = json!(provider.token_requests.read());
    body["latency"] = json!(u64::try_from(provider.token_requests.latency().as_millis()).unwrap_or(u64::MAX));
    ok(&body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LatencyRequest {
    /// Milliseconds.
    latency: u64,
}

async fn set_latency(State(provider): ProviderState, body: Body) -> ControlResult {
    let LatencyRequest { latency } = read(body).await?;
    provider.token_requests.set_latency(Duration::from_millis(latency));
    Ok(token_requests(State(provider)).await)
}

async fn reset_token_requests(State(provider): ProviderState) -> Response {
    provider.token_requests.reset();
    token_requests(State(provider)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeRequest {
    token: String,
    /// Every token of the same grant with it.
    #[serde(default)]
    whole_grant: bool,
}

async fn revoke(State(provider): ProviderState, body: Body) -> ControlResult {
    let RevokeRequest { token, whole_grant } = read(body).await?;
    let grants = &provider.grants;
    let revoked = if whole_grant { grants.revoke_grant(&token) } else { grants.revoke(&token) };
    Ok(ok(&json!({ "revoked": revoked })))
}

async fn consent(State(provider): ProviderState) -> Response {
    ok(&json!({ "mode": provider.consent.get() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentRequest {
    mode: Consent,
}

async fn set_consent(State(provider): ProviderState, body: Body) -> ControlResult {
    let ConsentRequest { mode } = read(body).await?;
    provider.consent.set(mode);
    Ok(consent(State(provider)).await)
}

async fn switches(State(provider): ProviderState) -> Response {
    ok(&json!({ "switches": enabled_switches(&provider) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchRequest {
    switch: String,
    on: bool,
}

async fn set_switch(State(provider): ProviderState, body: Body) -> ControlResult {
    let request: SwitchRequest = read(body).await?;
    let switch =
        request.switch.parse().map_err(|error: InputError| ErrorReply::invalid_request(error.to_string()))?;
    provider.shared.switches.set(switch, request.on);
    Ok(switches(State(provider)).await)
}

async fn clear_switches(State(provider): ProviderState) -> Response {
    provider.shared.switches.clear();
    switches(State(provider)).await
}

fn enabled_switches(provider: &Provider) -> Vec<String> {
    provider.shared.switches.on().iter().map(ToString::to_string).collect()
}

fn planned_faults(provider: &Provider) -> Vec<Value> {
    let one = |p: &PlannedFault| {
        let mut members = json!({ "endpoint": p.endpoint.to_string(), "fault": p.fault.to_string(),
        "times": p.times.to_string() });
        if let Some(only) = p.provider {
            members["provider"] = json!(only.name());
        }
        members
    };
    provider.shared.faults.planned().iter().map(one).collect()
}

async fn read<T: for<'de> Deserialize<'de>>(body: Body) -> Result<T, ErrorReply> {
    let bytes = axum::body::to_bytes(body, MAX_BODY_BYTES).await;
    let bytes = bytes.map_err(|_| ErrorReply::invalid_request("the body is too large or broke off"))?;
    serde_json::from_slice(&bytes).map_err(|error| ErrorReply::invalid_request(error.to_string()))
}

fn ok(body: &impl serde::Serialize) -> Response {
    json_reply(StatusCode::OK, body)
}
