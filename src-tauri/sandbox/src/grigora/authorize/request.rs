//! The authorization request: read strictly, first what decides where an error may be sent, then the rest.

use crate::departures::{Kind, Notes, named};
use crate::grigora::Grigora;
use crate::params::Params;
use crate::pkce;

const KNOWN: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "project_id",
    "project_ids",
    "code_challenge",
    "code_challenge_method",
];

/// What must never travel through a browser.
const SECRETS: [&str; 4] = ["client_secret", "code_verifier", "access_token", "refresh_token"];

/// A request that may be put before a person.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    state: Option<String>,
    pub(super) challenge: Option<String>,
    /// The projects ticked beforehand: those that were named, or all.
    pub(super) projects: Vec<String>,
}

/// Where an error goes: to the person, or back to an app that has been recognized.
#[derive(Debug)]
pub(super) enum Refused {
    Page(String),
    Redirect(String),
}

/// An error code of RFC 6749 §4.1.2.1 and a sentence.
struct Wrong(&'static str, String);

impl AuthorizeRequest {
    pub(super) fn read(grigora: &Grigora, params: &Params, notes: &Notes<'_>) -> Result<Self, Refused> {
        notes.unknown(params.unknown(&KNOWN).filter(|name| !SECRETS.contains(name)));
        let mut request = Self::target(grigora, params, notes).map_err(Refused::Page)?;
        let rest = check(params, notes).and_then(|()| challenge(params, notes));
        match rest {
            Ok(challenge) => request.challenge = challenge,
            Err(Wrong(error, why)) => {
                return Err(Refused::Redirect(
                    request.back(&[("error", error), ("error_description", &why)]),
                ));
            }
        }
        request.projects = projects(grigora, params, notes);
        Ok(request)
    }

    /// Who asks and where the answer goes. While that is in doubt, an error must stay here.
    fn target(grigora: &Grigora, params: &Params, notes: &Notes<'_>) -> Result<Self, String> {
        let client_id = once(params, "client_id", notes)?;
        let redirect_uri = once(params, "redirect_uri", notes)?;
        let app = grigora.provider.app(client_id).ok_or_else(|| {
            notes.add(Kind::WrongClient, "client_id");
            "No app with this client_id is registered here.".to_owned()
        })?;
        if !app.redirects_to(redirect_uri) {
            notes.add(Kind::RedirectMismatch, "redirect_uri");
            return Err(format!("The redirect_uri is none of those that {} has registered.", app.name));
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            challenge: None,
            projects: Vec::new(),
        })
    }

    pub(super) fn authorized(&self, code: &str) -> String {
        self.back(&[("code", code)])
    }

    pub(super) fn denied(&self) -> String {
        self.back(&[("error", "access_denied")])
    }

    /// Whether the way back leaves the browser, so that this page stays in sight.
    pub(super) fn leaves_the_browser(&self) -> bool {
        !self.redirect_uri.starts_with("http://") && !self.redirect_uri.starts_with("https://")
    }

    fn back(&self, pairs: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

fn once<'p>(params: &'p Params, name: &'static str, notes: &Notes<'_>) -> Result<&'p str, String> {
    if params.is_repeated(name) {
        notes.add(Kind::RepeatedParameter, name);
        return Err(format!("{name} was sent more than once."));
    }
    params.get(name).ok_or_else(|| {
        notes.add(Kind::MissingParameter, name);
        format!("{name} is missing.")
    })
}

fn check(params: &Params, notes: &Notes<'_>) -> Result<(), Wrong> {
    let wrong = |kind, name: &str, why: &str| {
        notes.add(kind, named(name));
        Wrong("invalid_request", format!("{} {why}", named(name)))
    };
    if let Some(name) = SECRETS.into_iter().find(|name| params.has(name)) {
        return Err(wrong(Kind::SecretInQuery, name, "must not pass through a browser"));
    }
    // Projects may be named one by one; RFC 6749 §3.1 forbids any other repeat.
    let several = ["project_id", "project_ids"];
    if let Some(name) = params.names().into_iter().find(|n| params.is_repeated(n) && !several.contains(n)) {
        return Err(wrong(Kind::RepeatedParameter, name, "was sent more than once"));
    }
    match params.get("response_type") {
        Some("code") => Ok(()),
        None => Err(wrong(Kind::MissingParameter, "response_type", "is missing")),
        Some(_) => {
            notes.add(Kind::WrongValue, "response_type");
            Err(Wrong("unsupported_response_type", "response_type must be code".to_owned()))
        }
    }
}

/// The page asks for both parameters, and for S256. (RFC 7636 would read an absent method as `plain`.)
fn challenge(params: &Params, notes: &Notes<'_>) -> Result<Option<String>, Wrong> {
    let wrong = |kind, name: &str, why: &str| {
        notes.add(kind, name);
        Err(Wrong("invalid_request", format!("{name} {why}")))
    };
    match (params.get("code_challenge"), params.get("code_challenge_method")) {
        (None, None) => Ok(None),
        (Some(_), None) => wrong(Kind::MissingParameter, "code_challenge_method", "is missing: send S256"),
        (None, Some(_)) => wrong(Kind::MissingParameter, "code_challenge", "is missing"),
        (Some(challenge), Some("S256")) if pkce::is_challenge(challenge) => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => wrong(Kind::WrongValue, "code_challenge", "is not a SHA-256 in base64url"),
        (Some(_), Some(_)) => wrong(Kind::WrongValue, "code_challenge_method", "must be S256"),
    }
}

/// Assumed: several ids are separated by commas or repeated; with none named, all projects are ticked.
fn projects(grigora: &Grigora, params: &Params, notes: &Notes<'_>) -> Vec<String> {
    let both = params.all("project_id").chain(params.all("project_ids"));
    let asked: Vec<&str> =
        both.flat_map(|ids| ids.split(',')).map(str::trim).filter(|id| !id.is_empty()).collect();
    if asked.iter().any(|id| grigora.world.project(id).is_none()) {
        notes.add(Kind::WrongValue, "project_id or project_ids names no project");
    }
    let named = |id: &str| asked.is_empty() || asked.contains(&id);
    grigora
        .world
        .projects()
        .iter()
        .map(|project| project.id)
        .filter(|id| named(id))
        .map(str::to_owned)
        .collect()
}
