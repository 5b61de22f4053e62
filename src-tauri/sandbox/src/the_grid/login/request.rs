//! Validates the login request. Scopes are separated by commas only.

use crate::authorization_request::{ErrorParams, SECRETS, check, identify_client};
use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::params::Params;
use crate::provider::Provider;
use crate::redirect;
use crate::switches::Switch;
use crate::the_grid::constants::SCOPES;
use crate::the_grid::state::Login;

/// `state` is undocumented and assumed.
const KNOWN: [&str; 5] = ["client_id", "response_type", "scope", "redirect_uri", "state"];

impl Login {
    pub(super) fn read(provider: &Provider, params: &Params, log: &DepartureLog<'_>) -> Result<Self, String> {
        log.unknown(params.unknown(&KNOWN).filter(|name| !SECRETS.contains(name)));
        let (app, redirect_uri) = identify_client(provider, params, log)?;
        // Assumed: other errors are shown on a page too, since no error callback is documented.
        check(params, &[], log).map_err(|ErrorParams(_, why)| format!("{why}."))?;
        let forgets = provider.shared.switches.is_on(Switch::TheGridNoState);
        Ok(Self {
            client_id: app.client_id.clone(),
            app_name: app.name.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").filter(|_| !forgets).map(str::to_owned),
            scopes: scopes(params.get("scope").unwrap_or_default(), log)?,
        })
    }

    pub(super) fn authorized(&self, code: &str) -> String {
        self.back(("code", code))
    }

    /// Assumed: the error of RFC 6749 §4.1.2.1.
    pub(super) fn denied(&self) -> String {
        self.back(("error", "access_denied"))
    }

    fn back(&self, pair: (&str, &str)) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs: Vec<_> = std::iter::once(pair).chain(state).collect();
        redirect::with_query(&self.redirect_uri, &pairs)
    }
}

fn scopes(text: &str, log: &DepartureLog<'_>) -> Result<Vec<&'static str>, String> {
    if text.contains(char::is_whitespace) {
        log.add(DepartureKind::WrongValue, "scope: separated by spaces, not by commas");
        return Err("Separate the scopes with commas.".to_owned());
    }
    let mut found = Vec::new();
    for name in text.split(',').filter(|name| !name.is_empty()) {
        let Some((scope, _)) = SCOPES.into_iter().find(|(scope, _)| *scope == name) else {
            log.add(DepartureKind::WrongValue, "scope: one that The Grid does not know");
            return Err(format!("The Grid has no scope {}.", loggable_name(name)));
        };
        found.push(scope);
    }
    Ok(found)
}
