//! A provider's endpoints and conventions, parsed from the settings of a profile.

pub(super) mod certificate_endpoints;
mod contradictions;
mod pagination;
mod read;
mod response_mode;

use std::collections::BTreeSet;

use url::{Origin, Url};

pub use pagination::Pagination;
pub use response_mode::ResponseMode;

use super::extras::{ExtraParameters, Family, family, is_reserved};
use super::grant_type::GrantType;
use crate::authorization_details::AuthorizationDetails;
use crate::secret::{ExposeSecret, SecretString};

/// Where the parameters of the authorization request are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterLocation {
    /// In the query (RFC 6749).
    Query,
    /// In the fragment, for a page that reads them by script.
    Fragment,
    /// In both.
    Both,
}

/// How an endpoint takes its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// As `application/x-www-form-urlencoded` (RFC 6749).
    Form,
    /// As a JSON object with the same names.
    Json,
    /// In the query.
    Query,
}

/// Whether a value is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Not used by this provider.
    Absent,
    /// Optional.
    Optional,
    /// Required.
    Required,
}

/// The client authentication method (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// None: a public client.
    None,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// HTTP Basic, each half form-encoded (RFC 6749 §2.3.1).
    Basic,
    /// HTTP Basic with both halves unencoded, for providers that do not decode them.
    BasicRaw,
    /// A JWT signed with the client secret (`client_secret_jwt`, OpenID Connect Core §9).
    SecretJwt,
    /// A JWT signed with a private key of the client (`private_key_jwt`, OpenID Connect Core §9, RFC 7523 §2.2).
    PrivateKeyJwt,
    /// A TLS certificate of the client that an authority issued (`tls_client_auth`, RFC 8705 §2.1).
    TlsClientAuth,
    /// A TLS certificate of the client that it signed itself (`self_signed_tls_client_auth`, RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

impl ClientAuth {
    /// Whether the client authenticates with a TLS certificate (RFC 8705 §2).
    pub fn is_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// Whether the client authenticates with a signed JWT (RFC 7523 §2.2).
    pub fn is_assertion(self) -> bool {
        matches!(self, Self::SecretJwt | Self::PrivateKeyJwt)
    }
}

/// The algorithm of an app's private key (RFC 7518 §3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

/// The audience of the JWT by which a client authenticates, or with which it obtains tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssertionAudience {
    /// For client authentication the issuer if it is known, otherwise the token endpoint's URL.
    Default,
    /// The issuer (FAPI 2.0 Security Profile §5.3.3.1).
    Issuer,
    /// The token endpoint's URL (RFC 7523 §3).
    TokenUrl,
    /// A name of the provider's own.
    Other(String),
}

/// Whether tokens are bound to a key of their connection (DPoP, RFC 9449).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dpop {
    /// They are bearer tokens.
    #[default]
    Never,
    /// Grapnel proves each request. A server that binds nothing is accepted.
    Offered,
    /// A sign-in, a refresh and a token exchange fail if the server does not bind the token.
    Required,
}

/// Whether the authorization request has a code challenge (PKCE, RFC 7636, method S256).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// Always.
    Always,
    /// Never, for a provider that rejects the parameters.
    Never,
}

/// What happens to a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshTokenPolicy {
    /// Each refresh returns a new one, and the old one becomes invalid.
    Rotates,
    /// It stays valid.
    Keeps,
    /// The provider issues none.
    None,
}

/// The API for a connection's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// None that Grapnel supports.
    None,
    /// Grigora's API v1: projects and CMS posts.
    Grigora,
    /// Grindery's JSON-RPC API: workspaces and workflows.
    Grindery,
    /// The Grid's API: sites and items.
    TheGrid,
    /// GroveStreams' API: organizations.
    GroveStreams,
}

