//! Hooks: commands that the person set to run at events of connections.
//!
//! A hook's command is encrypted with the vault's key. Another program that can write the database but has no key can
//! remove a hook, but neither add nor change one. Which events the hooks have run for is stored, so that each event is
//! claimed by one process, also across restarts.

mod claim;
mod follow;
#[cfg(unix)]
mod process_group;
#[cfg(not(unix))]
#[path = "hooks/unsupported.rs"]
mod process_group;
mod program;
mod run;
mod stored;

use std::path::PathBuf;

use grapnel_model::activity::Kind;
use grapnel_model::connection_event::{ConnectionEvent, ConnectionEventKind};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::hook::{Hook, HookCommand, HookRun};
use grapnel_model::id::{ConnectionId, HookId};
use grapnel_model::secret::SecretString;
use grapnel_model::text::spell_out;
use grapnel_store::{activity, hook};

use crate::context::Context;
use crate::{browser, connection};
use stored::{associated_data, open, run_and_record};

pub(crate) use follow::follow;
pub use run::HookOutput;

/// The most hooks that can be set.
const MAX_HOOKS: usize = 32;

/// Checks a command, and resolves its program to an absolute path. Nothing is stored: the result is what the person is
/// to confirm.
///
/// # Errors
/// The program does not exist, or another account can change it; or a word contains a NUL character.
pub fn check(event: ConnectionEventKind, words: Vec<String>) -> Result<HookCommand> {
    let mut words = words.into_iter();
    let Some(program) = words.next().filter(|program| !program.is_empty()) else {
        return Err(Error::input("command", "A program is missing.").means("No hook was set."));
    };
    let arguments: Vec<String> = words.collect();
    if program.contains('\0') || arguments.iter().any(|argument| argument.contains('\0')) {
        return Err(Error::input("command", "A NUL character cannot be passed to a program.")
            .means("No hook was set."));
    }
    let program =
        program::find(&program)?.into_os_string().into_string().map_err(|path: std::ffi::OsString| {
            let path = PathBuf::from(path);
            let message =
                format!("The path {} is not text in UTF-8.", spell_out(&path.display().to_string()));
            Error::input("command", message).means("No hook was set.")
        })?;
    Ok(HookCommand { event, program, arguments })
}

/// Splits a command as a person enters it into its words; quotes group words.
///
/// # Errors
/// A quote is left open.
pub fn split(line: &str) -> Result<Vec<String>> {
    browser::parts(line).map_err(|message| Error::input("command", message).means("No hook was set."))
}

/// A command as words that a shell would read alike.
pub fn quoted(command: &HookCommand) -> String {
    let words = std::iter::once(&command.program).chain(&command.arguments);
    // Words with NUL characters, which cannot be quoted, are refused.
    let words = words.map(|word| shlex::try_quote(word).unwrap_or_default());
    words.collect::<Vec<_>>().join(" ")
}

/// Every hook.
pub(crate) async fn list(ctx: &Context) -> Result<Vec<Hook>> {
    let mut hooks = Vec::new();
    for row in ctx.store.read(hook::all)? {
        let command = open(ctx, &row).await?;
        hooks.push(Hook {
            id: row.id,
            event: command.as_ref().map(|command| command.event),
            command: command.as_ref().map(|command| spell_out(&quoted(command))),
            last_run: row.last_run,
        });
    }
    Ok(hooks)
}

/// Adds a hook that the person has confirmed. Events from now on run it.
pub(crate) async fn add(ctx: &Context, command: &HookCommand) -> Result<HookId> {
    if ctx.store.read(hook::all)?.len() >= MAX_HOOKS {
        let message = format!("There are {MAX_HOOKS} hooks already, which is the limit.");
        return Err(Error::new(Code::InvalidInput, message)
            .means("No hook was set.")
            .hint("Remove one, or let one program do several things."));
    }
    let id = HookId::random();
    let _working = ctx.begin_sealed_write().await?;
    let json = serde_json::to_string(command)
        .map_err(|error| Error::new(Code::Internal, format!("The command cannot be stored: {error}.")))?;
    let sealed = ctx.vault.seal(&associated_data(&id), &SecretString::from(json)).await?;
    let text = format!("Hook added: {}", spell_out(&quoted(command)));
    ctx.store.write(|tx| {
        // From the first hook on, snapshots are kept up to date.
        if !hook::has_snapshots(tx)? {
            for id in hook::connections(tx)? {
                let now = connection::snapshot(ctx, tx, &id, None)?.ok().flatten();
                hook::set_snapshot(tx, &id, now.as_ref())?;
            }
        }
        hook::insert(tx, &id, &sealed)?;
        activity::add(tx, ctx.now(), Kind::HookChanged, &text, (None, None))
    })?;
    ctx.emit(Event::Activity);
    Ok(id)
}

/// Removes a hook.
pub(crate) fn remove(ctx: &Context, id: &HookId) -> Result<()> {
    let removed = ctx.store.write(|tx| {
        let removed = hook::remove(tx, id)?;
        if removed {
            activity::add(tx, ctx.now(), Kind::HookChanged, "Hook removed.", (None, None))?;
        }
        Ok(removed)
    })?;
    if !removed {
        return Err(no_hook());
    }
    ctx.emit(Event::Activity);
    Ok(())
}

/// Runs a hook now, as if its event had happened to this connection, or to the first one by name. Returns how it went.
pub(crate) async fn test(
    ctx: &Context,
    id: &HookId,
    of: Option<&ConnectionId>,
    output: HookOutput,
) -> Result<HookRun> {
    let row = ctx.store.read(hook::all)?.into_iter().find(|row| row.id == *id).ok_or_else(no_hook)?;
    let Some(command) = open(ctx, &row).await? else {
        return Err(Error::new(Code::DataDamaged, "The stored command of this hook could not be verified.")
            .means("Another program may have changed it. It was not run, and does not run at any event.")
            .hint("Remove the hook, and add it again."));
    };
    let first = || connection::all(ctx).map(|all| all.into_iter().next().map(|first| first.id));
    let of = of.map_or_else(first, |id| Ok(Some(id.clone())))?.ok_or_else(|| {
        Error::new(Code::NotFound, "There is no connection to try the hook with.")
            .means("The hook was not run.")
            .hint("Connect an app first.")
    })?;
    let snapshot = ctx.store.read(|c| connection::snapshot(ctx, c, &of, None))??;
    let snapshot = snapshot.ok_or_else(Error::no_connection)?;
    let event = ConnectionEvent::sample(command.event, &snapshot, ctx.now());
    run_and_record(ctx, &row.id, &command, &event, output).await
}

fn no_hook() -> Error {
    Error::new(Code::NotFound, "There is no such hook.").hint("To see all: grapnel hook list")
}
