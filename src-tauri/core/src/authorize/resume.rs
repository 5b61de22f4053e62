//! Resumes attempts when the program starts.

use std::sync::Arc;

use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::GrantType;

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
                let ctx = Arc::clone(ctx);
                tokio::spawn(async move {
                    fetch_account(&ctx, &row, &GrantTarget::New(id.clone()), None).await?;
                    complete(&ctx, &row, &id)
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
                let what = match row.grant_type {
                    GrantType::AuthorizationCode => "the code was being exchanged",
                    GrantType::DeviceCode => "the tokens were being stored",
                    GrantType::ClientCredentials | GrantType::JwtBearer => "the token was being requested",
                };
                let error = Error::new(Code::AnswerLost, format!("Grapnel ended while {what}."))
                    .means("The provider may have issued a token that Grapnel did not receive; it expires on its own.")
                    .hint("Try again.");
                fail(ctx, row, error, None);
            }
        }
    }
    Ok(())
}
