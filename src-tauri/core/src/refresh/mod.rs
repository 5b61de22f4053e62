//! Renewing tokens (RFC 6749 §6). One renewal of a connection at a time; that it was begun is written down
//! before it is sent; the new tokens are kept before anyone uses them; and no failure deletes anything.

use std::sync::Arc;

use crate::activity::Kind;
use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::grant::{self, Client};
use crate::http::token::{Ask, TokenFailure, ask};
use crate::id::ConnectionId;
use crate::secret::SecretString;
use crate::store::connection::ConnectionRow;
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

/// An access token that is good as far as is known, and the fingerprint to name it by if it proves not to be.
pub(crate) struct Fresh {
    pub(crate) token: SecretString,
    pub(crate) fingerprint: String,
}

/// The access token of a connection, renewed first if its time is over.
pub(crate) async fn fresh(env: &Arc<Env>, id: &ConnectionId) -> Result<Fresh> {
    let row = row(env, id)?;
    let held = row.held.as_ref().ok_or_else(|| grant::disconnected(&row.name))?;
    let is_over = held.expires_at.is_some_and(|end| end <= env.now());
    if is_over {
        if let Some(trouble) = row.trouble.filter(|trouble| trouble.code == Code::ReconnectNeeded) {
            return Err(trouble);
        }
        let fingerprint = held.access.fingerprint.clone();
        renew(env, id, Some(fingerprint)).await?.into_result()?;
        return current(env, id).await;
    }
    current(env, id).await
}

/// Renews because an API did not accept the token that `fingerprint` names.
pub(crate) async fn fresh_instead_of(
    env: &Arc<Env>,
    id: &ConnectionId,
    fingerprint: String,
) -> Result<Fresh> {
    renew(env, id, Some(fingerprint)).await?.into_result()?;
    current(env, id).await
}

/// Renews because a person asks for it.
pub(crate) async fn now(env: &Arc<Env>, id: &ConnectionId) -> Result<()> {
    renew(env, id, None).await?.into_result()
}

async fn current(env: &Env, id: &ConnectionId) -> Result<Fresh> {
    let row = row(env, id)?;
    let held = row.held.as_ref().ok_or_else(|| grant::disconnected(&row.name))?;
    Ok(Fresh { token: grant::access_token(env, &row).await?, fingerprint: held.access.fingerprint.clone() })
}

fn row(env: &Env, id: &ConnectionId) -> Result<ConnectionRow> {
    env.store.read(|c| connection::get(c, id))?.ok_or_else(|| {
        Error::new(Code::NotFound, "This connection is not here any more.").hint("Connect the app again.")
    })
}

/// Renews, unless the token that `instead_of` names was renewed meanwhile. The work is a task of its own:
/// a caller that gives up must not break off a rotation between its request and its answer.
async fn renew(env: &Arc<Env>, id: &ConnectionId, instead_of: Option<String>) -> Result<Outcome> {
    let (env, id) = (Arc::clone(env), id.clone());
    let work = tokio::spawn(async move {
        let renewal = env.renewal(&id);
        let held = renewal.lock().await;
        env.tell(Event::Connection(id.clone()));
        let outcome = attempt(&env, &id, instead_of.as_deref()).await;
        drop(held);
        env.tell(Event::Connection(id));
        outcome
    });
    work.await.map_err(|_| Error::new(Code::Internal, "The renewal was broken off."))?
}

async fn attempt(env: &Env, id: &ConnectionId, instead_of: Option<&str>) -> Result<Outcome> {
    let row = row(env, id)?;
    let held = row.held.as_ref().ok_or_else(|| grant::disconnected(&row.name))?;
    if instead_of.is_some_and(|fingerprint| fingerprint != held.access.fingerprint) {
        return Ok(Outcome::Superseded);
    }
    let app = env
        .store
        .read(|c| app::get(c, &row.app_id))?
        .ok_or_else(|| Error::new(Code::NotFound, "The app of this connection is not here any more."))?;
    let client = Client::of(env, &app).await?;
    let provider = client.profile.name.clone();
    let Some(sealed) = &row.sealed_refresh else {
        return settle(env, &row, Outcome::Refused(no_refresh_token(&provider)), true);
    };
    let token = env.vault.open(&grant::refresh_place(id), sealed).await?;
    env.store.write(|tx| connection::begin_refresh(tx, id, env.now()))?;
    match ask(&env.http, &client.conventions, &client.credentials, Ask::Refresh(token)).await {
        Ok(granted) => {
            let sealed = grant::seal(env, id, &client.conventions, granted, Some(&row)).await?;
            env.store.write(|tx| {
                connection::set_grant(tx, id, &sealed)?;
                activity::add(tx, env.now(), Kind::Renewed, "Renewed.", (Some(id), Some(&row.app_id)))
            })?;
            Ok(Outcome::Renewed)
        }
        Err(failure) => {
            let answered = !matches!(&failure, TokenFailure::Failed(failure) if failure.may_have_acted());
            settle(env, &row, outcome(&provider, failure), answered)
        }
    }
}

/// Writes down how a renewal failed.
fn settle(env: &Env, row: &ConnectionRow, outcome: Outcome, answered: bool) -> Result<Outcome> {
    let (error, kind) = match &outcome {
        Outcome::Refused(error) => (error, Kind::RenewalRefused),
        Outcome::Transient(error) | Outcome::Unknown(error) => (error, Kind::RenewalFailed),
        Outcome::Renewed | Outcome::Superseded => return Ok(outcome),
    };
    env.store.write(|tx| {
        connection::end_refresh(tx, &row.id, error, answered)?;
        activity::add(tx, env.now(), kind, &error.message, (Some(&row.id), Some(&row.app_id)))
    })?;
    Ok(outcome)
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
            failure
                .explain(provider)
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
