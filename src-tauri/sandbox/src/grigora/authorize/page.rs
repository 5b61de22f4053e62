//! The consent page and the error page: plain HTML, no script, light and dark as the person's system is.

use maud::{DOCTYPE, Markup, html};

use super::request::AuthorizeRequest;
use crate::apps::App;
use crate::world::{Project, World};

pub(super) const CONSENT_PATH: &str = "/oauth/consent";
pub(super) const STYLE_PATH: &str = "/oauth/consent.css";
pub(super) const STYLE: &str = include_str!("page.css");

/// No `form-action`: Chromium applies it to the redirect after the form as well, and would block the way back to
/// a private-use scheme.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn consent(app: &App, request: &AuthorizeRequest, world: &World, ticket: &str) -> String {
    let body = html! {
        h1 { "Connect " bdi { (app.name) } " to Grigora" }
        p.lead dir="auto" { (app.description) }
        form method="post" action=(CONSENT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (people(world))
            (scopes(app))
            (projects(request, world))
            section.small {
                p { (what_next(app, request)) }
                p { "The answer goes to " code { (request.redirect_uri) } }
            }
            div.answer {
                button.primary type="submit" name="decision" value="authorize" { "Authorize" }
                button type="submit" name="decision" value="cancel" { "Cancel" }
            }
        }
    };
    document(&format!("Connect {} to Grigora", app.name), &body)
}

fn people(world: &World) -> Markup {
    html! {
        fieldset {
            legend { "Signed in as" }
            ul {
                @for (n, user) in world.users().iter().enumerate() {
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

fn what_next(app: &App, request: &AuthorizeRequest) -> Markup {
    html! {
        "After you choose, your browser returns you to " bdi { (app.name) } "."
        @if request.leaves_the_browser() { " This page stays open; you can then close it." }
    }
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

pub(super) fn trouble(why: &str) -> String {
    let body = html! {
        h1 { "This request cannot go on" }
        p.lead { (why) }
        p { "Nothing was shared by this. Go back to the app and start again from there." }
    };
    document("This request cannot go on", &body)
}

fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " (sandbox)" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body {
                header {
                    p { strong { "Grigora sandbox" } " on this computer. No real account, no real site." }
                }
                main { (body) }
            }
        }
    };
    page.into_string()
}
