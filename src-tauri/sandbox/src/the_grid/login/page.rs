//! The choice of the identity provider, and the consent page.

use maud::{Markup, html};

use crate::page::{account_choice, decision_buttons, return_notice};
use crate::sample_data::USERS;
use crate::the_grid::constants::{AUTHORIZE_PATH, IDENTITY_PROVIDERS, SCOPES};
use crate::the_grid::state::Login;

pub(super) const SUBMIT_PATH: &str = "/login/answer";

/// Each choice continues the same request.
pub(super) fn choice(request: &Login, query: &str) -> Markup {
    html! {
        h1 { "Log in to The Grid" }
        p.lead { bdi { (request.app_name) } " wants to connect to your account. Choose how to log in." }
        section {
            ul.choices {
                @for (name, title) in IDENTITY_PROVIDERS {
                    li { a href={ (AUTHORIZE_PATH) "/" (name) "?" (query) } { "Log in with " (title) } }
                }
            }
        }
        section.small { p { "Every choice works: nothing leaves this computer." } }
    }
}

pub(super) fn consent(request: &Login, identity_provider: &str, ticket: &str) -> Markup {
    html! {
        h1 { "Connect " bdi { (request.app_name) } " to The Grid" }
        p.lead { "You logged in with " (identity_provider) "." }
        form method="post" action=(SUBMIT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (account_choice(&USERS))
            section {
                h2 { bdi { (request.app_name) } " will be able to" }
                (scopes(request))
            }
            (return_notice(&request.app_name, &request.redirect_uri))
            (decision_buttons(("authorize", "Authorize"), "Cancel"))
        }
    }
}

fn scopes(request: &Login) -> Markup {
    html! {
        @if request.scopes.is_empty() { p { "Perform simple operations on your behalf" } }
        ul.scopes {
            @for (scope, words) in SCOPES.into_iter().filter(|(scope, _)| request.scopes.contains(scope)) {
                li { span.what { (words) } code { (scope) } }
            }
        }
    }
}
