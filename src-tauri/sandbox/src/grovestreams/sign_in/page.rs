//! The page whose script reads the fragment, and the sign-in form.

use maud::{Markup, html};

use crate::grovestreams::constants::{ACCOUNTS, SIGN_IN_PATH};
use crate::grovestreams::state::SignIn;
use crate::page::{Branding, decision_buttons, return_notice};

pub(super) const SCRIPT_PATH: &str = "/Modern/signinoauth.js";
pub(super) const SCRIPT: &str = include_str!("page.js");

/// Shown until the script continues, or when the fragment has no request.
pub(super) fn script_page(title: &str) -> Markup {
    html! {
        noscript {
            h1 { "This page needs JavaScript" }
            p.lead { "The app’s request is in the URL fragment, which only a script can read." }
        }
        section #no-request hidden {
            h1 { (title) }
            p.lead { "To sign in to an app, start from that app." }
        }
    }
}

pub(super) fn form(request: &SignIn, branding: Branding, wrong: Option<&str>, ticket: &str) -> Markup {
    html! {
        p.brand { (logo()) (branding.title) }
        h1 { "Sign in" }
        p.lead { "The app " bdi { (request.client_id) } " will have the same permissions as you." }
        form method="post" action=(SIGN_IN_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            label.field {
                "Email"
                input type="email" name="email" value=[&request.email] autocomplete="username" required
                    autofocus[request.email.is_none()];
            }
            label.field {
                "Password"
                input type="password" name="password" autocomplete="current-password" required
                    autofocus[request.email.is_some()];
            }
            p.small { "Sandbox account: " code { (ACCOUNTS[0].0) } ", password " code { (ACCOUNTS[0].1) } }
            (return_notice(&request.client_id, &request.redirect_uri))
            (decision_buttons(("sign-in", "Sign in"), "Cancel"))
        }
    }
}

/// Three streams that flow into one.
fn logo() -> Markup {
    html! {
        svg viewBox="0 0 32 32" aria-hidden="true" {
            path d="M4 5h4c6 0 6 9 12 9h8v4h-8c-6 0-6 9-12 9H4v-3h4c4 0 4-6 8-8-4-2-4-8-8-8H4z" {}
        }
    }
}
