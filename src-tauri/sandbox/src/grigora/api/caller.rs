//! The caller: who stands behind the bearer token of a request, or why it is refused.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};

use crate::bearer::{Unauthorized, grant_of, note_body};
use crate::body::Members;
use crate::departures::{Kind, Notes};
use crate::grants::Grant;
use crate::grigora::constants::API_BASE;
use crate::grigora::state::Grigora;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::world::Project;

/// A request with a good token.
pub(super) struct Caller {
    pub(super) grant: Grant,
    pub(super) grigora: Arc<Grigora>,
    endpoint: String,
}

impl Caller {
    pub(super) fn notes(&self) -> Notes<'_> {
        self.grigora.provider.notes(self.endpoint.clone())
    }

    /// The project that `project_id` in the body names, if this token opens it.
    pub(super) fn project(&self, body: &Members) -> Result<&Project, Refusal> {
        let Some(id) = body.get("project_id").and_then(|id| id.as_str()).filter(|id| !id.is_empty()) else {
            self.notes().add(Kind::MissingParameter, "project_id");
            return Err(Refusal::invalid_request("project_id missing"));
        };
        let opened = self.grant.authorization.project_ids.iter().any(|opened| opened == id);
        self.grigora.world.project(id).filter(|_| opened).ok_or_else(|| {
            self.notes().add(Kind::ProjectNotAuthorized, "project_id");
            let why = "the token does not have access to that project";
            Refusal::new(StatusCode::FORBIDDEN, "project_not_authorized", why)
        })
    }
}

impl FromRequestParts<Arc<Grigora>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, grigora: &Arc<Grigora>) -> Result<Self, Refusal> {
        let endpoint = format!("{} {API_BASE}{}", parts.method, parts.uri.path());
        let notes = grigora.provider.notes(endpoint.clone());
        check_query(parts, &notes)?;
        if parts.method == Method::GET {
            note_body(&parts.headers, &notes);
        }
        let grant = grant_of(&grigora.provider, &parts.headers, &notes).map_err(|why| match why {
            Unauthorized::NoToken(why) => Refusal::bearer("unauthorized", why),
            Unauthorized::BadToken => {
                Refusal::bearer("invalid_token", "the access token is invalid, expired or revoked")
            }
        })?;
        Ok(Self { grant, grigora: Arc::clone(grigora), endpoint })
    }
}

fn check_query(parts: &Parts, notes: &Notes<'_>) -> Result<(), Refusal> {
    let query = Params::from_form(parts.uri.query().unwrap_or_default().as_bytes());
    if query.has("access_token") {
        notes.add(Kind::TokenInQuery, "access_token");
        // RFC 6750 §2: one way at a time. Without the header, the request is simply one without a token.
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(Refusal::invalid_request("the token was sent twice"));
        }
    } else if parts.uri.query().is_some() {
        notes.add(Kind::UnexpectedQuery, "no call takes a query");
    }
    Ok(())
}
