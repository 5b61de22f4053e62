//! What is pasted while a sign-in waits.

use grapnel_core::Grapnel;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::AttemptId;
use grapnel_model::secret::ExposeSecret;

use crate::input::Lines;
use crate::print::Messages;

/// Hands on what is pasted, line by line, until one is an answer. Where pasting is the only way, it comes back when
/// there is no further line.
pub(super) async fn take(
    lines: Option<&mut Lines>,
    is_terminal: bool,
    grapnel: &Grapnel,
    id: &AttemptId,
    is_only_way: bool,
    messages: &Messages,
) -> Error {
    if is_only_way {
        messages.note("Paste the whole address that the browser was sent to. Ctrl-C cancels.");
    }
    let Some(lines) = lines else { return std::future::pending().await };
    let mut last = Error::input("pasted", "Nothing was pasted.")
        .means("The sign-in was cancelled.")
        .hint("Write the address that the browser was sent to, to standard input.");
    while let Some(line) = lines.recv().await {
        if line.expose_secret().trim().is_empty() {
            continue;
        }
        let (grapnel, id) = (grapnel.clone(), id.clone());
        // A task of its own: whoever gives up waiting must not break off an exchange.
        let taken = tokio::spawn(async move { grapnel.paste_callback(&id, &line).await }).await;
        match taken {
            Ok(Err(error)) if error.code == Code::InvalidInput => {
                if is_terminal {
                    messages.note(&format!(
                        "{} {}",
                        error.message,
                        error.hint.as_deref().unwrap_or_default()
                    ));
                }
                last = error.means("The sign-in was cancelled.");
            }
            // How it ended is told by the attempt.
            _ => std::future::pending().await,
        }
    }
    if is_only_way { last } else { std::future::pending().await }
}
