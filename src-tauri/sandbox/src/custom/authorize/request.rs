//! Validates the authorization request: scopes and PKCE are required. Every callback has `iss` (RFC 9207).

use crate::authorization_request::{AuthorizeError, ErrorParams, SECRETS, challenge, check, identify_client};
use crate::custom::constants::SCOPES;
use crate::custom::state::AuthorizeRequest;
use crate::custom::state::Custom;
use crate::departures::{DepartureKind, DepartureLog};
use crate::params::Params;
use crate::redirect;
use crate::switches::Switch;

const KNOWN: [&str; 12] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "login_hint",
    "prompt",
    "max_age",
    "acr_values",
];

/// The `iss` of a callback with the switch `custom-wrong-iss`.
const OTHER_ISSUER: &str = "https://someone-else.example";

impl AuthorizeRequest {
    pub(super) fn read(
        custom: &Custom,
        params: &Params,
        log: &DepartureLog<'_>,
    ) -> Result<Self, AuthorizeError> {
        log.unknown(params.unknown(&KNOWN).filter(|name| !SECRETS.contains(name)));
        let (app, redirect_uri) =
            identify_client(&custom.provider, params, log).map_err(AuthorizeError::Page)?;
        let mut request = Self {
            client_id: app.client_id.clone(),
            app_name: app.name.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            nonce: params.get("nonce").map(str::to_owned),
            challenge: String::new(),
            scopes: Vec::new(),
        };
        match check(params, &[], log).and_then(|()| required(params, log)) {
            Ok((challenge, scopes)) => Ok(Self { challenge, scopes, ..request }),
            Err(ErrorParams(error, why)) => {
                if params.is_repeated("state") {
                    // With several states, none can be returned.
                    request.state = None;
                }
                let pairs = [("error", error), ("error_description", &why)];
                Err(AuthorizeError::Redirect(request.back(custom, &pairs)))
            }
        }
    }

    pub(super) fn authorized(&self, custom: &Custom, code: &str) -> String {
        self.back(custom, &[("code", code)])
    }

    pub(super) fn denied(&self, custom: &Custom) -> String {
        self.back(custom, &[("error", "access_denied")])
    }

    fn back(&self, custom: &Custom, pairs: &[(&str, &str)]) -> String {
        let switches = &custom.provider.shared.switches;
        let wrong = switches.is_on(Switch::CustomWrongIss);
        let iss = ("iss", if wrong { OTHER_ISSUER } else { custom.issuer() });
        let state = self.state.as_deref().map(|state| ("state", state));
        let iss = (!switches.is_on(Switch::CustomNoIss)).then_some(iss);
        let all: Vec<_> = pairs.iter().copied().chain(state).chain(iss).collect();
        redirect::with_query(&self.redirect_uri, &all)
    }
}

type Required = (String, Vec<&'static str>);

fn required(params: &Params, log: &DepartureLog<'_>) -> Result<Required, ErrorParams> {
    let Some(challenge) = challenge(params, log)? else {
        log.add(DepartureKind::MissingParameter, "code_challenge");
        return Err(ErrorParams("invalid_request", "code_challenge is missing".to_owned()));
    };
    Ok((challenge, scopes(params, log)?))
}

/// A request without a scope is refused, as RFC 6749 §3.3 permits.
fn scopes(params: &Params, log: &DepartureLog<'_>) -> Result<Vec<&'static str>, ErrorParams> {
    let Some(text) = params.get("scope") else {
        log.add(DepartureKind::MissingParameter, "scope");
        return Err(ErrorParams("invalid_scope", "scope is missing".to_owned()));
    };
    let known = |name: &str| SCOPES.into_iter().map(|(scope, _)| scope).find(|scope| *scope == name);
    let scopes: Option<Vec<_>> = text.split(' ').map(known).collect();
    scopes.ok_or_else(|| {
        log.add(DepartureKind::WrongValue, "scope");
        ErrorParams("invalid_scope", "scope names one that is not announced".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use crate::redirect::with_query;

    #[test]
    fn the_response_matches_rfc_9207_section_2_1() {
        let pairs = [
            ("code", "x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58"),
            ("state", "ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI"),
            ("iss", "https://honest.as.example"),
        ];
        let expected = "https://client.example/cb?code=x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58\
                        &state=ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI&iss=https%3A%2F%2Fhonest.as.example";
        assert_eq!(with_query("https://client.example/cb", &pairs), expected);
    }
}
