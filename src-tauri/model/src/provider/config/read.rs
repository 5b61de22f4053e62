//! Parses the settings of a profile. An invalid one is refused with an error that names its key.

use url::Url;

use super::certificate_endpoints;
use super::{
    AssertionAudience, AssertionConfig, AssertionSubject, Body, ClientAuth, Content, Dpop, GrantConfig,
    GrantType, KeyAlgorithm, Need, Pagination, ParameterLocation, Pkce, ProviderConfig, RefreshConfig,
    RefreshTokenPolicy, ResponseMode,
};
use crate::authorization_details::AuthorizationDetails;
use crate::error::{Error, Result};
use crate::provider::endpoint::endpoint;

/// Returns the value of a key.
pub(in crate::provider) type Find<'f, 'v> = &'f dyn Fn(&str) -> Option<&'v str>;

/// The settings of a profile by key, overridden by those of an app.
struct Values<'f, 'v>(Find<'f, 'v>);

impl<'v> Values<'_, 'v> {
    /// A value, unless it is empty.
    fn filled(&self, key: &str) -> Option<&'v str> {
        (self.0)(key).filter(|value| !value.is_empty())
    }

    /// One of the named choices; the first if the profile has none.
    fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<T> {
        let Some(found) = self.filled(key) else { return Ok(choices[0].1) };
        choices.iter().find(|(name, _)| *name == found).map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            Error::input(key, format!("“{found}” is not a value that “{key}” can have."))
                .hint(format!("It can be: {}.", names.join(", ")))
        })
    }

    fn maybe_choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>> {
        self.filled(key).map(|_| self.choice(key, choices)).transpose()
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool> {
        let choices = [("true", true), ("false", false)];
        if self.filled(key).is_none() { Ok(default) } else { self.choice(key, &choices) }
    }

    /// A required URL.
    fn endpoint(&self, key: &str) -> Result<Url> {
        endpoint(key, (self.0)(key).unwrap_or_default())
    }

    fn maybe_endpoint(&self, key: &str) -> Result<Option<Url>> {
        self.filled(key).map(|text| endpoint(key, text)).transpose()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.filled(key).map(str::to_owned)
    }
}

const CLIENT_AUTH: &[(&str, ClientAuth)] = &[
    ("body", ClientAuth::Body),
    ("basic", ClientAuth::Basic),
    ("basic_raw", ClientAuth::BasicRaw),
    ("none", ClientAuth::None),
    ("secret_jwt", ClientAuth::SecretJwt),
    ("private_key_jwt", ClientAuth::PrivateKeyJwt),
    ("tls_client_auth", ClientAuth::TlsClientAuth),
    ("self_signed_tls_client_auth", ClientAuth::SelfSignedTlsClientAuth),
];
const KEY_ALGORITHMS: &[(&str, KeyAlgorithm)] = &[
    ("ES256", KeyAlgorithm::Es256),
    ("EdDSA", KeyAlgorithm::EdDsa),
    ("RS256", KeyAlgorithm::Rs256),
    ("PS256", KeyAlgorithm::Ps256),
];
const DPOP: &[(&str, Dpop)] =
    &[("false", Dpop::Never), ("true", Dpop::Offered), ("required", Dpop::Required)];
const BODIES: &[(&str, Body)] = &[("form", Body::Form), ("json", Body::Json), ("query", Body::Query)];
const NEEDS: &[(&str, Need)] =
    &[("required", Need::Required), ("optional", Need::Optional), ("none", Need::Absent)];

