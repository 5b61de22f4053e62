//! The environment of a command: the core, the streams, the browser, and the timeouts.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::clock::Clock;
use grapnel_core::token_agent::AgentRequest;
use grapnel_model::access_token::AccessToken;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;

use crate::browser::Browser;
use crate::exit::Exit;
use crate::input::Input;
use crate::print::Output;
use crate::stop_signal::unstopped;
use crate::worker::Worker;

/// After this time it is said why a worker does not end.
const SILENT_END: Duration = Duration::from_millis(500);
const COMPLETING: &str = "Completing a refresh that has begun: only this process gets the new tokens.";
/// What a signal is answered with while a worker ends. CI systems send several, seconds before they kill the job: each
/// of those seconds can save the tokens.
const STILL_WRITING: &str = if cfg!(unix) {
    "Ends by itself as soon as the team has any new tokens that only this process has. To end it at once and lose \
     them: SIGQUIT (Ctrl-\\)."
} else {
    "Ends by itself as soon as the team has any new tokens that only this process has."
};

/// Asks the token agent of the running window, before the data is opened. `None` if it does not have the token.
pub type Ask = Box<dyn Fn(&AgentRequest) -> Option<AccessToken> + Send>;

/// Opens the data.
pub type Open = Box<dyn FnOnce() -> Result<Grapnel> + Send>;

/// What the process supplies to the program; tests supply something else.
pub struct Environment {
    /// Asks the token agent. Called outside of the async runtime; may block for a moment.
    pub ask: Ask,
    /// Opens the data. Not called for commands that need none.
    pub open: Open,
    /// The time that relative times such as "in 1 hour" refer to.
    pub clock: Arc<dyn Clock>,
    /// Standard input.
    pub input: Input,
    /// Standard output: the result.
    pub output: Box<dyn Write + Send>,
    /// Whether standard output is a terminal.
    pub output_is_terminal: bool,
    /// Standard error: everything else.
    pub messages: Box<dyn Write + Send>,
    /// The person's browser.
    pub browser: Browser,
    /// How long to wait for others.
    pub timeouts: Timeouts,
    /// The worker that the process is, if it is one; an error if that cannot be told.
    pub worker: Result<Option<Worker>>,
}

/// How long to wait for others before giving up.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a provider that is unavailable.
    pub provider: Duration,
    /// For a keyring, if no person at the terminal can unlock it.
    pub keyring: Duration,
    /// For the callback of a browser, before hints are printed.
    pub answer: Duration,
    /// For a team's database, if only a worker that is about to end has new tokens.
    pub team: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            provider: Duration::from_secs(20),
            keyring: Duration::from_secs(20),
            answer: Duration::from_secs(30),
            team: Duration::from_secs(300),
        }
    }
}

/// One run of a command.
pub(crate) struct Session<'a> {
    pub(crate) grapnel: Grapnel,
    pub(crate) ask: Ask,
    pub(crate) output: &'a mut Output,
    pub(crate) input: Input,
    pub(crate) browser: Browser,
    pub(crate) timeouts: Timeouts,
    /// Whether passphrases come by standard input.
    pub(crate) reads_passphrases: bool,
    /// The worker that this is, if it is one.
    pub(crate) worker: Option<Worker>,
}

impl Session<'_> {
    /// Waits until the teams have new tokens, and removes the data of a worker, before the process ends or another
    /// program takes its place. A worker whose new tokens could not be written has an exit code of its own: nobody has
    /// them then.
    pub(crate) async fn end(&mut self) -> Option<Exit> {
        if self.worker.is_none() {
            self.grapnel.teams_written().await;
            return None;
        }
        let messages = &self.output.messages;
        let answer = || messages.instruct(STILL_WRITING);
        let written = unstopped(Box::pin(self.written_as_worker()), answer).await;
        let lost = written.err().map(|error| {
            self.output.failed(&error);
            Exit::TokensLost
        });
        self.worker = None;
        lost
    }

    async fn written_as_worker(&self) -> Result<()> {
        // A refresh that was begun ends, also if nobody waits for it any more.
        let mut idle = Box::pin(self.grapnel.idle());
        if tokio::time::timeout(SILENT_END, &mut idle).await.is_err() {
            self.output.messages.instruct(COMPLETING);
            drop(idle.await);
        }
        self.grapnel.teams_written().await;
        self.write_as_worker().await
    }

    /// Waits until the team has the new tokens that only this process has.
    async fn write_as_worker(&self) -> Result<()> {
        let names = self.grapnel.unwritten()?;
        if names.is_empty() {
            return Ok(());
        }
        let within = self.timeouts.team;
        let (names, seconds) = (names.join(", "), within.as_secs());
        self.output.messages.instruct(&format!(
            "The team’s database cannot be written, and only this process has the new tokens of {names}. Waiting for \
             it for up to {seconds} seconds; do not end this process."
        ));
        self.grapnel.write_to_teams(within).await.map_err(|error| {
            Error::new(Code::TeamUnreachable, format!("The new tokens of {names} are lost. {}", error.message))
                .means(
                    "If the provider replaces refresh tokens, it does not accept the one that the team has any more: \
                     the next refresh will be refused.",
                )
                .hint(format!("Sign in again as a member of the team: grapnel connect {names}"))
        })
    }

    /// Whether a person can be asked to confirm: at a terminal, and without `--json`.
    pub(crate) fn can_ask(&self) -> bool {
        self.input.is_terminal && !self.output.json
    }

    /// Why no person can be asked, for a usage error.
    pub(crate) fn unattended_reason(&self) -> &'static str {
        if self.output.json { "With --json, nothing is asked." } else { "Not running in a terminal." }
    }

    /// Asks the person at the terminal to confirm `action`, which cannot be undone.
    ///
    /// # Errors
    ///
    /// If no person can be asked, a usage error.
    pub(crate) fn confirms(&mut self, question: &str, action: &str) -> Result<bool> {
        if !self.can_ask() {
            let message = format!("{action} needs confirmation. {}", self.unattended_reason());
            return Err(Error::input("yes", message).means("Nothing was changed.").hint("Add --yes."));
        }
        self.output.messages.ask(question);
        self.input.confirms()
    }

    /// Reads the secret of a field: from a hidden prompt at a terminal, otherwise the next line of standard input.
    ///
    /// # Errors
    ///
    /// A usage error with `--json` at a terminal.
    pub(crate) fn secret(&mut self, field: &str, prompt: &str) -> Result<SecretString> {
        self.check_is_piped(field)?;
        self.input.secret(prompt)
    }

    /// Checks that a required line need not be typed: with `--json`, standard input must not be a terminal.
    ///
    /// # Errors
    ///
    /// A usage error about the field.
    pub(crate) fn check_is_piped(&self, field: &str) -> Result<()> {
        if self.output.json && self.input.is_terminal {
            return Err(Error::input(
                field,
                "With --json, nothing is asked, and standard input is a terminal.",
            )
            .means("Nothing was changed.")
            .hint("Pipe the value to standard input, or omit --json."));
        }
        Ok(())
    }
}
