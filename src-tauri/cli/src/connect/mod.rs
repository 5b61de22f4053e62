//! `grapnel connect`: one sign-in, from the address that the browser opens to its end, wherever its answer comes in.

mod other_account;
mod paste;
mod target;
mod waiting;

use std::sync::Arc;

use clap::Args;
use grapnel_core::app::App;
use grapnel_core::authorize::Started;
use grapnel_core::browser::{Launch, entered};
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::redirect::WayBack;
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::{SignedDuration, Timestamp};

use crate::browser::Browser;
use crate::connection::Status;
use crate::input::Lines;
use crate::named::quoted;
use crate::print::{Messages, Shown};
use crate::session::Session;
use crate::words::{moment, time_span};
use other_account::AccountChoice;
use target::Target;

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The app to authorize, or the connection to authorize again
    app: String,
    /// What to call the connection; one that is there is authorized again
    #[arg(long, value_name = "CONNECTION")]
    name: Option<String>,
    /// Open no browser: print the address, as the only line on standard output; with --json, an object with it
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
    #[command(flatten)]
    account: AccountChoice,
    /// How long to wait for the answer, such as 90s or 5m; ten minutes at most
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time_span)]
    timeout: SignedDuration,
}

impl Connect {
    /// Whether pasting is the way by which the answer comes.
    fn pastes(&self, app: &App) -> bool {
        self.paste || app.way_back == WayBack::Paste
    }
}

pub(crate) async fn run(session: &mut Session<'_>, asked: Connect) -> Result<()> {
    let grapnel = session.grapnel.clone();
    let mut target = Target::find(&grapnel, &asked.app, asked.name.as_deref())?;
    asked.account.apply_to(&mut target.wanted);
    asked.browser.as_deref().map(entered).transpose()?;
    target.announce(&session.output.messages);
    if asked.password {
        let attempt = outcome(with_password(session, &target).await?)?;
        return settle(session, &asked, &attempt, None).await;
    }
    target.warn(&session.output.messages);
    let started = if asked.no_browser || asked.pastes(&target.app) {
        let attempt = grapnel.start_attempt(&target.app.id, &target.wanted).await?;
        Started { attempt, is_joined: false }
    } else {
        // Not another page for what a page is open for.
        grapnel.join_or_start_attempt(&target.app.id, &target.wanted).await?
    };
    let ended = see_through(session, &asked, &target, &started).await;
    if !started.is_joined {
        // Does nothing to one that is over.
        grapnel.cancel_attempt(&started.attempt.id)?;
    }
    grapnel.pages_shown().await;
    let (attempt, lines) = ended?;
    settle(session, &asked, &attempt, lines).await
}

/// Decides what becomes of a sign-in as another account, and tells what came of it all.
async fn settle(
    session: &mut Session<'_>,
    asked: &Connect,
    attempt: &Attempt,
    lines: Option<Lines>,
) -> Result<()> {
    let id = match &attempt.other_account {
        Some(other) => Some(other_account::decide(session, attempt, other, lines).await?),
        None => attempt.connection_id.clone(),
    };
    let id = id.ok_or_else(|| Error::new(Code::Internal, "The sign-in ended, and nothing says how."))?;
    tell(session, asked, &id)?;
    if let [others @ .., last] = session.grapnel.attempt(&attempt.id)?.same_account.as_slice() {
        let verb = if others.is_empty() { "belongs" } else { "belong" };
        let names = others.iter().fold(String::new(), |names, name| names + "“" + name + "”, ");
        session.output.messages.note(&format!("note: {names}“{last}” {verb} to the same account."));
    }
    Ok(())
}

