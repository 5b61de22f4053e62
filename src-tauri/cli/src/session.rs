//! What a command has at hand: the core, the streams, the browser, and how long it may wait.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::clock::Clock;
use grapnel_core::token_agent::{HandedOut, Question};
use grapnel_model::error::{Error, Result};

use crate::browser::Browser;
use crate::input::Input;
use crate::print::Output;

/// Asks the window that runs for a token, before anything is opened; nothing where it is not to be had there.
pub type Ask = Box<dyn FnOnce(&Question) -> Option<HandedOut> + Send>;

/// Opens the data.
pub type Open = Box<dyn FnOnce() -> Result<Grapnel> + Send>;

/// What a program finds around it.
pub struct Surroundings {
    /// The window that may run. It is asked outside of the runtime, and may block for a moment.
    pub ask: Ask,
    /// Opens the data. Not called for what needs none.
    pub open: Open,
    /// The time by which "in an hour" is said.
    pub clock: Arc<dyn Clock>,
    /// Standard input.
    pub input: Input,
    /// Standard output: what was asked for.
    pub output: Box<dyn Write + Send>,
    /// Standard error: everything else.
    pub messages: Box<dyn Write + Send>,
    /// The person's browser.
    pub browser: Browser,
    /// How long it may wait for others.
    pub patience: Patience,
}

/// How long to wait for others before giving up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a provider that cannot answer now.
    pub provider: Duration,
    /// For a keyring, where no person sits at the terminal to unlock it.
    pub keyring: Duration,
    /// For the answer of a browser, before it is said what to look for.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            provider: Duration::from_secs(20),
            keyring: Duration::from_secs(20),
            answer: Duration::from_secs(30),
        }
    }
}

/// One run of a command.
pub(crate) struct Session<'a> {
    pub(crate) grapnel: Grapnel,
    pub(crate) output: &'a mut Output,
    pub(crate) input: Input,
    pub(crate) browser: Browser,
    pub(crate) patience: Patience,
    /// Whether passphrases come by standard input.
    pub(crate) reads_passphrases: bool,
}

impl Session<'_> {
    /// Whether a person can be asked to agree. A program that reads JSON is none.
    pub(crate) fn can_ask(&self) -> bool {
        self.input.is_terminal && !self.output.json
    }

    /// Asks the person at the terminal before something that cannot be undone; an error, with this message, where
    /// nobody is there.
    pub(crate) fn agrees(&mut self, question: &str, nobody: &str) -> Result<bool> {
        if !self.can_ask() {
            return Err(Error::input("yes", nobody).means("Nothing was changed.").hint("Add --yes."));
        }
        self.output.messages.ask(question);
        self.input.agrees()
    }
}
