//! How a provider is spoken to: its endpoints and conventions, read from a profile's text values.

mod pagination;
mod read;

use std::collections::BTreeSet;

use url::Url;

pub use pagination::Pagination;

use super::extras::{ExtraParameters, Family, family, is_reserved};
use crate::secret::{ExposeSecret, SecretString};

/// Where the parameters of the authorization request go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterLocation {
    /// Into the query, as RFC 6749 has it.
    Query,
    /// Behind the fragment, for a page that reads them by script.
    Fragment,
    /// Into both.
    Both,
}

/// How an endpoint wants its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// A JSON object of the same names.
    Json,
    /// In the address.
    Query,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The provider has no such thing.
    Absent,
    /// With or without.
    Optional,
    /// Not without.
    Required,
}

/// How the client identifies itself at the token endpoint (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Not at all.
    None,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// HTTP Basic, each half form-encoded (RFC 6749 §2.3.1).
    Basic,
    /// HTTP Basic with both halves as they are, for providers that do not decode them.
    BasicRaw,
}

/// Whether a code challenge (RFC 7636, S256) goes with the authorization request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// It does.
    Always,
    /// The provider would not understand it.
    Never,
}

/// What becomes of the refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// A new one comes with each renewal.
    Rotates,
    /// It stays as it is.
    Keeps,
    /// The provider renews nothing.
    None,
}

/// The API that a connection's content is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// None that Grapnel knows.
    None,
    /// Projects and CMS posts, as Grigora's API v1 lists them.
    Grigora,
    /// Workspaces and workflows by JSON-RPC, as Grindery lists them.
    Grindery,
    /// Sites and items, as The Grid lists them.
    TheGrid,
    /// Organizations, as GroveStreams lists them.
    GroveStreams,
}

/// Where and how renewal departs from the token endpoint's ways.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// What becomes of the refresh token.
    pub refresh: Refresh,
    /// Where it goes, if not to the token endpoint.
    pub url: Option<Url>,
    /// Whether by PUT instead of POST.
    pub is_put: bool,
    /// How its parameters go.
    pub body: Body,
    /// The only parameters that go, if not all.
    pub only: Option<Vec<String>>,
    /// Whether the redirect URI goes with it.
    pub has_redirect_uri: bool,
    /// Whether the scopes go with it.
    pub has_scope: bool,
    /// Extra parameters of it.
    pub extra: ExtraParameters,
}

/// The shortest that a secret may be.
const LEAST_SECRET: usize = 8;

