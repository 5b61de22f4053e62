//! Discovery: reads an issuer's metadata (RFC 8414, OpenID Connect Discovery) into settings of a profile. Both
//! documents are requested at all URLs where servers publish them, and merged. A document counts only if it names
//! exactly this issuer.

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod grants;
mod issuer;
mod metadata;
mod notes;
mod protected_resource;
mod registration_offer;

use std::fmt::Write;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{GrantType, Overrides};
use grapnel_model::provider_text::clean;
use http::{Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

pub use notes::{DiscoveryNote, NoteKind};
pub use protected_resource::{ProtectedResource, read_protected_resource};
pub use registration_offer::RegistrationOffer;

use crate::http::api::describe;
use crate::http::challenge::is_scope;
use crate::http::{Client, Failure, Limits, Reply};
use issuer::TypedIssuer;
use metadata::{ALIASES, ENDPOINTS, Metadata, wrong};

/// The result of discovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Discovery {
    /// The issuer, as its documents spell it.
    pub issuer: String,
    /// The URLs of the documents that were read.
    pub documents: Vec<String>,
    /// Settings of a profile, by key.
    pub values: Overrides,
    /// The supported scopes.
    pub scopes: Vec<String>,
    /// The client authentication methods that both the token endpoint and Grapnel support, as values of `client_auth`.
    pub client_auth: Vec<String>,
    /// The grants that both the issuer and Grapnel support, as values of `grant_type`.
    pub grant_types: Vec<String>,
    /// How a client comes to be known to the issuer without a person who registers it.
    pub registration: RegistrationOffer,
    /// The protected resource whose authorization server the issuer is, if one was entered.
    pub resource: Option<ProtectedResource>,
    /// What a person should know before using the issuer.
    pub notes: Vec<DiscoveryNote>,
}

/// Discovers the metadata of an issuer, or of a pasted metadata URL.
///
/// # Errors
/// The issuer is invalid or unreachable, or publishes no usable metadata.
pub async fn discover(http: &Client, typed: &str) -> Result<Discovery> {
    find(http, typed).await.map_err(|error| error.or_means("Nothing changed."))
}

async fn find(http: &Client, typed: &str) -> Result<Discovery> {
    let asked = TypedIssuer::read(typed)?;
    let (oauth, openid) = tokio::join!(
        fetch_all(http, &asked, asked.oauth_addresses()),
        fetch_all(http, &asked, asked.openid_addresses())
    );
    conclude(&asked, oauth, openid)
}

/// Decides on the result from the responses for both documents.
fn conclude(asked: &TypedIssuer, oauth: FetchResults, openid: FetchResults) -> Result<Discovery> {
    let found: Vec<MetadataDocument> = [oauth.found, openid.found].into_iter().flatten().collect();
    let Some(MetadataDocument { issuer, .. }) = found.first() else {
        return Err(nothing_found(asked, &[oauth.others, openid.others].concat()));
    };
    // For a pasted metadata URL, the first document determines the issuer.
    read(&issuer.clone(), found)
}

/// Merges the documents of one issuer and reads their settings.
fn read(issuer: &str, found: Vec<MetadataDocument>) -> Result<Discovery> {
    let url = Url::parse(issuer).map_err(|error| wrong(format!("The issuer is not an address: {error}.")))?;
    let mut documents = Vec::new();
    let mut joined: Option<Metadata> = None;
    for one in found.into_iter().filter(|one| one.issuer == issuer) {
        let metadata = Metadata::read(&url, one.document)?;
        documents.push(one.address.into());
        match &mut joined {
            Some(joined) => joined.join(metadata),
            None => joined = Some(metadata),
        }
    }
    let Some(metadata) = joined else { return Err(Error::new(Code::Internal, "No document was read.")) };
    let grant = grants::chosen(&metadata);
    let notes = notes::notes(&url, &metadata, grant);
    for needed in grants::endpoints_of(grant) {
        if metadata.endpoint(needed).is_none() {
            return Err(incomplete(needed, &metadata, &documents, &notes));
        }
    }
    let scopes = metadata.list("scopes_supported").into_iter().filter(|scope| is_scope(scope));
    Ok(Discovery {
        issuer: issuer.to_owned(),
        values: values(issuer, &metadata, grant),
        scopes: scopes.map(str::to_owned).collect(),
        client_auth: client_auth(&metadata, "token_endpoint_auth_methods_supported")
            .into_iter()
            .map(str::to_owned)
            .collect(),
        grant_types: grants::offered(&metadata).into_iter().map(|one| one.name().to_owned()).collect(),
        registration: RegistrationOffer::of(&metadata),
        resource: None,
        notes,
        documents,
    })
}

