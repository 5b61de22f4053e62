//! Printing: what was asked for on standard output, as text or as one JSON document; all else on standard error. With
//! `--json`, standard error holds nothing but one JSON object where the command failed. All text is cleaned here, but for
//! what is printed raw: a token, and the address of a sign-in.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use grapnel_core::clock::Clock;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::text::{clean_line, clean_lines, escape_json};
use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::words::wire_name;

/// What a command answers with. As JSON it is its own serialization.
pub(crate) trait Shown: Serialize {
    /// The answer for a person who reads it at `now`.
    fn text(&self, now: Timestamp) -> String;
}

/// The program's two outputs.
pub(crate) struct Output {
    /// Whether programs read it. See [`Self::set_json`].
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
        let messages = Messages { stream: Arc::new(Mutex::new(messages)), is_quiet: false };
        Self { json: false, messages, out, clock }
    }

    /// Prints for programs from now on.
    pub(crate) fn set_json(&mut self, json: bool) {
        (self.json, self.messages.is_quiet) = (json, json);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Prints an answer.
    pub(crate) fn show(&mut self, shown: &impl Shown) -> Result<()> {
        let text = if self.json { json(shown)? } else { clean_lines(&shown.text(self.now())) };
        self.raw(&text)
    }

    /// Prints an answer whose text is a secret that the person asked for: every character counts.
    pub(crate) fn show_raw(&mut self, shown: &impl Shown) -> Result<()> {
        let text = if self.json { json(shown)? } else { shown.text(self.now()) };
        self.raw(&text)
    }

    /// Prints an answer as it is, before the command ends: as a single line, which a program may be waiting for.
    pub(crate) fn show_at_once(&mut self, shown: &impl Shown) -> Result<()> {
        let line = if self.json {
            let json = serde_json::to_string(shown).map_err(|error| unwritable(&error))?;
            escape_json(&json)
        } else {
            shown.text(self.now())
        };
        self.raw(&line)
    }

    /// Prints a line as it is, at once.
    fn raw(&mut self, line: &str) -> Result<()> {
        match writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| unwritable(&error)),
        }
    }

    /// Says what went wrong.
    pub(crate) fn failed(&self, error: &Error) -> Exit {
        if self.json {
            self.messages.failure(error);
            return Exit::of(error);
        }
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
            return match self.raw(&clean_lines(said.trim_end())) {
                Ok(()) => Exit::Done,
                Err(error) => self.failed(&error),
            };
        }
        let is_missing = error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if is_missing && !self.json {
            said.trim_end().lines().for_each(|line| self.messages.note(line));
            return Exit::Usage;
        }
        let (message, rest) = said.split_once("\n\n").unwrap_or((&said, ""));
        let words: Vec<&str> = message.trim_start_matches("error:").split_whitespace().collect();
        let message = if is_missing { "No command was given.".to_owned() } else { words.join(" ") };
        if self.json {
            self.messages.failure(&Misread {
                code: "usage",
                message,
                meaning: None,
                hint: SEE_HELP,
                field: None,
            });
            return Exit::Usage;
        }
        self.messages.note(&format!("error[{}]: {message}", wire_name(&Code::InvalidInput)));
        let rest = rest.lines().filter(|line| !line.is_empty() && !line.starts_with("For more"));
        rest.for_each(|line| self.messages.note(line));
        self.messages.note(&format!("hint: {SEE_HELP}"));
        Exit::Usage
    }
}

const SEE_HELP: &str = "Add --help to see what can be asked for.";

/// Arguments that are none, in the form of [`Error`].
#[derive(Serialize)]
struct Misread {
    code: &'static str,
    message: String,
    meaning: Option<String>,
    hint: &'static str,
    field: Option<String>,
}

fn json(shown: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(shown).map(|json| escape_json(&json)).map_err(|error| unwritable(&error))
}

