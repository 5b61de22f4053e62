//! `grant_type=authorization_code`.

use crate::departures::DepartureLog;
use crate::grants::{CodeExchange, Grants, Tokens};
use crate::params::Params;
use crate::registered_app::RegisteredApp;
use crate::reply::ErrorReply;
use crate::token_request::required;

const KNOWN: [&str; 6] =
    ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"];

pub(super) fn exchange(
    grants: &Grants,
    app: &RegisteredApp,
    params: &Params,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    log.unknown(params.unknown(&KNOWN));
    let code = required(params, "code", log)?;
    let redirect_uri = Some(required(params, "redirect_uri", log)?);
    let verifier = params.get("code_verifier");
    let claim = CodeExchange { redirect_uri, verifier, ..CodeExchange::new(code, &app.client_id) };
    grants.exchange_code(&claim).map_err(|refused| ErrorReply::invalid_grant(refused.report(log)))
}