impl ProviderConfig {
    /// Parses the settings that `find` returns, without extra parameters and headers.
    pub(in crate::provider) fn read(find: Find<'_, '_>) -> Result<Self> {
        let values = &Values(find);
        let token_body = values.choice("token_body", BODIES)?;
        let config = Self {
            grant: grant(values)?,
            authorize_params: values.choice(
                "authorize_params",
                &[
                    ("query", ParameterLocation::Query),
                    ("fragment", ParameterLocation::Fragment),
                    ("both", ParameterLocation::Both),
                ],
            )?,
            authorize_extra: Vec::new(),
            token_url: values.endpoint("token_url")?,
            token_body,
            token_extra: Vec::new(),
            token_headers: Vec::new(),
            resources: resources(values)?,
            authorization_details: values
                .filled("authorization_details")
                .map(AuthorizationDetails::parse)
                .transpose()?,
            authorization_details_types: values
                .filled("authorization_details_types")
                .map(|types| types.split_whitespace().map(str::to_owned).collect())
                .unwrap_or_default(),
            token_redirect_uri: values.flag("token_redirect_uri", true)?,
            token_state: values.flag("token_state", false)?,
            client_id: values.choice("client_id", NEEDS)?,
            client_secret: values.choice("client_secret", NEEDS)?,
            client_auth: values.choice("client_auth", CLIENT_AUTH)?,
            client_key_alg: values.choice("client_key_alg", KEY_ALGORITHMS)?,
            client_key_id: values.text("client_key_id"),
            assertion_audience: audience(values)?,
            revocation_auth: values.maybe_choice("revocation_auth", CLIENT_AUTH)?,
            introspection_auth: values.maybe_choice("introspection_auth", CLIENT_AUTH)?,
            dpop: values.maybe_choice("dpop", DPOP)?.unwrap_or_default(),
            certificate_bound: values.flag("certificate_bound", false)?,
            pkce: values.choice("pkce", &[("always", Pkce::Always), ("never", Pkce::Never)])?,
            scopes_sent: scopes_sent(values)?,
            scope_aliases: scope_aliases(values)?,
            response_mode: values.choice("response_mode", &ResponseMode::ALL)?,
            require_state: require_state(values)?,
            issuer: values.text("issuer"),
            require_iss: values.flag("require_iss", false)?,
            callback_names: callback_names(values)?,
            token_path: values.text("token_path"),
            envelope: values.flag("envelope", false)?,
            refresh: refresh(values, token_body)?,
            revocation_url: values.maybe_endpoint("revocation_url")?,
            introspection_url: values.maybe_endpoint("introspection_url")?,
            userinfo_url: values.maybe_endpoint("userinfo_url")?,
            par_url: values.maybe_endpoint("par_url")?,
            par: values.flag("par", false)?,
            jar: values.flag("jar", false)?,
            jwks_url: values.maybe_endpoint("jwks_url")?,
            end_session_url: values.maybe_endpoint("end_session_url")?,
            registration_url: values.maybe_endpoint("registration_url")?,
            login_url: values.maybe_endpoint("login_url")?,
            content: values.choice(
                "content",
                &[
                    ("none", Content::None),
                    ("grigora", Content::Grigora),
                    ("grindery", Content::Grindery),
                    ("thegrid", Content::TheGrid),
                    ("grovestreams", Content::GroveStreams),
                ],
            )?,
            api_base: values.maybe_endpoint("api_base")?,
            pagination: values.filled("pagination").map(Pagination::parse).transpose()?,
            projects_param: values.text("projects_param"),
            email: values.text("email"),
            login_hint: values.choice(
                "login_hint",
                &[
                    ("false", None),
                    ("true", Some("login_hint")),
                    ("email", Some("email")),
                    ("login", Some("login")),
                ],
            )?,
            org: values.text("org"),
            user_uid: values.text("user_uid"),
            token_prefix: values.text("token_prefix").unwrap_or_default(),
            refresh_token_prefix: values.text("refresh_token_prefix").unwrap_or_default(),
        };
        certificate_endpoints::apply(config, values.filled(certificate_endpoints::KEY).unwrap_or_default())?
            .agree()
    }
}

/// The grant, with the endpoints that it needs. Those of other grants are not read.
fn grant(values: &Values<'_, '_>) -> Result<GrantConfig> {
    const DEVICE: &str = "device_authorization_url";
    Ok(match values.choice("grant_type", &GrantType::ALL.map(|one| (one.name(), one)))? {
        GrantType::AuthorizationCode => GrantConfig::AuthorizationCode {
            authorize_url: authorize_url(values)?,
            device_authorization_url: values.maybe_endpoint(DEVICE)?,
        },
        GrantType::DeviceCode => {
            GrantConfig::DeviceCode { device_authorization_url: values.endpoint(DEVICE)? }
        }
        GrantType::ClientCredentials => GrantConfig::ClientCredentials,
        GrantType::JwtBearer => GrantConfig::JwtBearer(assertion(values)?),
    })
}

/// The audience of the client's JWT: one of the named ones, or the provider's own, such as `login.example.com`.
fn audience(values: &Values<'_, '_>) -> Result<AssertionAudience> {
    let key = "assertion_audience";
    Ok(match values.filled(key) {
        None | Some("default") => AssertionAudience::Default,
        Some("issuer") => AssertionAudience::Issuer,
        Some("token_url") => AssertionAudience::TokenUrl,
        // A mistyped choice is none.
        Some(own) if own.contains(['.', ':', '/']) => AssertionAudience::Other(own.to_owned()),
        Some(other) => {
            return Err(Error::input(key, format!("“{other}” is not an audience.")).hint(
                "It can be: default, issuer, token_url, or the provider’s own, such as login.example.com.",
            ));
        }
    })
}

/// The longest lifetime of an assertion, in seconds.
const MAX_ASSERTION_LIFETIME: i64 = 3_600;

fn assertion(values: &Values<'_, '_>) -> Result<AssertionConfig> {
    let key = "assertion_lifetime";
    let lifetime = values.filled(key).unwrap_or("120").parse().ok();
    let Some(lifetime) = lifetime.filter(|seconds| (10..=MAX_ASSERTION_LIFETIME).contains(seconds)) else {
        return Err(Error::input(key, "The lifetime of the assertion is no number of seconds.")
            .hint(format!("Enter one from 10 to {MAX_ASSERTION_LIFETIME}.")));
    };
    let subject = match values.filled("assertion_subject") {
        None | Some("client") => AssertionSubject::Client,
        Some("none") => AssertionSubject::None,
        Some(account) => AssertionSubject::Account(account.to_owned()),
    };
    let has_scope = values.choice("assertion_scope", &[("parameter", false), ("claim", true)])?;
    Ok(AssertionConfig { subject, has_scope, lifetime })
}

