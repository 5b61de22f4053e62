//! The adapter between the providers' conventions and `oauth2`. It shapes outgoing token requests, and normalizes
//! responses to RFC 6749, recording each deviation.

mod members;
mod reply;

use grapnel_model::provider::{Body, ExtraParameters, GrantConfig, GrantType, ProviderConfig, replace};
use grapnel_model::secret::{ExposeSecret, SecretString};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

pub(super) use reply::{NOT_APPLICABLE, normalize, normalize_device_authorization};

use super::adapter::members::Members;
use super::client_authentication::{Parameters, authenticate};
use super::credentials::Credentials;
use super::failure::Failure;
use super::jwt_bearer;
use super::presented_certificate::present_at_endpoint;

/// The grant type of a token exchange (RFC 8693 §2.1).
const TOKEN_EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What a token request is for.
pub(super) enum Purpose<'a> {
    /// Exchanging a code that arrived with this `state`.
    Exchange { state: &'a SecretString },
    /// Refreshing.
    Refresh,
    /// Obtaining a grant without a callback: for a device code, or for the client itself.
    Obtain { grant_type: GrantType },
    /// Obtaining a grant with an assertion of the client (RFC 7523 §2.1).
    JwtBearer { scopes: Vec<String> },
    /// Exchanging an access token (RFC 8693 §2.1).
    TokenExchange {
        /// Whether the request names the services that the new token is for.
        names_service: bool,
    },
    /// Asking for a device code (RFC 8628 §3.1).
    DeviceAuthorization,
}

/// Rewrites the form-encoded request of `oauth2` to the provider's conventions, and authenticates the client. Returns
/// the credentials in the form that a header or a JWT gives them, too.
pub(super) fn shape(
    request: Request<Vec<u8>>,
    config: &ProviderConfig,
    credentials: &Credentials,
    purpose: &Purpose<'_>,
    now: Timestamp,
) -> Result<(Request<Vec<u8>>, Vec<SecretString>), Failure> {
    let (mut parts, form) = request.into_parts();
    let mut pairs: Parameters = form_urlencoded::parse(&form).into_owned().collect();
    // `oauth2` sends the client ID only; it is replaced where it stands.
    let rest = pairs.iter().position(|(name, _)| name == "client_id").map(|at| pairs.split_off(at));
    let mut sent: Vec<SecretString> =
        authenticate(config.client_auth, config, credentials, now, (&mut parts.headers, &mut pairs))?
            .into_iter()
            .collect();
    // Servers built with `oauthlib` want the ID here (RFC 8628 §3.1) even beside HTTP Basic.
    let keeps_id =
        matches!(purpose, Purpose::DeviceAuthorization) && parts.headers.contains_key(header::AUTHORIZATION);
    pairs.extend(rest.into_iter().flatten().skip(usize::from(!keeps_id)));
    if let (Purpose::JwtBearer { scopes }, GrantConfig::JwtBearer(own)) = (purpose, &config.grant) {
        let client = (credentials.client_id.as_str(), credentials.private_key.as_ref());
        let assertion = jwt_bearer::assertion((config, own), client, scopes, now)?;
        pairs.push(("assertion".into(), assertion.expose_secret().to_owned()));
        sent.push(assertion);
    }
    present_at_endpoint(&mut parts.extensions, config.client_auth, (config, credentials))?;
    let request = adapted(parts, pairs, config, purpose);
    Ok((request.map_err(|error| Failure::NotSent(error.to_string()))?, sent))
}

