//! `grant_type=authorization_code`.

use crate::apps::App;
use crate::departures::Notes;
use crate::grants::{CodeClaim, Grants, Tokens};
use crate::params::Params;
use crate::refusal::Refusal;
use crate::token_request::required;

const KNOWN: [&str; 6] =
    ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"];

pub(super) fn exchange(
    grants: &Grants,
    app: &App,
    params: &Params,
    notes: &Notes<'_>,
) -> Result<Tokens, Refusal> {
    notes.unknown(params.unknown(&KNOWN));
    let code = required(params, "code", notes)?;
    let redirect_uri = Some(required(params, "redirect_uri", notes)?);
    let verifier = params.get("code_verifier");
    let claim = CodeClaim { redirect_uri, verifier, ..CodeClaim::new(code, &app.client_id) };
    grants.redeem(&claim).map_err(|refused| Refusal::invalid_grant(refused.note(notes)))
}
