//! The device authorization grant (RFC 8628): the request for a code, the page where a person enters it, and the polls.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::client::authenticate;
use crate::body::Formats;
use crate::custom::constants::{DEVICE_AUTHORIZATION_PATH, DEVICE_PATH, SCOPES};
use crate::custom::state::{Custom, Decision, Device};
use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::{Authorization, CodeExchange, Tokens};
use crate::page::{ConsentForm, account_choice, decision_buttons, error_page, show as show_page};
use crate::params::Params;
use crate::provider::Provider;
use crate::provider::ProviderId::Custom as SELF;
use crate::random::{digest, random_token};
use crate::registered_app::RegisteredApp;
use crate::reply::{ErrorReply, json_reply};
use crate::revealed::SecretKind;
use crate::sample_data::USERS;
use crate::token_request::read_body;

const SUBMIT_PATH: &str = "/device/answer";
/// How long a code is valid.
const LIFETIME: Duration = Duration::from_secs(600);
/// Assumed: a second between two polls, so that a test need not wait long.
const INTERVAL: SignedDuration = SignedDuration::from_secs(1);
/// A timer of the client may end a little early.
const LEEWAY: SignedDuration = SignedDuration::from_millis(100);
/// The letters of a user code (RFC 8628 §6.1: consonants, so that no word arises).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const KNOWN: [&str; 3] = ["scope", "client_id", "client_secret"];

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new()
        .route(DEVICE_AUTHORIZATION_PATH, post(authorize_device))
        .route(DEVICE_PATH, get(show))
        .route(SUBMIT_PATH, post(submit))
        .with_state(custom)
}

async fn authorize_device(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let log = custom.provider.departure_log(format!("POST {DEVICE_AUTHORIZATION_PATH}"));
    match issue(&custom, request, &log).await {
        Ok(reply) => json_reply(StatusCode::OK, &reply),
        Err(refusal) => refusal.into_response(),
    }
}

async fn issue(custom: &Custom, request: Request, log: &DepartureLog<'_>) -> Result<Value, ErrorReply> {
    let (headers, params) = read_body(request, Formats::Form, log).await?;
    log.unknown(params.unknown(&KNOWN));
    let app = authenticate(&custom.provider, &headers, &params, log)?;
    let (code, user_code) = (random_token("cus_dc_"), user_code());
    custom.provider.shared.reveal.add(SecretKind::Code, &code);
    let device = Device {
        code: digest(&code),
        user_code: user_code.clone(),
        client_id: app.client_id.clone(),
        scopes: scopes(&params, log)?,
        expires: custom.provider.shared.clock.after(LIFETIME),
        polled: None,
        decision: Decision::Pending,
    };
    custom.devices.lock().push(device);
    let page = format!("{}{DEVICE_PATH}", custom.issuer());
    Ok(json!({
        "device_code": code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFETIME.as_secs(),
        "interval": INTERVAL.as_secs(),
    }))
}

/// The requested scopes; all of them without a request.
pub(super) fn scopes(params: &Params, log: &DepartureLog<'_>) -> Result<Vec<&'static str>, ErrorReply> {
    let Some(asked) = params.get("scope") else { return Ok(SCOPES.map(|(scope, _)| scope).to_vec()) };
    let known = |asked: &str| SCOPES.into_iter().find(|(scope, _)| *scope == asked).map(|(scope, _)| scope);
    asked.split(' ').map(known).collect::<Option<_>>().ok_or_else(|| {
        log.add(DepartureKind::WrongValue, "scope");
        ErrorReply::new(StatusCode::BAD_REQUEST, "invalid_scope", "there is no such scope")
    })
}

/// Eight letters, such as `WDJB-MJHT`.
fn user_code() -> String {
    let random = random_token("");
    let letters: String =
        random.bytes().take(8).map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}

async fn show(State(custom): State<Arc<Custom>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let ticket = custom.device_tickets.issue(());
    let body = page(params.get("user_code").unwrap_or_default(), &ticket);
    show_page(SELF.into(), StatusCode::OK, "Connect a device", &body)
}

fn page(user_code: &str, ticket: &str) -> Markup {
    html! {
        h1 { "Connect a device" }
        p.lead { "Enter the code that your device shows. Approve only a sign-in that you have started yourself." }
        form method="post" action=(SUBMIT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            label { "Code " input type="text" name="user_code" value=(user_code) autocomplete="off"; }
            (account_choice(&USERS))
            (decision_buttons(("authorize", "Authorize"), "Cancel"))
        }
    }
}

async fn submit(State(custom): State<Arc<Custom>>, headers: HeaderMap, body: Body) -> Response {
    let log = custom.provider.departure_log(format!("POST {SUBMIT_PATH}"));
    let submitted = ConsentForm::read(&custom.provider, &custom.device_tickets, (headers, body), &log).await;
    let form = match submitted {
        Ok(ConsentForm { form, .. }) => form,
        Err(refused) => return refused,
    };
    let typed = form.get("user_code").unwrap_or_default().trim().to_ascii_uppercase();
    let now = custom.provider.shared.clock.now();
    let mut devices = custom.devices.lock();
    let device = devices.iter_mut().find(|device| device.user_code == typed && device.expires > now);
    let Some(device) = device.filter(|device| matches!(device.decision, Decision::Pending)) else {
        return error_page(SELF, "There is no such code, or it has expired.");
    };
    let user = form.get("user").and_then(|id| USERS.iter().find(|user| user.id == id));
    let (decision, told) = match (form.get("decision"), user) {
        (Some("authorize"), Some(user)) => {
            let code = custom.provider.grants.issue_code(Authorization {
                client_id: device.client_id.clone(),
                user_id: user.id.to_owned(),
                scope: device.scopes.join(" "),
                ..Authorization::default()
            });
            (Decision::Approved(code), "Device connected")
        }
        _ => (Decision::Denied, "Not connected"),
    };
    device.decision = decision;
    let body = html! { h1 { (told) } p.lead { "You can close this page." } };
    show_page(SELF.into(), StatusCode::OK, told, &body)
}

/// A poll of the token endpoint (RFC 8628 §3.5).
pub(super) fn poll(
    custom: &Custom,
    app: &RegisteredApp,
    code: &str,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let refuse = |error, why: &str| Err(ErrorReply::new(StatusCode::BAD_REQUEST, error, why));
    let (key, now) = (digest(code), custom.provider.shared.clock.now());
    let mut devices = custom.devices.lock();
    let found = devices.iter().position(|one| one.code == key && one.client_id == app.client_id);
    let Some(at) = found else {
        log.add(DepartureKind::UnknownCode, "device_code");
        return Err(ErrorReply::invalid_grant("no such device code for this client"));
    };
    let device = &mut devices[at];
    let is_early = device.polled.is_some_and(|before| before.duration_until(now) + LEEWAY < INTERVAL);
    device.polled = Some(now);
    if device.expires <= now {
        return refuse("expired_token", "the device code has expired");
    }
    match device.decision.clone() {
        Decision::Pending if is_early => refuse("slow_down", "the device polls too often"),
        Decision::Pending => refuse("authorization_pending", "nobody has entered the code yet"),
        Decision::Denied => {
            devices.remove(at);
            refuse("access_denied", "the person refused")
        }
        Decision::Approved(code) => {
            devices.remove(at);
            let claim = CodeExchange::new(&code, &app.client_id);
            let tokens = custom.provider.grants.exchange_code(&claim);
            tokens.map_err(|why| ErrorReply::invalid_grant(why.report(log)))
        }
    }
}
