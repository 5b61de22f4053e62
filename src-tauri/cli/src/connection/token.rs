//! A fresh access token, or an ID token, on standard output, plain or in the format of a consuming program.

mod docker;
mod exec_credential;
mod format;
mod git;
mod json;
mod request;
mod target;
mod text;

use grapnel_model::access_token::AccessToken;
use grapnel_model::error::Result;

use crate::exit::Exit;
use crate::lookup;
use crate::print::{self, Output};
use crate::session::{Ask, Session};
use format::Format;
pub(crate) use request::{Token, warn_if_bound, warn_if_short, warn_of_more_scopes};
use request::{fetch, fetch_derived, fetch_id_token, fetch_proof, warn_if_ends};
pub(crate) use target::Target;

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
    if asked.of_identity {
        let token = fetch_id_token(session, asked, &connection).await?;
        let document = json::IdTokenDocument::of(&token);
        if asked.format == Format::Json {
            session.output.show_line(&print::json(&document)?)?;
        } else {
            session.output.show_raw(&document)?;
        }
        warn_if_ends(session.output, Some(token.expires_at), asked.min_valid);
        return Ok(Exit::Done);
    }
    if let Some(request) = &asked.dpop {
        let proven = fetch_proof(session, asked, (&connection, request)).await?;
        if session.output.json || asked.format == Format::Json {
            session.output.show_line(&print::json(&json::ProofDocument::of(&proven))?)?;
        } else {
            session.output.show_line(&text::proven_headers(&proven)?)?;
        }
        warn_if_short(session.output, &proven.token, asked.min_valid);
        return Ok(Exit::Done);
    }
    if let Some(target) =
        asked.target.target().filter(|_| asked.format == Format::Json || session.output.json)
    {
        let derived = fetch_derived(session, asked, &connection, target).await?;
        warn_if_bound(session.output, &derived.token);
        session.output.show_line(&print::json(&json::Document::of_derived(&derived))?)?;
        warn_if_short(session.output, &derived.token, asked.min_valid);
        return Ok(Exit::Done);
    }
    let token = fetch(session, asked, &connection).await?;
    warn_if_bound(session.output, &token);
    if asked.format == Format::Json {
        let scopes = session.grapnel.connection(&connection.id)?.scopes.granted;
        session.output.show_line(&print::json(&json::Document::of(&token, Some(scopes)))?)?;
    } else {
        show(session.output, asked, &token)?;
    }
    Ok(Exit::Done)
}

/// The same from the token agent, if only the token is needed. `None` if the agent does not have it.
pub(crate) fn token_from_agent(asked: &Token, output: &mut Output, ask: &Ask) -> Option<Result<()>> {
    if asked.is_helper() || asked.format == Format::Json {
        return None;
    }
    let request = asked.of_agent()?;
    if let Err(error) = asked.check(output.json) {
        return Some(Err(error));
    }
    let token = ask(&request)?;
    Some(show(output, asked, &token))
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
