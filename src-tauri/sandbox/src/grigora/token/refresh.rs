//! `grant_type=refresh_token`: the old refresh token ends as the new one begins.

use crate::departures::DepartureLog;
use crate::grants::{Grants, Tokens};
use crate::params::Params;
use crate::registered_app::RegisteredApp;
use crate::reply::ErrorReply;
use crate::token_request::required;

const KNOWN: [&str; 4] = ["grant_type", "refresh_token", "client_id", "client_secret"];

pub(super) fn refresh(
    grants: &Grants,
    app: &RegisteredApp,
    params: &Params,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    log.unknown(params.unknown(&KNOWN));
    let token = required(params, "refresh_token", log)?;
    let renewed = grants.refresh(token, &app.client_id, rotate);
    renewed.map_err(|refused| ErrorReply::invalid_grant(refused.report(log)))
}
