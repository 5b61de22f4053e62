//! The authorization request (RFC 6749 §4.1.1 with RFC 7636): its address, and the secrets it is bound to.

use oauth2::{
    AuthUrl, AuthorizationRequest, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, ResponseType,
};
use std::borrow::Cow;
use url::Url;

use super::attempt::{Message, Parameter};
use crate::error::{Code, Error, Result};
use crate::provider::{Conventions, Pkce};
use crate::secret::SecretString;

/// How many random bytes a state has: 256 bits.
const STATE_BYTES: u32 = 32;

/// A request that is ready to be opened in a browser.
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) state: SecretString,
    pub(super) verifier: Option<SecretString>,
}

/// Writes the request of one attempt.
pub(super) fn write(
    conventions: &Conventions,
    client_id: &str,
    redirect_uri: &str,
    projects: &[String],
) -> Result<Request> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|error| {
        Error::new(Code::Internal, format!("The redirect address cannot be used: {error}."))
    })?;
    let engine = oauth2::basic::BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(conventions.authorize_url.clone()));
    let mut request: AuthorizationRequest<'_> = engine
        .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
        .set_response_type(&ResponseType::new("code".into()))
        .set_redirect_uri(Cow::Owned(redirect));
    let mut verifier = None;
    if conventions.pkce == Pkce::Always {
        let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
        request = request.set_pkce_challenge(challenge);
        verifier = Some(SecretString::from(secret.into_secret()));
    }
    if !projects.is_empty() {
        let name = if projects.len() == 1 { "project_id" } else { "project_ids" };
        request = request.add_extra_param(name, projects.join(","));
    }
    let (url, state) = request.url();
    Ok(Request { url, state: state.into_secret().into(), verifier })
}

/// The three messages of a sign-in, as they may be shown.
pub(super) fn messages(
    request: &Request,
    conventions: &Conventions,
    redirect_uri: &str,
    has_secret: bool,
) -> Vec<Message> {
    let mut address = request.url.clone();
    address.set_query(None);
    let sent = request.url.query_pairs().map(|(name, value)| match &*name {
        "state" => hidden(&name, &format!("hidden, {} characters", value.len())),
        _ => shown(&name, &value),
    });
    let client_id =
        request.url.query_pairs().find(|(name, _)| name == "client_id").map(|(_, value)| value.into_owned());
    let mut exchange = vec![
        shown("grant_type", "authorization_code"),
        hidden("code", "hidden, from the callback"),
        shown("redirect_uri", redirect_uri),
    ];
    exchange.extend(client_id.map(|id| shown("client_id", &id)));
    exchange.extend(has_secret.then(|| hidden("client_secret", "hidden, in the vault")));
    exchange.extend(request.verifier.is_some().then(|| hidden("code_verifier", "hidden, in the vault")));
    vec![
        Message { method: "GET".into(), address: address.into(), parameters: sent.collect() },
        Message {
            method: String::new(),
            address: redirect_uri.to_owned(),
            parameters: vec![
                hidden("code", "hidden, used once and never kept"),
                hidden("state", "hidden, must be the one that was sent"),
            ],
        },
        Message { method: "POST".into(), address: conventions.token_url.to_string(), parameters: exchange },
    ]
}

fn shown(name: &str, value: &str) -> Parameter {
    Parameter { name: name.into(), value: value.into(), hidden: false }
}

fn hidden(name: &str, description: &str) -> Parameter {
    Parameter { name: name.into(), value: description.into(), hidden: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{DEEP_LINK, Overrides, Profile};
    use crate::secret::ExposeSecret;

    fn request(projects: &[&str]) -> (Request, Conventions) {
        let conventions = Profile::find("grigora").unwrap().conventions(&Overrides::new()).unwrap();
        let projects: Vec<String> = projects.iter().map(ToString::to_string).collect();
        (write(&conventions, "client 1", DEEP_LINK, &projects).unwrap(), conventions)
    }

    #[test]
    fn the_request_to_grigora() {
        let (request, _) = request(&["proj_1", "proj_2"]);
        let url = request.url.to_string().replace(request.state.expose_secret(), "STATE");
        let challenge = request.url.query_pairs().find(|(name, _)| name == "code_challenge").unwrap().1;
        insta::assert_snapshot!(
            url.replace(&*challenge, "CHALLENGE").replace('&', "\n&").replace('?', "\n?")
        );
    }

    #[test]
    fn the_state_has_256_bits_and_is_never_the_same() {
        let (one, two) = (request(&[]).0, request(&[]).0);
        assert_eq!(one.state.expose_secret().len(), 43);
        assert_ne!(one.state.expose_secret(), two.state.expose_secret());
        assert_ne!(one.verifier.unwrap().expose_secret(), two.verifier.unwrap().expose_secret());
    }

    #[test]
    fn what_is_shown_of_a_sign_in_has_no_secret() {
        let (request, conventions) = request(&["proj_1"]);
        let shown = serde_json::to_string(&messages(&request, &conventions, DEEP_LINK, true)).unwrap();
        assert!(!shown.contains(request.state.expose_secret()));
        assert!(!shown.contains(request.verifier.unwrap().expose_secret()));
        assert!(shown.contains("code_challenge"));
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let verifier = oauth2::PkceCodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        assert_eq!(challenge.as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
