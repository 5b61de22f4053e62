//! `grapnel exec`: runs a command with fresh access tokens in its environment and nowhere else.

mod command;
mod keep_fresh;
mod refresh_file;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use grapnel_core::token_agent::AgentRequest;
use grapnel_core::token_exchange::bearer;
use grapnel_model::access_token::AccessToken;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Error, Result};
use jiff::SignedDuration;

use crate::connection::{Target, warn_if_bound, warn_if_short, warn_of_more_scopes};
use crate::exit::Exit;
use crate::format::parse_duration;
use crate::keyring;
use crate::lookup::{self, to_reconnect};
use crate::print::Output;
use crate::requesting_process;
use crate::retry::retry;
use crate::session::{Ask, Session};
use crate::stop_signal::until_stopped;
use crate::variable::{self, Assignment};
use command::Prepared;
use refresh_file::RefreshFile;

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// A connection, and after `=` the name of the variable that the command gets its access token in, as in
    /// `acme=API_TOKEN`; by default the connection’s name in capitals, such as `ACME_TOKEN`
    #[arg(required = true, value_name = "CONNECTION[=VARIABLE]", value_parser = variable::parse_assignment)]
    connections: Vec<Assignment>,
    /// The command with its arguments; no shell interprets them
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Minimum remaining validity, such as 90s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    min_valid: SignedDuration,
    #[command(flatten)]
    target: Target,
    /// Also keep the token in this file, always fresh, while the command runs; `VARIABLE_FILE` tells it the path. Given
    /// once for each connection, in the same order
    #[arg(long = "refresh-file", value_name = "PATH")]
    refresh_files: Vec<PathBuf>,
}

impl Exec {
    /// The connections whose tokens the command gets.
    pub(crate) fn connection_names(&self) -> Vec<&str> {
        self.connections.iter().map(|assigned| assigned.connection.as_str()).collect()
    }

    /// Whether the command runs beside this program, which passes signals on to it.
    pub(crate) fn forwards_signals(&self) -> bool {
        !self.refresh_files.is_empty()
    }

    fn check(&self) -> Result<()> {
        for (index, assigned) in self.connections.iter().enumerate() {
            let variable = &assigned.variable;
            let earlier = &self.connections[..index];
            if let Some(other) = earlier.iter().find(|other| other.variable == *variable) {
                let message = format!(
                    "“{}” and “{}” would both use the variable {variable}.",
                    other.connection, assigned.connection
                );
                let hint = "Name another variable for one of them: CONNECTION=VARIABLE.";
                return Err(Error::input("connection", message).means("Nothing was run.").hint(hint));
            }
        }
        let (files, connections) = (self.refresh_files.len(), self.connections.len());
        if files != 0 && files != connections {
            let message =
                format!("The number of refresh files is {files}, that of connections {connections}.");
            let hint = "Give --refresh-file once for each connection, or not at all.";
            return Err(Error::input("refresh-file", message).means("Nothing was run.").hint(hint));
        }
        if files != 0 && self.target.target().is_some() {
            let message =
                "A refresh file is kept with the connection’s own token, not with one of a token exchange.";
            return Err(Error::input("refresh-file", message)
                .means("Nothing was run.")
                .hint("Omit one of them."));
        }
        Ok(())
    }

    /// The command, with these tokens in its environment.
    fn prepare(&self, tokens: &[AccessToken], output: &Output, reads_passphrases: bool) -> Result<Prepared> {
        let mut prepared = Prepared::new(&self.command);
        for (assigned, token) in self.connections.iter().zip(tokens) {
            prepared.set_token(&assigned.variable, &token.value)?;
            warn_if_bound(output, token);
            warn_if_short(output, token, self.min_valid);
        }
        if reads_passphrases {
            prepared.close_input();
        }
        Ok(prepared)
    }
}

