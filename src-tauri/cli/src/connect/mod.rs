//! `grapnel connect`: one sign-in, from the address that the browser opens to its end, wherever its answer comes in.

mod target;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use grapnel_core::Grapnel;
use grapnel_core::app::WayBack;
use grapnel_core::authorize::{Attempt, Phase};
use grapnel_core::browser::entered;
use grapnel_core::error::{Code, Error, Result};
use grapnel_core::id::{AttemptId, ConnectionId};
use grapnel_core::secret::{ExposeSecret, SecretString};
use jiff::SignedDuration;
use tokio::sync::mpsc;

use crate::browser::Browser;
use crate::connection::Status;
use crate::input::Input;
use crate::named::quoted;
use crate::print::{Messages, Shown};
use crate::session::Session;
use crate::words::time_span;
use target::Target;

/// The answer to a deep link comes in by another process, of which only the store tells: so often it is looked at.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The app to authorize, or the connection to authorize again
    app: String,
    /// What to call the connection; one that is there is authorized again
    #[arg(long, value_name = "CONNECTION")]
    name: Option<String>,
    /// Open no browser: print the address, as the only line on standard output
    #[arg(long)]
    no_browser: bool,
    /// The browser to open, such as 'firefox -P work'; the connection keeps it. Empty for the one that is set for all
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["no_browser", "password"])]
    browser: Option<String>,
    /// Read from standard input the address that the browser was sent to
    #[arg(long)]
    paste: bool,
    /// Sign in without a browser, where the provider offers it: read email and password, a line each
    #[arg(long, conflicts_with_all = ["no_browser", "paste"])]
    password: bool,
    /// How long to wait for the answer, such as 90s or 5m; ten minutes at most
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time_span)]
    timeout: SignedDuration,
}

pub(crate) async fn run(session: &mut Session<'_>, asked: Connect) -> Result<()> {
    let grapnel = session.grapnel.clone();
    let target = Target::find(&grapnel, &asked.app, asked.name.as_deref())?;
    asked.browser.as_deref().map(entered).transpose()?;
    target.announce(&session.output.messages);
    if asked.password {
        let attempt = with_password(session, &target).await?;
        return tell(session, &asked, &outcome(attempt)?);
    }
    let attempt = grapnel.start_attempt(&target.app.id, &target.wanted).await?;
    let ended = see_through(session, &asked, &target, &attempt).await;
    // Does nothing to one that is over.
    grapnel.cancel_attempt(&attempt.id)?;
    tell(session, &asked, &ended?)
}

/// Signs in without a browser.
async fn with_password(session: &mut Session<'_>, target: &Target) -> Result<Attempt> {
    let Session { grapnel, input, output, .. } = session;
    if input.is_terminal {
        output.messages.ask("Email:");
    }
    let email = input.line()?.unwrap_or_default();
    let password = input.secret("Password (not shown): ")?;
    grapnel.sign_in_with_password(&target.app.id, &target.wanted, email.trim(), &password).await
}

/// Tells what came of it: where standard output is the address's alone, as a message.
fn tell(session: &mut Session<'_>, asked: &Connect, id: &ConnectionId) -> Result<()> {
    let connected = Connected(Status::of(session.grapnel.connection(id)?));
    if asked.no_browser {
        session.output.messages.note(&connected.text(session.output.now()));
        return Ok(());
    }
    session.output.show(&connected)
}