/// How an app obtains tokens, with the endpoints that only that grant needs.
#[derive(Debug, Clone)]
pub enum GrantConfig {
    /// The authorization code grant.
    AuthorizationCode {
        /// The authorization endpoint, including an identity provider's path and query.
        authorize_url: Url,
        /// The device authorization endpoint, for a sign-in on another device.
        device_authorization_url: Option<Url>,
    },
    /// The device authorization grant.
    DeviceCode {
        /// The device authorization endpoint.
        device_authorization_url: Url,
    },
    /// The client credentials grant.
    ClientCredentials,
    /// The JWT bearer grant.
    JwtBearer(AssertionConfig),
}

/// The assertion of the JWT bearer grant (RFC 7523 §3). Its issuer is the client ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionConfig {
    /// The subject: the client itself, the person that it acts for, or none.
    pub subject: AssertionSubject,
    /// Whether the scopes are a claim of the assertion, and not a parameter of the request.
    pub has_scope: bool,
    /// How long it is valid, in seconds.
    pub lifetime: i64,
}

/// The subject of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssertionSubject {
    /// The client.
    Client,
    /// None, for a provider that takes one as a person to act for.
    None,
    /// The account to act for.
    Account(String),
}

/// How the refresh request differs from the token endpoint's conventions.
#[derive(Debug, Clone)]
pub struct RefreshConfig {
    /// What happens to the refresh token.
    pub policy: RefreshTokenPolicy,
    /// The endpoint, if it is not the token endpoint.
    pub url: Option<Url>,
    /// Whether it is a PUT instead of a POST.
    pub is_put: bool,
    /// How its parameters are sent.
    pub body: Body,
    /// The only parameters to send; `None` for all.
    pub only: Option<Vec<String>>,
    /// Whether the redirect URI is sent.
    pub has_redirect_uri: bool,
    /// Whether the scopes are sent.
    pub has_scope: bool,
    /// Extra parameters.
    pub extra: ExtraParameters,
}

/// The shortest value that is treated as a secret, in bytes.
const MIN_SECRET_BYTES: usize = 8;

