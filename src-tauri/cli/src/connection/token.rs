//! A fresh access token, alone on standard output: for a script to use.

use clap::Args;
use grapnel_core::token_agent::AgentRequest;
use grapnel_model::access_token::AccessToken;
use grapnel_model::error::Result;
use grapnel_model::secret::ExposeSecret;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::format::{duration, parse_duration};
use crate::lookup::{self, to_reconnect};
use crate::print::{Output, Shown};
use crate::requesting_process;
use crate::retry::retry;
use crate::session::{Ask, Session};

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The connection's name
    connection: String,
    /// Minimum remaining validity, such as 90s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    min_valid: SignedDuration,
    /// The last token was rejected by the API: refresh it, unless a newer one is stored
    #[arg(long)]
    rejected: bool,
}

pub(crate) async fn token(session: &mut Session<'_>, asked: &Token) -> Result<()> {
    let Session { grapnel, output, timeouts, .. } = session;
    let connection = lookup::connection(grapnel, &asked.connection)?;
    let min_valid = asked.min_valid.unsigned_abs();
    let token = retry(*timeouts, &output.messages, || async {
        if asked.rejected {
            grapnel.token_instead_of_rejected(&connection.id, min_valid).await
        } else {
            grapnel.token(&connection.id, min_valid).await
        }
    })
    .await;
    let token = token.map_err(to_reconnect(&connection.name))?;
    show(output, asked, &token)?;
    requesting_process::note(grapnel, &connection);
    Ok(())
}

/// The same from the window that runs, where it has the token at hand; it notes by itself who was given it. Nothing
/// where it is to be had by [`token`] alone.
pub(crate) fn token_at_hand(asked: &Token, output: &mut Output, ask: &Ask) -> Option<Result<()>> {
    if asked.rejected {
        return None;
    }
    let token =
        ask(&AgentRequest { name: asked.connection.clone(), min_valid: asked.min_valid.unsigned_abs() })?;
    Some(show(output, asked, &token))
}

fn show(output: &mut Output, asked: &Token, token: &AccessToken) -> Result<()> {
    output.show_raw(&Printed::of(token))?;
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

/// Printed because it was asked for; nowhere else does a token leave Grapnel in the clear.
#[derive(Serialize)]
struct Printed<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_at: Option<Timestamp>,
}

impl<'a> Printed<'a> {
    fn of(token: &'a AccessToken) -> Self {
        Self { access_token: token.value.expose_secret(), token_type: "Bearer", expires_at: token.expires_at }
    }
}

impl Shown for Printed<'_> {
    fn text(&self, _: Timestamp) -> String {
        self.access_token.to_owned()
    }
}
