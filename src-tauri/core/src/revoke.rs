//! Revokes tokens at the provider (RFC 7009), if it supports that: the refresh token first, since the access token is
//! usually revoked with it. Temporary failures are retried for some days.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId, DerivedTokenId, ExchangeId, RevocationId};
use grapnel_model::provider::{Origins, Profile, ProviderConfig};
use grapnel_model::revocation::{Disconnected, Revocation, TokenKind, TokenRevocation};
use grapnel_model::secret::SecretString;
use grapnel_oauth::http::api::{self, ApiFailure};
use grapnel_oauth::http::token::Grant;
use grapnel_oauth::retry::{after, next_attempt_text, pause, random_fraction};
use grapnel_store::app::AppRow;
use grapnel_store::connection::{ConnectionRow, SealedGrant};
use grapnel_store::derived_token::DerivedTokenRow;
use grapnel_store::revocation::{RefreshToken, RevocationRow};
use grapnel_store::{activity, app, connection, derived_token, revocation};
use http::StatusCode;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::context::Context;
use crate::exchange_log::ExchangeLog;
use crate::grant::{self, OAuthClient};
use crate::shared_record;
use crate::signed_in::{ConfiguredApp, SignedIn};

/// How long a revocation is retried.
const REVOCATION_RETRY_WINDOW: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Deletes a connection's tokens here, and revokes them; those of a shared connection for the whole team.
pub(crate) async fn disconnect(ctx: &Arc<Context>, id: &ConnectionId) -> Result<Disconnected> {
    let team = shared_record::hold(ctx, id).await.map_err(|error| {
        error.means("Nothing was disconnected: the team’s other computers could not be told.").hint(
            "Try again when the team’s database can be reached; or remove the connection from this computer only.",
        )
    })?;
    let _busy = ctx.begin_uninterruptible().await;
    let disconnected = disconnect_here(ctx, id).await;
    if let Some(team) = team {
        team.push(ctx, id).await;
    }
    disconnected
}

async fn disconnect_here(ctx: &Arc<Context>, id: &ConnectionId) -> Result<Disconnected> {
    loop {
        // Re-encrypted tokens must be stored before the vault is re-keyed.
        let working = ctx.vault_shared_lock().await?;
        let row = ctx.store.read(|c| connection::get(c, id))?.ok_or_else(Error::no_connection)?;
        let (outcome, pending, reason) = match tokens_to_revoke(ctx, &grant::newest(ctx, row.clone())).await {
            Ok(Some(pending)) => (Revocation::Done, pending, None),
            Ok(None) => (Revocation::NotOffered, Vec::new(), None),
            Err(error) => (Revocation::Failed, Vec::new(), Some(error.message)),
        };
        // A refresh that finished meanwhile has stored other tokens, which are to be revoked instead.
        if row.grant.is_some() && !delete(ctx, &row, outcome, &pending)? {
            continue;
        }
        drop(working);
        ctx.drop_unsaved(id);
        ctx.emit(Event::Connection(id.clone()));
        let mut tokens = Vec::new();
        for ask in pending {
            let (revocation, reason) = revoke_now(ctx, &ask).await;
            tokens.push(TokenRevocation { token: ask.kind, revocation, reason });
        }
        // Those of other services cannot always be revoked here, and end by themselves.
        let own = tokens.iter().filter(|token| token.token != TokenKind::DerivedToken);
        let worst = own.map(|token| token.revocation).max();
        return Ok(Disconnected { revocation: worst.unwrap_or(outcome), tokens, reason });
    }
}

/// Deletes the tokens and stores the pending revocations, in one transaction. Returns whether the tokens were still the
/// same.
fn delete(
    ctx: &Context,
    row: &ConnectionRow,
    outcome: Revocation,
    pending: &[RevocationRow],
) -> Result<bool> {
    let text = match outcome {
        Revocation::NotOffered => {
            "Disconnected. The tokens were deleted here; access stays valid at the provider."
        }
        Revocation::Failed => {
            "Disconnected. The tokens were deleted here; the provider could not be asked to take them back."
        }
        Revocation::Done | Revocation::Pending => "Disconnected. The tokens were deleted here.",
    };
    ctx.store.write(|tx| {
        let is_deleted = connection::clear_grant(tx, &row.id, row.version)?;
        if is_deleted {
            pending.iter().try_for_each(|ask| revocation::insert(tx, ask))?;
            let of = (Some(&row.id), Some(&row.app_id));
            activity::add(tx, ctx.now(), Kind::Disconnected, text, of)?;
        }
        Ok(is_deleted)
    })
}

