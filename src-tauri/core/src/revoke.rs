//! Taking tokens back at the provider (RFC 7009), where it offers that: the refresh token first, since with it
//! the rest usually goes, then the access token.

use serde::{Deserialize, Serialize};

use crate::env::Env;
use crate::error::Result;
use crate::grant::{self, Client};
use crate::http::api::{self, ApiFailure};
use crate::store::connection::{self, ConnectionRow};

/// What became of a connection's tokens at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The provider took them back.
    Done,
    /// The provider offers no way to do so: the permission still stands there.
    NotOffered,
    /// It could not be asked, or refused: the permission may still stand there.
    Failed,
}

impl Revocation {
    /// The sentence for the activity.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Done => "Disconnected. The tokens were deleted here and taken back at the provider.",
            Self::NotOffered => {
                "Disconnected. The tokens were deleted here; the permission at the provider still stands."
            }
            Self::Failed => {
                "Disconnected. The tokens were deleted here; the provider could not be made to take them back."
            }
        }
    }
}

/// Asks the provider to take a connection's tokens back. Whatever it answers, they may be deleted here.
pub(crate) async fn revoke(env: &Env, row: &ConnectionRow) -> Revocation {
    match try_revoke(env, row).await {
        Ok(revocation) => revocation,
        Err(error) => {
            tracing::info!(%error, "not revoked");
            Revocation::Failed
        }
    }
}

async fn try_revoke(env: &Env, row: &ConnectionRow) -> Result<Revocation> {
    let Some((row, app)) = env.store.read(|c| connection::with_app(c, &row.id))? else {
        return Ok(Revocation::NotOffered);
    };
    let conventions = crate::provider::Profile::find(&app.provider)?.conventions(&app.overrides)?;
    let Some(url) = &conventions.revocation_url else { return Ok(Revocation::NotOffered) };
    grant::may_be_sent(&row, &conventions)?;
    let client = Client::of(env, &app).await?;
    let held = [
        (row.sealed_refresh.as_ref(), grant::refresh_place(&row.id), "refresh_token"),
        (row.sealed_access.as_ref(), grant::access_place(&row.id), "access_token"),
    ];
    let mut revocation = Revocation::Done;
    for (sealed, place, hint) in held {
        let Some(sealed) = sealed else { continue };
        let token = env.vault.open(&place, sealed).await?;
        let asked = api::revoke(&env.http, url, &client.conventions, &client.credentials, &token, hint).await;
        match asked {
            Ok(()) => {}
            // Some access tokens cannot be taken back, and end by themselves (RFC 7009 §2.2.1).
            Err(ApiFailure::Refused { code, .. })
                if code == "unsupported_token_type" && hint == "access_token" => {}
            Err(failure) => {
                tracing::info!(?failure, hint, "a token was not revoked");
                revocation = Revocation::Failed;
            }
        }
    }
    Ok(revocation)
}
