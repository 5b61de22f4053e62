//! How a connection gets new tokens without a person: the one place that decides what kind of token request a refresh
//! sends.

use grapnel_model::error::Result;
use grapnel_model::provider::{GrantType, ProviderConfig, RefreshTokenPolicy};
use grapnel_oauth::http::TokenFailure;
use grapnel_oauth::http::token::TokenRequestKind;
use grapnel_store::app::AppRow;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::sealed::Sealed;
use url::Url;

use super::client_credentials;
use super::outcome::{PriorState, RefreshFailure, RefreshReason, no_refresh_token, other_grant};
use crate::context::Context;
use crate::grant::{self, OAuthClient};

/// The token request of a refresh.
pub(super) enum Renewal<'a> {
    /// With the refresh token.
    RefreshToken(&'a Sealed),
    /// With the client's own credentials, or an assertion: asked anew, as at the beginning.
    OfClient(GrantType),
}

impl<'a> Renewal<'a> {
    /// The request for a connection's tokens. An error says why only a person can get new ones.
    pub(super) fn of(
        row: &'a ConnectionRow,
        config: &ProviderConfig,
        (provider, reason): (&str, RefreshReason),
    ) -> Result<Self> {
        let is_own = is_of_client(row);
        match config.grant_type() {
            own if is_own && own == row.grant_type() => Ok(Self::OfClient(own)),
            // A person's tokens are never replaced by those of the client itself, or the other way round.
            _ if is_own => Err(other_grant(provider, row.grant_type())),
            _ => {
                let refreshes = config.refresh.policy != RefreshTokenPolicy::None;
                let sealed = row.sealed_refresh().filter(|_| refreshes);
                sealed.map(Self::RefreshToken).ok_or_else(|| no_refresh_token(provider, reason))
            }
        }
    }

    /// Classifies a request of this kind that failed.
    pub(super) fn failure(
        &self,
        client: &OAuthClient,
        failure: TokenFailure,
        before: PriorState,
    ) -> RefreshFailure {
        match self {
            Self::RefreshToken(_) => RefreshFailure::of(client, failure, before),
            Self::OfClient(_) => client_credentials::failure_of(client, failure, before),
        }
    }

    /// The request.
    pub(super) async fn request(
        &self,
        ctx: &Context,
        row: &ConnectionRow,
        app: &AppRow,
    ) -> Result<TokenRequestKind> {
        Ok(match self {
            Self::RefreshToken(sealed) => {
                let token = ctx.vault.open(&grant::refresh_associated_data(&row.id), sealed).await?;
                TokenRequestKind::Refresh(token)
            }
            Self::OfClient(GrantType::JwtBearer) => {
                TokenRequestKind::JwtBearer { scopes: app.scopes.clone() }
            }
            Self::OfClient(_) => TokenRequestKind::ClientCredentials { scopes: app.scopes.clone() },
        })
    }
}

/// The result of a refresh that an earlier run started and did not finish.
pub(super) fn interrupted(row: &ConnectionRow) -> RefreshFailure {
    if is_of_client(row) { client_credentials::interrupted() } else { RefreshFailure::interrupted() }
}

/// Whether a connection's token is the client's own, so that asking for another one invalidates nothing.
pub(super) fn is_of_client(row: &ConnectionRow) -> bool {
    !row.grant_type().has_person()
}

/// The endpoint that refreshes of an app are sent to; `None` if its provider issues no refresh tokens.
pub(super) fn endpoint(config: &ProviderConfig) -> Option<&Url> {
    if !config.grant_type().has_person() {
        return Some(&config.token_url);
    }
    let url = config.refresh.url.as_ref().unwrap_or(&config.token_url);
    Some(url).filter(|_| config.refresh.policy != RefreshTokenPolicy::None)
}
