//! `grapnel hook`: commands that run at events of connections.

use clap::{Args, Subcommand, ValueEnum};
use grapnel_core::hooks::{self, HookOutput};
use grapnel_model::connection_event::ConnectionEventKind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::hook::{Hook, HookRun};
use grapnel_model::id::HookId;
use grapnel_model::text::spell_out;
use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::format::{relative_time, words};
use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::stop_signal::stop_signal;
use crate::table::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the hooks and their last runs
    List,
    /// Set a command that runs at an event of any connection, after you confirm it here
    ///
    /// The command runs without a shell, in the window or in `grapnel agent`. The event is in its environment
    /// (`GRAPNEL_EVENT`, `GRAPNEL_CONNECTION` …) and, as JSON, on its standard input; no token is.
    Add(Add),
    /// Remove a hook
    Remove {
        /// The hook's ID
        id: String,
    },
    /// Run a hook now, as if its event had happened
    Test {
        /// The hook's ID
        id: String,
        /// The connection's name; the first one if it is left out
        connection: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The event
    #[arg(value_enum)]
    event: HookEvent,
    /// The program, by absolute path or as found in PATH now, and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum HookEvent {
    /// A connection was connected, or reconnected
    Connected,
    /// The tokens of a connection were refreshed
    Refreshed,
    /// A connection needs a new sign-in
    NeedsAttention,
    /// The tokens of a connection were deleted
    Disconnected,
}

impl From<HookEvent> for ConnectionEventKind {
    fn from(event: HookEvent) -> Self {
        match event {
            HookEvent::Connected => Self::Connected,
            HookEvent::Refreshed => Self::Refreshed,
            HookEvent::NeedsAttention => Self::NeedsAttention,
            HookEvent::Disconnected => Self::Disconnected,
        }
    }
}

impl Command {
    /// Whether the command needs an open vault.
    pub(crate) fn needs_vault(&self) -> bool {
        !matches!(self, Self::Remove { .. })
    }
}

pub(crate) async fn run(session: &mut Session<'_>, command: Command) -> Result<Exit> {
    let done = match command {
        Command::List => {
            let hooks = session.grapnel.hooks().await?;
            session.output.show(&Hooks(hooks))
        }
        Command::Add(asked) => add(session, asked).await,
        Command::Remove { id } => {
            session.grapnel.remove_hook(&HookId(id.clone()))?;
            session.output.show(&Removed { removed: id })
        }
        Command::Test { id, connection } => return test(session, id, connection.as_deref()).await,
    };
    done.map(|()| Exit::Done)
}

/// There is no `--yes`: whoever can run this command, such as an installer, must not decide alone what runs later with
/// all rights of the person.
async fn add(session: &mut Session<'_>, asked: Add) -> Result<()> {
    let event = ConnectionEventKind::from(asked.event);
    let command = hooks::check(event, asked.command)?;
    if !session.can_ask() {
        let message = format!("A hook needs your confirmation. {}", session.unattended_reason());
        return Err(Error::input("command", message)
            .means("No hook was set.")
            .hint("Run this in a terminal, without --json, or add the hook in the window under Settings."));
    }
    session.output.messages.ask(&format!(
        "Run this with all your rights, without asking, whenever a connection {}: {} [y/N]",
        sentence(event),
        spell_out(&hooks::quoted(&command)),
    ));
    if !session.input.confirms()? {
        return Err(Error::new(Code::Cancelled, "The hook was not confirmed.").means("No hook was set."));
    }
    let id = session.grapnel.add_hook(&command).await?;
    session.output.show(&Added { id })
}

fn sentence(event: ConnectionEventKind) -> &'static str {
    match event {
        ConnectionEventKind::Connected => "is connected",
        ConnectionEventKind::Refreshed => "is refreshed",
        ConnectionEventKind::NeedsAttention => "needs attention",
        ConnectionEventKind::Disconnected => "is disconnected",
    }
}

async fn test(session: &mut Session<'_>, id: String, connection: Option<&str>) -> Result<Exit> {
    let connection = connection.map(|name| lookup::connection(&session.grapnel, name)).transpose()?;
    let connection = connection.map(|connection| connection.id);
    let stopped = stop_signal()?;
    let grapnel = session.grapnel.clone();
    let id = HookId(id);
    let run = tokio::select! {
        run = grapnel.test_hook(&id, connection.as_ref(), HookOutput::StandardError) => run?,
        () = stopped => return Err(Error::new(Code::Cancelled, "The hook was ended.")),
    };
    let exit = if run.failure.is_none() { Exit::Done } else { Exit::Failed };
    session.output.show(&Tested(run)).map(|()| exit)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Hooks(Vec<Hook>);

impl CommandResult for Hooks {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return "No hooks. To add one: grapnel hook add EVENT COMMAND".to_owned();
        }
        let rows = self.0.iter().map(|hook| {
            let run = hook.last_run.as_ref().map(|run| last_run(run, now));
            [
                hook.id.to_string(),
                hook.event.as_ref().map(words).unwrap_or_default(),
                hook.command.clone().unwrap_or_else(|| "(could not be verified: does not run)".to_owned()),
                run.unwrap_or_else(|| "never".to_owned()),
            ]
        });
        table(["ID", "EVENT", "COMMAND", "LAST RUN"], rows)
    }
}

fn last_run(run: &HookRun, now: Timestamp) -> String {
    let result = run.failure.as_deref().unwrap_or("succeeded");
    format!("{}: {result}", relative_time(run.at, now))
}

#[derive(Serialize)]
struct Added {
    id: HookId,
}

impl CommandResult for Added {
    fn text(&self, _: Timestamp) -> String {
        let id = &self.id;
        format!(
            "Hook {id} was added. It runs while the window or grapnel agent runs. To try it: grapnel hook test {id}"
        )
    }
}

#[derive(Serialize)]
struct Removed {
    removed: String,
}

impl CommandResult for Removed {
    fn text(&self, _: Timestamp) -> String {
        format!("Hook {} was removed.", self.removed)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Tested(HookRun);

impl CommandResult for Tested {
    fn text(&self, _: Timestamp) -> String {
        match &self.0.failure {
            None => "The hook succeeded.".to_owned(),
            Some(failure) => format!("The hook {failure}."),
        }
    }
}
