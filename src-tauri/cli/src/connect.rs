//! `grapnel connect`: one sign-in, from the authorization URL to the connection.

mod authentication;
mod authorization_details;
mod device;
mod other_account;
mod paste_input;
mod target;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use grapnel_core::app::App;
use grapnel_core::authorize::Started;
use grapnel_core::browser::{Launch, parse_entered};
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::GrantType;
use grapnel_model::redirect::RedirectMethod;
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::{SignedDuration, Timestamp};

use crate::browser::Browser;
use crate::connection::Status;
use crate::format::{parse_duration, relative_time};
use crate::input::Lines;
use crate::lookup::quoted;
use crate::print::{CommandResult, Messages};
use crate::session::Session;
use authentication::AuthenticationChoice;
use other_account::AccountChoice;
use target::Target;

/// How long to wait for a callback, unless another time is given.
const DEFAULT_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Connect {
    /// The app to connect, or the connection to reconnect
    app: String,
    /// The name of the connection; an existing one is reconnected
    #[arg(long, value_name = "CONNECTION")]
    name: Option<String>,
    /// Print the authorization URL as the only line on standard output (an object with --json) instead of opening a
    /// browser
    #[arg(long)]
    no_browser: bool,
    /// The browser to open, such as 'firefox -P work'; remembered for the connection ('' resets to the default)
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["no_browser", "password"])]
    browser: Option<String>,
    /// Read the redirect URL from standard input
    #[arg(long)]
    paste: bool,
    /// Sign in on another device: print a code to enter at the provider’s page (RFC 8628)
    #[arg(long, conflicts_with_all = ["no_browser", "browser", "paste", "password", "login_hint", "another_account"])]
    device: bool,
    /// Ask for this scope as well, besides those of the app and those granted before (repeatable)
    #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "password")]
    scopes: Vec<String>,
    /// Ask for these authorization details (RFC 9396) instead of the app’s: a JSON array, or @FILE (@- reads standard
    /// input)
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "password")]
    authorization_details: Option<String>,
    /// Sign in with email and password, read from standard input, if the provider offers it
    #[arg(long, conflicts_with_all = ["no_browser", "paste"])]
    password: bool,
    #[command(flatten)]
    account: AccountChoice,
    #[command(flatten)]
    authentication: AuthenticationChoice,
    /// How long to wait for the callback, such as 90s or 5m; ten minutes at most. By default 5m, or as long as a device
    /// code is valid
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<SignedDuration>,
}

impl Connect {
    /// How long to wait for the end of an attempt.
    fn timeout(&self, attempt: &Attempt, now: Timestamp) -> Duration {
        let usual = if attempt.grant_type == GrantType::DeviceCode {
            // The code’s end is an event of its own.
            now.duration_until(attempt.expires_at) + SignedDuration::from_secs(30)
        } else {
            DEFAULT_TIMEOUT
        };
        self.timeout.unwrap_or(usual).unsigned_abs()
    }

    /// Whether the redirect URL is pasted.
    fn pastes(&self, app: &App) -> bool {
        self.paste || app.redirect_method == RedirectMethod::Paste
    }
}

pub(crate) async fn run(session: &mut Session<'_>, asked: Connect) -> Result<()> {
    let grapnel = session.grapnel.clone();
    let mut target = Target::find(&grapnel, &asked.app, asked.name.as_deref())?;
    asked.account.apply_to(&mut target.wanted);
    asked.authentication.apply_to(&mut target.wanted);
    target.wanted.by_device = asked.device;
    target.wanted.more_scopes.clone_from(&asked.scopes);
    if let Some(details) = &asked.authorization_details {
        target.wanted.authorization_details = Some(authorization_details::read(session, details)?);
    }
    asked.browser.as_deref().map(parse_entered).transpose()?;
    target.announce(&session.output.messages);
    if asked.password {
        let attempt = outcome(with_password(session, &target).await?)?;
        return finish(session, &asked, &attempt, None).await;
    }
    if target.has_callback() {
        target.warn(&session.output.messages);
    }
    let started = if target.has_callback() && (asked.no_browser || asked.pastes(&target.app)) {
        let attempt = grapnel.start_attempt(&target.app.id, &target.wanted).await?;
        Started { attempt, is_joined: false }
    } else {
        // Joins a sign-in that is already waiting, instead of opening a second page.
        grapnel.join_or_start_attempt(&target.app.id, &target.wanted).await?
    };
    for note in &started.attempt.notes {
        session.output.messages.note(&format!("note: {note}"));
    }
    let ended = await_end(session, &asked, &target, &started).await;
    if !started.is_joined {
        // No effect on an attempt that has ended.
        grapnel.cancel_attempt(&started.attempt.id)?;
    }
    grapnel.pages_shown().await;
    let (attempt, lines) = ended?;
    finish(session, &asked, &attempt, lines).await
}

