//! A fresh access token on standard output, as it is or in the form that a program expects.

mod docker;
mod exec_credential;
mod format;
mod git;
mod json;
mod text;

use clap::Args;
use grapnel_core::api_request::AllowedHost;
use grapnel_core::token_agent::AgentRequest;
use grapnel_model::access_token::AccessToken;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Error, Result};
use jiff::SignedDuration;

use crate::exit::Exit;
use crate::format::{duration, parse_duration};
use crate::lookup::{self, to_reconnect};
use crate::print::Output;
use crate::retry::retry;
use crate::session::{Ask, Session};
use crate::{print, requesting_process, variable, vault};
use format::Format;

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The connection's name
    connection: String,
    /// What git or Docker ask for, such as `get`; they add it themselves
    operation: Option<String>,
    /// Minimum remaining validity, such as 90s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    min_valid: SignedDuration,
    /// The last token was rejected by the API: refresh it, unless a newer one is stored
    #[arg(long)]
    rejected: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    format: Format,
    /// The variable of `--format env`; by default the connection's name in capitals, such as `ACME_TOKEN`
    #[arg(long, value_name = "NAME", value_parser = variable::parse)]
    variable: Option<String>,
    /// Give git or Docker the token for another host than those of the app's API
    #[arg(long = "allow", value_name = "HOST[:PORT]")]
    allowed: Vec<AllowedHost>,
}

impl Token {
    /// Whether git or Docker ask, in their own protocol. They may ask for a host that must not get the token, which
    /// takes no vault.
    pub(crate) fn is_helper(&self) -> bool {
        matches!(self.format, Format::Git | Format::Docker)
    }

    fn check(&self, json: bool) -> Result<()> {
        let wrong = |field: &str, message: &str, hint: &str| Err(Error::input(field, message).hint(hint));
        if json && !matches!(self.format, Format::Plain | Format::Json) {
            return wrong("format", "With --json, the output is JSON.", "Omit --json or --format.");
        }
        match (&self.operation, self.is_helper()) {
            (None, true) => {
                wrong("operation", "A credential helper is asked for something.", "Add get, store or erase.")
            }
            (Some(_), false) => {
                wrong("operation", "Only --format git and --format docker have operations.", "Omit it.")
            }
            _ => Ok(()),
        }
    }
}

pub(crate) async fn token(session: &mut Session<'_>, asked: &Token) -> Result<Exit> {
    asked.check(session.output.json)?;
    let connection = lookup::connection(&session.grapnel, &asked.connection)?;
    match (&asked.format, &asked.operation) {
        (Format::Git, Some(operation)) => return git::help(session, asked, &connection, operation).await,
        (Format::Docker, Some(operation)) => {
            return docker::help(session, asked, &connection, operation).await;
        }
        _ => {}
    }
    let token = fetch(session, asked, &connection).await?;
    if asked.format == Format::Json {
        let scopes = session.grapnel.connection(&connection.id)?.scopes.granted;
        session.output.show_line(&print::json(&json::Document::of(&token, Some(scopes)))?)?;
    } else {
        show(session.output, asked, &token)?;
    }
    requesting_process::note(&session.grapnel, &connection);
    Ok(Exit::Done)
}

/// The same from the token agent, if the token alone is needed. `None` if the agent does not have it.
pub(crate) fn token_at_hand(asked: &Token, output: &mut Output, ask: &Ask) -> Option<Result<()>> {
    if asked.rejected || asked.is_helper() || asked.format == Format::Json {
        return None;
    }
    if let Err(error) = asked.check(output.json) {
        return Some(Err(error));
    }
    let token =
        ask(&AgentRequest { name: asked.connection.clone(), min_valid: asked.min_valid.unsigned_abs() })?;
    Some(show(output, asked, &token))
}

/// The token, refreshed if it must be.
async fn fetch(session: &Session<'_>, asked: &Token, connection: &Summary) -> Result<AccessToken> {
    let Session { grapnel, output, timeouts, .. } = session;
    let min_valid = asked.min_valid.unsigned_abs();
    let token = retry(*timeouts, &output.messages, || async {
        if asked.rejected {
            grapnel.token_instead_of_rejected(&connection.id, min_valid).await
        } else {
            grapnel.token(&connection.id, min_valid).await
        }
    })
    .await;
    token.map_err(to_reconnect(&connection.name))
}

/// Opens the vault for a credential helper, once it is known that the host may get the token.
async fn unlock(session: &mut Session<'_>) -> Result<()> {
    // With --passphrase-stdin it is open.
    if session.reads_passphrases { Ok(()) } else { vault::unlock(session, true).await }
}

fn show(output: &mut Output, asked: &Token, token: &AccessToken) -> Result<()> {
    match asked.format {
        Format::Header => output.show_line(&text::header(token)?)?,
        Format::Env => {
            output.show_line(&text::assignment(asked.variable.as_deref(), &asked.connection, token)?)?;
        }
        Format::ExecCredential => output.show_line(&exec_credential::document(token)?)?,
        Format::Plain | Format::Json | Format::Git | Format::Docker => {
            output.show_raw(&json::Document::of(token, None))?;
        }
    }
    warn_if_short(output, token, asked.min_valid);
    Ok(())
}

/// Warns if a token expires sooner than was asked for.
pub(crate) fn warn_if_short(output: &Output, token: &AccessToken, min_valid: SignedDuration) {
    let left = token.expires_at.map(|end| output.now().duration_until(end));
    if let Some(left) = left.filter(|left| *left < min_valid) {
        let left = duration(left);
        output.messages.note(&format!("warning: The token is valid for only {left}, less than requested."));
    }
}
