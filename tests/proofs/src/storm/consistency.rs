//! Compares a connection's status with the provider's record of its tokens and responses.

use std::time::Duration;

use anyhow::Result;
use grapnel_core::Grapnel;
use grapnel_model::connection::{State, Summary};
use grapnel_model::error::{Code, Error};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_sandbox::{Fault, ProviderId, Sandbox};

/// A fault without effect, for requests that are not to fail.
pub(super) const SPARED: Fault = Fault::DateSkew(0);

/// A connection, and its first token, by which the sandbox can always find its grant.
pub(super) struct Connected {
    pub(super) provider: ProviderId,
    pub(super) token: SecretString,
}

/// A status that agrees with the provider's record.
pub(super) enum ConnectionStatus {
    /// The token works.
    Active,
    /// The failure is temporary, the status names it, and a retry is planned.
    Retrying,
    /// The provider has refused the grant for good.
    Refused,
    /// The provider has rotated the tokens in a response that was lost, and the status says so.
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

/// Compares a connection's status with the provider's record.
pub(super) async fn look(
    grapnel: &Grapnel,
    sandbox: &Sandbox,
    one: &Summary,
    connected: &Connected,
) -> Result<Result<ConnectionStatus, String>> {
    let grants = sandbox.grants(connected.provider);
    let mut refresh_faults = grants.refresh_faults(connected.token.expose_secret());
    refresh_faults.retain(|fault| *fault != SPARED);
    // The lost response contained the only copy of the token that replaced the stored one.
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

/// The error code that a temporary failure must show.
fn said_of(fault: &Fault) -> Option<Code> {
    match fault {
        // A failing server may still have acted on the request.
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
