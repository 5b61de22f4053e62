//! Connections: the list, one in detail, its token, refreshing and disconnecting.

mod edit;
mod list;
mod shared;
mod status;
mod token;

use std::sync::Arc;

use clap::Args;
use grapnel_core::browser::Launch;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::{Revocation, TokenRevocation};
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::Timestamp;
use serde::Serialize;

pub(crate) use edit::{Edit, Rename, edit, rename};
pub(crate) use status::Status;
pub(crate) use token::{
    Target, Token, token, token_from_agent, warn_if_bound, warn_if_short, warn_of_more_scopes,
};

use crate::format::words;
use crate::keyring;
use crate::lookup::{self, to_reconnect};
use crate::print::CommandResult;
use crate::retry::retry;
use crate::session::Session;
use list::ConnectionList;

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only the connections of the apps in this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// The connection's name
    connection: String,
    /// Skip confirmation
    #[arg(long, short)]
    yes: bool,
    /// Also delete the connection and its history
    #[arg(long)]
    forget: bool,
    /// Also open the provider's page to sign out of it in the browser, if it announces one
    #[arg(long)]
    sign_out: bool,
}

pub(crate) async fn list(session: &mut Session<'_>, asked: &List) -> Result<()> {
    let environment = asked.environment.as_deref();
    let environment = environment.map(|name| lookup::environment(&session.grapnel, name)).transpose()?;
    keyring::check(session).await;
    let lines = ConnectionList::of(session.grapnel.connections()?, environment);
    session.output.show(&lines)
}

pub(crate) async fn status(session: &mut Session<'_>, name: &str) -> Result<()> {
    let id = lookup::connection(&session.grapnel, name)?.id;
    keyring::check(session).await;
    let status = Status::of(session.grapnel.connection(&id)?);
    session.output.show(&status)
}

pub(crate) async fn refresh(session: &mut Session<'_>, name: &str) -> Result<()> {
    let Session { grapnel, output, timeouts, .. } = session;
    let connection = lookup::connection(grapnel, name)?;
    let refreshed = retry(*timeouts, &output.messages, || grapnel.refresh(&connection.id)).await;
    refreshed.map_err(to_reconnect(&connection.name))?;
    let status = Status::of(grapnel.connection(&connection.id)?);
    output.show(&Refreshed(status))
}

/// Deletes the tokens here after confirmation, and revokes access if the provider offers that.
pub(crate) async fn disconnect(session: &mut Session<'_>, asked: &Disconnect) -> Result<()> {
    let connection = lookup::connection(&session.grapnel, &asked.connection)?;
    let name = &connection.name;
    // Before anything is deleted, since the provider may announce no such page.
    let sign_out = asked.sign_out.then(|| sign_out_page(session, &connection.id)).transpose()?;
    let question = match &connection.team {
        None => format!("Disconnect “{name}”? Its tokens are deleted from this computer. [y/N]"),
        Some(team) => format!(
            "Disconnect “{name}” for the whole team “{team}”? Its tokens are deleted on all computers. [y/N]"
        ),
    };
    if !asked.yes && !session.confirms(&question, "Disconnecting")? {
        return Err(Error::new(Code::Cancelled, "Not disconnected.").means("Nothing was changed."));
    }
    let disconnected = session.grapnel.disconnect(&connection.id).await?;
    let signed_out = match sign_out {
        Some((page, browser)) => Some(open_page(session, page, &browser).await),
        None => None,
    };
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
        sign_out: signed_out,
    })
}

/// The provider's page to sign out, and the browser that opens it.
fn sign_out_page(session: &Session<'_>, id: &ConnectionId) -> Result<(SecretString, String)> {
    Ok((session.grapnel.end_session_url(id)?, session.grapnel.browser(id)?))
}

/// Opens a page in the browser. Returns what to tell the person.
async fn open_page(session: &Session<'_>, page: SecretString, browser: &str) -> SignOut {
    let (open, with, link) = (Arc::clone(&session.browser), browser.to_owned(), page.clone());
    let opened = tokio::task::spawn_blocking(move || open(&link, &with)).await;
    let opened = opened.is_ok_and(|launch| launch != Launch::Failed);
    SignOut { opened, url: page.expose_secret().to_owned() }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Refreshed(Status);

impl CommandResult for Refreshed {
    fn text(&self, now: Timestamp) -> String {
        format!("Refreshed “{}”. {}", self.0.name, self.0.expiry_text(now))
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
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_out: Option<SignOut>,
    #[serde(skip)]
    provider: &'a str,
}

/// The provider's page to sign out.
#[derive(Serialize)]
struct SignOut {
    /// Whether it was opened in the browser.
    opened: bool,
    url: String,
}

impl CommandResult for Disconnected<'_> {
    fn text(&self, _: Timestamp) -> String {
        let Status { name, portal, .. } = &self.status;
        let place = if portal.is_empty() { ".".to_owned() } else { format!(": {portal}") };
        let provider = self.provider;
        let there = match self.revocation {
            Revocation::Done => format!("Access was revoked at {provider}."),
            Revocation::NotOffered => {
                format!(
                    "{provider} has no revocation endpoint: access stays valid there until you revoke it{place}"
                )
            }
            Revocation::Pending => {
                format!(
                    "{provider} could not be reached to revoke access. Grapnel retries for three days while its window \
                     is open."
                )
            }
            Revocation::Failed => {
                format!("Access may still be valid at {provider}. Check there{place}")
            }
        };
        let each = self.revocations.iter().map(|one| {
            let reason = one.reason.as_ref().map(|reason| format!(". {reason}")).unwrap_or_default();
            format!("{}: {}{reason}", words(&one.token), words(&one.revocation))
        });
        let there = each.chain(self.reason.clone()).fold(there, |text, line| text + "\n" + &line);
        let kept = if self.forgotten { " and the connection was removed" } else { "" };
        let sign_out = match &self.sign_out {
            Some(SignOut { opened: true, .. }) => {
                format!("\nSign out of {provider} on the page in the browser.")
            }
            Some(SignOut { url, .. }) => {
                format!("\nNo browser could be opened. Sign out of {provider}: {url}")
            }
            None => String::new(),
        };
        format!("Disconnected “{name}”. Its tokens were deleted from this computer{kept}.\n{there}{sign_out}")
    }
}
