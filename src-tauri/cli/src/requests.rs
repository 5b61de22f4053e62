//! `grapnel requests`: the exchanges of a connection, newest first.

use clap::Args;
use grapnel_model::api_exchange::{ApiExchangeSummary, ExchangeKind};
use grapnel_model::error::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::format::relative_time;
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::table;

#[derive(Debug, Args)]
pub(crate) struct Requests {
    /// The connection's name
    connection: String,
    /// Show only requests that failed
    #[arg(long)]
    failed: bool,
}

pub(crate) async fn run(session: &mut Session<'_>, asked: &Requests) -> Result<()> {
    let id = lookup::connection(&session.grapnel, &asked.connection)?.id;
    let all = session.grapnel.api_request_history(&id).await?.into_iter();
    session.output.show(&History(all.filter(|one| !asked.failed || one.has_failed()).collect()))
}

#[derive(Serialize)]
#[serde(transparent)]
struct History(Vec<ApiExchangeSummary>);

/// What an exchange was for, in the terms of the protocol.
fn name(kind: ExchangeKind) -> &'static str {
    match kind {
        ExchangeKind::Request => "your request",
        ExchangeKind::Authorization => "authorization",
        ExchangeKind::Callback => "callback",
        ExchangeKind::PushedAuthorization => "pushed authorization request",
        ExchangeKind::PasswordLogin => "password sign-in",
        ExchangeKind::DeviceAuthorization => "device authorization",
        ExchangeKind::Token => "token",
        ExchangeKind::Refresh => "refresh",
        ExchangeKind::TokenExchange => "token exchange",
        ExchangeKind::Userinfo => "userinfo",
        ExchangeKind::Introspection => "introspection",
        ExchangeKind::Revocation => "revocation",
        ExchangeKind::Api => "API",
        ExchangeKind::Jwks => "JWKS",
        ExchangeKind::Discovery => "discovery",
        ExchangeKind::Registration => "client registration",
    }
}

impl CommandResult for History {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return "No requests.".into();
        }
        let rows = self.0.iter().map(|one| {
            let outcome = match (one.status, &one.error) {
                (Some(status), None) => status.to_string(),
                (Some(status), Some(error)) => format!("{status}: {error}"),
                (None, error) => error.clone().unwrap_or_default(),
            };
            let target = one.target.split(['?', '#']).next().unwrap_or_default();
            let request = format!("{} {target}", one.method);
            [relative_time(one.at, now), name(one.kind).to_owned(), request, outcome]
        });
        table(["WHEN", "KIND", "REQUEST", "RESPONSE"], rows)
    }
}
