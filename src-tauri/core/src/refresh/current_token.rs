//! The decrypted access token of a connection.

use std::sync::Arc;

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::error::{Code, Result};
use grapnel_oauth::dpop::DpopKey;
use grapnel_oauth::http::api::ApiToken;
use grapnel_store::connection::ConnectionRow;

use crate::context::Context;
use crate::dpop_key;
use crate::grant;
use crate::signed_in::SignedIn;

/// An access token and the version of its grant: if an API rejects the token, the version tells whether a newer one is
/// stored.
#[derive(Clone)]
pub(crate) struct CurrentToken {
    pub(crate) token: AccessToken,
    pub(crate) version: i64,
    /// The key that it is bound to, if it is.
    pub(crate) key: Option<Arc<DpopKey>>,
}

impl CurrentToken {
    /// A token that is not stored yet. Its version is one that no grant has: nothing is refreshed or recorded for it.
    pub(crate) fn of_new(token: &ApiToken) -> Self {
        let (value, token_type) = (token.value.clone(), token.token_type());
        let token_now = AccessToken { value, token_type, expires_at: None };
        Self { token: token_now, version: -1, key: token.key.clone() }
    }

    /// The token as it is sent to an API.
    pub(crate) fn presented(&self) -> ApiToken {
        ApiToken { value: self.token.value.clone(), key: self.key.clone() }
    }

    /// Decrypts the token of a connection that was read before.
    ///
    /// The vault may have been re-keyed since that read. A process that fetched its key after that cannot decrypt the
    /// earlier value; the connection is then read once more.
    pub(super) async fn of(ctx: &Context, connection: &ConnectionRow) -> Result<Self> {
        let opened = open(ctx, connection).await;
        if opened.as_ref().is_err_and(|error| error.code == Code::DataDamaged) {
            let now = SignedIn::load(ctx, &connection.id)?.connection;
            let access = |row: &ConnectionRow| row.grant.as_ref().map(|grant| grant.access.clone());
            if access(&now) != access(connection) {
                return open(ctx, &now).await;
            }
        }
        opened
    }
}

async fn open(ctx: &Context, connection: &ConnectionRow) -> Result<CurrentToken> {
    let value = grant::access_token(ctx, connection).await?;
    let held = connection.token_metadata();
    let expires_at = held.and_then(|held| held.expires_at);
    let is_bound = held.is_some_and(|held| held.dpop.is_some());
    let key = if is_bound { dpop_key::of(ctx, connection).await? } else { None };
    let token_type = if is_bound { AccessTokenType::Dpop } else { AccessTokenType::Bearer };
    Ok(CurrentToken {
        token: AccessToken { value, token_type, expires_at },
        version: connection.version,
        key,
    })
}
