//! The messages of a grant without a callback, as they are shown to the person.

use grapnel_model::attempt::{Message, Parameter};
use grapnel_model::provider::{GrantConfig, GrantType, ProviderConfig};
use url::Url;

use crate::sign_in_messages::{hidden, shown};

/// The message of the client credentials grant (RFC 6749 §4.4.2) or the JWT bearer grant (RFC 7523 §2.1).
pub fn by_client_credentials(
    config: &ProviderConfig,
    client: (&str, bool),
    scopes: &[String],
) -> Vec<Message> {
    let mut parameters = vec![shown("grant_type", config.grant_type().identifier())];
    match &config.grant {
        GrantConfig::JwtBearer(own) if own.has_scope => {}
        _ => parameters.extend(scope(config, scopes)),
    }
    parameters.extend(authorization_details(config));
    parameters.extend(authentication(config, client));
    if config.grant_type() == GrantType::JwtBearer {
        parameters.push(hidden("assertion", "hidden, signed with the app’s private key"));
    }
    vec![post(&config.token_url, parameters)]
}

/// The messages of the device authorization grant (RFC 8628): the request for a code, the page on which the person
/// enters it, and the token request that is repeated meanwhile.
pub fn by_device(
    (config, endpoint): (&ProviderConfig, &Url),
    client: (&str, bool),
    scopes: &[String],
    verification_uri: &str,
) -> Vec<Message> {
    let mut asked: Vec<Parameter> = scope(config, scopes).into_iter().collect();
    asked.extend(authorization_details(config));
    asked.extend(authentication(config, client));
    let mut polled = vec![
        shown("grant_type", GrantType::DeviceCode.identifier()),
        hidden("device_code", "hidden, in the vault"),
    ];
    polled.extend(authentication(config, client));
    let page = Message {
        address: verification_uri.to_owned(),
        parameters: vec![hidden("user_code", "hidden, the code that you enter")],
        ..Message::default()
    };
    vec![post(endpoint, asked), page, post(&config.token_url, polled)]
}

fn post(url: &Url, parameters: Vec<Parameter>) -> Message {
    Message { method: "POST".into(), address: url.to_string(), parameters, ..Message::default() }
}

fn scope(config: &ProviderConfig, scopes: &[String]) -> Option<Parameter> {
    let separator = config.scopes_sent.filter(|_| !scopes.is_empty())?;
    Some(shown("scope", &scopes.join(&separator.to_string())))
}

fn authorization_details(config: &ProviderConfig) -> Option<Parameter> {
    let details = config.authorization_details.as_ref()?;
    Some(shown("authorization_details", &details.text()))
}

/// The client's ID, whether it has a secret, and the resources.
fn authentication(
    config: &ProviderConfig,
    (client_id, has_secret): (&str, bool),
) -> impl Iterator<Item = Parameter> {
    let id = (!client_id.is_empty()).then(|| shown("client_id", client_id));
    let secret = has_secret.then(|| hidden("client_secret", "hidden, in the vault"));
    let resources = config.resources.iter().map(|resource| shown("resource", resource)).collect::<Vec<_>>();
    id.into_iter().chain(secret).chain(resources)
}
