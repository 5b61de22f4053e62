//! The consent page.

use maud::{Markup, html};

use crate::apps::App;
use crate::grigora::pending::AuthorizeRequest;
use crate::page::{answer, people, what_next};
use crate::world::{Project, World};

pub(super) const CONSENT_PATH: &str = "/oauth/consent";

pub(super) fn consent(app: &App, request: &AuthorizeRequest, world: &World, ticket: &str) -> Markup {
    html! {
        h1 { "Connect " bdi { (app.name) } " to Grigora" }
        p.lead dir="auto" { (app.description) }
        form method="post" action=(CONSENT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (people(world.users()))
            (scopes(app))
            (projects(request, world))
            (what_next(&request.redirect_uri))
            (answer(("authorize", "Authorize"), "Cancel"))
        }
    }
}

fn scopes(app: &App) -> Markup {
    html! {
        section {
            h2 { bdi { (app.name) } " will be able to" }
            @if app.scopes.is_empty() { p { "Learn who you are, and no more." } }
            ul.scopes {
                @for scope in &app.scopes {
                    li { span.what { (in_words(scope)) } code { (scope) } }
                }
            }
        }
    }
}

fn projects(request: &AuthorizeRequest, world: &World) -> Markup {
    html! {
        fieldset {
            legend { "In these projects" }
            ul {
                @for project in world.projects() {
                    li { label {
                        input type="checkbox" name="project" value=(project.id) checked[request.projects.iter().any(|p| p == project.id)];
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

/// The pages give ids only; these words are the sandbox's.
fn in_words(scope: &str) -> &str {
    match scope {
        "cms:post:read" => "Read the posts of your sites, drafts too",
        "directory:items:read" => "Read the items of your directories",
        "project:details:read" => "Read the details of your projects",
        _ => "Do something that has no description",
    }
}
