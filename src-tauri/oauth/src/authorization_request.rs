//! The authorization request (RFC 6749 §4.1.1 with PKCE, RFC 7636): its URL, and the `state`, code verifier and nonce
//! that bind the callback to it.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{Need, ParameterLocation, Pkce, ProviderConfig, replace};
use grapnel_model::secret::{ExposeSecret, SecretString, random};
use jiff::Timestamp;
use oauth2::{
    AuthUrl, AuthorizationRequest, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, ResponseType,
};
use serde_json::{Map, Value, json};
use url::Url;

use crate::retry::after;
use crate::signing_key::SigningKey;

/// Random bytes of a `state`: 256 bits.
const STATE_BYTES: u32 = 32;
/// The parameter with the authorization details (RFC 9396 §2).
const DETAILS: &str = "authorization_details";
/// Random bytes of a nonce.
const NONCE_BYTES: usize = 32;

/// An authorization request, ready to be opened in a browser.
pub struct PreparedRequest {
    /// The authorization URL with all its parameters.
    pub url: Url,
    /// The parameters, in order, without those that the authorization URL itself has.
    pub(crate) parameters: Vec<(String, String)>,
    /// Their signed form (JAR, RFC 9101), which is sent instead of them.
    signed: Option<SecretString>,
    /// The authorization endpoint.
    authorize_url: Url,
    /// The random `state`.
    pub state: SecretString,
    /// The PKCE code verifier; `None` without PKCE.
    pub verifier: Option<SecretString>,
    /// The nonce that the ID token must repeat (OpenID Connect Core §3.1.2.1), if the request asks for an ID token.
    pub nonce: Option<String>,
    /// The `max_age` in seconds, which the ID token's `auth_time` must not exceed.
    pub max_age: Option<u32>,
}

/// How the account authenticates at one sign-in (OpenID Connect Core §3.1.2.1), in place of the app's own values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authentication {
    /// `prompt`: what the provider asks the person for, such as `login`.
    pub prompt: Option<String>,
    /// `max_age`: how old the authentication may be, in seconds.
    pub max_age: Option<u32>,
    /// `acr_values`: the preferred classes of authentication, separated by spaces.
    pub acr_values: Option<String>,
}

/// How long a signed request can be used: as long as a person may take to open it.
const SIGNED_REQUEST_LIFETIME: Duration = Duration::from_secs(600);

impl PreparedRequest {
    /// Signs the parameters (JAR, RFC 9101 §4): the provider accepts them only as this client wrote them.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign(
        &mut self,
        config: &ProviderConfig,
        client_id: &str,
        key: &SigningKey,
        now: Timestamp,
    ) -> Result<()> {
        let mut claims = Map::new();
        for (name, value) in &self.parameters {
            // In a signed request they are no text (RFC 9396 §3).
            if name == DETAILS
                && let Ok(details) = serde_json::from_str(value)
            {
                claims.insert(name.clone(), details);
                continue;
            }
            match claims.get_mut(name) {
                None => drop(claims.insert(name.clone(), claim(name, value))),
                Some(Value::Array(all)) => all.push(claim(name, value)),
                Some(one) => *one = json!([one.take(), claim(name, value)]),
            }
        }
        let audience = config.issuer.as_deref().unwrap_or(self.authorize_url.as_str());
        claims.extend([
            ("iss".to_owned(), client_id.into()),
            ("aud".to_owned(), audience.into()),
            ("iat".to_owned(), now.as_second().into()),
            ("nbf".to_owned(), now.as_second().into()),
            ("exp".to_owned(), after(now, SIGNED_REQUEST_LIFETIME).as_second().into()),
            ("jti".to_owned(), BASE64.encode(random::<16>()).into()),
        ]);
        self.signed = Some(key.sign_as(Some("oauth-authz-req+jwt"), &claims)?);
        self.url = place(&self.authorize_url, config, &self.sent(client_id));
        Ok(())
    }

    /// Replaces the parameters in the URL by the reference under which the provider keeps them (RFC 9126 §4).
    pub fn refer_to(&mut self, config: &ProviderConfig, client_id: &str, request_uri: String) {
        self.signed = None;
        self.parameters =
            vec![("client_id".to_owned(), client_id.to_owned()), ("request_uri".to_owned(), request_uri)];
        self.url = place(&self.authorize_url, config, &self.parameters);
    }

    /// The parameters as they are sent. Beside their signed form, OpenID Connect Core §6.1 wants two of them repeated.
    pub fn sent(&self, client_id: &str) -> Vec<(String, String)> {
        let Some(signed) = &self.signed else { return self.parameters.clone() };
        let repeated = self.parameters.iter().filter(|(name, _)| name == "response_type" || name == "scope");
        let mut sent = vec![("client_id".to_owned(), client_id.to_owned())];
        sent.extend(repeated.cloned());
        sent.push(("request".to_owned(), signed.expose_secret().to_owned()));
        sent
    }

    /// Whether the parameters are sent in signed form.
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }
}

/// The inputs of an authorization request.
pub struct RequestParameters<'a> {
    /// The client ID.
    pub client_id: &'a str,
    /// The redirect URI.
    pub redirect_uri: &'a str,
    /// The requested scopes.
    pub scopes: &'a [String],
    /// The projects to limit the grant to, at a provider that has projects.
    pub projects: &'a [String],
    /// The account to sign in with, as the provider's sign-in page knows it.
    pub login_hint: Option<&'a str>,
    /// Whether the provider should let the person choose an account even if one is signed in.
    pub another_account: bool,
    /// How the account authenticates.
    pub authentication: &'a Authentication,
    /// The thumbprint of the key that the tokens are to be bound to (DPoP).
    pub dpop_jkt: Option<&'a str>,
}

