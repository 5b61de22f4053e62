//! The task in which an attempt goes on once it can no longer be cancelled. Whatever happens in it, the attempt ends:
//! programs and people wait for that.

use std::sync::Arc;

use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::AttemptId;
use grapnel_model::provider::GrantType;
use grapnel_store::attempt::{self, AttemptRow};
use grapnel_store::connection;

use super::complete::{complete, fail};
use crate::context::Context;

/// Runs `work` of an attempt as a task of its own. If it panics, the attempt ends.
pub(super) async fn run_for_attempt(
    ctx: &Arc<Context>,
    id: &AttemptId,
    work: impl Future<Output = Result<()>> + Send + 'static,
) -> Result<()> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => end_after_panic(ctx, id),
        // The program ends.
        Err(_) => Err(Error::new(Code::Internal, "The sign-in was interrupted.")),
    }
}

/// Ends an attempt whose task has panicked. Returns its error.
pub(super) fn end_after_panic(ctx: &Context, id: &AttemptId) -> Result<()> {
    let Some(row) = ctx.store.read(|c| attempt::get(c, id))?.filter(|row| !row.phase.is_over()) else {
        return Ok(());
    };
    let error = |message: String| {
        Error::new(Code::Internal, message).hint("Try again, and report the defect if it happens again.")
    };
    if let (Phase::Identifying, Some(connection)) = (row.phase, row.connection_id.clone()) {
        let error = error("A defect of Grapnel ended the request for the account.".into())
            .means("The tokens are stored, and can be used.");
        ctx.store.write(|tx| connection::set_error(tx, &connection, Some(&error)))?;
        return complete(ctx, &row, &connection);
    }
    let error = error(format!("A defect of Grapnel ended the sign-in while {}.", work_of(&row)));
    Err(fail(ctx, row, error.means(TOKEN_MAY_BE_LOST), None))
}

/// The error of an attempt whose program ended in the middle of it.
pub(super) fn interrupted(row: &AttemptRow) -> Error {
    let message = format!("Grapnel ended while {}.", work_of(row));
    Error::new(Code::AnswerLost, message).means(TOKEN_MAY_BE_LOST).hint("Try again.")
}

const TOKEN_MAY_BE_LOST: &str =
    "The provider may have issued a token that Grapnel did not receive; it expires on its own.";

/// What an attempt that can no longer be cancelled is at.
fn work_of(row: &AttemptRow) -> &'static str {
    match row.grant_type {
        GrantType::AuthorizationCode => "the code was being exchanged",
        GrantType::DeviceCode => "the tokens were being stored",
        GrantType::ClientCredentials | GrantType::JwtBearer => "the token was being requested",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::sign_in_request::SignInRequest;
    use crate::fuzz::world::World;

    /// An attempt that has got to `phase`.
    fn attempt_at(world: &World, phase: Phase) -> AttemptRow {
        let app = world.add_app("custom", "http://127.0.0.1:4711/callback", &[]);
        let wanted = SignInRequest::default();
        let row = AttemptRow { phase, ..wanted.attempt(&world.ctx, &app.id, GrantType::ClientCredentials) };
        world.ctx.store.write(|tx| attempt::insert(tx, &row)).unwrap();
        row
    }

    fn run(
        world: &World,
        row: &AttemptRow,
        work: impl Future<Output = Result<()>> + Send + 'static,
    ) -> Result<()> {
        world.runtime.block_on(run_for_attempt(&world.ctx, &row.id, work))
    }

    #[test]
    fn an_attempt_whose_task_panics_ends() {
        let world = World::new();
        let (ctx, row) = (&world.ctx, attempt_at(&world, Phase::Exchanging));
        let mut events = ctx.events.subscribe();
        let error = run(&world, &row, async { panic!("on purpose") }).unwrap_err();
        assert_eq!(error.code, Code::Internal);
        let stored = ctx.store.read(|c| attempt::get(c, &row.id)).unwrap().unwrap();
        assert_eq!(
            (stored.phase, stored.error.map(|error| error.code)),
            (Phase::Failed, Some(Code::Internal))
        );
        assert!(matches!(
            events.try_recv().unwrap(),
            grapnel_model::event::Event::Attempt(attempt) if attempt.id == row.id && attempt.phase.is_over()
        ));
    }

    #[test]
    fn a_result_is_passed_on_and_a_finished_attempt_stays() {
        let world = World::new();
        let (ctx, row) = (&world.ctx, attempt_at(&world, Phase::Done));
        run(&world, &row, async { Ok(()) }).unwrap();
        run(&world, &row, async { panic!("on purpose") }).unwrap();
        let stored = ctx.store.read(|c| attempt::get(c, &row.id)).unwrap().unwrap();
        assert_eq!((stored.phase, stored.error), (Phase::Done, None));
    }
}