/// Resolves a sign-in as another account, and prints the result.
async fn finish(
    session: &mut Session<'_>,
    asked: &Connect,
    attempt: &Attempt,
    lines: Option<Lines>,
) -> Result<()> {
    let id = match &attempt.other_account {
        Some(other) => Some(other_account::resolve(session, attempt, other, lines).await?),
        None => attempt.connection_id.clone(),
    };
    let id = id.ok_or_else(|| Error::new(Code::Internal, "The sign-in ended without a result."))?;
    print_connection(session, asked, &id, attempt)?;
    if let [others @ .., last] = session.grapnel.attempt(&attempt.id)?.same_account.as_slice() {
        let verb = if others.is_empty() { "belongs" } else { "belong" };
        let names = others.iter().fold(String::new(), |names, name| names + "“" + name + "”, ");
        session.output.messages.note(&format!("note: {names}“{last}” {verb} to the same account."));
    }
    Ok(())
}

/// Signs in without a browser.
async fn with_password(session: &mut Session<'_>, target: &Target) -> Result<Attempt> {
    session.check_is_piped("email")?;
    let Session { grapnel, input, output, .. } = session;
    if let Some(host) = &target.app.login_host {
        output.messages.note(&format!("Email and password are sent to {host} once and not stored."));
    }
    if input.is_terminal {
        output.messages.ask("Email:");
    }
    let email = input.line()?.unwrap_or_default();
    let password = input.secret("Password (not shown): ")?;
    grapnel.sign_in_with_password(&target.app.id, &target.wanted, email.trim(), &password).await
}

/// Prints the connection; as a message if standard output holds the authorization URL.
fn print_connection(
    session: &mut Session<'_>,
    asked: &Connect,
    id: &ConnectionId,
    attempt: &Attempt,
) -> Result<()> {
    let connected = Connected(Status::of(session.grapnel.connection(id)?));
    let is_printed = attempt.grant_type == GrantType::DeviceCode && session.output.json;
    if asked.no_browser || is_printed {
        session.output.messages.note(&connected.text(session.output.now()));
        return Ok(());
    }
    session.output.show(&connected)
}

/// Waits for the end of an attempt, while redirect URLs may be pasted and hints are printed.
async fn await_end(
    session: &mut Session<'_>,
    asked: &Connect,
    target: &Target,
    Started { attempt, is_joined }: &Started,
) -> Result<(Attempt, Option<Lines>)> {
    let Session { grapnel, output, input, browser, timeouts, .. } = session;
    let messages = output.messages.clone();
    let by_callback = attempt.grant_type == GrantType::AuthorizationCode;
    let pastes = by_callback && asked.pastes(&target.app);
    let may_paste = by_callback && (pastes || input.is_attended());
    let (is_terminal, mut lines) = (input.is_terminal, may_paste.then(|| input.follow()));
    let timeout = asked.timeout(attempt, output.now());
    let ended = async {
        if *is_joined {
            messages.note(&format!(
                "A sign-in for “{}” has been waiting since {}. Joining it; to start over, cancel it where it was \
                 started.",
                target.app.name,
                relative_time(attempt.started_at, output.now())
            ));
        }
        if attempt.grant_type == GrantType::DeviceCode {
            device::show(grapnel, output, &attempt.id).await?;
        } else if !by_callback {
            messages.note(&format!("Requesting an access token from {}.", attempt.provider_name));
        } else if asked.no_browser {
            let link = grapnel.attempt_link(&attempt.id).await?;
            output.show_at_once(&SignInPage::of(&link, attempt))?;
        } else if !*is_joined || asked.browser.is_some() {
            let link = grapnel.attempt_link(&attempt.id).await?;
            messages.note(&format!("Opening the sign-in page of {} in the browser.", attempt.provider_name));
            let before = asked.browser.as_deref().map(|one| grapnel.choose_browser(&attempt.id, Some(one)));
            let before = before.transpose()?;
            let opened = open_in(browser, link, grapnel.attempt_browser(&attempt.id)?, &messages).await;
            // A browser that opens nothing is not remembered.
            if let (Launch::Failed, Some(before)) = (opened, before) {
                grapnel.choose_browser(&attempt.id, before.as_deref())?;
            }
            // With --json the URL is not printed as a message.
            if opened == Launch::Failed && output.json {
                return Err(no_browser());
            }
        }
        if by_callback && !pastes {
            let by_window = target.app.redirect_method == RedirectMethod::DeepLink;
            let how = if by_window { " (a deep link opens Grapnel)" } else { "" };
            messages.note(&format!("Waiting for the callback{how}. Ctrl-C cancels."));
        }
        wait::end_of(grapnel, &attempt.id, Some(&messages)).await
    };
    let help = async {
        if !by_callback {
            return std::future::pending().await;
        }
        tokio::time::sleep(timeouts.answer).await;
        wait::print_hints(&target.app, &attempt.provider_name, may_paste, &messages);
        std::future::pending::<()>().await;
    };
    let gave_up = tokio::select! {
        // In this order: the signal handler is installed before the message says that Ctrl-C cancels.
        biased;
        _ = tokio::signal::ctrl_c() => cancelled(),
        ended = ended => return Ok((outcome(ended?)?, lines)),
        error = paste_input::submit_lines(lines.as_mut(), is_terminal, grapnel, &attempt.id, pastes, &messages),
        if may_paste => error,
        () = help => unreachable!("it never ends"),
        () = tokio::time::sleep(timeout) => timed_out(grapnel.attempt(&attempt.id)?),
    };
    if *is_joined {
        return Err(gave_up);
    }
    grapnel.cancel_attempt(&attempt.id)?;
    // A code exchange that has begun is not interrupted.
    let attempt = wait::end_of(grapnel, &attempt.id, None).await?;
    if attempt.phase == Phase::Cancelled { Err(gave_up) } else { Ok((outcome(attempt)?, lines)) }
}

