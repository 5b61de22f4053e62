//! Renewing tokens (RFC 6749 §6). One renewal of a connection at a time; that it was begun is written down
//! before it is sent; the new tokens are kept before anyone uses them; and no failure deletes anything.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::activity::Kind;
use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::grant::{self, Client};
use crate::http::ENVELOPE_FAILURE;
use crate::http::token::{Ask, TokenFailure, ask};
use crate::id::ConnectionId;
use crate::provider::{Profile, Refresh};
use crate::secret::SecretString;
use crate::store::connection::{ConnectionRow, SealedGrant};
use crate::store::{activity, app, connection};

/// How a renewal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There are new tokens.
    Renewed,
    /// Someone else renewed in the meantime; there are new tokens as well.
    Superseded,
    /// It failed for a reason that passes. Everything is as it was.
    Transient(Error),
    /// The provider refuses for good. Everything is kept, and only a new sign-in helps.
    Refused(Error),
    /// It was sent, and no answer was seen. The next try decides.
    Unknown(Error),
}

impl Outcome {
    fn into_result(self) -> Result<()> {
        match self {
            Self::Renewed | Self::Superseded => Ok(()),
            Self::Transient(error) | Self::Refused(error) | Self::Unknown(error) => Err(error),
        }
    }
}

/// An access token that is good as far as is known, and the version to name it by if it proves not to be.
pub(crate) struct Fresh {
    pub(crate) token: SecretString,
    pub(crate) version: i64,
}

/// A token that ends this soon is renewed before it is used: it could end on its way. For a short life, a tenth
/// of it.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// The access token of a connection, renewed first if it would end within `min_valid`, or soon anyway.
pub(crate) async fn fresh(env: &Arc<Env>, id: &ConnectionId, min_valid: Duration) -> Result<Fresh> {
    let row = row(env, id)?;
    let held = row.held.as_ref().ok_or_else(|| grant::disconnected(&row.name))?;
    let left = held.expires_at.map(|end| env.now().duration_until(end));
    let leeway = LEEWAY.min(held.expires_at.map_or(LEEWAY, |end| held.issued_at.duration_until(end) / 10));
    let wanted = SignedDuration::try_from(min_valid).unwrap_or(SignedDuration::MAX).max(leeway);
    match left {
        // What cannot be renewed is good until its very end.
        Some(left) if row.sealed_refresh.is_none() && left > SignedDuration::ZERO => current(env, id).await,
        Some(left) if left <= wanted => fresh_instead_of(env, id, row.version).await,
        _ => current(env, id).await,
    }
}

/// Renews because the token of `version` is over, or an API did not accept it.
pub(crate) async fn fresh_instead_of(env: &Arc<Env>, id: &ConnectionId, version: i64) -> Result<Fresh> {
    let known = row(env, id)?.trouble.filter(|trouble| trouble.code == Code::ReconnectNeeded);
    if let Some(trouble) = known {
        return Err(trouble);
    }
    renew(env, id, version).await?.into_result()?;
    current(env, id).await
}

/// Notes that a token which was just renewed is not accepted either.
pub(crate) fn refused_by_api(env: &Env, id: &ConnectionId, trouble: &Error) -> Result<()> {
    env.store.write(|tx| connection::set_trouble(tx, id, Some(trouble)))?;
    env.tell(Event::Connection(id.clone()));
    Ok(())
}

/// At the program's start: a renewal that an earlier one began and never ended may have been sent.
pub(crate) fn settle_cut_off(env: &Env) -> Result<()> {
    for row in env.store.read(connection::cut_off)? {
        let error = Error::new(Code::AnswerLost, "Grapnel ended while the tokens were being renewed.")
            .means(
                "The provider may have replaced them. The ones held here are kept, and the next try decides.",
            )
            .hint("Refresh. If that is refused, connect again in the browser.");
        settle(env, &row, Outcome::Unknown(error))?;
    }
    Ok(())
}

