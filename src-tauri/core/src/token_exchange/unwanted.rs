//! Tokens that an exchange issued and that are not what was asked for (RFC 8693 §2.2.1).

use grapnel_model::derived_token::{TokenTarget, TokenType};
use grapnel_model::error::{Code, Error};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_oauth::http::token::Grant;

use super::refusal::{Refused, UNCHANGED};
use crate::dpop_key;
use crate::grant::OAuthClient;

/// Why a token is not handed out, if it is not.
pub(super) fn unwanted(
    client: &OAuthClient,
    grant: &Grant,
    (subject, target): (&SecretString, &TokenTarget),
) -> Option<Refused> {
    let provider = &client.provider;
    let error = if grant.access_token.expose_secret() == subject.expose_secret() {
        Error::new(
            Code::ProviderError,
            format!("{provider} returned the connection’s own access token instead of another one."),
        )
        .hint("Look on the provider’s pages how it exchanges tokens, or use the connection’s own token.")
    } else if dpop_key::lacks_binding(&client.config, grant, false) {
        dpop_key::not_bound(provider, &client.config)
    } else if let Some((wanted, issued)) = other_type(grant, target) {
        Error::new(
            Code::ProviderError,
            format!("{provider} issued a token of the type {issued} instead of {}.", wanted.name()),
        )
        .hint("Ask for the type that the provider issues, or for none.")
    } else {
        return None;
    };
    let error = error.means(format!("The token was not kept. {UNCHANGED}"));
    Some(Refused { error, wait: None, is_about_subject: false })
}

/// The requested and the issued type, if they contradict each other. An access token or an ID token may be a JWT
/// (§3).
fn other_type(grant: &Grant, target: &TokenTarget) -> Option<(TokenType, String)> {
    let (wanted, issued) = (target.token_type?, grant.issued_token_type.as_deref()?);
    let may_be_jwt = |kind| matches!(kind, TokenType::Jwt | TokenType::AccessToken | TokenType::IdToken);
    let is_it = TokenType::parse(issued).is_some_and(|issued| {
        let one_is_jwt = wanted == TokenType::Jwt || issued == TokenType::Jwt;
        issued == wanted || (one_is_jwt && may_be_jwt(wanted) && may_be_jwt(issued))
    });
    (!is_it).then(|| (wanted, clean(issued, &[])))
}

/// What the activity says about a token that differs from what was asked for, and may.
pub(super) fn notes(grant: &Grant, target: &TokenTarget) -> String {
    let more = target.not_requested(grant.scopes.as_deref().unwrap_or_default());
    let more = (!more.is_empty())
        .then(|| format!(" It has scopes that were not asked for: {}.", clean(&more.join(" "), &[])));
    let untold = " The provider does not say of which type it is (issued_token_type).";
    let untold = grant.issued_token_type.is_none().then(|| untold.to_owned());
    [more, untold].into_iter().flatten().collect()
}
