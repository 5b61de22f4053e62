//! Printing: what was asked for on standard output, as text or as one JSON document; all else on standard error.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use grapnel_core::clock::Clock;
use grapnel_core::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::table::harmless;
use crate::words::wire_name;

/// What a command answers with. As JSON it is its own serialization.
pub(crate) trait Shown: Serialize {
    /// The answer for a person who reads it at `now`.
    fn text(&self, now: Timestamp) -> String;
}

/// The program's two outputs.
pub(crate) struct Output {
    /// Whether programs read it.
    pub(crate) json: bool,
    pub(crate) messages: Messages,
    out: Box<dyn Write + Send>,
    clock: Arc<dyn Clock>,
}

impl Output {
    pub(crate) fn new(
        out: Box<dyn Write + Send>,
        messages: Box<dyn Write + Send>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { json: false, messages: Messages(Arc::new(Mutex::new(messages))), out, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Prints an answer.
    pub(crate) fn show(&mut self, shown: &impl Shown) -> Result<()> {
        if !self.json {
            return self.line(&shown.text(self.now()));
        }
        let json = serde_json::to_string_pretty(shown);
        self.line(&json.map_err(|error| unwritable(&error))?)
    }

    /// Prints a line, at once: a program may be waiting for it.
    pub(crate) fn line(&mut self, line: &str) -> Result<()> {
        match writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| unwritable(&error)),
        }
    }

    /// Says what went wrong.
    pub(crate) fn failed(&self, error: &Error) -> Exit {
        self.messages.note(&format!("error[{}]: {}", wire_name(&error.code), error.message));
        if let Some(meaning) = &error.meaning {
            self.messages.note(meaning);
        }
        if let Some(hint) = &error.hint {
            self.messages.note(&format!("hint: {hint}"));
        }
        Exit::of(error)
    }

    /// Says what is wrong with the arguments; or answers a call for help, which comes the same way.
    pub(crate) fn misread(&mut self, error: &clap::Error) -> Exit {
        let said = error.render().to_string();
        if !error.use_stderr() {
            return match self.line(said.trim_end()) {
                Ok(()) => Exit::Done,
                Err(error) => self.failed(&error),
            };
        }
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            said.trim_end().lines().for_each(|line| self.messages.note(line));
            return Exit::Usage;
        }
        let (message, rest) = said.split_once("\n\n").unwrap_or((&said, ""));
        let words: Vec<&str> = message.trim_start_matches("error:").split_whitespace().collect();
        self.messages.note(&format!("error[{}]: {}", wire_name(&Code::InvalidInput), words.join(" ")));
        let rest = rest.lines().filter(|line| !line.is_empty() && !line.starts_with("For more"));
        rest.for_each(|line| self.messages.note(line));
        self.messages.note("hint: Add --help to see what can be asked for.");
        Exit::Usage
    }
}

/// Standard error. All clones are one.
#[derive(Clone)]
pub(crate) struct Messages(Arc<Mutex<Box<dyn Write + Send>>>);

impl Messages {
    /// Says something in a line of its own.
    pub(crate) fn note(&self, line: &str) {
        self.say(&format!("{}\n", harmless(line)));
    }

    /// Asks something: the answer goes on in the same line.
    pub(crate) fn ask(&self, question: &str) {
        self.say(&format!("{} ", harmless(question)));
    }

    fn say(&self, text: &str) {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Where not even a complaint can be written, there is nobody to complain to.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }
}

fn unwritable(error: &dyn std::error::Error) -> Error {
    Error::new(Code::Internal, format!("Standard output cannot be written to: {error}."))
}
