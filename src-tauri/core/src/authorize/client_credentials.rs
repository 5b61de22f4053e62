//! Connects an app as itself: a token request with the client's own credentials (RFC 6749 §4.4) or with an assertion
//! that it signs (RFC 7523 §2.1), without a person.

use std::sync::Arc;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::attempt::Phase;
use grapnel_model::error::Result;
use grapnel_model::id::AttemptId;
use grapnel_model::provider::GrantType;
use grapnel_oauth::http::token::{TokenRequestKind, request_token};
use grapnel_oauth::{codeless_messages, sign_in_messages};
use grapnel_store::attempt::{self, AttemptRow};

use super::attempt_task::run_for_attempt;
use super::attempts::emit_attempt;
use super::complete::{complete, fail, fetch_account};
use super::exchange::{Exchanged, explain_refused_request};
use super::sign_in_request::{SignInRequest, store_attempt};
use super::store_grant::{GrantTarget, store_grant};
use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::{self, ExchangeLog};
use crate::grant::OAuthClient;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// Starts the request, and returns at once. The attempt cannot be cancelled any more.
pub(super) async fn start(
    ctx: &Arc<Context>,
    app: ConfiguredApp,
    wanted: &SignInRequest,
) -> Result<AttemptId> {
    // A refresh asks for the app's scopes again, so more of them are for the app to have.
    wanted.check_no_scopes()?;
    wanted.check_no_details()?;
    wanted.check(ctx, &app.row.id)?;
    let grant_type = app.config()?.grant_type();
    wanted.check_no_account(grant_type)?;
    ctx.vault.check().await?;
    let row = AttemptRow {
        phase: Phase::Exchanging,
        exchange: codeless_messages::by_client_credentials(
            app.config()?,
            (&app.row.client_id, app.row.sealed_secret.is_some()),
            &app.row.scopes,
        ),
        authorization_details: app.config()?.authorization_details.clone(),
        ..wanted.attempt(ctx, &app.row.id, grant_type)
    };
    let id = row.id.clone();
    store_attempt(ctx, &row)?;
    let ctx = Arc::clone(ctx);
    let (ended, work) = (id.clone(), Arc::clone(&ctx));
    tokio::spawn(async move {
        run_for_attempt(&ctx, &ended, async move { Box::pin(run(&work, row, &app)).await }).await
    });
    Ok(id)
}

async fn run(ctx: &Arc<Context>, mut row: AttemptRow, app: &ConfiguredApp) -> Result<()> {
    let log = ExchangeLog::new(ctx, row.connection_id.as_ref());
    match Box::pin(obtain(ctx, &mut row, app, &log)).await {
        Ok(target) => {
            drop(log);
            fetch_account(ctx, &row, &target, None).await?;
            complete(ctx, &row, target.id())
        }
        Err(error) => Err(fail(ctx, row, error, log.decisive())),
    }
}

/// Requests the token and stores it.
async fn obtain(
    ctx: &Arc<Context>,
    row: &mut AttemptRow,
    app: &ConfiguredApp,
    log: &ExchangeLog,
) -> Result<GrantTarget> {
    let _working = ctx.begin_sealed_write().await?;
    secret_parameters::seal_clear(ctx, &app.row).await?;
    let mut client = OAuthClient::of(ctx, app).await?;
    client.credentials.dpop = dpop_key::new(&client.config)?;
    if let Some(id) = &row.connection_id {
        log.mask(exchange_log::secrets_of(ctx, id).await.unwrap_or_default());
    }
    let permit = ctx.http.permit(&client.config.token_url).await;
    let scopes = app.row.scopes.clone();
    let asked = match row.grant_type {
        GrantType::JwtBearer => TokenRequestKind::JwtBearer { scopes },
        _ => TokenRequestKind::ClientCredentials { scopes },
    };
    let answered = request_token(log.http(), &permit, &client.config, &client.credentials, asked).await;
    drop(permit);
    if let Some(exchange) = log.last_of(ExchangeKind::Token) {
        sign_in_messages::answered_with(&mut row.exchange, &exchange);
    }
    let grant = match answered {
        Ok(grant) => grant,
        Err(unanswered) => {
            ctx.store.write(|tx| attempt::set_exchange(tx, &row.id, &row.exchange))?;
            return Err(explain_refused_request(&client, unanswered.failure));
        }
    };
    emit_attempt(ctx, &row.id)?;
    let exchanged = Exchanged { client, grant, id_token: None };
    let target = Box::pin(store_grant(ctx, row, app, exchanged, log)).await?;
    log.set_connection(target.id());
    Ok(target)
}
