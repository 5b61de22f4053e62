//! The authorization request (RFC 6749 §4.1.1 with RFC 7636): its address, and the secrets it is bound to.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{Need, ParameterLocation, Pkce, ProviderConfig, replace};
use grapnel_model::secret::{SecretString, random};
use oauth2::{
    AuthUrl, AuthorizationRequest, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, ResponseType,
};
use url::Url;

/// How many random bytes a state has: 256 bits.
const STATE_BYTES: u32 = 32;
/// How many random bytes a nonce has.
const NONCE_BYTES: usize = 32;

/// A request that is ready to be opened in a browser.
pub struct Request {
    /// The authorization URL with all its parameters.
    pub url: Url,
    /// What the address carries.
    pub(crate) parameters: Vec<(String, String)>,
    /// The random `state`.
    pub state: SecretString,
    /// The PKCE code verifier; none without PKCE.
    pub verifier: Option<SecretString>,
    /// What the ID token has to repeat, where one is asked for (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<String>,
}

/// Whom a sign-in is for, and what it asks for.
pub struct Asked<'a> {
    /// The client id.
    pub client_id: &'a str,
    /// The redirect URI.
    pub redirect_uri: &'a str,
    /// The requested scopes.
    pub scopes: &'a [String],
    /// The projects that the sign-in is limited to, where the provider knows projects.
    pub projects: &'a [String],
    /// The account that is meant, as its sign-in page knows it.
    pub login_hint: Option<&'a str>,
    /// Whether the person wants to choose an account, although one may be signed in already.
    pub another_account: bool,
    /// Whether a refresh token is held, so that consent to offline access was given before.
    pub offline_is_granted: bool,
}

/// Writes the request of one attempt.
pub fn write(config: &ProviderConfig, asked: &Asked<'_>) -> Result<Request> {
    let redirect = RedirectUrl::new(asked.redirect_uri.to_owned())
        .map_err(|error| Error::new(Code::Internal, format!("The redirect URI cannot be used: {error}.")))?;
    let engine = oauth2::basic::BasicClient::new(ClientId::new(asked.client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(config.authorize_url.clone()));
    let mut request: AuthorizationRequest<'_> = engine
        .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
        .set_response_type(&ResponseType::new("code".into()))
        .set_redirect_uri(Cow::Owned(redirect));
    let mut verifier = None;
    if config.pkce == Pkce::Always {
        let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
        request = request.set_pkce_challenge(challenge);
        verifier = Some(SecretString::from(secret.into_secret()));
    }
    let (url, state) = request.url();
    let mut parameters = parameters(&url, config, asked);
    let asks_for_id_token =
        config.scopes_sent.is_some() && asked.scopes.iter().any(|scope| scope == "openid");
    let nonce = asks_for_id_token.then(|| BASE64.encode(random::<NONCE_BYTES>()));
    parameters.extend(nonce.clone().map(|nonce| ("nonce".to_owned(), nonce)));
    let url = place(config, &parameters);
    Ok(Request { url, parameters, state: state.into_secret().into(), verifier, nonce })
}

/// The engine's parameters, with those that the provider's conventions add and take away.
fn parameters(url: &Url, config: &ProviderConfig, asked: &Asked<'_>) -> Vec<(String, String)> {
    let own = config.authorize_url.query_pairs().count();
    let mut parameters: Vec<(String, String)> =
        url.query_pairs().skip(own).map(|(n, v)| (n.into(), v.into())).collect();
    parameters.retain(|(name, _)| config.client_id != Need::Absent || name != "client_id");
    let mut add = |name: &str, value: String| parameters.push((name.to_owned(), value));
    if let Some(separator) = config.scopes_sent.filter(|_| !asked.scopes.is_empty()) {
        add("scope", asked.scopes.join(&separator.to_string()));
    }
    if let Some(name) = config.projects_param.as_deref().filter(|_| !asked.projects.is_empty()) {
        add(name, asked.projects.join(","));
    }
    if let Some(hint) = asked.login_hint
        && let Some(name) = config.login_hint
    {
        add(name, hint.to_owned());
    }
    if let Some(email) = config.email.as_ref().filter(|_| asked.login_hint.is_none()) {
        add("email", email.clone());
    }
    if config.form_post {
        add("response_mode", "form_post".into());
    }
    for resource in &config.resources {
        add("resource", resource.clone());
    }
    // Without it a provider must ignore this scope, and gives no refresh token (OpenID Connect Core §11).
    if asked.scopes.iter().any(|scope| scope == "offline_access") && !asked.offline_is_granted {
        add("prompt", "consent".into());
    }
    // A nonce is random, and never one that an app keeps.
    let has_hint = parameters.iter().any(|(name, _)| name == "login_hint");
    let is_replaced = |name: &str| name == "nonce" || (has_hint && name == "login_hint");
    let extra = config.authorize_extra.iter().filter(|(name, _)| !is_replaced(name));
    replace(&mut parameters, &extra.cloned().collect::<Vec<_>>());
    if asked.another_account {
        choose_account(&mut parameters);
    }
    parameters
}

/// Has the provider ask which account is meant (OpenID Connect Core §3.1.2.1), besides what it is asked to prompt for.
fn choose_account(parameters: &mut Vec<(String, String)>) {
    const SELECT: &str = "select_account";
    match parameters.iter_mut().find(|(name, _)| name == "prompt") {
        Some((_, prompt)) if prompt == "none" => SELECT.clone_into(prompt),
        Some((_, prompt)) if prompt.split(' ').any(|one| one == SELECT) => {}
        Some((_, prompt)) => *prompt = format!("{SELECT} {prompt}"),
        None => parameters.push(("prompt".to_owned(), SELECT.to_owned())),
    }
}

/// Puts the parameters where the provider reads them.
fn place(config: &ProviderConfig, parameters: &[(String, String)]) -> Url {
    let mut url = config.authorize_url.clone();
    if config.authorize_params != ParameterLocation::Fragment {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    if config.authorize_params != ParameterLocation::Query {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let fragment = format!("{}?{query}", url.fragment().unwrap_or_default());
        url.set_fragment(Some(&fragment));
    }
    url
}

#[cfg(test)]
mod tests;
