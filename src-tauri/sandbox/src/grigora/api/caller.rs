//! Authenticates API requests by their bearer token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};

use crate::bearer::{Unauthorized, bearer_grant, log_unexpected_body};
use crate::body::Members;
use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::Grant;
use crate::grigora::constants::API_BASE;
use crate::grigora::state::Grigora;
use crate::params::Params;
use crate::reply::ErrorReply;
use crate::sample_data::Project;

/// An authenticated API request.
pub(super) struct Caller {
    pub(super) grant: Grant,
    pub(super) grigora: Arc<Grigora>,
    endpoint: String,
}

impl Caller {
    pub(super) fn departure_log(&self) -> DepartureLog<'_> {
        self.grigora.provider.departure_log(self.endpoint.clone())
    }

    /// The project of `project_id` in the body, if the token has access to it.
    pub(super) fn project(&self, body: &Members) -> Result<&Project, ErrorReply> {
        let Some(id) = body.get("project_id").and_then(|id| id.as_str()).filter(|id| !id.is_empty()) else {
            self.departure_log().add(DepartureKind::MissingParameter, "project_id");
            return Err(ErrorReply::invalid_request("project_id missing"));
        };
        let opened = self.grant.authorization.project_ids.iter().any(|opened| opened == id);
        self.grigora.data.project(id).filter(|_| opened).ok_or_else(|| {
            self.departure_log().add(DepartureKind::ProjectNotAuthorized, "project_id");
            let why = "the token does not have access to that project";
            ErrorReply::new(StatusCode::FORBIDDEN, "project_not_authorized", why)
        })
    }
}

impl FromRequestParts<Arc<Grigora>> for Caller {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, grigora: &Arc<Grigora>) -> Result<Self, ErrorReply> {
        let endpoint = format!("{} {API_BASE}{}", parts.method, parts.uri.path());
        let log = grigora.provider.departure_log(endpoint.clone());
        check_query(parts, &log)?;
        if parts.method == Method::GET {
            log_unexpected_body(&parts.headers, &log);
        }
        let grant = bearer_grant(&grigora.provider, &parts.headers, &log).map_err(|why| match why {
            Unauthorized::NoToken(why) => ErrorReply::bearer("unauthorized", why),
            Unauthorized::BadToken => {
                ErrorReply::bearer("invalid_token", "the access token is invalid, expired or revoked")
            }
        })?;
        Ok(Self { grant, grigora: Arc::clone(grigora), endpoint })
    }
}

fn check_query(parts: &Parts, log: &DepartureLog<'_>) -> Result<(), ErrorReply> {
    let query = Params::from_form(parts.uri.query().unwrap_or_default().as_bytes());
    if query.has("access_token") {
        log.add(DepartureKind::TokenInQuery, "access_token");
        // RFC 6750 §2: one method per request. Without the header, the request has no token.
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(ErrorReply::invalid_request("the token was sent twice"));
        }
    } else if parts.uri.query().is_some() {
        log.add(DepartureKind::UnexpectedQuery, "no call takes a query");
    }
    Ok(())
}
