//! `grant_type=refresh_token`: the old refresh token ends as the new one begins.

use crate::apps::App;
use crate::departures::Notes;
use crate::grants::{Grants, Tokens};
use crate::params::Params;
use crate::refusal::Refusal;
use crate::token_request::required;

const KNOWN: [&str; 4] = ["grant_type", "refresh_token", "client_id", "client_secret"];

pub(super) fn refresh(
    grants: &Grants,
    app: &App,
    params: &Params,
    rotate: bool,
    notes: &Notes<'_>,
) -> Result<Tokens, Refusal> {
    notes.unknown(params.unknown(&KNOWN));
    let token = required(params, "refresh_token", notes)?;
    let renewed = grants.renew(token, &app.client_id, rotate);
    renewed.map_err(|refused| Refusal::invalid_grant(refused.note(notes)))
}