/// Opens the authorization URL in the browser, and prints it if the browser may not have opened.
async fn open_in(browser: &Browser, link: SecretString, with: String, messages: &Messages) -> Launch {
    let (browser, address) = (Arc::clone(browser), link.clone());
    let opened = tokio::task::spawn_blocking(move || browser(&address, &with)).await;
    let opened = opened.unwrap_or(Launch::Failed);
    match opened {
        Launch::Opened => return opened,
        Launch::Unclear => messages.note("If no page opens, open this URL yourself:"),
        Launch::Failed => messages.note("No browser could be opened. Open this URL yourself:"),
    }
    messages.note(link.expose_secret());
    opened
}

fn outcome(attempt: Attempt) -> Result<Attempt> {
    match (attempt.phase, &attempt.error) {
        (Phase::Done, _) => Ok(attempt),
        (Phase::Cancelled, _) => Err(cancelled()),
        (Phase::TimedOut, _) => Err(timed_out(attempt)),
        (_, Some(error)) => Err(error.clone()),
        _ => Err(Error::new(Code::Internal, "The sign-in ended without a result.")),
    }
}

fn no_browser() -> Error {
    Error::new(Code::BrowserFailed, "No browser could be opened.")
        .means("The sign-in was cancelled. No token was issued.")
        .hint("Add --no-browser, which prints the URL, and open it yourself.")
}

fn cancelled() -> Error {
    Error::new(Code::Cancelled, "The sign-in was cancelled.")
        .means("No token was issued, and nothing changed.")
}

fn timed_out(attempt: Attempt) -> Error {
    if attempt.grant_type == GrantType::DeviceCode {
        return Error::new(Code::TimedOut, "The code expired before the sign-in was approved.")
            .means("No token was issued, and nothing changed.")
            .hint("Run the command again for a new code.");
    }
    let Some(refused) = attempt.refused else {
        return Error::new(Code::TimedOut, "Timed out waiting for the browser.")
            .means("No token was issued, and nothing changed.")
            .hint("Try again, with a longer --timeout if necessary.");
    };
    let message = format!("Timed out without a valid callback. Last callback: {}", refused.message);
    let error = Error::new(Code::TimedOut, message).means("No token was issued, and nothing changed.");
    match refused.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The authorization URL, alone on standard output. The exit code tells how the sign-in ended.
#[derive(serde::Serialize)]
struct SignInPage<'a> {
    authorization_url: &'a str,
    redirect_uri: &'a str,
    expires_at: Timestamp,
}

impl<'a> SignInPage<'a> {
    fn of(link: &'a SecretString, attempt: &'a Attempt) -> Self {
        let Attempt { redirect_uri, expires_at, .. } = attempt;
        Self { authorization_url: link.expose_secret(), redirect_uri, expires_at: *expires_at }
    }
}

impl CommandResult for SignInPage<'_> {
    fn text(&self, _: Timestamp) -> String {
        self.authorization_url.to_owned()
    }
}

#[derive(serde::Serialize)]
#[serde(transparent)]
struct Connected(Status);

impl CommandResult for Connected {
    fn text(&self, now: Timestamp) -> String {
        let Self(status) = self;
        let name = &status.name;
        let next = format!("Get a token: grapnel token {}", quoted(name));
        let notes = status.notes().iter().fold(String::new(), |notes, note| notes + "\n" + note);
        format!("Connected “{name}” as {}. {}{notes}\n{next}", status.owner(), status.expiry_text(now))
    }
}
