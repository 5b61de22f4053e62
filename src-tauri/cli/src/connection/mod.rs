//! Connections: the list, one of them in full, its token, and its end.

mod line;
mod status;
mod token;

use clap::Args;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::revocation::{Revocation, TokenRevocation};
use jiff::Timestamp;
use serde::Serialize;

pub(crate) use status::Status;
pub(crate) use token::{Token, token, token_at_hand};

use crate::keyring;
use crate::named::{self, to_reconnect};
use crate::print::Shown;
use crate::retry::retry;
use crate::session::Session;
use crate::words::words;
use line::Lines;

#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// The connection's name
    connection: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Remove it from the list as well, with its history
    #[arg(long)]
    forget: bool,
}

pub(crate) async fn list(session: &mut Session<'_>) -> Result<()> {
    keyring::glance(session).await;
    let lines = Lines::of(session.grapnel.connections()?);
    session.output.show(&lines)
}

pub(crate) async fn status(session: &mut Session<'_>, name: &str) -> Result<()> {
    let id = named::connection(&session.grapnel, name)?.id;
    keyring::glance(session).await;
    let status = Status::of(session.grapnel.connection(&id)?);
    session.output.show(&status)
}

pub(crate) async fn refresh(session: &mut Session<'_>, name: &str) -> Result<()> {
    let Session { grapnel, output, patience, .. } = session;
    let connection = named::connection(grapnel, name)?;
    let renewed = retry(*patience, &output.messages, || grapnel.refresh(&connection.id)).await;
    renewed.map_err(to_reconnect(&connection.name))?;
    let status = Status::of(grapnel.connection(&connection.id)?);
    output.show(&Renewed(status))
}

/// Deletes the tokens here, once the person has said so.
pub(crate) async fn disconnect(session: &mut Session<'_>, asked: &Disconnect) -> Result<()> {
    let connection = named::connection(&session.grapnel, &asked.connection)?;
    let name = &connection.name;
    let question = format!("Delete the tokens of “{name}” here? [y/N]");
    if !asked.yes && !session.agrees(&question, "Nobody is there to ask whether to disconnect.")? {
        return Err(Error::new(Code::Cancelled, "Not disconnected.").means("Nothing was changed."));
    }
    let disconnected = session.grapnel.disconnect(&connection.id).await?;
    let status = Status::of(session.grapnel.connection(&connection.id)?);
    if asked.forget {
        session.grapnel.forget(&connection.id).await?;
    }
    let provider = &connection.provider_name;
    session.output.show(&Disconnected {
        status,
        revocation: disconnected.revocation,
        revocations: disconnected.tokens,
        reason: disconnected.reason,
        provider,
        forgotten: asked.forget,
    })
}

#[derive(Serialize)]
#[serde(transparent)]
struct Renewed(Status);

impl Shown for Renewed {
    fn text(&self, now: Timestamp) -> String {
        format!("Renewed “{}”. {}", self.0.name, self.0.standing(now))
    }
}

#[derive(Serialize)]
struct Disconnected<'a> {
    #[serde(flatten)]
    status: Status,
    revocation: Revocation,
    revocations: Vec<TokenRevocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    forgotten: bool,
    #[serde(skip)]
    provider: &'a str,
}

impl Shown for Disconnected<'_> {
    fn text(&self, _: Timestamp) -> String {
        let Status { name, portal, .. } = &self.status;
        let place = if portal.is_empty() { ".".to_owned() } else { format!(": {portal}") };
        let provider = self.provider;
        let there = match self.revocation {
            Revocation::Done => format!("{provider} took them back as well."),
            Revocation::NotOffered => {
                format!("The permission still stands at {provider}, where you can take it back{place}")
            }
            Revocation::Pending => {
                format!(
                    "{provider} could not be asked to take them back. It is asked again for three days, while Grapnel’s window is open."
                )
            }
            Revocation::Failed => {
                format!("The permission may still stand at {provider}. Look there{place}")
            }
        };
        let each = self.revocations.iter().map(|one| {
            let reason = one.reason.as_ref().map(|reason| format!(". {reason}")).unwrap_or_default();
            format!("{}: {}{reason}", words(&one.token), words(&one.revocation))
        });
        let there = each.chain(self.reason.clone()).fold(there, |text, line| text + "\n" + &line);
        let kept = if self.forgotten { " and it was removed from the list" } else { "" };
        format!("Disconnected “{name}”. Its tokens were deleted here{kept}.\n{there}")
    }
}
