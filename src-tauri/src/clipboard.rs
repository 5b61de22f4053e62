//! Copying. A token stays out of clipboard histories, and leaves the clipboard by itself.

use std::sync::{Arc, Mutex, PoisonError};
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

/// How long a token stays in the clipboard.
const STAY: Duration = Duration::from_secs(45);

/// The system's clipboard. What is copied is there for as long as this is.
#[derive(Clone, Default)]
pub(crate) struct Clipboard(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    system: Option<System>,
    /// The token that was copied last, until it is cleared.
    token: Option<SecretString>,
}

impl Clipboard {
    /// Copies text that is no secret, or a link that ends with its attempt.
    pub(crate) fn copy(&self, text: &str) -> Result<()> {
        self.with(|system| system.set_text(text))
    }

    /// Copies a token, and clears the clipboard after a while if it still holds it.
    pub(crate) fn copy_for_a_while(&self, token: SecretString) -> Result<()> {
        self.with(|system| system.set().exclude_from_history().text(token.expose_secret()))?;
        self.held().token = Some(token);
        let clipboard = self.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(STAY).await;
            clipboard.clear();
        });
        Ok(())
    }

    /// Clears the clipboard if it holds a token from here.
    pub(crate) fn clear(&self) {
        let Some(token) = self.held().token.take() else { return };
        let cleared = self.with(|system| match system.get_text() {
            Ok(text) if text == token.expose_secret() => system.clear(),
            _ => Ok(()),
        });
        drop(cleared);
    }

    fn with<T>(&self, act: impl FnOnce(&mut System) -> Result<T, arboard::Error>) -> Result<T> {
        let mut held = self.held();
        let done = match &mut held.system {
            Some(system) => act(system),
            none => System::new().and_then(|system| act(none.insert(system))),
        };
        done.map_err(|error| {
            tracing::warn!(%error, "the clipboard failed");
            Error::new(Code::Internal, "The clipboard did not take it.")
                .hint("Try again, or copy it by hand.")
        })
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
