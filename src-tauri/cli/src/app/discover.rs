//! `grapnel app discover`: reads the issuer's metadata again, and updates the app.

use clap::Args;
use grapnel_core::app::{NewApp, Rediscovery, ValueChange};
use grapnel_core::discovery::{Discovery, NoteKind};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretInput;
use jiff::Timestamp;
use serde::Serialize;

use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::{fields, table};

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// The app's name
    app: String,
    /// Update the app without confirmation
    #[arg(long, short)]
    yes: bool,
    /// Read the client secret again from standard input or a hidden prompt: if the issuer has moved to another host,
    /// the stored one is not sent there
    #[arg(long)]
    pub(super) client_secret_stdin: bool,
}

pub(super) async fn run(session: &mut Session<'_>, asked: Discover) -> Result<()> {
    let app = lookup::app(&session.grapnel, &asked.app)?;
    let found = session.grapnel.rediscover(&app.id).await?;
    let is_changed = !found.changes.is_empty() && confirms(session, asked.yes, &found.changes)?;
    if is_changed {
        let mut new = NewApp::from(app.clone());
        new.discovered.extend(found.changes.iter().map(|change| change.key.clone()));
        new.overrides.extend(found.changes.iter().map(|change| (change.key.clone(), change.after.clone())));
        if asked.client_secret_stdin {
            new.client_secret =
                Some(SecretInput(session.secret("client_secret", "Client secret (not shown): ")?));
        }
        session.grapnel.change_app(&app.id, new).await?;
    }
    session.output.show(&Discovered { app: &app.name, found, is_changed })
}

/// Whether to update the app. Without `--yes`, the changes are only shown if no person can be asked.
fn confirms(session: &mut Session<'_>, yes: bool, changes: &[ValueChange]) -> Result<bool> {
    if yes || !session.can_ask() {
        return Ok(yes);
    }
    let messages = &session.output.messages;
    table_of(changes).lines().for_each(|line| messages.note(line));
    messages.ask("Update the app? [y/N]");
    if session.input.confirms()? {
        return Ok(true);
    }
    Err(Error::new(Code::Cancelled, "Not updated.").means("The app is unchanged."))
}

#[derive(Serialize)]
struct Discovered<'a> {
    app: &'a str,
    #[serde(flatten)]
    found: Rediscovery,
    #[serde(rename = "changed")]
    is_changed: bool,
}

impl CommandResult for Discovered<'_> {
    fn text(&self, _: Timestamp) -> String {
        let (app, changes) = (self.app, &self.found.changes);
        let about = text(&self.found.discovery);
        if changes.is_empty() {
            return format!("The app “{app}” is up to date with its issuer’s metadata.\n\n{about}");
        }
        let head = if self.is_changed {
            format!("Updated the app “{app}” from its issuer’s metadata.")
        } else {
            format!(
                "The issuer’s metadata differs from the app “{app}”. Nothing was changed; add --yes to update the app."
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
    table(["SETTING", "CURRENT", "METADATA"], rows)
}

/// The metadata of an issuer, with notes and warnings.
pub(super) fn text(found: &Discovery) -> String {
    let resource = found.resource.as_ref();
    let about = fields([
        ("resource", resource.map(|of| of.resource.clone()).unwrap_or_default()),
        ("resource metadata", resource.map(|of| of.document.clone()).unwrap_or_default()),
        ("issuer", found.issuer.clone()),
        ("read from", found.documents.join(" ")),
        (
            if resource.is_some() { "scopes of the resource" } else { "scopes supported" },
            found.scopes.join(" "),
        ),
    ]);
    let notes = found.notes.iter().map(|note| match note.kind {
        NoteKind::Unsupported => format!("\nwarning: {}", note.text),
        NoteKind::Notice => format!("\nnote: {}", note.text),
    });
    notes.fold(about, |text, line| text + &line)
}

#[cfg(test)]
mod tests {
    use grapnel_core::discovery::{DiscoveryNote, RegistrationOffer};

    use super::*;

    #[test]
    fn unsupported_metadata_is_a_warning() {
        let note = |kind, text: &str| DiscoveryNote { kind, text: text.into() };
        let found = Discovery {
            issuer: "https://id.example".into(),
            documents: vec!["https://id.example/.well-known/openid-configuration".into()],
            values: [].into(),
            scopes: vec!["openid".into(), "email".into()],
            client_auth: Vec::new(),
            grant_types: Vec::new(),
            registration: RegistrationOffer::default(),
            resource: None,
            notes: vec![
                note(NoteKind::Unsupported, "It demands PAR."),
                note(NoteKind::Notice, "It has no PKCE."),
            ],
        };
        insta::assert_snapshot!(text(&found));
    }
}
