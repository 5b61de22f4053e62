//! Resumes attempts when the program starts.

use std::sync::Arc;

use grapnel_model::attempt::Phase;
use grapnel_model::error::Result;
use grapnel_model::provider::GrantType;

use super::attempt_task::{interrupted, run_for_attempt};
use super::attempt_timeout::watch;
use super::complete::{complete, fail, fetch_account};
use super::store_grant::GrantTarget;
use super::{device, loopback};
use crate::context::Context;

/// Resumes waiting attempts, and ends those that were interrupted in the code exchange.
pub(crate) fn resume_attempts(ctx: &Arc<Context>) -> Result<()> {
    for row in ctx.store.read(grapnel_store::attempt::open)? {
        match (row.phase, row.connection_id.clone()) {
            (Phase::Identifying, Some(id)) => {
                let (ctx, ended, work) = (Arc::clone(ctx), row.id.clone(), Arc::clone(ctx));
                tokio::spawn(async move {
                    let fetched = async move {
                        fetch_account(&work, &row, &GrantTarget::New(id.clone()), None).await?;
                        complete(&work, &row, &id)
                    };
                    run_for_attempt(&ctx, &ended, fetched).await
                });
            }
            (Phase::Waiting, _) if row.grant_type == GrantType::DeviceCode => {
                watch(ctx, &row, ctx.store.try_attempt_lock(&row.id)?);
                device::resume(ctx, &row);
            }
            (Phase::Waiting, _) => {
                watch(ctx, &row, ctx.store.try_attempt_lock(&row.id)?);
                loopback::resume(ctx, row);
            }
            _ => {
                let error = interrupted(&row);
                fail(ctx, row, error, None);
            }
        }
    }
    Ok(())
}
