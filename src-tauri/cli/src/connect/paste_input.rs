//! Redirect URLs that are pasted while a sign-in waits.

use grapnel_core::Grapnel;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::AttemptId;
use grapnel_model::secret::ExposeSecret;

use crate::input::Lines;
use crate::print::Messages;

/// Submits each pasted line until one is a valid callback. If pasting is the only redirect method, returns an error at
/// the end of the input.
pub(super) async fn submit_lines(
    lines: Option<&mut Lines>,
    is_terminal: bool,
    grapnel: &Grapnel,
    id: &AttemptId,
    is_only_way: bool,
    messages: &Messages,
) -> Error {
    if is_only_way {
        messages.note("Paste the full URL that the browser was redirected to. Ctrl-C cancels.");
    }
    let Some(lines) = lines else { return std::future::pending().await };
    let mut last = Error::input("pasted", "Nothing was pasted.")
        .means("The sign-in was cancelled.")
        .hint("Pass the redirect URL on standard input.");
    while let Some(line) = lines.recv().await {
        if line.expose_secret().trim().is_empty() {
            continue;
        }
        let (grapnel, id) = (grapnel.clone(), id.clone());
        // A task of its own, so that a timeout does not interrupt the code exchange.
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
            // The attempt holds the result.
            _ => std::future::pending().await,
        }
    }
    if is_only_way { last } else { std::future::pending().await }
}
