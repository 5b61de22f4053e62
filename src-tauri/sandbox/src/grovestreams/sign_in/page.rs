//! The page that a script leaves at once, and the form behind it.

use maud::{Markup, html};

use crate::grovestreams::constants::{ACCOUNTS, SIGN_IN_PATH};
use crate::grovestreams::state::SignIn;
use crate::page::{Branding, answer, return_notice};

pub(super) const SCRIPT_PATH: &str = "/Modern/signinoauth.js";
pub(super) const SCRIPT: &str = include_str!("page.js");

/// What is seen for as long as the script has not gone on, or when it finds nothing to go on with.
pub(super) fn doorstep(title: &str) -> Markup {
    html! {
        noscript {
            h1 { "This page needs JavaScript" }
            p.lead { "What the app asks for is in a part of the address that only a script can read." }
        }
        section #nowhere hidden {
            h1 { (title) }
            p.lead { "To sign in for an app, start from that app: its address leads to a form here." }
        }
    }
}

pub(super) fn form(request: &SignIn, branding: Branding, wrong: Option<&str>, ticket: &str) -> Markup {
    html! {
        p.brand { (logo()) (branding.title) }
        h1 { "Sign in" }
        p.lead { "The app " bdi { (request.client_id) } " will have the same rights as you." }
        form method="post" action=(SIGN_IN_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            label.field {
                "Email"
                input type="email" name="email" value=[&request.email] autocomplete="username" required autofocus[request.email.is_none()];
            }
            label.field {
                "Password"
                input type="password" name="password" autocomplete="current-password" required autofocus[request.email.is_some()];
            }
            p.small { "For this sandbox: " code { (ACCOUNTS[0].0) } " with " code { (ACCOUNTS[0].1) } }
            (return_notice(&request.redirect_uri))
            (answer(("sign-in", "Sign in"), "Cancel"))
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
