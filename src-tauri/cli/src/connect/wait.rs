//! Waiting for the callback: refused callbacks are printed as they come, and hints if none comes.

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_model::attempt::Attempt;
use grapnel_model::error::Result;
use grapnel_model::id::AttemptId;
use grapnel_model::redirect::RedirectMethod;

use crate::lookup::quoted;
use crate::print::Messages;

/// How often the attempt is read if changes by other processes cannot be watched: another process may receive the deep
/// link.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Waits for the end of the attempt, in whichever process it ends. A refused callback is printed at once if `messages`
/// are given.
pub(super) async fn end_of(
    grapnel: &Grapnel,
    id: &AttemptId,
    messages: Option<&Messages>,
) -> Result<Attempt> {
    let mut events = grapnel.events();
    let follows = grapnel.follow_others().is_ok();
    let mut printed = None;
    loop {
        let attempt = grapnel.attempt(id)?;
        if attempt.refused != printed {
            if let (Some(refused), Some(messages)) = (&attempt.refused, messages) {
                let parts = [Some(&refused.message), refused.meaning.as_ref(), refused.hint.as_ref()];
                parts.into_iter().flatten().for_each(|part| messages.note(part));
            }
            printed.clone_from(&attempt.refused);
        }
        if attempt.phase.is_over() {
            return Ok(attempt);
        }
        if follows {
            let _ = events.recv().await;
        } else {
            let _ = tokio::time::timeout(POLL_INTERVAL, events.recv()).await;
        }
    }
}

/// Prints what to look for in the browser while no callback comes.
pub(super) fn print_hints(app: &App, provider: &str, may_paste: bool, messages: &Messages) {
    messages.note("No callback yet. Check the page in the browser:");
    if !app.client_id.is_empty() {
        messages.note(&format!(
            "- Unknown client: compare the client ID at {provider} with this app’s, {}",
            app.client_id
        ));
    }
    let any_port = match app.redirect_method {
        RedirectMethod::Loopback if app.has_free_port() => " (with any port)",
        _ => "",
    };
    messages.note(&format!(
        "- Invalid redirect URI: register this one with {provider}: {}{any_port}",
        app.redirect_uri
    ));
    let copy = if may_paste { "copy the full URL from the address bar and " } else { "" };
    let paste = if may_paste {
        "paste it here".to_owned()
    } else {
        format!("start again with: grapnel connect {} --paste", quoted(&app.name))
    };
    let unreachable = match app.redirect_method {
        RedirectMethod::DeepLink => "The page stays, or Grapnel does not open:",
        RedirectMethod::Loopback => "The browser cannot reach 127.0.0.1:",
        RedirectMethod::Paste => "After approving access,",
    };
    messages.note(&format!("- {unreachable} {copy}{paste}."));
}