/// Renews because a person asks for it.
pub(crate) async fn now(env: &Arc<Env>, id: &ConnectionId) -> Result<()> {
    let row = row(env, id)?;
    if row.held.is_some() && row.sealed_refresh.is_none() {
        // Nothing was tried and nothing is wrong: the token that is held stays good until it is refused.
        return Err(no_refresh_token(&provider_of(env, &row)?));
    }
    renew(env, id, row.version).await?.into_result()
}

fn provider_of(env: &Env, row: &ConnectionRow) -> Result<String> {
    let app = env.store.read(|c| app::get(c, &row.app_id))?.ok_or_else(no_app)?;
    Ok(Profile::find(&app.provider)?.called(&app.overrides))
}

fn no_app() -> Error {
    Error::new(Code::NotFound, "The app of this connection is not here any more.")
}

async fn current(env: &Env, id: &ConnectionId) -> Result<Fresh> {
    // The key first: what is read now opens with it, even if the vault moves between.
    env.vault.check().await?;
    let row = row(env, id)?;
    Ok(Fresh { token: grant::access_token(env, &row).await?, version: row.version })
}

fn row(env: &Env, id: &ConnectionId) -> Result<ConnectionRow> {
    env.store.read(|c| connection::get(c, id))?.ok_or_else(gone)
}

fn gone() -> Error {
    Error::new(Code::NotFound, "This connection is not here any more.").hint("Connect the app again.")
}

/// Renews, unless the grant of version `instead_of` was replaced meanwhile. The work is a task of its own:
/// a caller that gives up must not break off a rotation between its request and its answer.
async fn renew(env: &Arc<Env>, id: &ConnectionId, instead_of: i64) -> Result<Outcome> {
    let (env, id) = (Arc::clone(env), id.clone());
    let work = tokio::spawn(async move {
        let renewal = env.renewal(&id);
        let held = renewal.lock().await;
        env.tell(Event::Connection(id.clone()));
        let outcome = async {
            let _lock = alone(&env, &id).await?;
            let _working = env.at_work().await?;
            attempt(&env, &id, instead_of).await
        };
        let outcome = outcome.await;
        drop(held);
        env.tell(Event::Connection(id));
        outcome
    });
    work.await.map_err(|_| Error::new(Code::Internal, "The renewal was broken off."))?
}

/// Waits until no other process renews this connection.
async fn alone(env: &Env, id: &ConnectionId) -> Result<std::fs::File> {
    let (store, id) = (env.store.clone(), id.clone());
    let locked = tokio::task::spawn_blocking(move || store.renewal_lock(&id)).await;
    locked.map_err(|_| Error::new(Code::Internal, "Waiting for another process was broken off."))?
}

async fn attempt(env: &Env, id: &ConnectionId, instead_of: i64) -> Result<Outcome> {
    if let Some((version, grant)) = env.take_unsaved(id) {
        let grant = grant::seal_anew(env, id, grant).await?;
        return save(env, &row(env, id)?, version, grant).await;
    }
    let (row, app) = env.store.read(|c| connection::with_app(c, id))?.ok_or_else(gone)?;
    if row.held.is_none() {
        return Err(grant::disconnected(&row.name));
    }
    if instead_of != row.version {
        return Ok(Outcome::Superseded);
    }
    let client = Client::of(env, &app).await?;
    grant::may_be_sent(&row, &client.conventions)?;
    let provider = &client.provider;
    let renews = client.conventions.renewal.refresh != Refresh::None;
    let Some(sealed) = row.sealed_refresh.as_ref().filter(|_| renews) else {
        return settle(env, &row, Outcome::Refused(no_refresh_token(provider)));
    };
    let token = env.vault.open(&grant::refresh_place(id), sealed).await?;
    env.store.write(|tx| connection::begin_refresh(tx, id, env.now()))?;
    match ask(&env.http, &client.conventions, &client.credentials, Ask::Refresh(token)).await {
        Ok(granted) => {
            let sealed = grant::seal(env, id, &client.conventions, granted, Some(&row)).await?;
            save(env, &row, row.version, sealed).await
        }
        Err(failure) => settle(env, &row, outcome(provider, failure)),
    }
}

