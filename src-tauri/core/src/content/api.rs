//! A connection's API, called with a fresh token.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::{Content, ProviderConfig};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_oauth::http::api::{self, ApiFailure, ApiToken};
use grapnel_oauth::http::token::Grant;
use grapnel_oauth::http::{Limits, Mask, Progress, Reply};
use grapnel_oauth::refusal::said;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use crate::context::Context;
use crate::exchange_log::ExchangeLog;
use crate::grant::{self, OAuthClient};
use crate::refresh::{self, CurrentToken};
use crate::signed_in::{ConfiguredApp, SignedIn};

use super::jwt::Keys;

const TOKENS_UNCHANGED: &str = "Your tokens are kept as they are.";

fn no_api(provider: &str) -> Error {
    Error::new(Code::NotFound, format!("Grapnel knows no API of {provider}."))
        .means(TOKENS_UNCHANGED)
        .hint("Set the app’s API base URL, if the provider has an API.")
        .next_step(NextStep::EditApp)
}

/// A connection's API. It refreshes the token if necessary.
pub(super) struct Api<'a> {
    pub(super) ctx: &'a Arc<Context>,
    pub(super) id: &'a ConnectionId,
    app: ConfiguredApp,
    /// The access token of a grant that is not stored yet.
    new_token: Option<ApiToken>,
    provider: String,
    pub(super) config: ProviderConfig,
    /// The connection's secrets, which are masked in responses.
    secrets: Mutex<Vec<SecretString>>,
    log: ExchangeLog,
}

impl<'a> Api<'a> {
    /// The API of a connection.
    pub(super) fn of(ctx: &'a Arc<Context>, id: &'a ConnectionId) -> Result<Self> {
        let SignedIn { connection, app } = *SignedIn::load(ctx, id)?;
        let config = app.config()?.clone();
        grant::may_be_sent(connection.allowed_origins.as_ref(), &config)?;
        let provider = app.provider()?;
        let log = ExchangeLog::new(ctx, Some(id));
        Ok(Self { ctx, id, app, new_token: None, provider, config, secrets: Mutex::default(), log })
    }

    /// The API with the access token of a grant that is not stored yet.
    pub(super) fn of_new(
        ctx: &'a Arc<Context>,
        id: &'a ConnectionId,
        app: &ConfiguredApp,
        (granted, token): (&Grant, ApiToken),
    ) -> Result<Self> {
        let (app, provider, config) = (app.clone(), app.provider()?, app.config()?.clone());
        let (new_token, secrets) = (Some(token), Mutex::new(granted.secrets().collect()));
        // Not of the connection: another account may have signed in.
        let log = ExchangeLog::new(ctx, None);
        Ok(Self { ctx, id, app, new_token, provider, config, secrets, log })
    }

    /// Masks this secret in responses as well.
    pub(super) fn masking(mut self, secret: Option<SecretString>) -> Self {
        self.log.mask(secret.clone());
        self.secrets.get_mut().extend(secret);
        self
    }

    pub(super) async fn get(&self, path: &str, limits: Limits) -> Result<Value> {
        self.call(path, None, limits).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(path, Some(body), Limits::LIST).await
    }

    /// A fresh access token.
    pub(super) async fn token(&self) -> Result<SecretString> {
        self.fresh().await.map(|fresh| fresh.token.value)
    }

    /// The version of the grant whose access token is used now.
    pub(super) async fn version(&self) -> Result<i64> {
        self.fresh().await.map(|fresh| fresh.version)
    }

    /// A mask of the connection's secrets.
    pub(super) fn mask(&self) -> Mask {
        Mask::of(self.secrets.lock().iter().cloned())
    }

    /// The keys that the provider signs with.
    pub(super) async fn keys(&self) -> Keys {
        Keys::at(self.log.http(), self.config.jwks_url.as_ref()).await
    }

    /// The app's client ID.
    pub(super) fn client_id(&self) -> &str {
        &self.app.row.client_id
    }

    /// The response of a userinfo endpoint, or the reason why there is none as text.
    pub(super) async fn userinfo_at(&self, url: &Url) -> Result<api::Userinfo, String> {
        let token = self.fresh().await.map_err(|error| error.message)?.presented();
        api::userinfo(self.log.http(), url, &token, &self.mask()).await.map_err(|failure| failure.to_string())
    }