/// A profile's values, understood.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the profile")]
pub struct ProviderConfig {
    /// Where the person agrees, an identity provider's path and all.
    pub authorize_url: Url,
    /// Where the parameters go.
    pub authorize_params: ParameterLocation,
    /// Extra parameters of the authorization request. An empty one takes away what would go by its name.
    pub authorize_extra: ExtraParameters,
    /// Where codes and refresh tokens become tokens.
    pub token_url: Url,
    /// How the token endpoint wants its parameters.
    pub token_body: Body,
    /// Extra parameters of the exchange of a code.
    pub token_extra: ExtraParameters,
    /// Headers of every request to the token endpoint.
    pub token_headers: ExtraParameters,
    /// The resources that tokens are asked for (RFC 8707).
    pub resources: Vec<String>,
    /// Whether the redirect URI goes to the token endpoint.
    pub token_redirect_uri: bool,
    /// Whether the state goes to the token endpoint.
    pub token_state: bool,
    /// Whether an app has a client id.
    pub client_id: Need,
    /// Whether an app has a client secret.
    pub client_secret: Need,
    /// How the client identifies itself.
    pub client_auth: ClientAuth,
    /// How it does so where tokens are revoked, if otherwise.
    pub revocation_auth: Option<ClientAuth>,
    /// How it does so where tokens are introspected, if otherwise.
    pub introspection_auth: Option<ClientAuth>,
    /// Whether PKCE is used.
    pub pkce: Pkce,
    /// What separates the requested scopes; nothing where scopes are not sent.
    pub scopes_sent: Option<char>,
    /// Scopes that are granted by another name than they are asked for by.
    pub scope_aliases: Vec<(String, String)>,
    /// Whether the answer is asked for as a form that the browser posts (`response_mode=form_post`).
    pub form_post: bool,
    /// Whether a callback without a state is refused.
    pub require_state: bool,
    /// The issuer, where it is known (RFC 8414).
    pub issuer: Option<String>,
    /// Whether a callback without its issuer is refused (RFC 9207).
    pub require_iss: bool,
    /// The names by which a callback may carry code and state besides `code` and `state`.
    pub callback_names: (Option<String>, Option<String>),
    /// Where in a reply the grant is, such as `authed_user`, if not at the top.
    pub token_path: Option<String>,
    /// Whether replies come in an envelope `{success, message}`, and a success may be a failure.
    pub envelope: bool,
    /// How renewal goes.
    pub renewal: Renewal,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_url: Option<Url>,
    /// Where tokens are introspected (RFC 7662).
    pub introspection_url: Option<Url>,
    /// Where the account is told (OpenID Connect).
    pub userinfo_url: Option<Url>,
    /// Where the keys are that JWTs are signed with.
    pub jwks_url: Option<Url>,
    /// Where a code is given for email and password, without a browser.
    pub login_url: Option<Url>,
    /// Below what address the API is.
    pub api_base: Option<Url>,
    /// What the API offers.
    pub content: Content,
    /// How the API splits a long list into pages; `None` if it does not, or if that is not known.
    pub pagination: Option<Pagination>,
    /// The parameter that pre-selects projects on the consent page.
    pub projects_param: Option<String>,
    /// The email that pre-fills the sign-in form.
    pub email: Option<String>,
    /// The parameter that tells the sign-in page which account is meant, where it takes one.
    pub login_hint: Option<&'static str>,
    /// The organization that API calls are about.
    pub org: Option<String>,
    /// The user's id, where no endpoint tells it.
    pub user_uid: Option<String>,
    /// How access tokens begin; empty where that is not known.
    pub token_prefix: String,
    /// How refresh tokens begin; empty where that is not known.
    pub refresh_token_prefix: String,
}

/// Hosts, each with its scheme and port (RFC 6454).
pub type Origins = BTreeSet<String>;

impl ProviderConfig {
    /// The origins of all endpoints: where a person signs in, and where passwords, codes, tokens and client secrets go.
    pub fn origins(&self) -> Origins {
        let others = [
            &self.renewal.url,
            &self.revocation_url,
            &self.introspection_url,
            &self.userinfo_url,
            &self.jwks_url,
            &self.login_url,
            &self.api_base,
        ];
        let all = others.into_iter().flatten().chain([&self.authorize_url, &self.token_url]);
        all.map(|url| url.origin().ascii_serialization()).collect()
    }

    /// Whether an access token may be sent to a URL: its origin (RFC 6454) is that of the API base or of the userinfo
    /// endpoint.
    pub fn accepts_token_at(&self, url: &Url) -> bool {
        [&self.api_base, &self.userinfo_url].into_iter().flatten().any(|own| own.origin() == url.origin())
    }

    /// The extra values that go to the token endpoint and could be secrets: what is shorter is a word, and would be
    /// masked in every sentence of a reply.
    pub fn token_secrets(&self) -> impl Iterator<Item = SecretString> + '_ {
        let extra = self.token_extra.iter().chain(&self.renewal.extra).chain(&self.token_headers);
        let own = extra.filter(|(name, _)| name != "scope" && name != "redirect_uri");
        own.map(|(_, value)| value.clone()).filter(|value| value.expose_secret().len() >= LEAST_SECRET)
    }

    /// Adds extra values by key, in place of those of the same key. What Grapnel sets itself is left out.
    #[must_use]
    pub fn with<'k>(mut self, values: impl IntoIterator<Item = (&'k str, SecretString)>) -> Self {
        for (key, value) in values {
            let Some((family, name)) = family(key).filter(|_| !is_reserved(key)) else { continue };
            let extra = match family {
                Family::Authorize => &mut self.authorize_extra,
                Family::Token => &mut self.token_extra,
                Family::Refresh => &mut self.renewal.extra,
                Family::Header => &mut self.token_headers,
            };
            extra.retain(|(other, _)| other != name);
            extra.push((name.to_owned(), value));
        }
        self
    }
}
