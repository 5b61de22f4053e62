//! The command line `grapnel`. [`begin`] is the whole program except for its process: data, streams and browser are
//! given to it.

mod activity;
mod agent;
mod api;
mod app;
mod archive;
mod arguments;
mod browser;
mod connect;
mod connection;
mod content;
mod doctor;
mod exec;
mod exit;
mod format;
mod hook;
mod input;
mod keyring;
mod log;
mod lookup;
mod manual;
mod overview;
mod print;
mod provider;
mod proxy;
mod requesting_process;
mod requests;
mod retry;
mod session;
#[cfg(test)]
mod shared_buffer;
mod stop_signal;
mod table;
mod team;
mod variable;
mod vault;
mod watch;
mod worker;
mod worker_commands;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::sync::Arc;

use clap::Parser;
use grapnel_core::token_agent::AgentRequest;
use grapnel_model::error::Result;

pub use browser::Browser;
pub use exit::Exit;
pub use input::Input;
pub use log::start as log;
pub use manual::complete;
pub use session::{Ask, Environment, Open, Timeouts};
pub use worker::Worker;

use arguments::{Arguments, Command};
use print::Output;
use session::Session;
use stop_signal::until_stopped;

/// A command that needs data and a runtime, with its environment.
pub struct Work {
    command: Command,
    ask: Ask,
    reads_passphrases: bool,
    open: Open,
    output: Output,
    input: Input,
    browser: Browser,
    timeouts: Timeouts,
    worker: Option<Worker>,
}

/// Parses the arguments, and executes commands that need neither data nor a runtime. Returns their exit code, or the
/// remaining work.
pub fn begin(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Environment,
) -> ControlFlow<Exit, Box<Work>> {
    let Environment {
        ask,
        open,
        clock,
        input,
        output,
        output_is_terminal,
        messages,
        browser,
        timeouts,
        worker,
    } = environment;
    let mut output = Output::new(output, messages, clock);
    output.is_terminal = output_is_terminal;
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    output.set_json(asks_for_json(&arguments));
    let Arguments { json, quiet, passphrase_stdin, command } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return ControlFlow::Break(output.usage_error(&error)),
    };
    output.set_json(json);
    output.set_quiet(quiet);
    let command = command.unwrap_or(Command::Overview);
    let worker = match worker {
        Ok(worker) => worker,
        Err(error) => return ControlFlow::Break(output.failed(&error)),
    };
    // The agent answers for the data of this computer.
    let ask = if worker.is_some() { Box::new(|_: &AgentRequest| None) } else { ask };
    let done = match &command {
        Command::Provider(command) => Some(provider::run(&mut output, command).map(|()| Exit::Done)),
        Command::Completions { shell } => Some(manual::completions(&mut output, *shell).map(|()| Exit::Done)),
        Command::Man { directory } => {
            Some(manual::pages(&mut output, directory.as_deref()).map(|()| Exit::Done))
        }
        Command::Token(command) => {
            connection::token_from_agent(command, &mut output, &ask).map(|done| done.map(|()| Exit::Done))
        }
        Command::Exec(command) => exec::run_with_agent_tokens(command, &output, &ask, passphrase_stdin),
        _ => None,
    };
    match done {
        Some(done) => ControlFlow::Break(done.unwrap_or_else(|error| output.failed(&error))),
        None => ControlFlow::Continue(Box::new(Work {
            command,
            ask,
            reads_passphrases: passphrase_stdin,
            open,
            output,
            input,
            browser,
            timeouts,
            worker,
        })),
    }
}

/// Whether `--json` is among the arguments, even if they are invalid.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

