//! Whether a connection is what it says: its state beside what the provider knows of its tokens, and of what it
//! answered.

use std::time::Duration;

use anyhow::Result;
use grapnel_core::Grapnel;
use grapnel_model::connection::{State, Summary};
use grapnel_model::error::{Code, Error};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_sandbox::{Fault, ProviderId, Sandbox};

/// A fault that changes nothing: it takes the requests that are to be spared.
pub(super) const SPARED: Fault = Fault::DateSkew(0);

/// A connection, and the token that its sign-in brought, by which the sandbox knows its grant for ever.
pub(super) struct Connected {
    pub(super) provider: ProviderId,
    pub(super) token: SecretString,
}

/// A state that is true.
pub(super) enum ConnectionStatus {
    /// Its token works.
    Active,
    /// What failed passes, it says what it was, and it is tried again.
    Retrying,
    /// The provider said that the grant is good no more.
    Refused,
    /// The provider has replaced the tokens with an answer that was lost, and that is told.
    Told,
}

#[derive(Default)]
pub(super) struct StormCounts {
    pub(super) active: usize,
    pub(super) retrying: usize,
    refused: usize,
    told: usize,
    pub(super) untrue: Vec<String>,
}

impl StormCounts {
    pub(super) fn add(&mut self, name: &str, standing: Result<ConnectionStatus, String>) {
        match standing {
            Ok(ConnectionStatus::Active) => self.active += 1,
            Ok(ConnectionStatus::Retrying) => self.retrying += 1,
            Ok(ConnectionStatus::Refused) => self.refused += 1,
            Ok(ConnectionStatus::Told) => self.told += 1,
            Err(why) => self.untrue.push(format!("{name}: {why}")),
        }
    }

    pub(super) fn report(&self, when: &str) {
        println!(
            "{when}: {} active, {} retrying, {} refused, {} answer lost and told, {} untrue",
            self.active,
            self.retrying,
            self.refused,
            self.told,
            self.untrue.len()
        );
        self.untrue.iter().for_each(|why| println!("    {why}"));
    }
}

/// Compares what a connection says with what the provider knows.
pub(super) async fn look(
    grapnel: &Grapnel,
    sandbox: &Sandbox,
    one: &Summary,
    connected: &Connected,
) -> Result<Result<ConnectionStatus, String>> {
    let grants = sandbox.grants(connected.provider);
    let mut refresh_faults = grants.refresh_faults(connected.token.expose_secret());
    refresh_faults.retain(|fault| *fault != SPARED);
    // With an answer that did not arrive went the only copy of a token that replaced the one held here.
    let is_void = connected.provider != ProviderId::Grindery
        && refresh_faults.iter().any(|fault| matches!(fault, Fault::LostReply | Fault::CutOff));
    let error = grapnel.connection(&one.id)?.error;
    let code = error.as_ref().map(|error| error.code);
    Ok(match (one.state, refresh_faults.last()) {
        (State::Active, last) if last != Some(&Fault::InvalidGrant) && error.is_none() => {
            let token = grapnel.token(&one.id, Duration::ZERO).await?.value;
            let works = grants.is_live(token.expose_secret());
            if works { Ok(ConnectionStatus::Active) } else { Err("its token does not work".into()) }
        }
        (State::Retrying, Some(last)) if one.retry_at.is_some() && code == said_of(last) => {
            Ok(ConnectionStatus::Retrying)
        }
        (State::ReconnectNeeded, Some(Fault::InvalidGrant)) if code == Some(Code::ReconnectNeeded) => {
            Ok(ConnectionStatus::Refused)
        }
        (State::ReconnectNeeded, _) if is_void && error.as_ref().is_some_and(tells_of_a_lost_answer) => {
            Ok(ConnectionStatus::Told)
        }
        (state, _) => Err(format!(
            "{state:?}, retried at {:?}, says {error:?}; it met {refresh_faults:?}",
            one.retry_at
        )),
    })
}

/// What is to be said of a failure that passes.
fn said_of(fault: &Fault) -> Option<Code> {
    match fault {
        // A failing server may have acted all the same.
        Fault::ServerError(500) | Fault::LostReply | Fault::CutOff => Some(Code::AnswerLost),
        Fault::ServerError(503) | Fault::TooMany(_) => Some(Code::ProviderUnavailable),
        _ => None,
    }
}

fn tells_of_a_lost_answer(error: &Error) -> bool {
    let meaning = error.meaning.as_deref().unwrap_or_default();
    error.code == Code::ReconnectNeeded
        && meaning.contains("The response to an earlier refresh did not arrive.")
}
