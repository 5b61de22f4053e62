//! Waiting for the keyring: said when it takes long, and not for ever where nobody is there to unlock it.

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use tokio::sync::broadcast::error::RecvError;

use crate::print::{Messages, hint_here};
use crate::session::Session;

/// A keyring that answers does so sooner. A list must not wait longer for one that does not.
const GLANCE: Duration = Duration::from_millis(2500);
/// A command that the keyring has refused ends sooner, with the keyring's own words.
const REFUSED: Duration = Duration::from_millis(200);

/// Awaits `work` for as long as the keyring lets it. Without `patience`, the core gives up by itself after the time that a
/// person needs.
pub(crate) async fn within_patience<T>(
    grapnel: &Grapnel,
    messages: &Messages,
    patience: Option<Duration>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let done = tokio::select! {
        biased;
        done = work => done,
        error = given_up(grapnel, messages, patience) => return Err(error),
    };
    // A renewal or an exchange that someone else asked for in this process must not be broken off.
    grapnel.idle().await;
    done
}

/// Answers when the keyring has been silent for too long.
async fn given_up(grapnel: &Grapnel, messages: &Messages, patience: Option<Duration>) -> Error {
    let mut events = grapnel.events();
    loop {
        let error = match events.recv().await {
            Ok(Event::Vault(Some(error))) => error,
            Err(RecvError::Closed) => std::future::pending().await,
            _ => continue,
        };
        let mut answers = std::pin::pin!(async {
            while !matches!(events.recv().await, Ok(Event::Vault(None)) | Err(RecvError::Closed)) {}
        });
        if tokio::time::timeout(REFUSED, &mut answers).await.is_ok() {
            continue;
        }
        messages.note(&format!("{} {}", error.message, error.hint.as_deref().unwrap_or_default()));
        let Some(patience) = patience else { continue };
        if tokio::time::timeout(patience, answers).await.is_err() {
            return error;
        }
    }
}

/// Looks whether the keyring opens the vault, so that states are told as they are, and notes why it does not.
pub(crate) async fn glance(session: &Session<'_>) {
    // By the end of a glance, a keyring that is silent counts as locked.
    let _ = tokio::time::timeout(GLANCE, session.grapnel.check_vault()).await;
    if let Some(trouble) = session.grapnel.vault_trouble() {
        let hint = hint_here(trouble.code).or(trouble.hint).unwrap_or_default();
        session.output.messages.note(&format!("warning: {} {hint}", trouble.message));
    }
}