impl Work {
    /// Executes the command, and returns its exit code.
    pub async fn finish(self) -> Exit {
        let Self { command, ask, reads_passphrases, open, mut output, input, browser, timeouts, worker } =
            self;
        let opened = match &worker {
            Some(worker) => worker.open(Arc::clone(&output.clock)),
            None => open(),
        };
        let done = match opened {
            Ok(grapnel) => {
                let (core, messages) = (grapnel.clone(), output.messages.clone());
                let keyring_timeout = (!input.is_terminal).then_some(timeouts.keyring);
                let mut session = Session {
                    grapnel,
                    ask,
                    output: &mut output,
                    input,
                    browser,
                    timeouts,
                    reads_passphrases,
                    worker,
                };
                let waits_itself = matches!(
                    command,
                    Command::Doctor
                        | Command::Agent(_)
                        | Command::Watch
                        | Command::Wait(_)
                        | Command::Exec(_)
                );
                if waits_itself {
                    // Diagnostics report a silent keyring themselves, the agent waits for it, a running command is not
                    // interrupted by it, and the other commands need no keyring.
                    Box::pin(execute(&mut session, command)).await
                } else {
                    let work = execute(&mut session, command);
                    Box::pin(keyring::with_keyring_timeout(&core, &messages, keyring_timeout, work)).await
                }
            }
            Err(error) if matches!(command, Command::Doctor) => doctor::diagnose_unopened(&mut output, error),
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| output.failed(&error))
    }
}

async fn execute(session: &mut Session<'_>, command: Command) -> Result<Exit> {
    // A job that is cancelled still writes the tokens that only it has.
    let forwards_signals = matches!(&command, Command::Exec(asked) if asked.forwards_signals());
    let is_ended_by_signals = session.worker.is_some() && !forwards_signals;
    let work = Box::pin(execute_with_data(session, command));
    let done = if is_ended_by_signals { until_stopped(work).await } else { work.await };
    let Some(lost) = session.end().await else { return done };
    if let Err(error) = done {
        session.output.failed(&error);
    }
    Ok(lost)
}

async fn execute_with_data(session: &mut Session<'_>, command: Command) -> Result<Exit> {
    if let Some(worker) = &session.worker {
        worker_commands::take_in(worker, &session.grapnel, &command).await?;
    }
    vault::unlock(session, command.needs_vault()).await?;
    let done = match command {
        Command::Provider(command) => provider::run(session.output, &command),
        Command::App(command) => app::run(session, command).await,
        Command::Connect(command) => Box::pin(connect::run(session, command)).await,
        Command::Completions { shell } => manual::completions(session.output, shell),
        Command::Man { directory } => manual::pages(session.output, directory.as_deref()),
        Command::Overview => overview::run(session).await,
        Command::List(asked) => connection::list(session, &asked).await,
        Command::Status(about) => connection::status(session, &about.connection).await,
        Command::Api(command) => api::run(session, command).await,
        Command::Proxy(command) => proxy::run(session, command).await,
        Command::Rename(asked) => connection::rename(session, asked),
        Command::Edit(asked) => connection::edit(session, asked),
        Command::Refresh(about) => connection::refresh(session, &about.connection).await,
        Command::Disconnect(command) => connection::disconnect(session, &command).await,
        Command::Projects(command) => content::projects(session, &command).await,
        Command::Project(command) => content::project(session, &command).await,
        Command::Posts(command) => content::posts(session, command).await,
        Command::Items(command) => content::items(session, &command).await,
        Command::Search(command) => content::search(session, &command).await,
        Command::Activity(command) => activity::run(session, &command),
        Command::Requests(command) => requests::run(session, &command).await,
        Command::Hook(command) => return hook::run(session, command).await,
        Command::Team(command) => Box::pin(team::run(session, command)).await,
        Command::Share(command) => team::share(session, &command).await,
        Command::Unshare(command) => team::unshare(session, &command).await,
        Command::Export(command) => archive::export(session, command).await,
        Command::Import(command) => archive::import(session, command).await,
        Command::Vault(command) => vault::run(session, &command).await,
        Command::Token(command) => return connection::token(session, &command).await,
        Command::Exec(command) => return Box::pin(exec::run(session, command)).await,
        Command::Watch => watch::watch(session).await,
        Command::Wait(command) => watch::wait(session, &command).await,
        Command::Agent(command) => agent::run(session, &command).await,
        Command::Doctor => return doctor::run(session).await,
    };
    done.map(|()| Exit::Done)
}