/// Runs the command with tokens that the token agent has at hand. `None` if it lacks one of them, or if the tokens must
/// be kept fresh.
pub(crate) fn run_with_agent_tokens(
    asked: &Exec,
    output: &Output,
    ask: &Ask,
    reads_passphrases: bool,
) -> Option<Result<Exit>> {
    if !asked.refresh_files.is_empty() || asked.target.target().is_some() {
        return None;
    }
    if let Err(error) = asked.check() {
        return Some(Err(error));
    }
    let request = |assigned: &Assignment| {
        ask(&AgentRequest { name: assigned.connection.clone(), min_valid: asked.min_valid.unsigned_abs() })
    };
    let tokens: Vec<AccessToken> = asked.connections.iter().map(request).collect::<Option<_>>()?;
    let prepared = asked.prepare(&tokens, output, reads_passphrases);
    Some(prepared.and_then(|prepared| prepared.run(output)))
}

/// Runs the command with tokens that are refreshed if necessary.
pub(crate) async fn run(session: &mut Session<'_>, asked: Exec) -> Result<Exit> {
    asked.check()?;
    let connections =
        asked.connections.iter().map(|one| lookup::connection(&session.grapnel, &one.connection));
    let connections: Vec<Summary> = connections.collect::<Result<_>>()?;
    let (grapnel, messages) = (session.grapnel.clone(), session.output.messages.clone());
    let timeout = (!session.input.is_terminal).then_some(session.timeouts.keyring);
    let tokens = async {
        let mut tokens = Vec::new();
        for connection in &connections {
            tokens.push(token(session, connection, (asked.min_valid, &asked.target)).await?);
        }
        Ok(tokens)
    };
    let tokens = keyring::with_keyring_timeout(&grapnel, &messages, timeout, tokens);
    // Without files, the caller ends a worker that is cancelled.
    let tokens = if session.worker.is_some() && asked.forwards_signals() {
        Box::pin(until_stopped(tokens)).await?
    } else {
        tokens.await?
    };
    let mut prepared = asked.prepare(&tokens, session.output, session.reads_passphrases)?;
    if asked.refresh_files.is_empty() {
        if let Some(lost) = session.end().await {
            return Ok(lost);
        }
        return prepared.run(session.output);
    }
    // From here on signals are forwarded, so that the files are removed however the command ends.
    let signals = command::Signals::listen()?;
    let mut files = Vec::new();
    for ((path, token), assigned) in asked.refresh_files.iter().zip(&tokens).zip(&asked.connections) {
        let file = RefreshFile::create(path, &token.value)?;
        prepared.set_path(&format!("{}_FILE", assigned.variable), file.path());
        files.push(file);
    }
    let kept = connections.into_iter().zip(tokens).zip(files);
    let kept =
        kept.map(|((connection, token), file)| keep_fresh::FreshToken { connection, token, file }).collect();
    let fresh = keep_fresh::keep_fresh(&session.grapnel, kept, asked.min_valid, session.output);
    prepared.supervise(session.output, signals, fresh).await
}

async fn token(
    session: &Session<'_>,
    connection: &Summary,
    (min_valid, target): (SignedDuration, &Target),
) -> Result<AccessToken> {
    let Session { grapnel, output, timeouts, .. } = session;
    if let Some(target) = target.target() {
        let wanted = (min_valid.unsigned_abs(), false);
        let derived = retry(*timeouts, &output.messages, || {
            grapnel.derived_token(&connection.id, target.clone(), wanted)
        });
        let derived = derived.await.map_err(to_reconnect(&connection.name))?;
        warn_of_more_scopes(output, &target, &derived);
        let token = bearer(derived)?;
        requesting_process::log_derived_token(grapnel, connection);
        return Ok(token);
    }
    let token =
        retry(*timeouts, &output.messages, || grapnel.token(&connection.id, min_valid.unsigned_abs())).await;
    let token = token.map_err(to_reconnect(&connection.name))?;
    requesting_process::log_hand_out(grapnel, connection);
    Ok(token)
}
