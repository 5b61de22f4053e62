//! Stored hooks: their commands, which the vault's key authenticates, and their runs.

use grapnel_model::activity::Kind;
use grapnel_model::connection_event::ConnectionEvent;
use grapnel_model::error::{Code, Result};
use grapnel_model::event::Event;
use grapnel_model::hook::{HookCommand, HookRun};
use grapnel_model::id::HookId;
use grapnel_model::secret::ExposeSecret;
use grapnel_model::text::spell_out;
use grapnel_store::hook::HookRow;
use grapnel_store::{activity, connection, hook};

use super::run::{HookOutput, LIMITS, run};
use crate::context::Context;

/// What the command of a hook is encrypted for.
pub(super) fn associated_data(id: &HookId) -> String {
    format!("hook/{id}/command")
}

/// The command of a hook; `None` if Grapnel has not written it for this hook with this vault.
///
/// # Errors
/// The vault cannot be opened.
pub(super) async fn open(ctx: &Context, row: &HookRow) -> Result<Option<HookCommand>> {
    match ctx.vault.open(&associated_data(&row.id), &row.sealed_command).await {
        Ok(json) => Ok(serde_json::from_str(json.expose_secret()).ok()),
        Err(error) if error.code == Code::DataDamaged => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs a hook for an event, and stores how it went. A failure is an entry of the activity.
pub(super) async fn run_and_record(
    ctx: &Context,
    id: &HookId,
    command: &HookCommand,
    event: &ConnectionEvent,
    output: HookOutput,
) -> Result<HookRun> {
    let ran = run(command, event, ctx.store.home(), output, LIMITS).await;
    let ended = HookRun { at: ctx.now(), failure: ran.err() };
    ctx.store.write(|tx| hook::set_last_run(tx, id, &ended))?;
    if let Some(failure) = &ended.failure {
        record_failure(ctx, id, &format!("The hook {} {failure}.", spell_out(&command.program)), event)?;
    }
    ctx.emit(Event::Activity);
    Ok(ended)
}

/// Adds a failure to the activity. What fails again within an hour is one entry.
pub(super) fn record_failure(ctx: &Context, id: &HookId, text: &str, event: &ConnectionEvent) -> Result<()> {
    ctx.store.write(|tx| {
        // A connection that was removed has no activity of its own.
        let of = connection::get(tx, &event.connection_id)?;
        let of = (of.as_ref().map(|of| &of.id), of.as_ref().map(|of| &of.app_id));
        activity::add_repeated(tx, ctx.now(), Kind::HookFailed, (&id.0, text), of)
    })
}
