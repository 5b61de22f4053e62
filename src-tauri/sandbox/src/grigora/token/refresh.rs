//! `grant_type=refresh_token`: the old refresh token ends as the new one begins.

use super::required;
use crate::apps::App;
use crate::departures::{Kind, Notes};
use crate::grants::{Grants, RefreshRefused, Tokens};
use crate::params::Params;
use crate::refusal::Refusal;

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
    grants.renew(token, &app.client_id, rotate).map_err(|refused| match refused {
        RefreshRefused::Unknown => {
            notes.add(Kind::UnknownToken, "refresh_token");
            Refusal::invalid_grant("no such refresh token for this client")
        }
        RefreshRefused::Rotated => {
            notes.add(Kind::RotatedRefreshToken, "refresh_token");
            Refusal::invalid_grant("this refresh token was replaced by a newer one")
        }
        // Revoked or expired at the provider: a client cannot know, so it is no departure.
        RefreshRefused::Dead => Refusal::invalid_grant("this refresh token was revoked or has expired"),
    })
}