/// Sees an attempt through to its end, and answers with the connection that came of it.
async fn see_through(
    session: &mut Session<'_>,
    asked: &Connect,
    target: &Target,
    attempt: &Attempt,
) -> Result<ConnectionId> {
    let Session { grapnel, output, input, browser, .. } = session;
    let messages = output.messages.clone();
    let paste = asked.paste || target.app.way_back == WayBack::Paste;
    let ended = async {
        let link = grapnel.attempt_link(&attempt.id).await?;
        if asked.no_browser {
            output.line(link.expose_secret())?;
        } else {
            messages.note(&format!("Opening {}’s page in the browser.", attempt.provider_name));
            let before = asked.browser.as_deref().map(|one| grapnel.choose_browser(&attempt.id, Some(one)));
            let before = before.transpose()?;
            let opened = open_in(browser, link, grapnel.attempt_browser(&attempt.id)?, &messages).await;
            // One that opens nothing is not kept.
            if let (false, Some(before)) = (opened, before) {
                grapnel.choose_browser(&attempt.id, before.as_deref())?;
            }
        }
        if !paste {
            let by_window = target.app.way_back == WayBack::DeepLink;
            let what = if by_window { "Grapnel’s window to take the answer in" } else { "the answer" };
            messages.note(&format!("Waiting for {what}. Ctrl-C cancels."));
        }
        end_of(grapnel, &attempt.id).await
    };
    let gave_up = tokio::select! {
        // In this order, so that a signal is listened for before anyone is told to send one.
        biased;
        _ = tokio::signal::ctrl_c() => cancelled(),
        ended = ended => return outcome(ended?),
        error = take_pasted(input, grapnel, &attempt.id, &messages), if paste => error,
        () = tokio::time::sleep(asked.timeout.unsigned_abs()) => timed_out(),
    };
    grapnel.cancel_attempt(&attempt.id)?;
    // What was on its way already is not broken off.
    let attempt = end_of(grapnel, &attempt.id).await?;
    if attempt.phase == Phase::Cancelled { Err(gave_up) } else { outcome(attempt) }
}

/// Opens an address in the browser, and answers whether it did, or else shows it.
async fn open_in(browser: &Browser, link: SecretString, with: String, messages: &Messages) -> bool {
    let (browser, address) = (Arc::clone(browser), link.clone());
    let opened = tokio::task::spawn_blocking(move || browser(&address, &with)).await;
    let opened = opened.unwrap_or(false);
    if !opened {
        messages.note("No browser could be opened. Open this address yourself:");
        messages.note(link.expose_secret());
    }
    opened
}

/// The attempt once it is over, whichever process brought it to its end.
async fn end_of(grapnel: &Grapnel, id: &AttemptId) -> Result<Attempt> {
    let mut events = grapnel.events();
    loop {
        let attempt = grapnel.attempt(id)?;
        if attempt.phase.is_over() {
            return Ok(attempt);
        }
        let _ = tokio::time::timeout(LOOK, events.recv()).await;
    }
}

fn outcome(attempt: Attempt) -> Result<ConnectionId> {
    match (attempt.phase, attempt.connection_id, attempt.error) {
        (Phase::Done, Some(id), _) => Ok(id),
        (Phase::Cancelled, ..) => Err(cancelled()),
        (Phase::TimedOut, ..) => Err(timed_out()),
        (_, _, Some(error)) => Err(error),
        _ => Err(Error::new(Code::Internal, "The sign-in ended, and nothing says how.")),
    }
}

/// Hands on what is pasted, line by line, until one is an answer. Comes back when there is no further line.
async fn take_pasted(input: &mut Input, grapnel: &Grapnel, id: &AttemptId, messages: &Messages) -> Error {
    messages.note("Paste the whole address that the browser was sent to. Ctrl-C cancels.");
    let is_terminal = input.is_terminal;
    let mut lines: mpsc::Receiver<SecretString> = input.follow();
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
    last
}

fn cancelled() -> Error {
    Error::new(Code::Cancelled, "The sign-in was cancelled.")
        .means("No token was issued, and nothing changed.")
}

fn timed_out() -> Error {
    Error::new(Code::TimedOut, "Nobody answered in the browser in time.")
        .means("No token was issued, and nothing changed.")
        .hint("Try again, with a longer --timeout if need be.")
}

#[derive(serde::Serialize)]
#[serde(transparent)]
struct Connected(Status);

impl Shown for Connected {
    fn text(&self, now: jiff::Timestamp) -> String {
        let Self(status) = self;
        let name = &status.name;
        let next = format!("A fresh token: grapnel token {}", quoted(name));
        format!("Connected “{name}” as {}. {}\n{next}", status.owner(), status.standing(now))
    }
}
