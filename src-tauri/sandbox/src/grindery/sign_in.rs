//! The sign-in page: a wallet signs a message. Cancel shows an error and never leads back, and `state` comes back as it
//! was, without encoding.

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
use crate::page::{ConsentForm, answer, cancelled, error_page, redirect_to, show};
use crate::params::Params;
use crate::provider::ProviderId::Grindery as SELF;
use crate::provider::{Consent, Provider};
use crate::redirect::is_safe_redirect_uri;

const SIGNED_PATH: &str = "/sign-in/signed";
const KNOWN: [&str; 3] = ["response_type", "redirect_uri", "state"];

pub(super) fn router(grindery: Arc<Grindery>) -> Router<Arc<Provider>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(authorize))
        .route(SIGN_IN_PATH, get(sign_in))
        .route(SIGNED_PATH, post(signed))
        .with_state(grindery)
}

/// Nothing is checked here: whatever came is passed on. Where nobody is to see a page, the way there is skipped too.
async fn authorize(State(grindery): State<Arc<Grindery>>, RawQuery(query): RawQuery) -> Response {
    if grindery.provider.consent.get() == Consent::Ask {
        return redirect_to(
            SELF,
            &query.map_or(SIGN_IN_PATH.to_owned(), |query| format!("{SIGN_IN_PATH}?{query}")),
        );
    }
    begin(&grindery, query, AUTHORIZE_PATH)
}

async fn sign_in(State(grindery): State<Arc<Grindery>>, RawQuery(query): RawQuery) -> Response {
    begin(&grindery, query, SIGN_IN_PATH)
}

fn begin(grindery: &Grindery, query: Option<String>, path: &str) -> Response {
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
        Consent::Authorize => signed_in(grindery, &request, &WALLETS[0]),
        Consent::Cancel => cancelled(SELF),
    }
}

impl SignIn {
    fn read(params: &Params, log: &DepartureLog<'_>) -> Result<Self, String> {
        // No client id, no secret, no scope, no PKCE: the page names none of them.
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
            return Err("redirect_uri must be a full address, with its protocol.".to_owned());
        }
        let state = params.get("state");
        let survives = |state: &str| state.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
        if state.is_some_and(|state| !survives(state)) {
            log.add(
                DepartureKind::WrongValue,
                "state comes back without encoding, and will not survive that",
            );
        }
        Ok(Self { redirect_uri: redirect_uri.to_owned(), state: state.map(str::to_owned) })
    }

    fn back(&self, code: &str) -> String {
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let state = self.state.as_ref().map(|state| format!("&state={state}")).unwrap_or_default();
        format!("{}{joint}code={code}{state}", self.redirect_uri)
    }
}

async fn signed(State(grindery): State<Arc<Grindery>>, headers: HeaderMap, body: Body) -> Response {
    let log = grindery.provider.departure_log(format!("POST {SIGNED_PATH}"));
    let answer = ConsentForm::read(&grindery.provider, &grindery.tickets, (headers, body), &log).await;
    let ConsentForm { form, request } = match answer {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    let wallet = form.get("wallet").and_then(|address| WALLETS.iter().find(|w| w.address == address));
    match (form.get("decision"), wallet) {
        (Some("cancel"), _) => cancelled(SELF),
        (Some("sign"), Some(wallet)) => signed_in(&grindery, &request, wallet),
        _ => {
            log.add(DepartureKind::WrongValue, "wallet or decision");
            error_page(SELF, "This answer names no wallet, or neither Sign nor Cancel.")
        }
    }
}

fn signed_in(grindery: &Grindery, request: &SignIn, wallet: &Wallet) -> Response {
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
        p.lead { "An app asks to sign you in. Your wallet signs a message; no transaction, and nothing to pay." }
        form method="post" action=(SIGNED_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            fieldset {
                legend { "With this wallet" }
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
            section { h2 { "The message" } pre { (message) } }
            section.small {
                p { "The answer goes to " code { (request.redirect_uri) } }
                p { "Grindery does not know which app asks: only go on if you have just come from one." }
            }
            (answer(("sign", "Sign in"), "Cancel"))
        }
    }
}

/// As wallets show an address: `0x5a3f…91cd`.
fn short(address: &str) -> String {
    format!("{}…{}", &address[..6], &address[address.len() - 4..])
}
