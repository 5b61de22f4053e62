//! Grants: encrypts what the token endpoint returned, and decrypts what is stored.

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::authorization_details::GrantedDetails;
use grapnel_model::connection::{IdTokenMetadata, TokenMetadata};
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::{GrantType, Origins, ProviderConfig};
use grapnel_model::secret::{SecretString, TokenPreview};
use grapnel_model::token_response::Deviation;
use grapnel_oauth::http::Mask;
use grapnel_oauth::http::api::ApiToken;
use grapnel_oauth::http::credentials::Credentials;
use grapnel_oauth::http::token::Grant;
use grapnel_oauth::refusal::client_hint;
use grapnel_store::connection::{ConnectionIdentity, ConnectionRow, RefreshStatus, SealedGrant, StoredGrant};
use grapnel_store::sealed::Sealed;

use crate::client_certificate;
use crate::client_key;
use crate::content::jwt::{self, refresh_token_claims};
use crate::context::Context;
use crate::dpop_key;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;
use crate::token_lifetime;

/// The associated data of an app's encrypted client secret.
pub(crate) fn secret_associated_data(app: &grapnel_model::id::AppId) -> String {
    format!("app/{app}/secret")
}

/// The associated data of the encrypted token by which an app's registration is managed.
pub(crate) fn registration_associated_data(app: &grapnel_model::id::AppId) -> String {
    format!("app/{app}/registration")
}

/// The associated data of a connection's encrypted access token.
pub(crate) fn access_associated_data(id: &ConnectionId) -> String {
    format!("connection/{id}/access")
}

/// The associated data of a connection's encrypted refresh token.
pub(crate) fn refresh_associated_data(id: &ConnectionId) -> String {
    format!("connection/{id}/refresh")
}

/// The associated data of a connection's encrypted ID token.
pub(crate) fn id_token_associated_data(id: &ConnectionId) -> String {
    format!("connection/{id}/id_token")
}

/// An app as an OAuth client: its provider's configuration and its decrypted credentials.
pub(crate) struct OAuthClient {
    /// The provider's name for messages.
    pub(crate) provider: String,
    pub(crate) config: ProviderConfig,
    pub(crate) credentials: Credentials,
    /// Whether Grapnel registered it (RFC 7591).
    is_registered: bool,
}

/// Fails if the app's endpoints include an origin that a connection's tokens were not issued for.
pub(crate) fn may_be_sent(allowed_origins: Option<&Origins>, config: &ProviderConfig) -> Result<()> {
    let Some(allowed_origins) = allowed_origins else { return Ok(()) };
    let origins = config.origins();
    let Some(other) = origins.difference(allowed_origins).next() else { return Ok(()) };
    Err(Error::new(
        Code::ReconnectNeeded,
        format!("The app’s addresses were changed, and now include {other}."),
    )
    .means("The tokens held here were given for other hosts. They are kept, and sent nowhere.")
    .hint("Reconnect in the browser, or bring the app’s addresses back to what they were.")
    .next_step(NextStep::EditApp))
}

impl OAuthClient {
    /// Decrypts the secrets of an app.
    pub(crate) async fn of(ctx: &Context, app: &ConfiguredApp) -> Result<Self> {
        let (provider, config, app) = (app.provider()?, app.config()?, &app.row);
        let secrets = secret_parameters::open(ctx, app).await?;
        let private_key = client_key::of(config, &secrets)?;
        let certificate = client_certificate::of(config, &secrets)?;
        let secrets = secrets.iter().map(|(key, value)| (key.as_str(), value.clone()));
        let mut config = config.clone().with(secrets);
        let refresh = &mut config.refresh;
        let scope = app.scopes.join(&config.scopes_sent.unwrap_or(' ').to_string());
        let also = [
            ("scope", refresh.has_scope && !scope.is_empty(), scope),
            ("redirect_uri", refresh.has_redirect_uri, app.redirect_uri.clone()),
        ];
        for (name, _, value) in also.into_iter().filter(|(_, goes, _)| *goes) {
            if refresh.extra.iter().all(|(own, _)| own != name) {
                refresh.extra.push((name.to_owned(), value.into()));
            }
        }
        let client_secret = match &app.sealed_secret {
            Some(sealed) => Some(ctx.vault.open(&secret_associated_data(&app.id), sealed).await?),
            None => None,
        };
        let client_id = app.client_id.clone();
        let credentials = Credentials { client_id, client_secret, private_key, dpop: None, certificate };
        let is_registered = app.registration.as_ref().is_some_and(|own| own.client_id == app.client_id);
        Ok(Self { provider, config, credentials, is_registered })
    }