fn values(issuer: &str, metadata: &Metadata, grant: GrantType) -> Overrides {
    let mut values = Overrides::from([
        ("issuer".to_owned(), issuer.to_owned()),
        // Even if S256 is not announced: leaving PKCE out is the person's decision.
        ("pkce".to_owned(), "always".to_owned()),
        (
            "require_iss".to_owned(),
            metadata.is_set("authorization_response_iss_parameter_supported").to_string(),
        ),
    ]);
    let mut set = |key: &str, value: &str| drop(values.insert(key.to_owned(), value.to_owned()));
    for (member, key) in ENDPOINTS {
        if let Some(address) = metadata.endpoint(member) {
            set(key, address);
        }
    }
    // The authorization code grant is the default of every profile.
    if grant != GrantType::AuthorizationCode {
        set("grant_type", grant.name());
    }
    if metadata.is_set("require_pushed_authorization_requests") && metadata.endpoint(PAR).is_some() {
        set("par", "true");
    }
    if metadata.is_set("require_signed_request_object") {
        set("jar", "true");
    }
    if let Some(mode) = notes::signed_response_mode(metadata) {
        set("response_mode", mode);
    }
    // RFC 9396 §10. Types with spaces cannot be told apart in the setting.
    let types = metadata.list("authorization_details_types_supported");
    let types: Vec<&str> = types.into_iter().filter(|one| is_scope(one)).collect();
    if !types.is_empty() {
        set("authorization_details_types", &types.join(" "));
    }
    // The default is HTTP Basic (RFC 8414 §2). `body` also fits public clients, which send only their client ID.
    let methods = client_auth(metadata, "token_endpoint_auth_methods_supported");
    let is_silent = metadata.list("token_endpoint_auth_methods_supported").is_empty();
    set("client_auth", if is_silent { "basic" } else { methods.first().copied().unwrap_or("body") });
    let aliases: Vec<String> = metadata.aliases().map(|(name, url)| format!("{name}={url}")).collect();
    if !aliases.is_empty() {
        set(ALIASES, &aliases.join(" "));
    }
    // The member says that the server can. A client that it knows by a certificate is likely to get such tokens.
    let is_certificate = methods.first().is_some_and(|first| first.ends_with("tls_client_auth"));
    if is_certificate && metadata.is_set(notes::CERTIFICATE_BOUND) {
        set("certificate_bound", "true");
    }
    let algorithms = metadata.list("token_endpoint_auth_signing_alg_values_supported");
    if let Some(alg) = SIGNING_ALGORITHMS.iter().find(|alg| algorithms.contains(alg)) {
        set("client_key_alg", alg);
    }
    for (member, key) in [
        ("revocation_endpoint_auth_methods_supported", "revocation_auth"),
        ("introspection_endpoint_auth_methods_supported", "introspection_auth"),
    ] {
        // Otherwise the token endpoint's is used.
        match client_auth(metadata, member)[..] {
            [only] => set(key, only),
            [first, ..] if !methods.is_empty() && !client_auth(metadata, member).contains(&methods[0]) => {
                set(key, first);
            }
            _ => {}
        }
    }
    values
}

/// The announced client authentication methods that Grapnel supports, as values of `client_auth`.
///
/// The first one is proposed. What a person can enter at once comes first: a key must be registered at the provider.
fn client_auth(metadata: &Metadata, member: &str) -> Vec<&'static str> {
    let announced = metadata.list(member);
    let offers = |methods: &[&str]| announced.iter().any(|one| methods.contains(one));
    [
        (&["client_secret_basic"][..], "basic"),
        (&["client_secret_post", "none"], "body"),
        (&["private_key_jwt"], "private_key_jwt"),
        (&["client_secret_jwt"], "secret_jwt"),
        (&["self_signed_tls_client_auth"], "self_signed_tls_client_auth"),
        (&["tls_client_auth"], "tls_client_auth"),
    ]
    .into_iter()
    .filter_map(|(methods, value)| offers(methods).then_some(value))
    .collect()
}

