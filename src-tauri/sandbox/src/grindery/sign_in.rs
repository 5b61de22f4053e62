//! The sign-in page, on which a wallet signs a message. Cancel does not redirect, and `state` is returned without
//! encoding.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::sample_data::{WALLETS, Wallet};
use crate::clock::iso;
use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::Authorization;
use crate::grindery::constants::{AUTHORIZE_PATH, SIGN_IN_PATH};
use crate::grindery::state::Grindery;
use crate::grindery::state::SignIn;
use crate::page::{ConsentForm, cancelled, decision_buttons, error_page, redirect_to, show};
use crate::params::Params;
use crate::provider::ProviderId::Grindery as SELF;
use crate::provider::{Consent, Provider};
use crate::redirect::is_safe_redirect_uri;

const SUBMIT_PATH: &str = "/sign-in/signed";
const KNOWN: [&str; 3] = ["response_type", "redirect_uri", "state"];

pub(super) fn router(grindery: Arc<Grindery>) -> Router<Arc<Provider>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(authorize))
        .route(SIGN_IN_PATH, get(sign_in))
        .route(SUBMIT_PATH, post(submit))
        .with_state(grindery)
}

/// Forwards every parameter unchecked to the sign-in page. When the page is skipped, so is this redirect.
async fn authorize(State(grindery): State<Arc<Grindery>>, RawQuery(query): RawQuery) -> Response {
    if grindery.provider.consent.get() == Consent::Ask {
        return redirect_to(
            SELF,
            &query.map_or(SIGN_IN_PATH.to_owned(), |query| format!("{SIGN_IN_PATH}?{query}")),
        );
    }
    start_sign_in(&grindery, query, AUTHORIZE_PATH)
}

async fn sign_in(State(grindery): State<Arc<Grindery>>, RawQuery(query): RawQuery) -> Response {
    start_sign_in(&grindery, query, SIGN_IN_PATH)
}

fn start_sign_in(grindery: &Grindery, query: Option<String>, path: &str) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let log = grindery.provider.departure_log(format!("GET {path}"));
    let request = match SignIn::read(&params, &log) {
        Ok(request) => request,
        Err(why) => return error_page(SELF, &why),
    };
    match grindery.provider.consent.get() {
        Consent::Ask => {
            let body = page(&request, &grindery.tickets.issue(request.clone()), &message(grindery));
            show(SELF.into(), StatusCode::OK, "Sign in to Grindery", &body)
        }
        Consent::Authorize => redirect_with_code(grindery, &request, &WALLETS[0]),
        Consent::Cancel => cancelled(SELF),
    }
}

impl SignIn {
    fn read(params: &Params, log: &DepartureLog<'_>) -> Result<Self, String> {
        // Grindery documents no client ID, secret, scope or PKCE.
        log.unknown(params.unknown(&KNOWN));
        if let Some(name) = KNOWN.into_iter().find(|name| params.is_repeated(name)) {
            log.add(DepartureKind::RepeatedParameter, name);
            return Err(format!("{name} was sent more than once."));
        }
        if params.get("response_type") != Some("code") {
            let sent = params.get("response_type").is_some();
            log.add(
                if sent { DepartureKind::WrongValue } else { DepartureKind::MissingParameter },
                "response_type",
            );
            return Err("response_type must be code.".to_owned());
        }
        let Some(redirect_uri) = params.get("redirect_uri") else {
            log.add(DepartureKind::MissingParameter, "redirect_uri");
            return Err("redirect_uri is missing.".to_owned());
        };
        if !is_safe_redirect_uri(redirect_uri) {
            log.add(DepartureKind::WrongValue, "redirect_uri");
            return Err("redirect_uri must be an absolute URI.".to_owned());
        }
        let state = params.get("state");
        let is_unreserved =
            |state: &str| state.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
        if state.is_some_and(|state| !is_unreserved(state)) {
            log.add(
                DepartureKind::WrongValue,
                "state comes back without encoding, and will not survive that",
            );
        }
        Ok(Self { redirect_uri: redirect_uri.to_owned(), state: state.map(str::to_owned) })
    }

    fn back(&self, code: &str) -> String {
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let state = self.state.as_ref().map(|state| format!("&state={state}")).unwrap_or_default();
        format!("{}{separator}code={code}{state}", self.redirect_uri)
    }
}

async fn submit(State(grindery): State<Arc<Grindery>>, headers: HeaderMap, body: Body) -> Response {
    let log = grindery.provider.departure_log(format!("POST {SUBMIT_PATH}"));
    let submitted = ConsentForm::read(&grindery.provider, &grindery.tickets, (headers, body), &log).await;
    let ConsentForm { form, request } = match submitted {
        Ok(submitted) => submitted,
        Err(refused) => return refused,
    };
    let wallet = form.get("wallet").and_then(|address| WALLETS.iter().find(|w| w.address == address));
    match (form.get("decision"), wallet) {
        (Some("cancel"), _) => cancelled(SELF),
        (Some("sign"), Some(wallet)) => redirect_with_code(&grindery, &request, wallet),
        _ => {
            log.add(DepartureKind::WrongValue, "wallet or decision");
            error_page(SELF, "Select a wallet, and choose Sign in or Cancel.")
        }
    }
}

fn redirect_with_code(grindery: &Grindery, request: &SignIn, wallet: &Wallet) -> Response {
    let code = grindery.provider.grants.issue_code(Authorization {
        redirect_uri: request.redirect_uri.clone(),
        user_id: wallet.account(),
        ..Authorization::default()
    });
    redirect_to(SELF, &request.back(&code))
}

fn message(grindery: &Grindery) -> String {
    format!("Signing in on Grindery: {}", iso(grindery.provider.shared.clock.now()))
}

fn page(request: &SignIn, ticket: &str, message: &str) -> Markup {
    html! {
        h1 { "Sign in to Grindery" }
        p.lead { "An app wants to sign you in. Your wallet signs a message. This is not a transaction and costs \
            nothing." }
        form method="post" action=(SUBMIT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            fieldset {
                legend { "Wallet" }
                ul {
                    @for (n, wallet) in WALLETS.iter().enumerate() {
                        li { label {
                            input type="radio" name="wallet" value=(wallet.address) checked[n == 0];
                            span.what { bdi { (wallet.name) } }
                            code { (short(wallet.address)) }
                        } }
                    }
                }
            }
            section { h2 { "Message to sign" } pre { (message) } }
            section.small {
                p { "Redirect URI: " code { (request.redirect_uri) } }
                p { "Grindery does not know which app sent this request. Sign in only if you have just started it from \
                    an app." }
            }
            (decision_buttons(("sign", "Sign in"), "Cancel"))
        }
    }
}

/// The short form of an address: `0x5a3f…91cd`.
fn short(address: &str) -> String {
    format!("{}…{}", &address[..6], &address[address.len() - 4..])
}