/// Standard error. All clones are one.
#[derive(Clone)]
pub(crate) struct Messages {
    stream: Arc<Mutex<Box<dyn Write + Send>>>,
    /// Whether nothing but a failure is said: a program reads it.
    is_quiet: bool,
}

impl Messages {
    /// Says something in a line of its own.
    pub(crate) fn note(&self, line: &str) {
        if !self.is_quiet {
            self.say(&format!("{}\n", clean_line(line)));
        }
    }

    /// Asks something: the answer goes on in the same line.
    pub(crate) fn ask(&self, question: &str) {
        if !self.is_quiet {
            self.say(&format!("{} ", clean_line(question)));
        }
    }

    /// Says what went wrong, to a program.
    fn failure(&self, error: &impl Serialize) {
        match json(&serde_json::json!({ "error": error })) {
            Ok(json) => self.say(&format!("{json}\n")),
            Err(error) => self.say(&format!("{}\n", error.message)),
        }
    }

    fn say(&self, text: &str) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // Where not even a complaint can be written, there is nobody to complain to.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }
}

fn unwritable(error: &dyn std::error::Error) -> Error {
    Error::new(Code::Internal, format!("Standard output cannot be written to: {error}."))
}

/// What to do about a locked vault where nobody types.
pub(crate) fn hint_here(code: Code) -> Option<String> {
    let is_here = code == Code::PassphraseNeeded;
    is_here.then(|| "Add --passphrase-stdin, and write the passphrase to standard input.".into())
}

#[cfg(test)]
mod tests {
    use grapnel_core::clock::SystemClock;

    use super::*;
    use crate::shared_buffer::SharedBuffer;

    #[derive(Serialize)]
    #[serde(transparent)]
    struct Text(&'static str);

    impl Shown for Text {
        fn text(&self, _: Timestamp) -> String {
            self.0.into()
        }
    }

    /// What a command of its own makes of it: no [`Shown`] has to think of the terminal.
    const HOSTILE: &str =
        "Connected as Ada\u{1b}]52;c;Y3VybA==\u{7}\u{1b}[2J\u{9b}2J\u{202e}\u{200b}\u{61c}.\nNext";

    fn output(json: bool) -> (Output, SharedBuffer, SharedBuffer) {
        let (out, said) = (SharedBuffer::default(), SharedBuffer::default());
        let clock = Arc::new(SystemClock::default());
        let mut output = Output::new(Box::new(out.clone()), Box::new(said.clone()), clock);
        output.set_json(json);
        (output, out, said)
    }

    #[test]
    fn no_text_speaks_to_the_terminal() {
        let (mut output, out, said) = output(false);
        output.show(&Text(HOSTILE)).unwrap();
        output.messages.note(HOSTILE);
        output.messages.ask(HOSTILE);
        output.failed(&Error::new(Code::Internal, HOSTILE).means(HOSTILE).hint(HOSTILE));
        assert_eq!(out.text(), "Connected as Ada ]52;c;Y3VybA==  [2J 2J.\nNext\n");
        for c in said.text().chars().filter(|c| *c != '\n') {
            assert!(!c.is_control() && !grapnel_model::text::is_hidden(c), "{c:?}");
        }
    }

    #[test]
    fn json_is_the_same_with_what_a_terminal_obeys_escaped() {
        let (mut output, out, said) = output(true);
        output.show(&Text(HOSTILE)).unwrap();
        let error = Error::new(Code::Internal, HOSTILE);
        output.failed(&error);
        for text in [out.text(), said.text()] {
            assert_eq!(text, clean_lines(&text));
        }
        assert_eq!(serde_json::from_str::<String>(&out.text()).unwrap(), HOSTILE);
        let told: serde_json::Value = serde_json::from_str(&said.text()).unwrap();
        assert_eq!(told, serde_json::json!({ "error": error }));
    }

    #[test]
    fn a_token_is_printed_as_it_is() {
        let (mut output, out, _) = output(false);
        output.show_raw(&Text("a\u{200b}b")).unwrap();
        assert_eq!(out.text(), "a\u{200b}b\n");
    }
}
