//! Starts attempts. For the authorization code grant: writes the authorization request, encrypts its secrets, and
//! prepares the redirect method.

use std::sync::Arc;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::{AppId, AttemptId};
use grapnel_model::provider::{GrantType, ProviderConfig};
use grapnel_model::redirect;
use grapnel_model::secret::{ExposeSecret, SecretString, sha256};
use grapnel_oauth::authorization_request::{self, Authentication, PreparedRequest};
use grapnel_oauth::http::password_login;
use grapnel_oauth::sign_in_messages;
use grapnel_store as store;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::sealed::Sealed;
use url::Url;

use super::attempts::{cancel, emit_attempt, get, url_associated_data, verifier_associated_data};
use super::complete::fail;
use super::push_request::push_request;
use super::receive::receive;
use super::sign_in_request::{SignInRequest, store_attempt};
use super::{client_credentials, device, loopback};
use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::ExchangeLog;
use crate::grant::OAuthClient;
use crate::secret_parameters;
use crate::signed_in::ConfiguredApp;

/// A sign-in that was started or joined.
#[derive(Debug, Clone)]
pub struct Started {
    /// The attempt.
    pub attempt: Attempt,
    /// Whether another caller had started it and still waits for it.
    pub is_joined: bool,
}

/// Joins a waiting attempt of another caller for the same request, or starts one; of concurrent callers, one starts it.
/// An attempt whose process has ended is cancelled, since nobody waits for its callback.
pub(crate) async fn join_or_start(
    ctx: &Arc<Context>,
    app_id: &AppId,
    wanted: &SignInRequest,
) -> Result<Started> {
    let store = ctx.store.clone();
    let alone = tokio::task::spawn_blocking(move || store.sign_in_lock()).await;
    let _alone =
        alone.map_err(|_| Error::new(Code::Internal, "Waiting for other sign-ins was interrupted."))??;
    let grant_type = wanted.grant_type(ConfiguredApp::load(ctx, app_id)?.config()?);
    let is_same = |row: &AttemptRow| {
        row.phase == Phase::Waiting
            && row.grant_type == grant_type
            && row.connection_id == wanted.again
            && row.name == wanted.name
            && row.replaces_account == wanted.replaces_account
            && wanted.login_hint.is_none()
            && !wanted.another_account
            && wanted.more_scopes.is_empty()
            && wanted.authorization_details.is_none()
            && wanted.authentication == Authentication::default()
    };
    let open = ctx.store.read(|c| store::attempt::open_of(c, Some(app_id), None))?;
    for row in open.into_iter().filter(|row| is_same(row) && row.expires_at > ctx.now()) {
        if ctx.store.try_attempt_lock(&row.id)?.is_none() {
            return Ok(Started { attempt: get(ctx, &row.id)?, is_joined: true });
        }
        cancel(ctx, &row.id)?;
        ctx.store.drop_attempt_lock(&row.id);
    }
    Ok(Started { attempt: start(ctx, app_id, wanted).await?, is_joined: false })
}

/// Starts an attempt by the app's grant.
pub(crate) async fn start(ctx: &Arc<Context>, app_id: &AppId, wanted: &SignInRequest) -> Result<Attempt> {
    let app = ConfiguredApp::load(ctx, app_id)?;
    let id = match wanted.grant_type(app.config()?) {
        GrantType::AuthorizationCode => begin(ctx, &app, wanted, None).await?.1.id,
        GrantType::DeviceCode => device::start(ctx, app, wanted).await?,
        GrantType::ClientCredentials | GrantType::JwtBearer => {
            client_credentials::start(ctx, app, wanted).await?
        }
    };
    emit_attempt(ctx, &id)
}