/// The algorithms of a client's private key, the preferred one first.
const SIGNING_ALGORITHMS: &[&str] = &["ES256", "EdDSA", "PS256", "RS256"];
/// The member with the pushed authorization request endpoint (RFC 9126 §5).
const PAR: &str = "pushed_authorization_request_endpoint";

/// A document of the requested issuer.
struct MetadataDocument {
    address: Url,
    issuer: String,
    document: Map<String, Value>,
}

/// The responses for one document at each of its URLs, until it was found.
#[derive(Default)]
struct FetchResults {
    found: Option<MetadataDocument>,
    others: Vec<(Url, NoDocument)>,
}

/// What was received instead of the document.
#[derive(Clone)]
enum NoDocument {
    /// A document that names this other issuer.
    Issuer(String),
    /// A redirect, which is not followed; with its target, if there is one.
    Redirect(Option<String>),
    /// Anything else, described.
    Reply(String),
    /// A temporary failure: the reason and the advice.
    Unavailable { said: String, advice: Option<String> },
}

async fn fetch_all(http: &Client, asked: &TypedIssuer, addresses: Vec<Url>) -> FetchResults {
    let mut all = FetchResults::default();
    for address in addresses {
        let answer = fetch_metadata(http, &address).await;
        all.take(asked, address, answer);
        if all.found.is_some() {
            break;
        }
    }
    all
}

impl FetchResults {
    /// Records the response from a URL.
    fn take(
        &mut self,
        asked: &TypedIssuer,
        address: Url,
        answer: Result<(String, Map<String, Value>), NoDocument>,
    ) {
        let other = match answer {
            Ok((issuer, document)) if asked.is(&issuer) => {
                self.found = Some(MetadataDocument { address, issuer, document });
                return;
            }
            Ok((issuer, _)) => NoDocument::Issuer(issuer),
            Err(other) => other,
        };
        self.others.push((address, other));
    }
}

/// Requests the document at a URL; returns the issuer that it names and its members.
async fn fetch_metadata(http: &Client, address: &Url) -> Result<(String, Map<String, Value>), NoDocument> {
    let request = Request::get(address.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| NoDocument::Reply(error.to_string()))?;
    let reply =
        http.send(ExchangeKind::Discovery, request, Limits::IDENTITY).await.map_err(
            |failure| match failure {
                Failure::NotSent(reason) => unavailable(format!("could not be reached: {reason}")),
                Failure::Blocked { reason, advice, .. } => NoDocument::Unavailable {
                    said: format!("could not be reached: {reason}"),
                    advice: Some(advice),
                },
                Failure::Lost(reason) => unavailable(format!("gave no whole answer: {reason}")),
                Failure::TooLarge(limit) => {
                    NoDocument::Reply(format!("answered with more than {} MiB", limit >> 20))
                }
                Failure::TooMany(limit) => {
                    NoDocument::Reply(format!("answered with more than {limit} values"))
                }
                failure => NoDocument::Reply(format!("answered what cannot be used: {failure}")),
            },
        )?;
    document(&reply)
}

/// Parses a response as a document; returns the issuer that it names and its members.
fn document(reply: &Reply) -> Result<(String, Map<String, Value>), NoDocument> {
    match reply.status {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            let to = reply.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
            return Err(NoDocument::Redirect(to.map(str::to_owned)));
        }
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(unavailable(format!("answered {status}")));
        }
        status => return Err(NoDocument::Reply(format!("answered {status}"))),
    }
    let document = match serde_json::from_slice(&reply.body) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return Err(NoDocument::Reply("answered with JSON that is not an object".into())),
        Err(_) => {
            return Err(NoDocument::Reply(format!("answered with a reply that is {}", describe(reply))));
        }
    };
    match metadata::issuer_of(&document) {
        Some(issuer) => Ok((issuer.to_owned(), document)),
        None => Err(NoDocument::Reply("answered with JSON that names no issuer".into())),
    }
}