fn adapted(
    mut parts: Parts,
    mut pairs: Parameters,
    config: &ProviderConfig,
    purpose: &Purpose<'_>,
) -> Result<Request<Vec<u8>>, http::Error> {
    for (name, value) in &config.token_headers {
        let mut value = HeaderValue::from_str(value.expose_secret())?;
        value.set_sensitive(true);
        parts.headers.insert(name.parse::<HeaderName>()?, value);
    }
    let mut body = config.token_body;
    let own;
    let extra = match purpose {
        Purpose::Exchange { state } => {
            pairs.retain(|(name, _)| config.token_redirect_uri || name != "redirect_uri");
            if config.token_state {
                pairs.push(("state".into(), state.expose_secret().into()));
            }
            &config.token_extra
        }
        Purpose::Obtain { grant_type } => {
            set_grant_type(&mut pairs, grant_type.identifier());
            separate_scopes(&mut pairs, config);
            // For a device code, they are in the request for the code.
            if !grant_type.has_person() {
                add_authorization_details(&mut pairs, config);
            }
            &config.token_extra
        }
        Purpose::JwtBearer { .. } => {
            set_grant_type(&mut pairs, GrantType::JwtBearer.identifier());
            separate_scopes(&mut pairs, config);
            add_authorization_details(&mut pairs, config);
            &config.token_extra
        }
        Purpose::TokenExchange { .. } => {
            set_grant_type(&mut pairs, TOKEN_EXCHANGE_GRANT);
            // The person names the scopes of this one token, also where the provider takes those of a sign-in from the
            // client's registration.
            join_scopes(&mut pairs, config.scopes_sent.unwrap_or(' '));
            own = extra_of_exchange(config);
            &own
        }
        Purpose::DeviceAuthorization => {
            separate_scopes(&mut pairs, config);
            add_authorization_details(&mut pairs, config);
            &config.authorize_extra
        }
        Purpose::Refresh => {
            let refresh = &config.refresh;
            body = refresh.body;
            if let Some(only) = &refresh.only {
                pairs.retain(|(name, _)| only.contains(name));
            }
            if refresh.is_put {
                parts.method = Method::PUT;
            }
            if let Some(url) = &refresh.url {
                parts.uri = url.as_str().parse()?;
            }
            &refresh.extra
        }
    };
    if !matches!(purpose, Purpose::TokenExchange { names_service: true }) {
        pairs.extend(config.resources.iter().map(|resource| ("resource".to_owned(), resource.clone())));
    }
    replace(&mut pairs, extra);
    encode(parts, &pairs, body)
}

/// Sends the scopes as the provider separates them, or not at all.
fn separate_scopes(pairs: &mut Vec<(String, String)>, config: &ProviderConfig) {
    match config.scopes_sent {
        None => pairs.retain(|(name, _)| name != "scope"),
        Some(separator) => join_scopes(pairs, separator),
    }
}

/// Adds the authorization details (RFC 9396 §5, §6).
fn add_authorization_details(pairs: &mut Vec<(String, String)>, config: &ProviderConfig) {
    let details = config.authorization_details.as_ref();
    pairs.extend(details.map(|details| ("authorization_details".to_owned(), details.text())));
}

fn join_scopes(pairs: &mut [(String, String)], separator: char) {
    for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "scope") {
        *value = value.replace(' ', &separator.to_string());
    }
}

fn set_grant_type(pairs: &mut [(String, String)], identifier: &str) {
    for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "grant_type") {
        identifier.clone_into(value);
    }
}

/// The extra parameters of a token exchange: those of other token requests, without what says which token is wanted.
fn extra_of_exchange(config: &ProviderConfig) -> ExtraParameters {
    let is_own = |name: &str| ["audience", "resource", "scope", "requested_token_type"].contains(&name);
    config.token_extra.iter().filter(|(name, _)| !is_own(name)).cloned().collect()
}

fn encode(mut parts: Parts, pairs: &[(String, String)], body: Body) -> Result<Request<Vec<u8>>, http::Error> {
    let form = || form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let bytes = match body {
        Body::Form => form().into_bytes(),
        Body::Json => {
            parts.headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            let mut members = Members::new();
            for (name, value) in pairs {
                match members.get_mut(name) {
                    None => drop(members.insert(name.clone(), value.as_str().into())),
                    Some(Value::Array(all)) => all.push(value.as_str().into()),
                    Some(one) => *one = json!([one.take(), value]),
                }
            }
            Value::Object(members).to_string().into_bytes()
        }
        Body::Query => {
            parts.headers.remove(header::CONTENT_TYPE);
            let joint = if parts.uri.query().is_some() { '&' } else { '?' };
            parts.uri = format!("{}{joint}{}", parts.uri, form()).parse()?;
            Vec::new()
        }
    };
    Ok(Request::from_parts(parts, bytes))
}
