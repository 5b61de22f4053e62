//! The command line: what a terminal asks of the core, and how the answers are printed. [`begin`] is the whole
//! program but for its process: data, streams and browser are given to it.

mod activity;
mod app;
mod archive;
mod arguments;
mod asker;
mod browser;
mod connect;
mod connection;
mod content;
mod doctor;
mod exit;
mod input;
mod keyring;
mod log;
mod named;
mod print;
mod provider;
mod retry;
mod session;
#[cfg(test)]
mod shared_buffer;
mod table;
mod vault;
mod words;

use std::ffi::OsString;
use std::ops::ControlFlow;

use clap::Parser;
use grapnel_model::error::Result;

pub use browser::Browser;
pub use exit::Exit;
pub use input::Input;
pub use log::start as log;
pub use session::{Ask, Open, Patience, Surroundings};

use arguments::{Arguments, Command};
use print::Output;
use session::Session;

/// A command that is not done yet, and what it needs.
pub struct Work {
    command: Command,
    reads_passphrases: bool,
    open: Open,
    output: Output,
    input: Input,
    browser: Browser,
    patience: Patience,
}

/// Reads the arguments, and does at once what needs neither data nor a runtime: then it answers with what to exit with.
pub fn begin(
    arguments: impl IntoIterator<Item = OsString>,
    around: Surroundings,
) -> ControlFlow<Exit, Box<Work>> {
    let Surroundings { ask, open, clock, input, output, messages, browser, patience } = around;
    let mut output = Output::new(output, messages, clock);
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    output.set_json(asks_for_json(&arguments));
    let Arguments { json, passphrase_stdin, command } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return ControlFlow::Break(output.misread(&error)),
    };
    output.set_json(json);
    let done = match &command {
        Command::Provider(command) => Some(provider::run(&mut output, command)),
        Command::Token(command) => connection::token_at_hand(command, &mut output, ask),
        _ => None,
    };
    match done {
        Some(done) => ControlFlow::Break(done.map_or_else(|error| output.failed(&error), |()| Exit::Done)),
        None => ControlFlow::Continue(Box::new(Work {
            command,
            reads_passphrases: passphrase_stdin,
            open,
            output,
            input,
            browser,
            patience,
        })),
    }
}

/// Whether `--json` is among the arguments, which may be wrong otherwise.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

impl Work {
    /// Does it, and answers with what to exit with.
    pub async fn finish(self) -> Exit {
        let Self { command, reads_passphrases, open, mut output, input, browser, patience } = self;
        let done = match open() {
            Ok(grapnel) => {
                let (core, messages) = (grapnel.clone(), output.messages.clone());
                let keyring_patience = (!input.is_terminal).then_some(patience.keyring);
                let mut session =
                    Session { grapnel, output: &mut output, input, browser, patience, reads_passphrases };
                if matches!(command, Command::Doctor) {
                    // What is wrong with the keyring is what it is to tell.
                    Box::pin(execute(&mut session, command)).await
                } else {
                    let work = execute(&mut session, command);
                    Box::pin(keyring::within_patience(&core, &messages, keyring_patience, work)).await
                }
            }
            Err(error) if matches!(command, Command::Doctor) => doctor::unopened(&mut output, error),
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| output.failed(&error))
    }
}

async fn execute(session: &mut Session<'_>, command: Command) -> Result<Exit> {
    vault::unlock(session, command.needs_vault()).await?;
    let done = match command {
        Command::Provider(command) => provider::run(session.output, &command),
        Command::App(command) => app::run(session, command).await,
        Command::Connect(command) => connect::run(session, command).await,
        Command::List => connection::list(session).await,
        Command::Status(of) => connection::status(session, &of.connection).await,
        Command::Token(command) => connection::token(session, &command).await,
        Command::Refresh(of) => connection::refresh(session, &of.connection).await,
        Command::Disconnect(command) => connection::disconnect(session, &command).await,
        Command::Projects(command) => content::projects(session, &command).await,
        Command::Project(command) => content::project(session, &command).await,
        Command::Posts(command) => content::posts(session, command).await,
        Command::Items(command) => content::items(session, &command).await,
        Command::Search(command) => content::search(session, &command).await,
        Command::Activity(command) => activity::run(session, &command),
        Command::Export(command) => archive::export(session, command).await,
        Command::Import(command) => archive::import(session, command).await,
        Command::Vault(command) => vault::run(session, &command).await,
        Command::Doctor => return doctor::run(session).await,
    };
    done.map(|()| Exit::Done)
}
