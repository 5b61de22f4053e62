//! Validates the authorization request.

use crate::authorization_request::{AuthorizeError, ErrorParams, SECRETS, challenge, check, identify_client};
use crate::departures::{DepartureKind, DepartureLog};
use crate::grigora::state::AuthorizeRequest;
use crate::grigora::state::Grigora;
use crate::params::Params;
use crate::redirect;

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

impl AuthorizeRequest {
    pub(super) fn read(
        grigora: &Grigora,
        params: &Params,
        log: &DepartureLog<'_>,
    ) -> Result<Self, AuthorizeError> {
        log.unknown(params.unknown(&KNOWN).filter(|name| !SECRETS.contains(name)));
        let mut request = Self::target(grigora, params, log).map_err(AuthorizeError::Page)?;
        // Project IDs may be repeated; RFC 6749 §3.1 forbids other repeats.
        let rest = check(params, &["project_id", "project_ids"], log).and_then(|()| challenge(params, log));
        match rest {
            Ok(challenge) => request.challenge = challenge,
            Err(ErrorParams(error, why)) => {
                return Err(AuthorizeError::Redirect(
                    request.back(&[("error", error), ("error_description", &why)]),
                ));
            }
        }
        request.projects = projects(grigora, params, log);
        Ok(request)
    }

    fn target(grigora: &Grigora, params: &Params, log: &DepartureLog<'_>) -> Result<Self, String> {
        let (app, redirect_uri) = identify_client(&grigora.provider, params, log)?;
        Ok(Self {
            client_id: app.client_id.clone(),
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

    fn back(&self, pairs: &[(&str, &str)]) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs: Vec<_> = pairs.iter().copied().chain(state).collect();
        redirect::with_query(&self.redirect_uri, &pairs)
    }
}

/// Assumed: IDs are separated by commas or repeated; without IDs, all projects are ticked.
fn projects(grigora: &Grigora, params: &Params, log: &DepartureLog<'_>) -> Vec<String> {
    let both = params.all("project_id").chain(params.all("project_ids"));
    let asked: Vec<&str> =
        both.flat_map(|ids| ids.split(',')).map(str::trim).filter(|id| !id.is_empty()).collect();
    if asked.iter().any(|id| grigora.data.project(id).is_none()) {
        log.add(DepartureKind::WrongValue, "project_id or project_ids names no project");
    }
    let named = |id: &str| asked.is_empty() || asked.contains(&id);
    grigora
        .data
        .projects()
        .iter()
        .map(|project| project.id)
        .filter(|id| named(id))
        .map(str::to_owned)
        .collect()
}