/// The tokens of a connection to be revoked; `None` if the provider has no revocation endpoint.
async fn tokens_to_revoke(ctx: &Context, row: &ConnectionRow) -> Result<Option<Vec<RevocationRow>>> {
    let refresh = (TokenKind::RefreshToken, row.sealed_refresh(), grant::refresh_associated_data(&row.id));
    let access = (
        TokenKind::AccessToken,
        row.grant.as_ref().map(|grant| &grant.access),
        grant::access_associated_data(&row.id),
    );
    let Some(app) = ctx.store.read(|c| app::get(c, &row.app_id))?.map(ConfiguredApp::of) else {
        return Ok(None);
    };
    let config = app.config()?;
    if config.revocation_url.is_none() {
        return Ok(None);
    }
    grant::may_be_sent(row.allowed_origins.as_ref(), config)?;
    let hosts = config.origins();
    let mut pending = Vec::new();
    let now = ctx.time.now();
    for (kind, sealed, place) in [refresh, access] {
        let Some(sealed) = sealed else { continue };
        let token = ctx.vault.open(&place, sealed).await?;
        let of = (Some(&row.id), &row.app_id, row.name.as_str());
        pending.push(pending_revocation(ctx, of, (kind, &token), hosts.clone(), now).await?);
    }
    for derived in ctx.store.read(|c| derived_token::all(c, &row.id))? {
        if let Some(token) = revocable(ctx, &derived).await? {
            let of = (Some(&row.id), &row.app_id, row.name.as_str());
            let token = (TokenKind::DerivedToken, &token);
            pending.push(pending_revocation(ctx, of, token, hosts.clone(), now).await?);
        }
    }
    Ok(Some(pending))
}

/// The associated data of an encrypted derived token.
pub(crate) fn derived_associated_data(id: &DerivedTokenId) -> String {
    format!("derived_token/{id}/token")
}

/// A derived token, if it can be revoked: one that is an access token.
async fn revocable(ctx: &Context, row: &DerivedTokenRow) -> Result<Option<SecretString>> {
    let Some((sealed, _)) = row.issued.as_ref().filter(|(_, issued)| issued.is_bearer) else {
        return Ok(None);
    };
    ctx.vault.open(&derived_associated_data(&row.id), sealed).await.map(Some)
}

/// Revokes derived tokens that were removed, or that arrived after their connection was disconnected.
pub(crate) async fn revoke_derived(ctx: &Arc<Context>, of: &SignedIn, row: &DerivedTokenRow) -> Result<()> {
    let (config, connection) = (of.app.config()?, &of.connection);
    if config.revocation_url.is_none() {
        return Ok(());
    }
    grant::may_be_sent(connection.allowed_origins.as_ref(), config)?;
    let Some(token) = revocable(ctx, row).await? else { return Ok(()) };
    let owner = (Some(&connection.id), &connection.app_id, connection.name.as_str());
    let token = (TokenKind::DerivedToken, &token);
    let pending = pending_revocation(ctx, owner, token, config.origins(), ctx.time.now()).await?;
    ctx.store.write(|tx| revocation::insert(tx, &pending))?;
    revoke_now(ctx, &pending).await;
    Ok(())
}

/// A token to be revoked, re-encrypted for its new row.
async fn pending_revocation(
    ctx: &Context,
    (connection, app, name): (Option<&ConnectionId>, &AppId, &str),
    (kind, token): (TokenKind, &SecretString),
    allowed_origins: Origins,
    now: Timestamp,
) -> Result<RevocationRow> {
    let id = RevocationId::random();
    Ok(RevocationRow {
        sealed_token: ctx.vault.seal(&token_associated_data(&id), token).await?,
        allowed_origins,
        id,
        app_id: app.clone(),
        connection_id: connection.cloned(),
        name: name.to_owned(),
        kind,
        begun_at: now,
        failures: 0,
        is_refresh_revoked: false,
        // If the program ends before the first request, the next run starts with it.
        retry_at: after(now, REVOCATION_ATTEMPT_TIMEOUT),
    })
}

/// The longest time a request takes; after that it is due again.
const REVOCATION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

fn token_associated_data(id: &RevocationId) -> String {
    format!("revocation/{id}/token")
}

