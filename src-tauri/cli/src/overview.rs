//! `grapnel` without a command: the state of connections, vault and agent, in ten lines at most.

use grapnel_model::connection::State;
use grapnel_model::error::{Error, Result};
use grapnel_model::vault::Protection;
use jiff::Timestamp;
use serde::Serialize;

use crate::format::words;
use crate::keyring;
use crate::lookup::quoted;
use crate::print::CommandResult;
use crate::session::Session;

/// The number of connections that need attention and are listed by name. The rest is counted.
const MAX_NAMED: usize = 5;

pub(crate) async fn run(session: &mut Session<'_>) -> Result<()> {
    keyring::check(session).await;
    let grapnel = &session.grapnel;
    let connections = grapnel.connections()?;
    let mut states: Vec<(State, usize)> = Vec::new();
    for connection in &connections {
        match states.iter_mut().find(|(state, _)| *state == connection.state) {
            Some((_, count)) => *count += 1,
            None => states.push((connection.state, 1)),
        }
    }
    let needing = connections.iter().filter(|one| one.state == State::ReconnectNeeded);
    let overview = Overview {
        apps: grapnel.apps()?.len(),
        connections: connections.len(),
        states: states.into_iter().map(|(state, count)| StateCount { state, count }).collect(),
        reconnect_needed: needing.map(|one| one.name.clone()).collect(),
        vault: grapnel.protection()?,
        vault_error: grapnel.vault_error(),
        token_agent_runs: grapnel.token_agent_runs(),
    };
    session.output.show(&overview)
}

#[derive(Serialize)]
struct Overview {
    apps: usize,
    connections: usize,
    states: Vec<StateCount>,
    /// The names of these connections.
    reconnect_needed: Vec<String>,
    vault: Protection,
    /// Why the vault cannot be opened now.
    vault_error: Option<Error>,
    token_agent_runs: bool,
}

#[derive(Serialize)]
struct StateCount {
    state: State,
    count: usize,
}

impl CommandResult for Overview {
    fn text(&self, _: Timestamp) -> String {
        let mut lines = vec![self.connections_text()];
        let named = self.reconnect_needed.iter().take(MAX_NAMED);
        lines.extend(named.map(|name| format!("  reconnect: grapnel connect {}", quoted(name))));
        if self.reconnect_needed.len() > MAX_NAMED {
            let more = self.reconnect_needed.len() - MAX_NAMED;
            lines.push(format!("  and {more} more: grapnel list"));
        }
        lines.push(match (self.vault, &self.vault_error) {
            (_, Some(_)) => "Vault: cannot be opened now. What to do: grapnel doctor".to_owned(),
            (Protection::None, None) => "Vault: empty".to_owned(),
            (vault, None) => format!("Vault: opens with the {}", words(&vault)),
        });
        let agent =
            if self.token_agent_runs { "running" } else { "not running. Start it: grapnel agent --install" };
        lines.push(format!("Token agent: {agent}"));
        lines.push("All commands: grapnel help".to_owned());
        lines.join("\n")
    }
}

impl Overview {
    fn connections_text(&self) -> String {
        if self.apps == 0 {
            return "No apps yet. Add one: grapnel app add NAME --provider PROVIDER (see grapnel provider list)".into();
        }
        if self.connections == 0 {
            return "No connections yet. Sign in: grapnel connect APP (see grapnel app list)".into();
        }
        let states = self.states.iter().map(|one| format!("{} {}", one.count, words(&one.state)));
        format!("Connections: {}", states.collect::<Vec<_>>().join(", "))
    }
}
