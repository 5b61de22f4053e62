//! The commands that a worker can run, and the connections that they use.

use grapnel_core::Grapnel;
use grapnel_model::error::{Error, Result};

use crate::arguments::Command;
use crate::worker::{KEY_VARIABLE, URL_VARIABLE, Worker};

/// Takes in the connections that a command uses.
pub(crate) async fn take_in(worker: &Worker, grapnel: &Grapnel, command: &Command) -> Result<()> {
    let names = match command {
        Command::Token(asked) => vec![asked.connection.as_str()],
        Command::Exec(asked) => asked.connection_names(),
        Command::Api(asked) => vec![asked.connection.as_str()],
        Command::Refresh(asked) | Command::Status(asked) => vec![asked.connection.as_str()],
        Command::List(_) => Vec::new(),
        _ => return Err(not_for_workers()),
    };
    let team = worker.join(grapnel).await?;
    if matches!(command, Command::List(_)) {
        return grapnel.sync_team(&team).await.map(drop);
    }
    for name in names {
        grapnel.take_in_shared(&team, name).await?;
    }
    Ok(())
}

fn not_for_workers() -> Error {
    let message =
        format!("A worker can run token, exec, api, refresh, status and list. {KEY_VARIABLE} is set.");
    Error::input("command", message)
        .means("Nothing was changed.")
        .hint(format!("Unset {URL_VARIABLE} and {KEY_VARIABLE} to use the data of this computer."))
}
