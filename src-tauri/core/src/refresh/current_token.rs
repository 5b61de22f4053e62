//! The decrypted access token of a connection.

use grapnel_model::access_token::AccessToken;
use grapnel_model::error::{Code, Result};
use grapnel_store::connection::ConnectionRow;

use crate::context::Context;
use crate::grant;
use crate::signed_in::SignedIn;

/// An access token and the version of its grant: if an API rejects the token, the version tells whether a newer one is
/// stored.
#[derive(Clone)]
pub(crate) struct CurrentToken {
    pub(crate) token: AccessToken,
    pub(crate) version: i64,
}

impl CurrentToken {
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
    let expires_at = connection.token_metadata().and_then(|held| held.expires_at);
    Ok(CurrentToken { token: AccessToken { value, expires_at }, version: connection.version })
}