/// Revokes tokens that arrived for a connection after it was disconnected.
pub(crate) async fn revoke_late_grant(
    ctx: &Arc<Context>,
    row: &ConnectionRow,
    grant: SealedGrant,
) -> Result<()> {
    let is_over = ctx.store.read(|c| connection::get(c, &row.id))?.is_some_and(|row| row.grant.is_none());
    if !is_over {
        return Ok(());
    }
    let pending = tokens_to_revoke(ctx, &grant::with(row.clone(), grant)).await?.unwrap_or_default();
    ctx.store.write(|tx| pending.iter().try_for_each(|ask| revocation::insert(tx, ask)))?;
    for ask in pending {
        revoke_now(ctx, &ask).await;
    }
    Ok(())
}

/// Revokes tokens that no connection holds: their sign-in was cancelled while they were issued.
pub(crate) async fn revoke_unwanted(
    ctx: &Arc<Context>,
    (app, config): (&AppRow, &ProviderConfig),
    grant: &Grant,
) -> Result<()> {
    if config.revocation_url.is_none() {
        return Ok(());
    }
    let refresh = grant.refresh_token.as_ref().map(|token| (TokenKind::RefreshToken, token));
    let all = refresh.into_iter().chain([(TokenKind::AccessToken, &grant.access_token)]);
    let mut pending = Vec::new();
    for token in all {
        let of = (None, &app.id, app.name.as_str());
        pending.push(pending_revocation(ctx, of, token, config.origins(), ctx.time.now()).await?);
    }
    ctx.store.write(|tx| pending.iter().try_for_each(|ask| revocation::insert(tx, ask)))?;
    for ask in pending {
        revoke_now(ctx, &ask).await;
    }
    Ok(())
}

async fn revoke_now(ctx: &Arc<Context>, ask: &RevocationRow) -> (Revocation, Option<String>) {
    again(ctx, &ask.id).await.unwrap_or_else(|error| (Revocation::Pending, Some(error.message)))
}

/// Requests a revocation and stores the result; returns it, with the reason if it failed.
pub(crate) async fn again(ctx: &Arc<Context>, id: &RevocationId) -> Result<(Revocation, Option<String>)> {
    let Some(row) = ctx.store.read(|c| revocation::get(c, id))? else { return Ok((Revocation::Done, None)) };
    let now = ctx.time.now();
    // Another process may have started the same request.
    if !ctx
        .store
        .write(|tx| revocation::begin(tx, id, row.retry_at, after(now, REVOCATION_ATTEMPT_TIMEOUT)))?
    {
        return Ok((Revocation::Pending, None));
    }
    let is_last = row.begun_at.duration_until(now) > REVOCATION_RETRY_WINDOW;
    let log = ExchangeLog::new(ctx, row.connection_id.as_ref());
    // A vault that is known to be closed is not tried again: its keyring could prompt each time.
    let asked = match ctx.vault.error() {
        Some(error) => Err(error),
        None => ask_provider(ctx, &row, &log).await,
    };
    let tried = match asked {
        // Also if the vault fails instead of the provider.
        Ok(RevocationOutcome::Later(error, _)) | Err(error) if is_last => {
            RevocationOutcome::Never(error.message)
        }
        tried => tried?,
    };
    let manual_revocation_hint = manual_revocation_hint(ctx, &row)?;
    ctx.store.write(|tx| match &tried {
        RevocationOutcome::Done => {
            revocation::remove(tx, id)?;
            if row.kind == TokenKind::RefreshToken {
                revocation::refresh_token_is_revoked(tx, &row)?;
            }
            log_outcome(ctx, tx, (&row, log.decisive()), Kind::Revoked, |token| {
                format!("The provider revoked the {token}.")
            })
        }
        RevocationOutcome::Later(error, asked) => {
            let pause = pause(row.failures.saturating_add(1), *asked, random_fraction());
            revocation::put_off(tx, id, after(ctx.time.now(), pause))?;
            if row.failures > 0 {
                return Ok(());
            }
            let (why, when) = (&error.message, next_attempt_text(ctx.now(), pause, &TimeZone::system()));
            log_outcome(ctx, tx, (&row, log.decisive()), Kind::RevocationDelayed, |token| {
                format!("The {token} could not be revoked at the provider yet. {why} Next attempt {when}.")
            })
        }
        RevocationOutcome::Never(why) => {
            revocation::remove(tx, id)?;
            log_outcome(ctx, tx, (&row, log.decisive()), Kind::RevocationFailed, |token| {
                format!(
                    "The {token} was not revoked at the provider, and Grapnel no longer asks for that. \
                     {why}{manual_revocation_hint}"
                )
            })
        }
    })?;
    if let Some(id) = row.connection_id {
        ctx.emit(Event::Connection(id));
    }
    Ok(match tried {
        RevocationOutcome::Done => (Revocation::Done, None),
        RevocationOutcome::Later(error, _) => (Revocation::Pending, Some(error.message)),
        RevocationOutcome::Never(why) => (Revocation::Failed, Some(why)),
    })
}