/// Signs in without a browser.
async fn with_password(session: &mut Session<'_>, target: &Target) -> Result<Attempt> {
    let Session { grapnel, input, output, .. } = session;
    if let Some(host) = &target.app.login_host {
        output.messages.note(&format!("Email and password are sent to {host} once, and not kept."));
    }
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

/// Sees an attempt through to its end, and answers with it once it is done.
async fn see_through(
    session: &mut Session<'_>,
    asked: &Connect,
    target: &Target,
    Started { attempt, is_joined }: &Started,
) -> Result<(Attempt, Option<Lines>)> {
    let Session { grapnel, output, input, browser, patience, .. } = session;
    let messages = output.messages.clone();
    let pastes = asked.pastes(&target.app);
    let may_paste = pastes || input.is_attended();
    let (is_terminal, mut lines) = (input.is_terminal, may_paste.then(|| input.follow()));
    let ended = async {
        let link = grapnel.attempt_link(&attempt.id).await?;
        if *is_joined {
            messages.note(&format!(
                "A sign-in for “{}” is waiting already, since {}. Joining it; to start over, cancel it where it was started.",
                target.app.name,
                moment(attempt.started_at, output.now())
            ));
        }
        if asked.no_browser {
            output.show_at_once(&Address::of(&link, attempt))?;
        } else if !*is_joined || asked.browser.is_some() {
            messages.note(&format!("Opening the sign-in page of {} in the browser.", attempt.provider_name));
            let before = asked.browser.as_deref().map(|one| grapnel.choose_browser(&attempt.id, Some(one)));
            let before = before.transpose()?;
            let opened = open_in(browser, link, grapnel.attempt_browser(&attempt.id)?, &messages).await;
            // One that opens nothing is not kept.
            if let (Launch::Failed, Some(before)) = (opened, before) {
                grapnel.choose_browser(&attempt.id, before.as_deref())?;
            }
            // A program is not shown the address to open it.
            if opened == Launch::Failed && output.json {
                return Err(no_browser());
            }
        }
        if !pastes {
            let by_window = target.app.way_back == WayBack::DeepLink;
            let what = if by_window { "Grapnel’s window to take the answer in" } else { "the answer" };
            messages.note(&format!("Waiting for {what}. Ctrl-C cancels."));
        }
        waiting::end_of(grapnel, &attempt.id, Some(&messages)).await
    };
    let help = async {
        tokio::time::sleep(patience.answer).await;
        waiting::help(&target.app, &attempt.provider_name, may_paste, &messages);
        std::future::pending::<()>().await;
    };
    let gave_up = tokio::select! {
        // In this order, so that a signal is listened for before anyone is told to send one.
        biased;
        _ = tokio::signal::ctrl_c() => cancelled(),
        ended = ended => return Ok((outcome(ended?)?, lines)),
        error = paste::take(lines.as_mut(), is_terminal, grapnel, &attempt.id, pastes, &messages), if may_paste => error,
        () = help => unreachable!("it never ends"),
        () = tokio::time::sleep(asked.timeout.unsigned_abs()) => timed_out(grapnel.attempt(&attempt.id)?.refused),
    };
    if *is_joined {
        return Err(gave_up);
    }
    grapnel.cancel_attempt(&attempt.id)?;
    // What was on its way already is not broken off.
    let attempt = waiting::end_of(grapnel, &attempt.id, None).await?;
    if attempt.phase == Phase::Cancelled { Err(gave_up) } else { Ok((outcome(attempt)?, lines)) }
}

/// Opens an address in the browser, and shows it where the person may see no page.
async fn open_in(browser: &Browser, link: SecretString, with: String, messages: &Messages) -> Launch {
    let (browser, address) = (Arc::clone(browser), link.clone());
    let opened = tokio::task::spawn_blocking(move || browser(&address, &with)).await;
    let opened = opened.unwrap_or(Launch::Failed);
    match opened {
        Launch::Opened => return opened,
        Launch::Unclear => messages.note("If no page appears, open this address yourself:"),
        Launch::Failed => messages.note("No browser could be opened. Open this address yourself:"),
    }
    messages.note(link.expose_secret());
    opened
}

fn outcome(attempt: Attempt) -> Result<Attempt> {
    match (attempt.phase, &attempt.error) {
        (Phase::Done, _) => Ok(attempt),
        (Phase::Cancelled, _) => Err(cancelled()),
        (Phase::TimedOut, _) => Err(timed_out(attempt.refused)),
        (_, Some(error)) => Err(error.clone()),
        _ => Err(Error::new(Code::Internal, "The sign-in ended, and nothing says how.")),
    }
}

fn no_browser() -> Error {
    Error::new(Code::BrowserFailed, "No browser could be opened.")
        .means("The sign-in was cancelled. No token was issued.")
        .hint("Add --no-browser, which prints the address, and open it yourself.")
}

fn cancelled() -> Error {
    Error::new(Code::Cancelled, "The sign-in was cancelled.")
        .means("No token was issued, and nothing changed.")
}

fn timed_out(refused: Option<Error>) -> Error {
    let Some(refused) = refused else {
        return Error::new(Code::TimedOut, "Nobody answered in the browser in time.")
            .means("No token was issued, and nothing changed.")
            .hint("Try again, with a longer --timeout if need be.");
    };
    let message = format!("No answer that Grapnel accepts came in time. The last one: {}", refused.message);
    let error = Error::new(Code::TimedOut, message).means("No token was issued, and nothing changed.");
    match refused.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Where to open the sign-in page. It is the one answer on standard output; how the sign-in ends, the exit code tells.
#[derive(serde::Serialize)]
struct Address<'a> {
    authorization_url: &'a str,
    redirect_uri: &'a str,
    expires_at: Timestamp,
}

impl<'a> Address<'a> {
    fn of(link: &'a SecretString, attempt: &'a Attempt) -> Self {
        let Attempt { redirect_uri, expires_at, .. } = attempt;
        Self { authorization_url: link.expose_secret(), redirect_uri, expires_at: *expires_at }
    }
}

impl Shown for Address<'_> {
    fn text(&self, _: Timestamp) -> String {
        self.authorization_url.to_owned()
    }
}

#[derive(serde::Serialize)]
#[serde(transparent)]
struct Connected(Status);

impl Shown for Connected {
    fn text(&self, now: Timestamp) -> String {
        let Self(status) = self;
        let name = &status.name;
        let next = format!("A fresh token: grapnel token {}", quoted(name));
        let notes = status.notes().iter().fold(String::new(), |notes, note| notes + "\n" + note);
        format!("Connected “{name}” as {}. {}{notes}\n{next}", status.owner(), status.standing(now))
    }
}