/// The parsed settings of a provider.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the profile")]
pub struct ProviderConfig {
    /// How the app obtains tokens.
    pub grant: GrantConfig,
    /// Where the parameters of the authorization request are sent.
    pub authorize_params: ParameterLocation,
    /// Extra parameters of the authorization request, and of the device authorization request. An empty value removes
    /// the parameter of that name.
    pub authorize_extra: ExtraParameters,
    /// The token endpoint.
    pub token_url: Url,
    /// How the token endpoint takes its parameters.
    pub token_body: Body,
    /// Extra parameters of the code exchange, and of every other token request but the refresh.
    pub token_extra: ExtraParameters,
    /// Extra headers of every request to the token endpoint.
    pub token_headers: ExtraParameters,
    /// The `resource` parameters (RFC 8707).
    pub resources: Vec<String>,
    /// The authorization details of a sign-in (RFC 9396).
    pub authorization_details: Option<AuthorizationDetails>,
    /// The types of authorization details that the provider announces; empty if it announces none.
    pub authorization_details_types: Vec<String>,
    /// Whether the redirect URI is sent to the token endpoint.
    pub token_redirect_uri: bool,
    /// Whether the `state` is sent to the token endpoint.
    pub token_state: bool,
    /// Whether an app has a client ID.
    pub client_id: Need,
    /// Whether an app has a client secret.
    pub client_secret: Need,
    /// The client authentication method at the token endpoint.
    pub client_auth: ClientAuth,
    /// The algorithm of the app's private key.
    pub client_key_alg: KeyAlgorithm,
    /// The ID by which the provider knows the app's public key, if it is not the key's thumbprint (RFC 7638).
    pub client_key_id: Option<String>,
    /// The audience of the JWT by which the client authenticates.
    pub assertion_audience: AssertionAudience,
    /// The client authentication method for revocation, if it differs.
    pub revocation_auth: Option<ClientAuth>,
    /// The client authentication method for introspection, if it differs.
    pub introspection_auth: Option<ClientAuth>,
    /// Whether tokens are bound to a key of their connection.
    pub dpop: Dpop,
    /// Whether access tokens are bound to the app's TLS certificate (RFC 8705 §3). The endpoints are then those for
    /// clients with a certificate, as for a client that authenticates with one.
    pub certificate_bound: bool,
    /// Whether PKCE is used.
    pub pkce: Pkce,
    /// The separator between requested scopes; `None` if scopes are not sent.
    pub scopes_sent: Option<char>,
    /// Pairs of a requested scope and the name under which it is granted.
    pub scope_aliases: Vec<(String, String)>,
    /// How the callback carries the authorization response.
    pub response_mode: ResponseMode,
    /// Whether a callback without `state` is refused.
    pub require_state: bool,
    /// The issuer, if known (RFC 8414).
    pub issuer: Option<String>,
    /// Whether a callback without `iss` is refused (RFC 9207).
    pub require_iss: bool,
    /// Names of the callback parameters for code and state, in addition to `code` and `state`.
    pub callback_names: (Option<String>, Option<String>),
    /// The path of the grant in a token response, such as `authed_user`, if it is not at the top level.
    pub token_path: Option<String>,
    /// Whether responses have an envelope `{success, message}`, so that a success status may be a failure.
    pub envelope: bool,
    /// How tokens are refreshed.
    pub refresh: RefreshConfig,
    /// The revocation endpoint (RFC 7009).
    pub revocation_url: Option<Url>,
    /// The introspection endpoint (RFC 7662).
    pub introspection_url: Option<Url>,
    /// The userinfo endpoint (OpenID Connect).
    pub userinfo_url: Option<Url>,
    /// The pushed authorization request endpoint (PAR, RFC 9126).
    pub par_url: Option<Url>,
    /// Whether the parameters of authorization requests are pushed to it.
    pub par: bool,
    /// Whether authorization requests are signed with the app's private key (JAR, RFC 9101).
    pub jar: bool,
    /// The URL of the provider's JSON Web Key Set.
    pub jwks_url: Option<Url>,
    /// The page at which a person signs out (OpenID Connect RP-Initiated Logout). No code and no token is sent to it.
    pub end_session_url: Option<Url>,
    /// The client registration endpoint (RFC 7591). No token and no client secret is sent to it.
    pub registration_url: Option<Url>,
    /// The endpoint that returns a code for email and password, without a browser.
    pub login_url: Option<Url>,
    /// The base URL of the API.
    pub api_base: Option<Url>,
    /// The API for content.
    pub content: Content,
    /// How the API splits a long list into pages; `None` if it does not, or if that is not known.
    pub pagination: Option<Pagination>,
    /// The parameter that preselects projects on the consent page.
    pub projects_param: Option<String>,
    /// The email address that fills in the sign-in form.
    pub email: Option<String>,
    /// The parameter that tells the sign-in page which account to use, if it has one.
    pub login_hint: Option<&'static str>,
    /// The organization for API calls.
    pub org: Option<String>,
    /// The user's ID, if no endpoint returns it.
    pub user_uid: Option<String>,
    /// The prefix of access tokens; empty if unknown.
    pub token_prefix: String,
    /// The prefix of refresh tokens; empty if unknown.
    pub refresh_token_prefix: String,
}

/// Origins: scheme, host and port (RFC 6454).
pub type Origins = BTreeSet<String>;

impl ProviderConfig {
    /// How the app obtains tokens.
    pub fn grant_type(&self) -> GrantType {
        match self.grant {
            GrantConfig::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            GrantConfig::DeviceCode { .. } => GrantType::DeviceCode,
            GrantConfig::ClientCredentials => GrantType::ClientCredentials,
            GrantConfig::JwtBearer(_) => GrantType::JwtBearer,
        }
    }

    /// Whether an app has a client secret. Without a person, only the client's own credentials prove anything.
    pub fn secret_need(&self) -> Need {
        let by_secret =
            matches!(self.client_auth, ClientAuth::Basic | ClientAuth::BasicRaw | ClientAuth::Body);
        let is_alone = self.grant_type() == GrantType::ClientCredentials;
        if is_alone && by_secret { Need::Required } else { self.client_secret }
    }

