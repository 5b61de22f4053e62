//! `grapnel app discover`: what an app's issuer announces now, and the app changed to it.

use std::collections::BTreeMap;

use clap::Args;
use grapnel_core::app::{NewApp, Rediscovery, ValueChange};
use grapnel_core::discovery::{Discovery, NoteKind};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::Entered;
use jiff::Timestamp;
use serde::Serialize;

use crate::named;
use crate::print::Shown;
use crate::session::Session;
use crate::table::{fields, table};

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// The app's name
    app: String,
    /// Change the app without asking
    #[arg(long, short)]
    yes: bool,
    /// Read the client secret again from standard input, or from a hidden prompt: where the issuer has moved to another
    /// host, the one that is held does not go there
    #[arg(long)]
    pub(super) client_secret_stdin: bool,
}

pub(super) async fn run(session: &mut Session<'_>, asked: Discover) -> Result<()> {
    let app = named::app(&session.grapnel, &asked.app)?;
    let found = session.grapnel.rediscover(&app.id).await?;
    let is_changed = !found.changes.is_empty() && agrees(session, asked.yes, &found.changes)?;
    let name = app.name.clone();
    if is_changed {
        let mut overrides = app.overrides;
        let mut discovered = app.discovered;
        discovered.extend(found.changes.iter().map(|change| change.key.clone()));
        overrides.extend(found.changes.iter().map(|change| (change.key.clone(), change.after.clone())));
        let client_secret = if asked.client_secret_stdin {
            Some(Entered(session.input.secret("Client secret (not shown): ")?))
        } else {
            None
        };
        let changed = session.grapnel.change_app(
            &app.id,
            NewApp {
                name: app.name,
                provider: app.provider,
                client_id: app.client_id,
                client_secret,
                redirect: app.redirect_uri,
                scopes: app.scopes,
                projects: app.projects,
                overrides,
                secrets: BTreeMap::new(),
                discovered,
            },
        );
        changed.await?;
    }
    session.output.show(&Discovered { app: &name, found, is_changed })
}

/// Whether the app is to be changed. Where nobody is there to ask, it is only shown what would be.
fn agrees(session: &mut Session<'_>, yes: bool, changes: &[ValueChange]) -> Result<bool> {
    if yes || !session.input.is_terminal {
        return Ok(yes);
    }
    let messages = &session.output.messages;
    table_of(changes).lines().for_each(|line| messages.note(line));
    messages.ask("Change the app to this? [y/N]");
    if session.input.agrees()? {
        return Ok(true);
    }
    Err(Error::new(Code::Cancelled, "Not changed.").means("The app is as it was."))
}

#[derive(Serialize)]
struct Discovered<'a> {
    app: &'a str,
    #[serde(flatten)]
    found: Rediscovery,
    #[serde(rename = "changed")]
    is_changed: bool,
}

impl Shown for Discovered<'_> {
    fn text(&self, _: Timestamp) -> String {
        let (app, changes) = (self.app, &self.found.changes);
        let about = text(&self.found.discovery);
        if changes.is_empty() {
            return format!("The app “{app}” has everything that its issuer announces.\n\n{about}");
        }
        let head = if self.is_changed {
            format!("Changed the app “{app}” to what its issuer announces.")
        } else {
            format!(
                "The issuer of the app “{app}” announces other values. Nothing was changed; add --yes to change the app."
            )
        };
        format!("{head}\n\n{}\n\n{about}", table_of(changes))
    }
}

fn table_of(changes: &[ValueChange]) -> String {
    let rows = changes.iter().map(|change| {
        let before = if change.before.is_empty() { "(not set)" } else { &change.before };
        [change.key.clone(), before.to_owned(), change.after.clone()]
    });
    table(["VALUE", "NOW", "ANNOUNCED"], rows)
}

/// What an issuer announces, and what to know of it.
pub(super) fn text(found: &Discovery) -> String {
    let about = fields([
        ("issuer", found.issuer.clone()),
        ("read from", found.documents.join(" ")),
        ("scopes announced", found.scopes.join(" ")),
    ]);
    let notes = found.notes.iter().map(|note| match note.kind {
        NoteKind::Unsupported => format!("\nwarning: {}", note.text),
        NoteKind::Notice => format!("\nnote: {}", note.text),
    });
    notes.fold(about, |text, line| text + &line)
}

#[cfg(test)]
mod tests {
    use grapnel_core::discovery::DiscoveryNote;

    use super::*;

    #[test]
    fn what_is_not_supported_is_a_warning() {
        let note = |kind, text: &str| DiscoveryNote { kind, text: text.into() };
        let found = Discovery {
            issuer: "https://id.example".into(),
            documents: vec!["https://id.example/.well-known/openid-configuration".into()],
            values: [].into(),
            scopes: vec!["openid".into(), "email".into()],
            client_auth: Vec::new(),
            notes: vec![
                note(NoteKind::Unsupported, "It demands PAR."),
                note(NoteKind::Notice, "It has no PKCE."),
            ],
        };
        insta::assert_snapshot!(text(&found));
    }
}
