//! Validates the sign-in request. Clients are not registered.

use crate::authorization_request::{ErrorParams, SECRETS, check, once};
use crate::departures::{DepartureKind, DepartureLog};
use crate::grovestreams::state::SignIn;
use crate::params::Params;
use crate::redirect::{is_safe_redirect_uri, with_fragment, with_query};
use crate::switches::{Switch, Switches};

const KNOWN: [&str; 5] = ["response_type", "client_id", "state", "redirect_uri", "email"];

impl SignIn {
    pub(super) fn read(params: &Params, log: &DepartureLog<'_>) -> Result<Self, String> {
        log.unknown(params.unknown(&KNOWN).filter(|name| !SECRETS.contains(name)));
        let client_id = once(params, "client_id", log)?;
        let redirect_uri = once(params, "redirect_uri", log)?;
        if !is_full_address(redirect_uri, log) {
            return Err("redirect_uri must be an absolute URI.".to_owned());
        }
        check(params, &[], log).map_err(|ErrorParams(_, why)| format!("{why}."))?;
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            email: params.get("email").map(str::to_owned),
        })
    }

    /// The names and the location of the callback parameters are undocumented. Assumed: RFC 6749, in the query.
    /// Switches select the alternatives.
    pub(super) fn back(&self, code: &str, switches: &Switches) -> String {
        let ours = switches.is_on(Switch::GroveStreamsOauthNames);
        let (code_name, state_name) = if ours { ("oauthCode", "oauthState") } else { ("code", "state") };
        let state = self.state.as_deref().map(|state| (state_name, state));
        let pairs: Vec<_> = std::iter::once((code_name, code)).chain(state).collect();
        if switches.is_on(Switch::GroveStreamsFragment) {
            with_fragment(&self.redirect_uri, &pairs)
        } else {
            with_query(&self.redirect_uri, &pairs)
        }
    }
}

pub(crate) fn is_full_address(redirect_uri: &str, log: &DepartureLog<'_>) -> bool {
    let fine = is_safe_redirect_uri(redirect_uri);
    if !fine {
        log.add(DepartureKind::WrongValue, "redirect_uri");
    }
    fine
}