    /// Whether a request that authenticates with this method presents the app's TLS certificate.
    pub fn presents_certificate(&self, method: ClientAuth) -> bool {
        self.certificate_bound || method.is_certificate()
    }

    /// Whether the app has a TLS certificate.
    pub fn has_certificate(&self) -> bool {
        let methods = [Some(self.client_auth), self.revocation_auth, self.introspection_auth];
        self.certificate_bound || methods.into_iter().flatten().any(ClientAuth::is_certificate)
    }

    /// The authorization endpoint, if the app's grant has one.
    pub fn authorize_url(&self) -> Option<&Url> {
        match &self.grant {
            GrantConfig::AuthorizationCode { authorize_url, .. } => Some(authorize_url),
            GrantConfig::DeviceCode { .. } | GrantConfig::ClientCredentials | GrantConfig::JwtBearer(_) => {
                None
            }
        }
    }

    /// The device authorization endpoint, if a person can sign in on another device.
    pub fn device_authorization_url(&self) -> Option<&Url> {
        match &self.grant {
            GrantConfig::AuthorizationCode { device_authorization_url, .. } => {
                device_authorization_url.as_ref()
            }
            GrantConfig::DeviceCode { device_authorization_url } => Some(device_authorization_url),
            GrantConfig::ClientCredentials | GrantConfig::JwtBearer(_) => None,
        }
    }

    /// The origins of all endpoints: where the person signs in, and where passwords, codes, tokens and client secrets
    /// are sent.
    pub fn origins(&self) -> Origins {
        let others = [
            &self.refresh.url,
            &self.revocation_url,
            &self.introspection_url,
            &self.userinfo_url,
            &self.par_url,
            &self.jwks_url,
            &self.login_url,
            &self.api_base,
        ];
        let by_grant = [self.authorize_url(), self.device_authorization_url()];
        let all = others.into_iter().flatten().chain(by_grant.into_iter().flatten()).chain([&self.token_url]);
        all.map(|url| url.origin().ascii_serialization()).collect()
    }

    /// Whether an access token may be sent to a URL: its origin (RFC 6454) is that of the API base or of the userinfo
    /// endpoint.
    pub fn accepts_token_at(&self, url: &Url) -> bool {
        self.api_origins().any(|own| own == url.origin())
    }

    /// The origins of the app's API.
    pub fn api_origins(&self) -> impl Iterator<Item = Origin> {
        [&self.api_base, &self.userinfo_url].into_iter().flatten().map(Url::origin)
    }

    /// The extra values for the token endpoint that may be secrets. Shorter ones are left out: they would mask ordinary
    /// words in a response.
    pub fn token_secrets(&self) -> impl Iterator<Item = SecretString> + '_ {
        let extra = self.token_extra.iter().chain(&self.refresh.extra).chain(&self.token_headers);
        let own = extra.filter(|(name, _)| name != "scope" && name != "redirect_uri");
        own.map(|(_, value)| value.clone()).filter(|value| value.expose_secret().len() >= MIN_SECRET_BYTES)
    }

    /// Adds extra values by key, replacing those with the same key. Values that Grapnel sets itself are ignored.
    #[must_use]
    pub fn with<'k>(mut self, values: impl IntoIterator<Item = (&'k str, SecretString)>) -> Self {
        for (key, value) in values {
            let Some((family, name)) = family(key).filter(|_| !is_reserved(key)) else { continue };
            let extra = match family {
                Family::Authorize => &mut self.authorize_extra,
                Family::Token => &mut self.token_extra,
                Family::Refresh => &mut self.refresh.extra,
                Family::Header => &mut self.token_headers,
            };
            extra.retain(|(other, _)| other != name);
            extra.push((name.to_owned(), value));
        }
        self
    }
}
