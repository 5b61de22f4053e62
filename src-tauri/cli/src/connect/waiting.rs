//! The wait for a browser: what came and was not accepted, and what to look for when nothing comes.

use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_model::attempt::Attempt;
use grapnel_model::error::Result;
use grapnel_model::id::AttemptId;
use grapnel_model::redirect::WayBack;

use crate::named::quoted;
use crate::print::Messages;

/// The answer to a deep link comes in by another process, of which only the store tells: so often it is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// The attempt once it is over, whichever process brought it to its end. An answer that is not accepted meanwhile is
/// told at once, where there are messages to tell it in.
pub(super) async fn end_of(
    grapnel: &Grapnel,
    id: &AttemptId,
    messages: Option<&Messages>,
) -> Result<Attempt> {
    let mut events = grapnel.events();
    let mut told = None;
    loop {
        let attempt = grapnel.attempt(id)?;
        if attempt.refused != told {
            if let (Some(refused), Some(messages)) = (&attempt.refused, messages) {
                let parts = [Some(&refused.message), refused.meaning.as_ref(), refused.hint.as_ref()];
                parts.into_iter().flatten().for_each(|part| messages.note(part));
            }
            told.clone_from(&attempt.refused);
        }
        if attempt.phase.is_over() {
            return Ok(attempt);
        }
        let _ = tokio::time::timeout(LOOK, events.recv()).await;
    }
}

/// Says what to look for in the browser while no answer comes.
pub(super) fn help(app: &App, provider: &str, may_paste: bool, messages: &Messages) {
    messages.note("No answer has come yet. Look at the page in the browser:");
    if !app.client_id.is_empty() {
        messages.note(&format!(
            "- It complains about the client: compare the client ID at {provider} with this app’s, {}",
            app.client_id
        ));
    }
    let any_port = match app.way_back {
        WayBack::Loopback if app.has_free_port() => " (with any port)",
        _ => "",
    };
    messages.note(&format!(
        "- It complains about the redirect URI: register this one at {provider}: {}{any_port}",
        app.redirect_uri
    ));
    let copy = if may_paste { "copy the whole address from the address bar, and " } else { "" };
    let paste = if may_paste {
        "paste it here".to_owned()
    } else {
        format!("start again with: grapnel connect {} --paste", quoted(&app.name))
    };
    let unreachable = match app.way_back {
        WayBack::DeepLink => "It stays where it is, or Grapnel does not open",
        WayBack::Loopback => "The browser cannot reach this computer’s port",
        WayBack::Paste => "You agreed there",
    };
    messages.note(&format!("- {unreachable}: {copy}{paste}."));
}