    /// The access token of a new grant, as it is sent to an API.
    pub(crate) fn token_of(&self, grant: &Grant) -> ApiToken {
        let key = self.credentials.dpop.clone().filter(|_| grant.token_type == AccessTokenType::Dpop);
        let token = &grant.access_token;
        let certificate = self.credentials.certificate.clone().filter(|certificate| {
            let is_bound = || jwt::is_bound_to_certificate(token, certificate.thumbprint());
            self.config.certificate_bound && is_bound() != Some(false)
        });
        ApiToken { value: grant.access_token.clone(), key, certificate }
    }

    /// Adds what to do to an error about the client's credentials: a client that Grapnel registered can be registered
    /// anew.
    pub(crate) fn advise(&self, error: Error, then: &str) -> Error {
        if !self.is_registered {
            return error.hint(client_hint(&self.config, &self.credentials, then));
        }
        error
            .hint(
                "Grapnel registered this client, and the provider may have deleted it. Register it anew (Register \
                 anew, or grapnel app registration APP renew). Its connections then need a new sign-in.",
            )
            .next_step(NextStep::RegisterAnew)
    }
}

/// Encrypts a grant for a connection, with its ID token if that was validated, and with the key in the client's
/// credentials. What a refresh response leaves out is taken from `before`.
pub(crate) async fn seal(
    ctx: &Context,
    id: &ConnectionId,
    client: &OAuthClient,
    grant: Grant,
    (grant_type, before): (GrantType, Option<&ConnectionRow>),
) -> Result<SealedGrant> {
    // A client gets new tokens with its own credentials: a refresh token would be none of its own (RFC 6749 §4.4.3).
    let grant = if grant_type.has_person() { grant } else { Grant { refresh_token: None, ..grant } };
    let (config, sent) = (&client.config, client.token_of(&grant));
    let mut deviations = grant.deviations.clone();
    if config.certificate_bound && sent.certificate.is_none() {
        deviations.push(Deviation {
            member: "access_token".into(),
            found: "does not name the app’s certificate (cnf): it is not bound to it (RFC 8705)".into(),
        });
    }
    let (now, old) = (ctx.time.now(), before.and_then(ConnectionRow::token_metadata));
    let (expires_at, expiry_source) = token_lifetime::access_end(now, &grant, old);
    let (refresh_expires_at, refresh_end_is_fixed) = token_lifetime::refresh_end(now, &grant, old);
    let held = TokenMetadata {
        access: TokenPreview::of(&grant.access_token, &config.token_prefix),
        refresh: match &grant.refresh_token {
            Some(token) => Some(TokenPreview::of(token, &config.refresh_token_prefix)),
            None => old.and_then(|held| held.refresh.clone()),
        },
        refresh_claims: match &grant.refresh_token {
            Some(token) => refresh_token_claims(token, &Mask::of(grant.secrets())),
            None => old.and_then(|held| held.refresh_claims.clone()),
        },
        issued_at: now,
        expires_at,
        refresh_count: old.map_or(0, |held| held.refresh_count + 1),
        expiry_source,
        refresh_expires_at,
        refresh_end_is_fixed,
        grant_type,
        signed_in_at: Some(old.map_or(now, |held| held.signed_in_at.unwrap_or(held.issued_at))),
        id_token: match grant.id_token.as_ref().and_then(jwt::expiry) {
            Some(expires_at) => Some(IdTokenMetadata { expires_at, received_at: now }),
            None => old.and_then(|held| held.id_token.clone()),
        },
        dpop: sent.key.map(|key| key.thumbprint().to_owned()),
        certificate: sent.certificate.map(|certificate| certificate.thumbprint().to_owned()),
        authorization_details: GrantedDetails {
            requested: old.and_then(|held| held.authorization_details.requested.clone()),
            granted: grant
                .authorization_details
                .or_else(|| old.and_then(|held| held.authorization_details.granted.clone())),
        },
    };
    let refresh = match grant.refresh_token {
        Some(token) => Some(ctx.vault.seal(&refresh_associated_data(id), &token).await?),
        None => before.and_then(ConnectionRow::sealed_refresh).cloned(),
    };
    let id_token = match grant.id_token {
        Some(token) => Some(ctx.vault.seal(&id_token_associated_data(id), &token).await?),
        None => before.and_then(|row| row.grant.as_ref()?.id_token.clone()),
    };
    Ok(SealedGrant {
        access: ctx.vault.seal(&access_associated_data(id), &grant.access_token).await?,
        refresh,
        id_token,
        dpop: dpop_key::seal(ctx, id, client.credentials.dpop.as_deref()).await?,
        id_claims: None,
        metadata: held,
        scopes: grant.scopes.or_else(|| before.map(|row| row.scopes.clone())).unwrap_or_default(),
        project_ids: grant
            .project_ids
            .or_else(|| before.map(|row| row.project_ids.clone()))
            .unwrap_or_default(),
        deviations,
        token_response: grant.redacted_response,
        error: None,
    })
}

