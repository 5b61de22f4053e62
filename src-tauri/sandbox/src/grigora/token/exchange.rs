//! `grant_type=authorization_code`.

use super::required;
use crate::apps::App;
use crate::departures::{Kind, Notes};
use crate::grants::{CodeClaim, CodeRefused, Grants, Tokens};
use crate::params::Params;
use crate::refusal::Refusal;

const KNOWN: [&str; 6] =
    ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"];

pub(super) fn exchange(
    grants: &Grants,
    app: &App,
    params: &Params,
    notes: &Notes<'_>,
) -> Result<Tokens, Refusal> {
    notes.unknown(params.unknown(&KNOWN));
    let claim = CodeClaim {
        code: required(params, "code", notes)?,
        client_id: &app.client_id,
        redirect_uri: required(params, "redirect_uri", notes)?,
        verifier: params.get("code_verifier"),
    };
    grants.redeem(&claim).map_err(|refused| {
        let (departure, why) = explain(refused);
        if let Some((kind, detail)) = departure {
            notes.add(kind, detail);
        }
        Refusal::invalid_grant(why)
    })
}

/// What goes into the log, and what the client is told. An expired code is in the page: no departure.
fn explain(refused: CodeRefused) -> (Option<(Kind, &'static str)>, &'static str) {
    match refused {
        CodeRefused::Expired => (None, "the code has expired"),
        CodeRefused::Unknown => (Some((Kind::UnknownCode, "code")), "no such code for this client"),
        CodeRefused::Replayed => {
            (Some((Kind::ReplayedCode, "code")), "the code was used before; its tokens are revoked")
        }
        CodeRefused::OtherRedirect => (
            Some((Kind::RedirectMismatch, "redirect_uri")),
            "redirect_uri is not the one that the code was sent to",
        ),
        CodeRefused::NoVerifier => {
            (Some((Kind::MissingParameter, "code_verifier")), "code_verifier is missing")
        }
        CodeRefused::WrongVerifier => {
            (Some((Kind::PkceMismatch, "code_verifier")), "code_verifier does not fit the code_challenge")
        }
        CodeRefused::StrayVerifier => {
            (Some((Kind::PkceMismatch, "code_verifier")), "a code_verifier, but no code_challenge was sent")
        }
    }
}
