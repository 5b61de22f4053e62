//! The consent page.

use maud::{Markup, html};

use crate::custom::constants::SCOPES;
use crate::custom::state::AuthorizeRequest;
use crate::page::{account_choice, answer, return_notice};
use crate::sample_data::USERS;

pub(super) const ANSWER_PATH: &str = "/authorize/answer";

pub(super) fn consent(request: &AuthorizeRequest, ticket: &str) -> Markup {
    let asked = SCOPES.into_iter().filter(|(scope, _)| request.scopes.contains(scope));
    html! {
        h1 { "Connect " bdi { (request.app_name) } }
        p.lead { "It asks for the following. You may leave out what you do not want to give." }
        form method="post" action=(ANSWER_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (account_choice(&USERS))
            fieldset {
                legend { bdi { (request.app_name) } " will be able to" }
                ul {
                    @for (scope, words) in asked {
                        li { label {
                            input type="checkbox" name="scope" value=(scope) checked;
                            span.what { (words) }
                            code { (scope) }
                        } }
                    }
                }
            }
            (return_notice(&request.redirect_uri))
            (answer(("authorize", "Authorize"), "Cancel"))
        }
    }
}
