//! The two pages: with whom to log in, and what the app may do.

use maud::{Markup, html};

use crate::page::{account_choice, answer, return_notice};
use crate::sample_data::USERS;
use crate::the_grid::constants::{AUTHORIZE_PATH, IDENTITY_PROVIDERS, SCOPES};
use crate::the_grid::state::Login;

pub(super) const ANSWER_PATH: &str = "/login/answer";

/// The same request goes on with whichever is chosen.
pub(super) fn choice(request: &Login, query: &str) -> Markup {
    html! {
        h1 { "Log in to The Grid" }
        p.lead { bdi { (request.app_name) } " asks to be connected. Choose how to log in." }
        section {
            ul.choices {
                @for (name, title) in IDENTITY_PROVIDERS {
                    li { a href={ (AUTHORIZE_PATH) "/" (name) "?" (query) } { "Log in with " (title) } }
                }
            }
        }
        section.small { p { "Any of them will do: nothing leaves this computer." } }
    }
}

pub(super) fn consent(request: &Login, identity_provider: &str, ticket: &str) -> Markup {
    html! {
        h1 { "Connect " bdi { (request.app_name) } " to The Grid" }
        p.lead { "You logged in with " (identity_provider) "." }
        form method="post" action=(ANSWER_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (account_choice(&USERS))
            section {
                h2 { bdi { (request.app_name) } " will be able to" }
                (scopes(request))
            }
            (return_notice(&request.redirect_uri))
            (answer(("authorize", "Authorize"), "Cancel"))
        }
    }
}

fn scopes(request: &Login) -> Markup {
    html! {
        @if request.scopes.is_empty() { p { "Perform simple operations on your behalf, and no more." } }
        ul.scopes {
            @for (scope, words) in SCOPES.into_iter().filter(|(scope, _)| request.scopes.contains(scope)) {
                li { span.what { (words) } code { (scope) } }
            }
        }
    }
}
