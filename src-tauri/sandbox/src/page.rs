//! The pages that a person sees, in one plain look: HTML and a style, light and dark as the person's system is.

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

/// No `form-action`: Chromium applies it to the redirect after the form as well, and would block the way back to
/// a private-use scheme.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";
/// For a page with a script.
const SCRIPT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; \
                             base-uri 'none'; frame-ancestors 'none'";

/// The pages' style, which every provider serves under a path that is the sandbox's own.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(STYLE_PATH, get(style))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], STYLE)
}

/// Whose page it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branding {
    /// The name in the band at the top.
    pub(crate) title: &'static str,
    /// The class that gives the page its colours.
    pub(crate) class: &'static str,
    /// A script of our own, by its path.
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
        // The address holds `state`: no other site learns it. (`no-referrer` would hide our own `Origin` from us.)
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (status, headers, document(branding, title, body)).into_response()
}

/// An error for the person. Never a redirect: nobody knows yet whether the address is the app's.
pub(crate) fn error_page(branding: impl Into<Branding>, why: &str) -> Response {
    let title = "This request cannot go on";
    let body = html! {
        h1 { (title) }
        p.lead { (why) }
        p { "Nothing was shared by this. Go back to the app and start again from there." }
    };
    show(branding.into(), StatusCode::BAD_REQUEST, title, &body)
}

/// The end where a provider tells the app nothing of a cancel.
pub(crate) fn cancelled(branding: impl Into<Branding>) -> Response {
    let title = "You cancelled the sign-in";
    let body = html! {
        h1 { (title) }
        p.lead { "Nothing was shared. The app is not told either: go back to it, and cancel or start again there." }
    };
    show(branding.into(), StatusCode::OK, title, &body)
}

/// On to `to`, or an error page if no browser could follow it.
pub(crate) fn redirect_to(branding: impl Into<Branding>, to: &str) -> Response {
    redirect::redirect_to(to)
        .unwrap_or_else(|| error_page(branding, "The app's redirect URI cannot be followed."))
}

/// The way on, below a page's list: the answer's two buttons.
pub(crate) fn answer(yes: (&str, &str), no: &str) -> Markup {
    html! {
        div.answer {
            button.primary type="submit" name="decision" value=(yes.0) { (yes.1) }
            // A field left empty must not hold up a cancel.
            button type="submit" name="decision" value="cancel" formnovalidate { (no) }
        }
    }
}

/// Who signs in.
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

/// What comes after the answer, and where it goes.
pub(crate) fn return_notice(redirect_uri: &str) -> Markup {
    html! {
        section.small {
            p {
                "After you choose, your browser returns you to Grapnel."
                @if has_custom_scheme(redirect_uri) { " This page stays open; you can then close it." }
            }
            p { "The answer goes to " code { (redirect_uri) } }
        }
    }
}

/// What a person sent with a page's form, and the request that the page was about.
pub(crate) struct ConsentForm<R> {
    pub(crate) form: Params,
    pub(crate) request: R,
}

impl<R> ConsentForm<R> {
    /// The fields are the sandbox's own, not the provider's. An answer counts once, and only from our own page.
    pub(crate) async fn read(
        provider: &Provider,
        tickets: &Tickets<R>,
        (headers, body): (HeaderMap, Body),
        log: &DepartureLog<'_>,
    ) -> Result<Self, Response> {
        if is_cross_origin(&headers, provider) {
            log.add(DepartureKind::ForeignOrigin, "the form was sent from another site");
            return Err(error_page(provider.id, "This answer came from another site, so it does not count."));
        }
        let Some(form) = read_form(&headers, body).await else {
            return Err(error_page(provider.id, "This answer could not be read."));
        };
        let Some(request) = form.get("ticket").and_then(|ticket| tickets.take(ticket)) else {
            log.add(DepartureKind::UsedTicket, "ticket");
            let why = "This page was answered before, or it has been open for too long.";
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
                    p { strong { (branding.title) " sandbox" } " on this computer. No real account, no real site." }
                }
                main { (body) }
            }
        }
    };
    page.into_string()
}
