//! Waiting for the keyring: reported when it takes long, and limited if there is no person to unlock it.

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use tokio::sync::broadcast::error::RecvError;

use crate::print::{Messages, hint_here};
use crate::session::Session;

/// How long a list waits for the keyring. A keyring that responds does so sooner.
const CHECK_TIMEOUT: Duration = Duration::from_millis(2500);
/// How long a command that the keyring refused may take to end with the keyring's own error.
const REFUSAL_GRACE: Duration = Duration::from_millis(200);

/// Awaits `work`, and gives up if the keyring stays silent for `timeout`. Without one, only the core's own limit
/// applies, which leaves a person time to unlock the keyring.
pub(crate) async fn with_keyring_timeout<T>(
    grapnel: &Grapnel,
    messages: &Messages,
    timeout: Option<Duration>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let done = tokio::select! {
        biased;
        done = work => done,
        error = timed_out(grapnel, messages, timeout) => return Err(error),
    };
    // A refresh or a code exchange of another task in this process must not be interrupted.
    grapnel.idle().await;
    done
}

/// Returns an error when the keyring has been silent for too long.
async fn timed_out(grapnel: &Grapnel, messages: &Messages, timeout: Option<Duration>) -> Error {
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
        if tokio::time::timeout(REFUSAL_GRACE, &mut answers).await.is_ok() {
            continue;
        }
        messages.note(&format!("{} {}", error.message, error.hint.as_deref().unwrap_or_default()));
        let Some(timeout) = timeout else { continue };
        if tokio::time::timeout(timeout, answers).await.is_err() {
            return error;
        }
    }
}

/// Opens the vault with the keyring, so that the statuses shown are the present ones, and warns if that fails.
pub(crate) async fn check(session: &Session<'_>) {
    // A keyring that is silent until then counts as locked.
    let _ = tokio::time::timeout(CHECK_TIMEOUT, session.grapnel.check_vault()).await;
    if let Some(trouble) = session.grapnel.vault_error() {
        let hint = hint_here(trouble.code).or(trouble.hint).unwrap_or_default();
        session.output.messages.note(&format!("warning: {} {hint}", trouble.message));
    }
}
