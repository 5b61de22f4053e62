//! The command line: what a terminal asks of the core, and how the answers are printed. [`run`] is the whole
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
mod table;
mod vault;
mod words;

use std::ffi::OsString;

use clap::Parser;
use grapnel_core::error::Result;

pub use browser::Browser;
pub use exit::Exit;
pub use input::Input;
pub use log::start as log;
pub use session::{Patience, Surroundings};

use arguments::{Arguments, Command};
use print::Output;
use session::Session;

/// Does what the arguments ask for, and answers with what to exit with.
pub async fn run(arguments: impl IntoIterator<Item = OsString>, around: Surroundings) -> Exit {
    let Surroundings { open, clock, input, output, messages, browser, patience } = around;
    let mut output = Output::new(output, messages, clock);
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return output.misread(&error),
    };
    output.json = arguments.json;
    let done = match arguments.command {
        Command::Provider(command) => provider::run(&mut output, &command).map(|()| Exit::Done),
        command => match open() {
            Ok(grapnel) => {
                let reads_passphrases = arguments.passphrase_stdin;
                let mut session =
                    Session { grapnel, output: &mut output, input, browser, patience, reads_passphrases };
                keyring::within_patience(&mut session, command).await
            }
            Err(error) if matches!(command, Command::Doctor) => doctor::unopened(&mut output, error),
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(exit) => exit,
        Err(error) => output.failed(&error),
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
