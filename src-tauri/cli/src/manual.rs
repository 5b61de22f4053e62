//! Completion scripts and manual pages, both generated from the arguments.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, CompleteEnv, CompletionCandidate};
use grapnel_core::{Grapnel, Store};
use grapnel_model::error::{Code, Error, Result};

use crate::arguments::{Arguments, Shell};
use crate::format::wire_name;
use crate::print::Output;

/// The environment variable with which a completion script calls this program.
const VARIABLE: &str = "COMPLETE";

/// Answers a completion script's call and exits; does nothing otherwise.
pub fn complete() {
    CompleteEnv::with_factory(command_with_names).var(VARIABLE).complete();
}

/// Prints the completion script of a shell.
pub(crate) fn completions(output: &mut Output, shell: Shell) -> Result<()> {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    let written = shells.completer(&wire_name(&shell)).map(|completer| {
        completer.write_registration(VARIABLE, "grapnel", "grapnel", "grapnel", &mut script)
    });
    written.transpose().map_err(|error| unwritable(&error))?;
    output.write(&script).map(drop)
}

/// Prints the program's manual page, or writes one for each command.
pub(crate) fn pages(output: &mut Output, directory: Option<&Path>) -> Result<()> {
    if let Some(directory) = directory {
        return clap_mangen::generate_to(Arguments::command(), directory).map_err(|error| unwritable(&error));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page).map_err(|error| unwritable(&error))?;
    output.write(&page).map(drop)
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::new(Code::DataUnwritable, format!("The pages cannot be written: {error}."))
        .hint("Choose a directory that exists.")
}

/// The command with completion of connection and app names.
fn command_with_names() -> clap::Command {
    Arguments::command().mut_subcommands(with_names)
}

fn with_names(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| match argument.get_id().as_str() {
        "connection" | "connections" => argument.add(ArgValueCandidates::new(|| names(connections))),
        "app" => argument.add(ArgValueCandidates::new(|| names(apps))),
        _ => argument,
    });
    command.mut_subcommands(with_names)
}

fn connections(grapnel: &Grapnel) -> Result<Vec<String>> {
    Ok(grapnel.connections()?.into_iter().map(|one| one.name).collect())
}

fn apps(grapnel: &Grapnel) -> Result<Vec<String>> {
    Ok(grapnel.apps()?.into_iter().map(|one| one.name).collect())
}

/// Names from the database, which need no open vault. Empty if it cannot be read, since a completion cannot show
/// errors.
fn names(read: impl Fn(&Grapnel) -> Result<Vec<String>>) -> Vec<CompletionCandidate> {
    let read = || {
        let home = Store::default_home().ok().filter(|home| home.exists())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(async { read(&Grapnel::open(&home).ok()?).ok() })
    };
    let is_typeable = |name: &String| !name.chars().any(char::is_control);
    let names = read().unwrap_or_default().into_iter().filter(is_typeable);
    names.map(|name| CompletionCandidate::new(OsString::from(name))).collect()
}