/// Builds the request of one sign-in attempt, with new random values.
pub fn prepare(config: &ProviderConfig, asked: &RequestParameters<'_>) -> Result<PreparedRequest> {
    let authorize_url = config.authorize_url().ok_or_else(|| no_authorization_url(config))?;
    let redirect = RedirectUrl::new(asked.redirect_uri.to_owned())
        .map_err(|error| Error::new(Code::Internal, format!("The redirect URI cannot be used: {error}.")))?;
    let engine = oauth2::basic::BasicClient::new(ClientId::new(asked.client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(authorize_url.clone()));
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
    let own = authorize_url.query_pairs().count();
    let mut parameters = parameters(&url, own, config, asked);
    let asks_for_id_token =
        config.scopes_sent.is_some() && asked.scopes.iter().any(|scope| scope == "openid");
    let nonce = asks_for_id_token.then(|| BASE64.encode(random::<NONCE_BYTES>()));
    parameters.extend(nonce.clone().map(|nonce| ("nonce".to_owned(), nonce)));
    let max_age = parameters.iter().find(|(name, _)| name == "max_age");
    let max_age = max_age.and_then(|(_, seconds)| seconds.parse().ok());
    let url = place(authorize_url, config, &parameters);
    let state = state.into_secret().into();
    let authorize_url = authorize_url.clone();
    Ok(PreparedRequest { url, parameters, signed: None, authorize_url, state, verifier, nonce, max_age })
}

/// A parameter as a claim of a signed request (RFC 9101 §4): a number is a JSON number, and a JSON document is itself,
/// as in the parameters of OpenID Connect Core §5.5 and RFC 9396 §3.
fn claim(name: &str, value: &str) -> Value {
    let typed = match name {
        "max_age" => value.parse::<u64>().ok().map(Value::from),
        "claims" => serde_json::from_str(value).ok().filter(Value::is_object),
        "authorization_details" => serde_json::from_str(value).ok().filter(Value::is_array),
        _ => None,
    };
    typed.unwrap_or_else(|| value.into())
}

fn no_authorization_url(config: &ProviderConfig) -> Error {
    let grant = config.grant_type().title();
    Error::input("grant_type", format!("The app uses the {grant}, which has no authorization URL."))
        .means("Nothing was sent.")
}

/// The parameters of `oauth2`, adapted to the provider's conventions. The first `own` are those of the authorization
/// URL itself.
fn parameters(
    url: &Url,
    own: usize,
    config: &ProviderConfig,
    asked: &RequestParameters<'_>,
) -> Vec<(String, String)> {
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
    if let Some(mode) = config.response_mode.parameter() {
        add("response_mode", mode.into());
    }
    for resource in &config.resources {
        add("resource", resource.clone());
    }
    // Binds the code to the key, too (RFC 9449 §10).
    if let Some(thumbprint) = asked.dpop_jkt {
        add("dpop_jkt", thumbprint.to_owned());
    }
    if let Some(details) = &config.authorization_details {
        add(DETAILS, details.text());
    }
    // Without `prompt=consent` a provider must ignore this scope and issues no refresh token (OpenID Connect Core §11),
    // even if an earlier sign-in got one.
    if asked.scopes.iter().any(|scope| scope == "offline_access") {
        add("prompt", "consent".into());
    }
    // The nonce is always random; an app's fixed value would defeat it.
    let has_hint = parameters.iter().any(|(name, _)| name == "login_hint");
    let is_replaced = |name: &str| name == "nonce" || (has_hint && name == "login_hint");
    let extra = config.authorize_extra.iter().filter(|(name, _)| !is_replaced(name));
    replace(&mut parameters, &extra.cloned().collect::<Vec<_>>());
    asked.authentication.apply_to(&mut parameters);
    if asked.another_account {
        choose_account(&mut parameters);
    }
    parameters
}

impl Authentication {
    fn apply_to(&self, parameters: &mut Vec<(String, String)>) {
        // A refresh token may depend on the `consent` that is there.
        let consents = parameters.iter().any(|(name, value)| name == "prompt" && value == "consent");
        let prompt = self.prompt.as_ref().map(|prompt| {
            let is_complete = !consents || prompt.split(' ').any(|one| one == "consent" || one == "none");
            if is_complete { prompt.clone() } else { format!("{prompt} consent") }
        });
        let own = [
            ("prompt", prompt),
            ("max_age", self.max_age.map(|seconds| seconds.to_string())),
            ("acr_values", self.acr_values.clone()),
        ];
        for (name, value) in own.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            parameters.retain(|(other, _)| other != name);
            parameters.push((name.to_owned(), value));
        }
    }
}

/// Adds `select_account` to `prompt` (OpenID Connect Core §3.1.2.1), keeping its other values.
fn choose_account(parameters: &mut Vec<(String, String)>) {
    const SELECT: &str = "select_account";
    match parameters.iter_mut().find(|(name, _)| name == "prompt") {
        Some((_, prompt)) if prompt == "none" => SELECT.clone_into(prompt),
        Some((_, prompt)) if prompt.split(' ').any(|one| one == SELECT) => {}
        Some((_, prompt)) => *prompt = format!("{SELECT} {prompt}"),
        None => parameters.push(("prompt".to_owned(), SELECT.to_owned())),
    }
}

/// Writes the parameters into the query or the fragment, as the provider expects.
fn place(authorize_url: &Url, config: &ProviderConfig, parameters: &[(String, String)]) -> Url {
    let mut url = authorize_url.clone();
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