fn unavailable(said: String) -> NoDocument {
    NoDocument::Unavailable { said, advice: None }
}

/// The error that lists what each URL returned, with the right issuer if that is evident.
fn nothing_found(asked: &TypedIssuer, others: &[(Url, NoDocument)]) -> Error {
    let announced = others.iter().find_map(|(address, other)| match other {
        NoDocument::Issuer(issuer) => Some((address, issuer)),
        _ => None,
    });
    if let Some((address, announced)) = announced {
        return other_issuer(asked, address, announced);
    }
    let mut unavailable = others.iter().filter_map(|(_, other)| match other {
        NoDocument::Unavailable { advice, .. } => Some(advice.as_ref()),
        _ => None,
    });
    let is_unavailable = unavailable.clone().next().is_some();
    let mut message = format!("No metadata was found for {}.", clean(&asked.text, &[]));
    let mut target = None;
    for (said, addresses) in grouped(others) {
        let _ = write!(message, " {} {said}.", addresses.join(" and "));
    }
    for (address, other) in others {
        if let NoDocument::Redirect(Some(to)) = other {
            target = target.or_else(|| issuer::of_metadata_url(&address.join(to).ok()?));
        }
    }
    let error = Error {
        code: if is_unavailable { Code::ProviderUnavailable } else { Code::ProviderError },
        ..wrong(message)
    };
    match target.map(|url| url.as_str().trim_end_matches('/').to_owned()) {
        Some(target) => error
            .hint(format!("If {} is the issuer that you mean, enter that.", clean(&target, &[])))
            .suggest(target),
        None if is_unavailable => match unavailable.find_map(|advice| advice) {
            Some(advice) => error.hint(advice),
            None => error.hint("Try again later, or enter the endpoints by hand."),
        },
        None => error.hint("Compare the issuer with the provider’s pages, or enter the endpoints by hand."),
    }
}

/// The distinct descriptions, each with its URLs.
fn grouped(others: &[(Url, NoDocument)]) -> Vec<(String, Vec<&str>)> {
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    for (address, other) in others {
        let said = match other {
            NoDocument::Issuer(issuer) => format!("names another issuer, {}", clean(issuer, &[])),
            NoDocument::Redirect(Some(to)) => {
                format!("answered with a redirect to {}, which was not followed", clean(to, &[]))
            }
            NoDocument::Redirect(None) => "answered with a redirect that names no address".into(),
            NoDocument::Reply(said) | NoDocument::Unavailable { said, .. } => said.clone(),
        };
        match all.iter_mut().find(|(known, _)| *known == said) {
            Some((_, addresses)) => addresses.push(address.as_str()),
            None => all.push((said, vec![address.as_str()])),
        }
    }
    all
}

fn other_issuer(asked: &TypedIssuer, address: &Url, announced: &str) -> Error {
    let (typed, shown) = (clean(&asked.text, &[]), clean(announced, &[]));
    if asked.differs_in_spelling_only(announced) {
        return wrong(format!("{address} spells its issuer {shown}, and {typed} was entered."))
            .hint(format!("Enter the issuer exactly as {shown}."))
            .suggest(announced);
    }
    wrong(format!("{address} is the metadata of another issuer, {shown}, and not of {typed}."))
        .hint(format!("If {shown} is the issuer that you mean and trust, enter it exactly so."))
}

fn incomplete(needed: &str, metadata: &Metadata, documents: &[String], notes: &[DiscoveryNote]) -> Error {
    let reason = metadata.skipped().find(|(name, _)| *name == needed);
    let reason = reason.map(|(_, reason)| format!(" that can be used (it is {reason})")).unwrap_or_default();
    let mut message = format!("The document has no {needed}{reason}: {}.", documents.join(", "));
    for note in notes.iter().filter(|note| note.kind == NoteKind::Unsupported) {
        let _ = write!(message, " {}", note.text);
    }
    wrong(message).hint("Enter the endpoints by hand, if the provider’s pages name them.")
}
