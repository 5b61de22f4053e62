//! The clipboard. A copied token is excluded from clipboard histories, and is removed after a while.

use std::sync::Arc;
use std::time::Duration;

use arboard::Clipboard as System;
#[cfg(target_os = "macos")]
use arboard::SetExtApple;
#[cfg(target_os = "linux")]
use arboard::SetExtLinux;
#[cfg(windows)]
use arboard::SetExtWindows;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use parking_lot::Mutex;

/// How long a token stays in the clipboard.
const CLEAR_AFTER: Duration = Duration::from_secs(45);
/// The pause before clearing is retried, if another program was using the clipboard.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The system's clipboard. Copied content is available for the lifetime of this value.
#[derive(Clone, Default)]
pub(crate) struct Clipboard(Arc<Mutex<ClipboardState>>);

#[derive(Default)]
struct ClipboardState {
    system: Option<System>,
    /// The token that was copied last, until it is cleared.
    token: Option<SecretString>,
    /// The number of tokens copied so far.
    copies: u64,
}

impl Clipboard {
    /// Copies text that is not secret, or an authorization URL, which expires with its attempt.
    pub(crate) fn copy(&self, text: &str) -> Result<()> {
        self.with(|system| system.set_text(text))
    }

    /// Copies a token, and clears the clipboard after [`CLEAR_AFTER`] if it still contains it. `otherwise`: what to do
    /// if the clipboard does not answer.
    pub(crate) fn copy_for_a_while(&self, token: SecretString, otherwise: &str) -> Result<()> {
        self.with(|system| system.set().exclude_from_history().text(token.expose_secret()))
            .map_err(|error| error.hint(format!("{otherwise} Or try again.")))?;
        let copy = {
            let mut state = self.state();
            state.token = Some(token);
            state.copies += 1;
            state.copies
        };
        let clipboard = self.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(CLEAR_AFTER).await;
            // A token that was copied since then has its own timer.
            while clipboard.state().copies == copy && !clipboard.clear() {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        });
        Ok(())
    }

    /// Clears the clipboard if it contains the copied token. Returns whether it no longer does.
    pub(crate) fn clear(&self) -> bool {
        let mut state = self.state();
        let ClipboardState { system: Some(system), token: Some(token), .. } = &mut *state else {
            return true;
        };
        let is_over = match system.get_text() {
            Ok(text) if text == token.expose_secret() => system.clear().is_ok(),
            // Something else was copied since then.
            Ok(_) | Err(arboard::Error::ContentNotAvailable | arboard::Error::ConversionFailure) => true,
            Err(error) => {
                tracing::warn!(%error, "the clipboard may still hold a token");
                false
            }
        };
        if is_over {
            state.token = None;
        }
        is_over
    }

    fn with<T>(&self, act: impl FnOnce(&mut System) -> Result<T, arboard::Error>) -> Result<T> {
        let mut state = self.state();
        let done = match &mut state.system {
            Some(system) => act(system),
            none => System::new().and_then(|system| act(none.insert(system))),
        };
        done.map_err(|error| {
            tracing::warn!(%error, "the clipboard failed");
            Error::new(
                Code::Internal,
                "The clipboard did not take it: this desktop lets no other program use it, or it is busy.",
            )
            .hint("Try again, or copy it by hand.")
        })
    }

    fn state(&self) -> parking_lot::MutexGuard<'_, ClipboardState> {
        self.0.lock()
    }
}