    /// Records that the last userinfo response cannot be used.
    pub(super) fn reject_userinfo(&self, why: &str) {
        self.log.http().reject(ExchangeKind::Userinfo, &format!("The response cannot be used: {why}."));
    }

    /// Introspects the access token (RFC 7662) with the app's credentials.
    pub(super) async fn introspect_at(&self, url: &Url) -> Result<Value> {
        let client = OAuthClient::of(self.ctx, &self.app).await?;
        let token = self.token().await?;
        let (http, mask) = (self.log.http(), self.mask());
        let asked = api::introspect(http, url, &client.config, &client.credentials, &token, &mask);
        asked.await.map_err(|failure| self.explain(failure))
    }

    /// A JSON-RPC 2.0 call to the API's root.
    pub(super) async fn rpc(&self, method: &str, params: Value) -> Result<Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut reply = self.call("", Some(body), Limits::LIST).await?;
        self.understand(reply.get_mut("result").map(Value::take))
    }

    /// Posts, and returns a long response unparsed.
    pub(super) async fn fetch(&self, path: &str, body: &Value, heard: &Progress<'_>) -> Result<Reply> {
        let (base, http) = (self.base()?, self.log.http());
        let fresh = self.fresh().await?;
        let mut fetched = api::fetch(http, base, path, &fresh.presented(), body, heard, &self.mask()).await;
        if let Some(newer) = self.newer(fetched.as_ref().err(), &fresh).await? {
            fetched = api::fetch(http, base, path, &newer.presented(), body, heard, &self.mask()).await;
            self.check_newer_token(fetched.as_ref().err(), &newer)?;
        }
        fetched.map_err(|failure| self.explain(failure))
    }

    /// Calls, and parses the response.
    async fn call(&self, path: &str, body: Option<Value>, limits: Limits) -> Result<Value> {
        let (base, http) = (self.base()?, self.log.http());
        let fresh = self.fresh().await?;
        let mut called =
            api::call(http, base, path, &fresh.presented(), body.as_ref(), limits, &self.mask()).await;
        if let Some(newer) = self.newer(called.as_ref().err(), &fresh).await? {
            called =
                api::call(http, base, path, &newer.presented(), body.as_ref(), limits, &self.mask()).await;
            self.check_newer_token(called.as_ref().err(), &newer)?;
        }
        let reply = called.map_err(|failure| self.explain(failure))?;
        if reply.get("success") == Some(&Value::Bool(false)) {
            let error = self.error_without_code(reply.get("message"));
            self.log.reject(ExchangeKind::Api, &error);
            return Err(error);
        }
        Ok(reply)
    }

    async fn fresh(&self) -> Result<CurrentToken> {
        if let Some(token) = &self.new_token {
            // A version that no grant has: nothing is refreshed or recorded for a grant that is not stored.
            return Ok(CurrentToken::of_new(token));
        }
        let fresh = refresh::access_token(self.ctx, self.id, Duration::ZERO).await?;
        self.set_new_token(&fresh).await?;
        Ok(fresh)
    }

    /// Also masks this token from now on.
    async fn set_new_token(&self, fresh: &CurrentToken) -> Result<()> {
        let signed_in = SignedIn::load(self.ctx, self.id)?;
        let mut secrets = vec![fresh.token.value.clone()];
        secrets.extend(OAuthClient::of(self.ctx, &signed_in.app).await?.credentials.client_secret);
        if let Some(sealed) = signed_in.connection.sealed_refresh() {
            secrets.push(self.ctx.vault.open(&grant::refresh_associated_data(self.id), sealed).await?);
        }
        secrets.extend(grant::id_token(self.ctx, &signed_in.connection).await?);
        self.secrets.lock().extend(secrets);
        Ok(())
    }

    /// A newer token, after the API rejected this one.
    async fn newer(
        &self,
        failure: Option<&ApiFailure>,
        fresh: &CurrentToken,
    ) -> Result<Option<CurrentToken>> {
        if self.new_token.is_some() || !failure.is_some_and(|failure| self.is_unusable_token(failure)) {
            return Ok(None);
        }
        let newer = refresh::after_rejection(self.ctx, self.id, fresh.version).await?;
        self.set_new_token(&newer).await?;
        Ok(Some(newer))
    }

    /// Records it if the API rejects even the newer token.
    fn check_newer_token(&self, failure: Option<&ApiFailure>, newer: &CurrentToken) -> Result<()> {
        if !failure.is_some_and(|failure| self.is_unusable_token(failure)) {
            return Ok(());
        }
        let error = self.not_accepted();
        refresh::rejected_by_api(self.ctx, self.id, newer.version, &error)?;
        Err(error)
    }

    fn base(&self) -> Result<&Url> {
        self.config.api_base.as_ref().ok_or_else(|| no_api(&self.provider))
    }

    /// Whether an API reports the token as unusable: by status or, for JSON-RPC, by Grindery's codes.
    fn is_unusable_token(&self, failure: &ApiFailure) -> bool {
        match failure {
            ApiFailure::Refused { status: StatusCode::UNAUTHORIZED, .. } => true,
            ApiFailure::Refused { code, .. } => {
                self.config.content == Content::Grindery && matches!(code.as_str(), "-32602" | "1")
            }
            ApiFailure::Failed(_) => false,
        }
    }

    /// A failure in a success response that has only a message. Only a person can tell whether it concerns the token.
    pub(super) fn error_without_code(&self, message: Option<&Value>) -> Error {
        let secrets = self.secrets.lock();
        let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        let text = message.and_then(Value::as_str).map(|text| clean(text, &secrets));
        let said = said(text.as_deref());
        Error::new(Code::ProviderError, format!("{}’s API answered that it failed.{said}", self.provider))
            .means(TOKENS_UNCHANGED)
            .hint("Try again. If the token is meant, refresh the connection first.")
    }

    fn not_accepted(&self) -> Error {
        Error::new(
            Code::ReconnectNeeded,
            format!("{}’s API rejected the access token, and a new one as well.", self.provider),
        )
        .means(TOKENS_UNCHANGED)
        .hint("Reconnect in the browser.")
    }

    /// The parsed response, or an error if it does not have the documented form.
    pub(super) fn understand<T>(&self, read: Option<T>) -> Result<T> {
        read.ok_or_else(|| self.not_as_described())
    }

    /// The error for JSON that does not have the documented form.
    pub(super) fn not_as_described(&self) -> Error {
        let message = format!("The reply from {} was JSON, but not what its page describes.", self.provider);
        let error = Error::new(Code::ReplyInvalid, message)
            .means("Your tokens are not touched by this.")
            .hint("Try again. If it stays so, the provider has changed its API.");
        self.log.reject(ExchangeKind::Api, &error);
        error
    }

    pub(super) fn explain(&self, failure: ApiFailure) -> Error {
        let provider = &self.provider;
        let error = match failure {
            ApiFailure::Refused { status: StatusCode::FORBIDDEN, code }
                if code == "project_not_authorized" =>
            {
                Error::new(Code::ProjectNotAuthorized, "This connection does not open that project.")
                    .hint("Reconnect in the browser, and choose the project there.")
            }
            ApiFailure::Refused { status, code } => {
                let code =
                    if code.is_empty() { String::new() } else { format!(", with the error “{code}”") };
                Error::new(
                    Code::ProviderError,
                    format!("{provider}’s API refused with status {}{code}.", status.as_u16()),
                )
                .hint("Try again. If it stays so, look whether the connection has the scope for this.")
            }
            ApiFailure::Failed(failure) => failure.explain(provider).or_hint("Try again."),
        };
        if error.meaning.is_some() { error } else { error.means(TOKENS_UNCHANGED) }
    }
}

pub(super) fn grigora_api<'a>(ctx: &'a Arc<Context>, id: &'a ConnectionId) -> Result<Api<'a>> {
    let api = Api::of(ctx, id)?;
    if api.config.content == Content::Grigora { Ok(api) } else { Err(no_such("projects")) }
}

pub(super) fn no_such(what: &str) -> Error {
    Error::new(Code::NotFound, format!("This connection has no {what}."))
}
