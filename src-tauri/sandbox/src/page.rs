//! The layout and the common parts of the providers' HTML pages.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

use crate::body::content_type;
use crate::departures::{DepartureKind, DepartureLog};
use crate::middleware::is_cross_origin;
use crate::params::Params;
use crate::provider::{Provider, ProviderId};
use crate::redirect::{self, has_custom_scheme};
use crate::sample_data::User;
use crate::tickets::Tickets;

const STYLE_PATH: &str = "/_sandbox/page.css";
const STYLE: &str = include_str!("page/page.css");
const MAX_FORM_BYTES: usize = 64 * 1024;

/// No `form-action`: Chromium applies it to the redirect after the form too, and would block custom schemes.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";
/// For a page with a script.
const SCRIPT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; \
                             base-uri 'none'; frame-ancestors 'none'";

/// The style sheet, which every provider serves.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(STYLE_PATH, get(style))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], STYLE)
}

/// The name and colors of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branding {
    /// The name in the header.
    pub(crate) title: &'static str,
    /// The CSS class that selects the colors.
    pub(crate) class: &'static str,
    /// The path of the page's script, if it has one.
    pub(crate) script: Option<&'static str>,
}

impl From<ProviderId> for Branding {
    fn from(id: ProviderId) -> Self {
        Self { title: id.title(), class: id.name(), script: None }
    }
}

/// A whole page.
pub(crate) fn show(branding: Branding, status: StatusCode, title: &str, body: &Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, if branding.script.is_some() { SCRIPT_POLICY } else { POLICY }),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The URL contains `state`, which no other site may learn. (`no-referrer` would also hide our own `Origin` from
        // us.)
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (status, headers, document(branding, title, body)).into_response()
}

/// An error page. Errors redirect only after the redirect URI has been checked.
pub(crate) fn error_page(branding: impl Into<Branding>, why: &str) -> Response {
    let title = "This request cannot be completed";
    let body = html! {
        h1 { (title) }
        p.lead { (why) }
        p { "Nothing was shared. Go back to the app and start again." }
    };
    show(branding.into(), StatusCode::BAD_REQUEST, title, &body)
}

/// The page after a cancel, at a provider that does not redirect then.
pub(crate) fn cancelled(branding: impl Into<Branding>) -> Response {
    let title = "You cancelled the sign-in";
    let body = html! {
        h1 { (title) }
        p.lead { "Nothing was shared. The app is not notified: go back to it, and cancel or start again there." }
    };
    show(branding.into(), StatusCode::OK, title, &body)
}

/// A redirect to `to`, or an error page if it is not a valid header value.
pub(crate) fn redirect_to(branding: impl Into<Branding>, to: &str) -> Response {
    redirect::redirect_to(to)
        .unwrap_or_else(|| error_page(branding, "The browser cannot open the app’s redirect URI."))
}

/// The two buttons of a decision.
pub(crate) fn decision_buttons(yes: (&str, &str), no: &str) -> Markup {
    html! {
        div.answer {
            button.primary type="submit" name="decision" value=(yes.0) { (yes.1) }
            // Cancel works with empty required fields.
            button type="submit" name="decision" value="cancel" formnovalidate { (no) }
        }
    }
}

/// The choice of the account that signs in.
pub(crate) fn account_choice(users: &[User]) -> Markup {
    html! {
        fieldset {
            legend { "Signed in as" }
            ul {
                @for (n, user) in users.iter().enumerate() {
                    li { label {
                        input type="radio" name="user" value=(user.id) checked[n == 0];
                        span.what { bdi { (user.first_name) " " (user.last_name) } }
                        span.beside { (user.email) }
                    } }
                }
            }
        }
    }
}

/// States the redirect URI of the app, and what happens after the decision.
pub(crate) fn return_notice(app: &str, redirect_uri: &str) -> Markup {
    html! {
        section.small {
            p {
                "After you choose, your browser returns to " bdi { (app) } "."
                @if has_custom_scheme(redirect_uri) { " You can then close this page." }
            }
            p { "Redirect URI: " code { (redirect_uri) } }
        }
    }
}

/// A submitted form, and the authorization request of its page.
pub(crate) struct ConsentForm<R> {
    pub(crate) form: Params,
    pub(crate) request: R,
}

impl<R> ConsentForm<R> {
    /// Reads a form. It is accepted once, and only from the same origin.
    pub(crate) async fn read(
        provider: &Provider,
        tickets: &Tickets<R>,
        (headers, body): (HeaderMap, Body),
        log: &DepartureLog<'_>,
    ) -> Result<Self, Response> {
        if is_cross_origin(&headers, provider) {
            log.add(DepartureKind::ForeignOrigin, "the form was sent from another site");
            return Err(error_page(
                provider.id,
                "This form was submitted from another site and was rejected.",
            ));
        }
        let Some(form) = read_form(&headers, body).await else {
            return Err(error_page(provider.id, "This form could not be read."));
        };
        let Some(request) = form.get("ticket").and_then(|ticket| tickets.take(ticket)) else {
            log.add(DepartureKind::UsedTicket, "ticket");
            let why = "This form was already submitted, or it has expired.";
            return Err(error_page(provider.id, why));
        };
        Ok(Self { form, request })
    }
}

async fn read_form(headers: &HeaderMap, body: Body) -> Option<Params> {
    let bytes = axum::body::to_bytes(body, MAX_FORM_BYTES).await.ok()?;
    (content_type(headers) == "application/x-www-form-urlencoded").then(|| Params::from_form(&bytes))
}

fn document(branding: Branding, title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" class=(branding.class) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " (sandbox)" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(STYLE_PATH);
                @if let Some(script) = branding.script { script src=(script) defer {} }
            }
            body {
                header {
                    p { strong { (branding.title) " sandbox" } " on this computer. All accounts and content are made \
                        up." }
                }
                main { (body) }
            }
        }
    };
    page.into_string()
}