/// A new grant with the access token that the connection has, and all that is known of that.
pub(crate) fn with_access_token_of(row: &ConnectionRow, new: SealedGrant) -> Result<SealedGrant> {
    let held = row.grant.as_ref().ok_or_else(|| disconnected(&row.name))?;
    let TokenMetadata { refresh, refresh_claims, refresh_expires_at, refresh_end_is_fixed, .. } =
        new.metadata;
    let before = held.metadata.clone();
    Ok(SealedGrant {
        access: held.access.clone(),
        metadata: TokenMetadata {
            refresh,
            refresh_claims,
            refresh_expires_at,
            refresh_end_is_fixed,
            ..before
        },
        scopes: row.scopes.clone(),
        project_ids: row.project_ids.clone(),
        ..new
    })
}

/// Re-encrypts the grant of a connection for another connection.
pub(crate) async fn seal_for(ctx: &Context, id: &ConnectionId, from: &ConnectionRow) -> Result<SealedGrant> {
    let held = from.token_metadata().cloned().ok_or_else(|| disconnected(&from.name))?;
    let access = access_token(ctx, from).await?;
    let refresh = match from.sealed_refresh() {
        Some(sealed) => {
            let token = ctx.vault.open(&refresh_associated_data(&from.id), sealed).await?;
            Some(ctx.vault.seal(&refresh_associated_data(id), &token).await?)
        }
        None => None,
    };
    let id_token = match id_token(ctx, from).await? {
        Some(token) => Some(ctx.vault.seal(&id_token_associated_data(id), &token).await?),
        None => None,
    };
    Ok(SealedGrant {
        access: ctx.vault.seal(&access_associated_data(id), &access).await?,
        refresh,
        id_token,
        dpop: dpop_key::seal(ctx, id, dpop_key::of(ctx, from).await?.as_deref()).await?,
        id_claims: None,
        metadata: held,
        scopes: from.scopes.clone(),
        project_ids: from.project_ids.clone(),
        deviations: from.deviations.clone(),
        token_response: from.token_response.clone(),
        error: from.refresh_status.error.clone().filter(|_| from.holds_another_account()),
    })
}

/// Re-encrypts a grant that could not be stored: the vault may have been re-keyed meanwhile.
pub(crate) async fn reseal(ctx: &Context, id: &ConnectionId, grant: SealedGrant) -> Result<SealedGrant> {
    let again = async |place: String, sealed: &Sealed| {
        let plain = ctx.vault.open(&place, sealed).await?;
        ctx.vault.seal(&place, &plain).await
    };
    let refresh = match &grant.refresh {
        Some(refresh) => Some(again(refresh_associated_data(id), refresh).await?),
        None => None,
    };
    let id_token = match &grant.id_token {
        Some(token) => Some(again(id_token_associated_data(id), token).await?),
        None => None,
    };
    let dpop = match &grant.dpop {
        Some(key) => Some(again(dpop_key::associated_data(id), key).await?),
        None => None,
    };
    Ok(SealedGrant {
        access: again(access_associated_data(id), &grant.access).await?,
        refresh,
        id_token,
        dpop,
        ..grant
    })
}

/// A connection with its newest tokens: those that could not be stored, if there are any.
pub(crate) fn newest(ctx: &Context, row: ConnectionRow) -> ConnectionRow {
    match ctx.unsaved_of(&row.id, row.version) {
        Some(unsaved) => with(row, unsaved.grant),
        None => row,
    }
}

/// A connection with other tokens.
pub(crate) fn with(row: ConnectionRow, grant: SealedGrant) -> ConnectionRow {
    ConnectionRow {
        grant: Some(StoredGrant {
            access: grant.access,
            refresh: grant.refresh,
            id_token: grant.id_token,
            dpop: grant.dpop,
            metadata: grant.metadata,
        }),
        identity: ConnectionIdentity {
            id_claims: grant.id_claims.or(row.identity.id_claims),
            ..row.identity
        },
        scopes: grant.scopes,
        project_ids: grant.project_ids,
        refresh_status: RefreshStatus {
            error: grant.error.or(row.refresh_status.error),
            ..row.refresh_status
        },
        ..row
    }
}

/// Decrypts a connection's access token.
pub(crate) async fn access_token(ctx: &Context, row: &ConnectionRow) -> Result<SecretString> {
    let grant = row.grant.as_ref().ok_or_else(|| disconnected(&row.name))?;
    ctx.vault.open(&access_associated_data(&row.id), &grant.access).await
}

/// Decrypts a connection's ID token, if it has one.
pub(crate) async fn id_token(ctx: &Context, row: &ConnectionRow) -> Result<Option<SecretString>> {
    match row.grant.as_ref().and_then(|grant| grant.id_token.as_ref()) {
        Some(sealed) => ctx.vault.open(&id_token_associated_data(&row.id), sealed).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) fn disconnected(name: &str) -> Error {
    Error::new(Code::ReconnectNeeded, format!("“{name}” is disconnected, and holds no token."))
        .hint("Connect it again in the browser.")
}
