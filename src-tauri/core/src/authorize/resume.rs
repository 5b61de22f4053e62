//! Resumes attempts when the program starts.

use std::sync::Arc;

use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result};

use super::attempt_timeout::watch;
use super::complete::{complete, fail, fetch_account};
use super::loopback;
use super::store_grant::GrantTarget;
use crate::context::Context;

/// Resumes waiting attempts, and ends those that were interrupted in the code exchange.
pub(crate) fn resume_attempts(ctx: &Arc<Context>) -> Result<()> {
    for row in ctx.store.read(grapnel_store::attempt::open)? {
        match (row.phase, row.connection_id.clone()) {
            (Phase::Identifying, Some(id)) => {
                let ctx = Arc::clone(ctx);
                tokio::spawn(async move {
                    fetch_account(&ctx, &row, &GrantTarget::New(id.clone()), None).await?;
                    complete(&ctx, &row, &id)
                });
            }
            (Phase::Waiting, _) => {
                watch(ctx, &row, ctx.store.try_attempt_lock(&row.id)?);
                loopback::resume(ctx, row);
            }
            _ => {
                let error = Error::new(Code::AnswerLost, "Grapnel ended while the code was being exchanged.")
                    .means("The provider may have issued a token that Grapnel did not receive; it expires on its own.")
                    .hint("Try again.");
                fail(ctx, row, error, None);
            }
        }
    }
    Ok(())
}
