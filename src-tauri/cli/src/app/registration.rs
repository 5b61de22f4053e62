//! `grapnel app registration`: the client that Grapnel registered at a provider (RFC 7591, RFC 7592).

use clap::{Args, ValueEnum};
use grapnel_core::app::{App, RegisteredApp};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::registration::RegistrationChange;
use jiff::Timestamp;
use serde::Serialize;

use super::values::initial_access_token;
use crate::format::relative_time;
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::{fields, table};

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The app's name
    app: String,
    /// What to do
    #[arg(value_enum, default_value_t = Action::Read)]
    action: Action,
    /// Read the token that the provider requires for registering clients from standard input or a hidden prompt
    #[arg(long)]
    initial_access_token_stdin: bool,
    /// Register the client anew without confirmation
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Read it, and compare it with the app
    Read,
    /// Make it like the app, such as after the redirect URI or the scopes changed
    Update,
    /// Register the client anew, such as after the provider deleted it; connections then need a new sign-in
    Renew,
}

pub(super) async fn run(session: &mut Session<'_>, asked: Asked) -> Result<()> {
    let app = lookup::app(&session.grapnel, &asked.app)?;
    let found = match asked.action {
        Action::Read => session.grapnel.registration(&app.id).await?,
        Action::Update => session.grapnel.update_registration(&app.id).await?,
        Action::Renew => {
            confirm_renewal(session, &app, asked.yes)?;
            let token = initial_access_token(session, asked.initial_access_token_stdin)?;
            session.grapnel.renew_registration(&app.id, token).await?
        }
    };
    session.output.show(&Registered { action: asked.action, found })
}

/// Asks before the tokens of connections become those of a former client.
fn confirm_renewal(session: &mut Session<'_>, app: &App, yes: bool) -> Result<()> {
    let Some(connections) = lookup::connections_of(&session.grapnel, app)?.filter(|_| !yes) else {
        return Ok(());
    };
    let question = format!(
        "Register “{}” anew, as another client? Its {connections} then need a new sign-in. [y/N]",
        app.name
    );
    if session.confirms(&question, "Registering anew")? {
        return Ok(());
    }
    Err(Error::new(Code::Cancelled, "Not registered anew.").means("Nothing was changed."))
}

/// What is registered differently than the app has it.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Differences<'a> {
    changes: &'a [RegistrationChange],
    notes: &'a [String],
}

impl<'a> Differences<'a> {
    pub(super) fn of(registered: &'a RegisteredApp) -> Self {
        Self { changes: &registered.changes, notes: &registered.notes }
    }

    /// As text after what was done; empty if there is nothing.
    pub(super) fn text(&self) -> String {
        let rows = self.changes.iter().map(|change| {
            let registered = if change.registered.is_empty() { "(none)" } else { &change.registered };
            let asked = if change.asked.is_empty() { "(none)" } else { &change.asked };
            [change.member.clone(), asked.to_owned(), registered.to_owned()]
        });
        let changes = match self.changes {
            [] => String::new(),
            _ => format!("\n\n{}", table(["MEMBER", "APP", "REGISTERED"], rows)),
        };
        self.notes.iter().fold(changes, |text, note| format!("{text}\n\nwarning: {note}"))
    }
}

struct Registered {
    action: Action,
    found: RegisteredApp,
}

impl Serialize for Registered {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.found.serialize(serializer)
    }
}

impl CommandResult for Registered {
    fn text(&self, now: Timestamp) -> String {
        let App { name, client_id, registration, .. } = &self.found.app;
        let differences = Differences::of(&self.found).text();
        let head = match self.action {
            Action::Read if self.found.changes.is_empty() => {
                format!("The client of the app “{name}” is registered as the app has it.")
            }
            Action::Read => format!(
                "The client of the app “{name}” is registered differently than the app has it. To make it like the \
                 app: grapnel app registration {} update",
                lookup::quoted(name)
            ),
            Action::Update => format!("Updated the registration of the app “{name}”."),
            Action::Renew => format!(
                "Registered the app “{name}” anew, as another client. Its connections need a new sign-in: grapnel \
                 connect {}",
                lookup::quoted(name)
            ),
        };
        let end = registration.as_ref().and_then(|own| own.secret_expires_at);
        let about = fields([
            ("client ID", client_id.clone()),
            ("secret expires", end.map(|end| relative_time(end, now)).unwrap_or_default()),
        ]);
        format!("{head}\n{about}{differences}")
    }
}
