//! The consent page.

use maud::{Markup, html};

use crate::grigora::state::AuthorizeRequest;
use crate::page::{account_choice, decision_buttons, return_notice};
use crate::registered_app::RegisteredApp;
use crate::sample_data::{Project, SampleData};

pub(super) const CONSENT_PATH: &str = "/oauth/consent";

pub(super) fn consent(
    app: &RegisteredApp,
    request: &AuthorizeRequest,
    data: &SampleData,
    ticket: &str,
) -> Markup {
    html! {
        h1 { "Connect " bdi { (app.name) } " to Grigora" }
        p.lead dir="auto" { (app.description) }
        form method="post" action=(CONSENT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (account_choice(data.users()))
            (scopes(app))
            (projects(request, data))
            (return_notice(&app.name, &request.redirect_uri))
            (decision_buttons(("authorize", "Authorize"), "Cancel"))
        }
    }
}

fn scopes(app: &RegisteredApp) -> Markup {
    html! {
        section {
            h2 { bdi { (app.name) } " will be able to" }
            @if app.scopes.is_empty() { p { "See who you are." } }
            ul.scopes {
                @for scope in &app.scopes {
                    li { span.what { (scope_text(scope)) } code { (scope) } }
                }
            }
        }
    }
}

fn projects(request: &AuthorizeRequest, data: &SampleData) -> Markup {
    html! {
        fieldset {
            legend { "Projects" }
            ul {
                @for project in data.projects() {
                    li { label {
                        input type="checkbox" name="project" value=(project.id) checked[request.projects.iter().any(|p|
                        p == project.id)];
                        span.what { bdi { (project.name) } }
                        (address(project))
                    } }
                }
            }
        }
    }
}

fn address(project: &Project) -> Markup {
    html! { span.beside { (project.domain.unwrap_or("no domain yet")) } }
}

/// Descriptions of the scopes, which Grigora's documentation does not give.
fn scope_text(scope: &str) -> &str {
    match scope {
        "cms:post:read" => "Read the posts of your sites, including drafts",
        "directory:items:read" => "Read the items of your directories",
        "project:details:read" => "Read the details of your projects",
        _ => "No description available",
    }
}