/// Signs in without a browser, if the provider returns a code for email and password (GroveStreams). They are used once
/// and not stored.
pub(crate) async fn with_password(
    ctx: &Arc<Context>,
    app_id: &AppId,
    wanted: &SignInRequest,
    email: &str,
    password: &SecretString,
) -> Result<AttemptId> {
    let app = ConfiguredApp::load(ctx, app_id)?;
    let Some(login_url) = &app.config()?.login_url else {
        return Err(Error::input("provider", "This provider has no sign-in by email and password.")
            .hint("Connect in the browser."));
    };
    let (client_id, mut row, request) = begin(ctx, &app, wanted, Some((login_url, email))).await?;
    emit_attempt(ctx, &row.id)?;
    let log = ExchangeLog::new(ctx, wanted.again.as_ref());
    let asked =
        password_login::Login { email, password, client_id: &client_id, redirect_uri: &row.redirect_uri };
    let answered = password_login::log_in(log.http(), login_url, &asked, &request.state).await;
    if let Some(exchange) = log.last_of(ExchangeKind::PasswordLogin) {
        sign_in_messages::answered_with(&mut row.exchange, &exchange);
        ctx.store.write_without_sync(|tx| store::attempt::set_exchange(tx, &row.id, &row.exchange))?;
    }
    match answered {
        Ok(code) => {
            let address = callback_of(&row.redirect_uri, &code, &request.state)?;
            receive(ctx, &address).await?;
            Ok(row.id)
        }
        Err(error) => Err(fail(ctx, row, error, log.decisive())),
    }
}

/// Builds the callback URL that the browser would have requested, so that this sign-in passes the same checks.
fn callback_of(redirect_uri: &str, code: &SecretString, state: &SecretString) -> Result<SecretString> {
    let mut address = Url::parse(redirect_uri)
        .map_err(|_| Error::input("redirect", "The app’s redirect URI is not a URI."))?;
    address
        .query_pairs_mut()
        .append_pair("code", code.expose_secret())
        .append_pair("state", state.expose_secret());
    Ok(String::from(address).into())
}

/// Writes, encrypts and stores a new attempt; returns the client ID, the attempt and its request. For a sign-in without
/// a browser, `login` is the login endpoint and the email address.
async fn begin(
    ctx: &Arc<Context>,
    app: &ConfiguredApp,
    wanted: &SignInRequest,
    login: Option<(&Url, &str)>,
) -> Result<(String, AttemptRow, PreparedRequest)> {
    let (configured, config, app) = (app, app.config()?, &app.row);
    let again = wanted.check(ctx, &app.id)?;
    let secrets = secret_parameters::open(ctx, app).await?;
    let secrets = secrets.iter().map(|(key, value)| (key.as_str(), value.clone()));
    let mut config = config.clone().with(secrets);
    if let Some(own) = &wanted.authorization_details {
        config.authorization_details = Some(own.clone());
    }
    check_account_choice(wanted, &config)?;
    redirect::check_response_mode(&config, &app.redirect_uri)?;
    let known = again.as_ref().and_then(|row| row.identity.account.as_ref()?.login_hint());
    let known = known.filter(|_| !wanted.another_account);
    let scopes = wanted.scopes(app, again.as_ref())?;
    let dpop = dpop_key::new(&config)?;
    let (listener, redirect_uri) = loopback::prepare(ctx, &app.redirect_uri).await?;
    let asked = authorization_request::RequestParameters {
        client_id: &app.client_id,
        redirect_uri: &redirect_uri,
        scopes: &scopes,
        projects: &app.projects,
        login_hint: wanted.login_hint.as_deref().or(known),
        another_account: wanted.another_account,
        authentication: &wanted.authentication,
        dpop_jkt: dpop.as_ref().map(|key| key.thumbprint()),
    };
    let mut request = authorization_request::prepare(&config, &asked)?;
    if config.jar && login.is_none() {
        sign(ctx, configured, &mut request).await?;
    }
    let par_url = config.par_url.as_ref().filter(|_| config.par && login.is_none());
    let pushed = match par_url {
        Some(url) => Some(push_request(ctx, url, configured, &mut request, wanted.again.as_ref()).await?),
        None => None,
    };
    let mut exchange =
        sign_in_messages::messages(&request, &config, &redirect_uri, app.sealed_secret.is_some());
    exchange.splice(..0, pushed);
    if let Some((url, email)) = login {
        sign_in_messages::by_password(&mut exchange, url, email);
    }
    let _working = ctx.begin_sealed_write().await?;
    let base = wanted.attempt(ctx, &app.id, GrantType::AuthorizationCode);
    let (sealed_verifier, sealed_url) = seal(ctx, &base.id, &request).await?;
    let row = AttemptRow {
        state_hash: sha256(request.state.expose_secret().as_bytes()).to_vec(),
        sealed_verifier,
        sealed_url: Some(sealed_url),
        sealed_dpop: dpop_key::seal_for_attempt(ctx, &base.id, dpop.as_deref()).await?,
        redirect_uri,
        exchange,
        max_age: request.max_age,
        authorization_details: config.authorization_details.clone(),
        nonce_hash: request.nonce.as_ref().map(|nonce| sha256(nonce.as_bytes()).to_vec()),
        ..base
    };
    store_attempt(ctx, &row)?;
    if let Some(listener) = listener {
        loopback::serve(ctx, &row, listener);
    }
    Ok((app.client_id.clone(), row, request))
}