/// Keeps new tokens before anyone uses them. The provider has made the old ones void by now, so a store that
/// fails is tried again, and if it goes on failing the tokens stay in memory for the next renewal to keep.
async fn save(env: &Env, row: &ConnectionRow, version: i64, grant: SealedGrant) -> Result<Outcome> {
    let mut pause = std::time::Duration::from_millis(100);
    let kept = loop {
        let written = env.store.write(|tx| {
            let kept = connection::set_grant(tx, &row.id, version, &grant)?;
            if kept {
                activity::add(tx, env.now(), Kind::Renewed, "Renewed.", (Some(&row.id), Some(&row.app_id)))?;
            }
            Ok(kept)
        });
        match written {
            Ok(kept) => break kept,
            Err(_) if pause < LAST_PAUSE => tokio::time::sleep(pause).await,
            Err(error) => {
                env.keep_unsaved(&row.id, version, grant);
                return Err(error
                    .means("The new tokens are held in memory, for as long as Grapnel runs.")
                    .or_hint("Make room on the disk, then refresh again."));
            }
        }
        pause *= 2;
    };
    // Not kept: the person disconnected, or signed in again, while the provider answered.
    Ok(if kept { Outcome::Renewed } else { Outcome::Superseded })
}

/// The longest pause before a store that fails is given up for now.
const LAST_PAUSE: std::time::Duration = std::time::Duration::from_secs(3);

/// Writes down how a renewal failed.
fn settle(env: &Env, row: &ConnectionRow, outcome: Outcome) -> Result<Outcome> {
    let (error, kind) = match &outcome {
        Outcome::Refused(error) => (error, Kind::RenewalRefused),
        Outcome::Transient(error) | Outcome::Unknown(error) => (error, Kind::RenewalFailed),
        Outcome::Renewed | Outcome::Superseded => return Ok(outcome),
    };
    let is_current = env.store.write(|tx| {
        let is_current = connection::end_refresh(tx, &row.id, row.version, error)?;
        if is_current {
            activity::add(tx, env.now(), kind, &error.message, (Some(&row.id), Some(&row.app_id)))?;
        }
        Ok(is_current)
    })?;
    Ok(if is_current { outcome } else { Outcome::Superseded })
}

fn outcome(provider: &str, failure: TokenFailure) -> Outcome {
    match failure {
        TokenFailure::Refused { error, description } => {
            let refusal = grant::refusal(provider, &error, description.as_deref());
            if !FINAL.contains(&error.as_str()) {
                return Outcome::Transient(refusal.means(KEPT).hint("Try again later."));
            }
            let hint = refusal.hint.unwrap_or_else(|| RECONNECT.into());
            let message = if refusal.code == Code::InvalidGrant {
                format!("{provider} answered that the refresh token is no longer valid (invalid_grant).")
            } else {
                refusal.message
            };
            Outcome::Refused(reconnect(message).hint(hint))
        }
        TokenFailure::Failed(failure) if failure.may_have_acted() => Outcome::Unknown(
            Error { code: Code::AnswerLost, ..failure.explain(provider) }
                .means(format!("{provider} may have replaced the tokens without Grapnel having the new ones. The ones it has are kept, and the next try decides."))
                .hint("Refresh again. If that is refused, connect again in the browser."),
        ),
        TokenFailure::Failed(failure) => {
            Outcome::Transient(failure.explain(provider).means(KEPT).hint("Try again when the provider can be reached."))
        }
    }
}

/// Errors (RFC 6749 §5.2, RFC 6750 §3.1) after which no further try can succeed.
const FINAL: &[&str] = &[
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "invalid_request",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "invalid_token",
    ENVELOPE_FAILURE,
];
const RECONNECT: &str = "Connect again in the browser. The connection keeps its name and history.";
const KEPT: &str = "The tokens are kept as they are.";

fn reconnect(message: impl Into<String>) -> Error {
    Error::new(Code::ReconnectNeeded, message)
        .means("When the access token expires, what uses this connection stops. Nothing was deleted here.")
        .hint(RECONNECT)
}

fn no_refresh_token(provider: &str) -> Error {
    reconnect(format!("{provider} gave no refresh token, so that the access token cannot be renewed."))
}
