//! The tokens of a connection as a document has them, and encrypted for a connection again.

use grapnel_model::connection::{IdTokenMetadata, TokenMetadata};
use grapnel_model::error::{Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::ProviderConfig;
use grapnel_model::secret::{ExposeSecret, SecretString, TokenPreview};
use grapnel_oauth::dpop::DpopKey;
use grapnel_oauth::http::Mask;
use grapnel_store::connection::{ConnectionRow, SealedGrant, StoredGrant};
use grapnel_store::sealed::Sealed;

use super::document::{ArchivedConnection, ArchivedTokens, PlaintextSecret};
use crate::content::jwt;
use crate::context::Context;
use crate::dpop_key;
use crate::grant::{access_associated_data, id_token_associated_data, refresh_associated_data};

/// The longest accepted token in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// The tokens of a connection for a document; `None` if it has none.
pub(crate) async fn archived_tokens(ctx: &Context, row: &ConnectionRow) -> Result<Option<ArchivedTokens>> {
    let Some(StoredGrant { access, refresh, id_token, dpop, metadata }) = &row.grant else { return Ok(None) };
    Ok(Some(ArchivedTokens {
        access: PlaintextSecret(ctx.vault.open(&access_associated_data(&row.id), access).await?),
        refresh: plaintext(ctx, &refresh_associated_data(&row.id), refresh.as_ref()).await?,
        issued_at: metadata.issued_at,
        expires_at: metadata.expires_at,
        refresh_count: metadata.refresh_count,
        expiry_source: metadata.expiry_source,
        refresh_expires_at: metadata.refresh_expires_at,
        refresh_end_is_fixed: metadata.refresh_end_is_fixed,
        signed_in_at: metadata.signed_in_at,
        id_token: plaintext(ctx, &id_token_associated_data(&row.id), id_token.as_ref()).await?,
        dpop_key: plaintext(ctx, &dpop_key::associated_data(&row.id), dpop.as_ref()).await?,
        is_bound: metadata.dpop.is_some(),
        certificate: metadata.certificate.clone(),
        grant_type: metadata.grant_type,
        authorization_details: metadata.authorization_details.clone(),
    }))
}

/// A decrypted value, for a document that is encrypted at once.
pub(crate) async fn plaintext(
    ctx: &Context,
    place: &str,
    sealed: Option<&Sealed>,
) -> Result<Option<PlaintextSecret>> {
    match sealed {
        Some(sealed) => ctx.vault.open(place, sealed).await.map(|secret| Some(PlaintextSecret(secret))),
        None => Ok(None),
    }
}

/// Refuses tokens that cannot be sent, and a binding without its key.
pub(crate) fn check_tokens(tokens: &ArchivedTokens) -> Result<()> {
    let is_token = |token: &SecretString| {
        let token = token.expose_secret();
        !token.is_empty()
            && token.len() <= MAX_TOKEN_BYTES
            && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let all = [Some(&tokens.access), tokens.refresh.as_ref(), tokens.id_token.as_ref()];
    let is_key = |key: &PlaintextSecret| DpopKey::parse(&key.0).is_ok();
    let is_bound_by_key = tokens.dpop_key.as_ref().map_or(!tokens.is_bound, is_key);
    let is_possible = is_bound_by_key && all.into_iter().flatten().all(|token| is_token(&token.0));
    if is_possible { Ok(()) } else { Err(Error::input("file", "It is damaged in the file.")) }
}

/// Encrypts the tokens of a document for a connection here.
pub(crate) async fn sealed_grant(
    ctx: &Context,
    id: &ConnectionId,
    config: &ProviderConfig,
    (out, tokens): (&ArchivedConnection, &ArchivedTokens),
) -> Result<SealedGrant> {
    let refresh = tokens.refresh.as_ref().map(|token| &token.0);
    let id_token = tokens.id_token.as_ref().map(|token| &token.0);
    let id_token = id_token.and_then(|token| Some((token, jwt::expiry(token)?)));
    let dpop = tokens.dpop_key.as_ref().and_then(|key| DpopKey::parse(&key.0).ok());
    Ok(SealedGrant {
        access: ctx.vault.seal(&access_associated_data(id), &tokens.access.0).await?,
        refresh: match refresh {
            Some(token) => Some(ctx.vault.seal(&refresh_associated_data(id), token).await?),
            None => None,
        },
        id_token: match id_token {
            Some((token, _)) => Some(ctx.vault.seal(&id_token_associated_data(id), token).await?),
            None => None,
        },
        dpop: dpop_key::seal(ctx, id, dpop.as_ref()).await?,
        id_claims: id_token.and_then(|(token, _)| jwt::unchecked_claims(token, &Mask::of([]))),
        metadata: TokenMetadata {
            access: TokenPreview::of(&tokens.access.0, &config.token_prefix),
            refresh: refresh.map(|token| TokenPreview::of(token, &config.refresh_token_prefix)),
            // Known again after the next refresh.
            refresh_claims: None,
            issued_at: tokens.issued_at,
            expires_at: tokens.expires_at,
            refresh_count: tokens.refresh_count,
            expiry_source: tokens.expiry_source,
            refresh_expires_at: tokens.refresh_expires_at,
            refresh_end_is_fixed: tokens.refresh_end_is_fixed,
            grant_type: tokens.grant_type,
            signed_in_at: tokens.signed_in_at,
            id_token: id_token
                .map(|(_, expires_at)| IdTokenMetadata { expires_at, received_at: tokens.issued_at }),
            dpop: dpop.as_ref().filter(|_| tokens.is_bound).map(|key| key.thumbprint().to_owned()),
            authorization_details: tokens.authorization_details.clone(),
            certificate: tokens.certificate.clone(),
        },
        scopes: out.scopes.clone(),
        project_ids: out.project_ids.clone(),
        deviations: Vec::new(),
        token_response: None,
        error: None,
    })
}
