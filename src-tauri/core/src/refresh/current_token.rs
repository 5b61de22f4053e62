//! The decrypted access token of a connection.

use std::sync::Arc;

use grapnel_model::access_token::AccessToken;
use grapnel_model::connection::TokenMetadata;
use grapnel_model::error::{Code, Result};
use grapnel_oauth::client_certificate::ClientCertificate;
use grapnel_oauth::dpop::DpopKey;
use grapnel_oauth::http::api::ApiToken;
use grapnel_store::connection::ConnectionRow;

use crate::client_certificate;
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
    /// The app's TLS certificate, if the token is bound to it.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
}

impl CurrentToken {
    /// A token that is not stored yet. Its version is one that no grant has: nothing is refreshed or recorded for it.
    pub(crate) fn of_new(token: &ApiToken) -> Self {
        let (value, token_type) = (token.value.clone(), token.token_type());
        let token_now = AccessToken { value, token_type, expires_at: None };
        let (key, certificate) = (token.key.clone(), token.certificate.clone());
        Self { token: token_now, version: -1, key, certificate }
    }

    /// The token as it is sent to an API.
    pub(crate) fn presented(&self) -> ApiToken {
        let (key, certificate) = (self.key.clone(), self.certificate.clone());
        ApiToken { value: self.token.value.clone(), key, certificate }
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
    let is_certificate_bound = held.is_some_and(|held| held.certificate.is_some());
    let certificate =
        if is_certificate_bound { client_certificate::of_app(ctx, &connection.app_id).await? } else { None };
    let token_type = held.map(TokenMetadata::token_type).unwrap_or_default();
    Ok(CurrentToken {
        token: AccessToken { value, token_type, expires_at },
        version: connection.version,
        key,
        certificate,
    })
}