/// Logs the result of a revocation, for its connection if that still exists.
fn log_outcome(
    ctx: &Context,
    tx: &rusqlite::Connection,
    (row, exchange): (&RevocationRow, Option<ExchangeId>),
    kind: Kind,
    text: impl FnOnce(&str) -> String,
) -> rusqlite::Result<()> {
    let text = text(match row.kind {
        TokenKind::RefreshToken => "refresh token",
        TokenKind::AccessToken => "access token",
        TokenKind::DerivedToken => "derived token",
    });
    let connection = match &row.connection_id {
        Some(id) => connection::get(tx, id)?.map(|connection| connection.id),
        None => None,
    };
    let text = if connection.is_none() { format!("“{}”: {text}", row.name) } else { text };
    activity::add(tx, ctx.now(), kind, &text, (connection.as_ref(), Some(&row.app_id)))?;
    exchange.map_or(Ok(()), |exchange| activity::link_last(tx, &exchange))
}

/// Where the person can revoke access by hand, if known.
fn manual_revocation_hint(ctx: &Context, row: &RevocationRow) -> Result<String> {
    let app = ctx.store.read(|c| app::get(c, &row.app_id))?.ok_or_else(Error::no_app)?;
    let portal = Profile::find(&app.provider)?.portal_of(&app.overrides);
    Ok(if portal.is_empty() { String::new() } else { format!(" You can do so by hand: {portal}") })
}

/// The result of a revocation request.
enum RevocationOutcome {
    Done,
    /// A temporary failure: the reason, and how long the provider asks to wait.
    Later(Error, Option<Duration>),
    /// A permanent failure: the reason.
    Never(String),
}

async fn ask_provider(ctx: &Context, row: &RevocationRow, log: &ExchangeLog) -> Result<RevocationOutcome> {
    let client = OAuthClient::of(ctx, &ConfiguredApp::load(ctx, &row.app_id)?).await?;
    let Some(url) = &client.config.revocation_url else {
        return Ok(RevocationOutcome::Never("The app has no revocation address any more.".into()));
    };
    if !client.config.origins().is_subset(&row.allowed_origins) {
        return Ok(RevocationOutcome::Never(
            "The app’s addresses include hosts that it was not given for.".into(),
        ));
    }
    let token = ctx.vault.open(&token_associated_data(&row.id), &row.sealed_token).await?;
    let hint = match row.kind {
        TokenKind::RefreshToken => "refresh_token",
        TokenKind::AccessToken | TokenKind::DerivedToken => "access_token",
    };
    let asked = api::revoke(log.http(), url, &client.config, &client.credentials, &token, hint).await;
    Ok(match asked {
        Ok(()) => RevocationOutcome::Done,
        // Some access tokens cannot be revoked and just expire (RFC 7009 §2.2.1).
        Err(ApiFailure::Refused { code, .. })
            if row.kind != TokenKind::RefreshToken
                && ["unsupported_token_type", "invalid_token"].contains(&code.as_str()) =>
        {
            RevocationOutcome::Done
        }
        // Some providers delete an access token with its refresh token, and then refuse to revoke it.
        Err(ApiFailure::Refused { code, status })
            if row.kind != TokenKind::RefreshToken && is_about_token(status, &code) =>
        {
            match ctx.store.read(|c| revocation::refresh_token_of(c, row))? {
                RefreshToken::Revoked => RevocationOutcome::Done,
                RefreshToken::RequestParameters => {
                    RevocationOutcome::Later(refused(&client.provider, status, &code), None)
                }
                RefreshToken::None => {
                    RevocationOutcome::Never(refused(&client.provider, status, &code).message)
                }
            }
        }
        Err(ApiFailure::Refused { status, code }) => {
            RevocationOutcome::Never(refused(&client.provider, status, &code).message)
        }
        Err(ApiFailure::Failed(failure)) => {
            let wait = failure.wait();
            RevocationOutcome::Later(failure.explain(&client.provider), wait)
        }
    })
}

fn refused(provider: &str, status: StatusCode, code: &str) -> Error {
    let code = if code.is_empty() { String::new() } else { format!(" with the error “{code}”") };
    Error::new(Code::ProviderError, format!("{provider} answered {status}{code}."))
}

/// Whether a refusal concerns the token, not the client.
fn is_about_token(status: StatusCode, code: &str) -> bool {
    let is_about_client = ["invalid_client", "unauthorized_client", "access_denied"].contains(&code);
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE) && !is_about_client
}