fn authorize_url(values: &Values<'_, '_>) -> Result<Url> {
    let key = "authorize_url";
    let text = (values.0)(key).unwrap_or_default();
    // Only the authorization URL may have a fragment, for a page that reads its parameters there.
    let (address, fragment) =
        text.split_once('#').map_or((text, None), |(address, rest)| (address, Some(rest)));
    let mut url = endpoint(key, address)?;
    if let Some(name) = values.filled("identity_provider") {
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return Err(Error::input(
                "identity_provider",
                format!("“{name}” is not the name of an identity provider."),
            )
            .hint("Leave it empty, and choose on the provider’s page."));
        }
        let path = format!("{}/{name}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    url.set_fragment(fragment);
    Ok(url)
}

/// The callback parameters with a standard meaning (RFC 6749 §4.1.2, RFC 9207, OpenID Connect).
const CALLBACK_PARAMETERS: &[&str] = &[
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "session_state",
    "scope",
    "response",
    "id_token",
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
];

/// The additional names for code and state. They must not be those of other standard parameters.
fn callback_names(values: &Values<'_, '_>) -> Result<(Option<String>, Option<String>)> {
    let name = |key: &str, standard: &str| -> Result<Option<String>> {
        let name = values.text(key);
        match name.as_deref() {
            Some(taken) if taken != standard && CALLBACK_PARAMETERS.contains(&taken) => {
                let message = format!("“{taken}” already has another meaning in a callback.");
                Err(Error::input(key, message)
                    .hint(format!("Leave {key} empty for the standard name, “{standard}”.")))
            }
            _ => Ok(name),
        }
    };
    let names = (name("callback_code", "code")?, name("callback_state", "state")?);
    if names.0.is_some() && names.0 == names.1 {
        return Err(Error::input("callback_state", "Code and state cannot come under the same name.")
            .hint("Leave callback_code and callback_state empty for the standard names."));
    }
    Ok(names)
}

fn require_state(values: &Values<'_, '_>) -> Result<bool> {
    let key = "require_state";
    let is_required = values.flag(key, true)?;
    if is_required || values.flag("state_may_be_waived", false)? {
        return Ok(is_required);
    }
    let message =
        "A response without a state cannot be matched to its sign-in, and this provider returns the state.";
    Err(Error::input(key, message).hint("Reset require_state to true."))
}

fn scopes_sent(values: &Values<'_, '_>) -> Result<Option<char>> {
    let separator = values.choice("scope_separator", &[("space", ' '), ("comma", ',')])?;
    Ok(values.flag("send_scope", true)?.then_some(separator))
}

/// Pairs such as `email=https://id.example/auth/userinfo.email`, separated by spaces.
fn scope_aliases(values: &Values<'_, '_>) -> Result<Vec<(String, String)>> {
    let key = "scope_aliases";
    let pair = |pair: &str| {
        let (asked, granted) = pair
            .split_once('=')
            .filter(|(asked, granted)| !asked.is_empty() && !granted.is_empty())
            .ok_or_else(|| {
                Error::input(key, format!("“{pair}” is not a pair of scopes.")).hint(
                    "Enter pairs such as email=https://id.example/auth/email, with spaces between them.",
                )
            })?;
        Ok((asked.to_owned(), granted.to_owned()))
    };
    values.filled(key).unwrap_or_default().split_whitespace().map(pair).collect()
}

fn refresh(values: &Values<'_, '_>, token_body: Body) -> Result<RefreshConfig> {
    let policies = [
        ("rotates", RefreshTokenPolicy::Rotates),
        ("keeps", RefreshTokenPolicy::Keeps),
        ("none", RefreshTokenPolicy::None),
    ];
    let body = if values.filled("refresh_body").is_some() {
        values.choice("refresh_body", BODIES)?
    } else {
        token_body
    };
    Ok(RefreshConfig {
        policy: values.choice("refresh", &policies)?,
        url: values.maybe_endpoint("refresh_url")?,
        is_put: values.choice("refresh_method", &[("post", false), ("put", true)])?,
        body,
        only: values.filled("refresh_params").map(|names| names.split(' ').map(str::to_owned).collect()),
        has_redirect_uri: values.flag("refresh_redirect_uri", false)?,
        has_scope: values.flag("refresh_scope", false)?,
        extra: Vec::new(),
    })
}

/// The resources, separated by spaces: absolute URIs without a fragment (RFC 8707 §2).
fn resources(values: &Values<'_, '_>) -> Result<Vec<String>> {
    let key = "resource";
    let all = values.filled(key).unwrap_or_default().split_whitespace();
    all.map(|text| match Url::parse(text) {
        Ok(url) if url.fragment().is_none() => Ok(text.to_owned()),
        _ => Err(Error::input(key, format!("“{text}” is not the address of a resource."))
            .hint("Enter whole addresses without a #, separated by spaces.")),
    })
    .collect()
}