/// Signs the request with the app's private key.
async fn sign(ctx: &Context, app: &ConfiguredApp, request: &mut PreparedRequest) -> Result<()> {
    let OAuthClient { config, credentials, .. } = OAuthClient::of(ctx, app).await?;
    let key = credentials.private_key.ok_or_else(|| {
        Error::input("client_key", "The app has no private key to sign its authorization requests with.")
            .hint(
                "Edit the app; saving it makes a private key. Then register its public key at the provider.",
            )
            .next_step(NextStep::EditApp)
    })?;
    request.sign(&config, &credentials.client_id, &key, ctx.time.now())
}

async fn seal(ctx: &Context, id: &AttemptId, request: &PreparedRequest) -> Result<(Option<Sealed>, Sealed)> {
    let verifier = match &request.verifier {
        Some(verifier) => Some(ctx.vault.seal(&verifier_associated_data(id), verifier).await?),
        None => None,
    };
    let url = ctx.vault.seal(&url_associated_data(id), &SecretString::from(request.url.as_str())).await?;
    Ok((verifier, url))
}

/// Refuses an account choice that the provider does not support.
fn check_account_choice(wanted: &SignInRequest, config: &ProviderConfig) -> Result<()> {
    let refuse = |field: &str, message: &str| {
        Err(Error::input(field, message)
            .means("Nothing was sent.")
            .hint("Sign out at the provider in the browser first, or use another browser."))
    };
    if wanted.login_hint.is_some() && config.login_hint.is_none() {
        return refuse("login_hint", "This provider documents no way to name the account.");
    }
    if wanted.another_account && config.login_hint != Some("login_hint") {
        return refuse("another_account", "This provider documents no way to ask for another account.");
    }
    check_authentication(&wanted.authentication, config)
}

/// Refuses parameters of OpenID Connect that the provider does not have, or that are no list of words.
fn check_authentication(asked: &Authentication, config: &ProviderConfig) -> Result<()> {
    if *asked == Authentication::default() {
        return Ok(());
    }
    if config.login_hint != Some("login_hint") {
        let message = "This provider documents no way to ask how the account authenticates.";
        return Err(Error::input("prompt", message)
            .means("Nothing was sent.")
            .hint("Leave out prompt, max_age and acr_values."));
    }
    for (field, value) in [("prompt", &asked.prompt), ("acr_values", &asked.acr_values)] {
        let Some(value) = value else { continue };
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        if !value.split(' ').all(is_word) {
            let message = format!("{field} is not a list of words, separated by one space each.");
            return Err(Error::input(field, message).means("Nothing was sent."));
        }
    }
    match asked.prompt.as_deref() {
        Some(prompt) if prompt != "none" && prompt.split(' ').any(|word| word == "none") => {
            Err(Error::input("prompt", "prompt=none cannot be combined with others.")
                .means("Nothing was sent."))
        }
        _ => Ok(()),
    }
}
