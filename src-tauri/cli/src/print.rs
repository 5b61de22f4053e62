//! Printing: the result on standard output, as text or as one JSON document; messages on standard error. With `--json`,
//! standard error holds nothing but one JSON object if the command fails. Control and bidirectional characters are
//! removed here from all text but a token and a sign-in URL, which are printed as they are.

use std::io::{ErrorKind, Write};
use std::sync::Arc;

use grapnel_core::clock::Clock;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::text::{clean_line, clean_lines, escape_json};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::exit::Exit;
use crate::format::wire_name;

/// The result of a command. Its JSON is its serialization.
pub(crate) trait CommandResult: Serialize {
    /// The result as text, with times relative to `now`.
    fn text(&self, now: Timestamp) -> String;
}

/// The program's two outputs.
pub(crate) struct Output {
    /// Whether to print JSON. See [`Self::set_json`].
    pub(crate) json: bool,
    pub(crate) messages: Messages,
    /// Whether a person reads standard output.
    pub(crate) is_terminal: bool,
    out: Box<dyn Write + Send>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Output {
    pub(crate) fn new(
        out: Box<dyn Write + Send>,
        messages: Box<dyn Write + Send>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let messages = Messages { stream: Arc::new(Mutex::new(messages)), json: false, quiet: false };
        Self { json: false, messages, is_terminal: false, out, clock }
    }

    /// Switches to JSON, and messages off.
    pub(crate) fn set_json(&mut self, json: bool) {
        (self.json, self.messages.json) = (json, json);
    }

    /// Switches off notes, warnings and progress. Errors and questions stay.
    pub(crate) fn set_quiet(&mut self, quiet: bool) {
        self.messages.quiet = quiet;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Prints a result.
    pub(crate) fn show(&mut self, shown: &impl CommandResult) -> Result<()> {
        let text = if self.json { json(shown)? } else { clean_lines(&shown.text(self.now())) };
        self.raw(&text)
    }

    /// Prints a result whose text is a secret that the person asked for, with every character unchanged.
    pub(crate) fn show_raw(&mut self, shown: &impl CommandResult) -> Result<()> {
        let text = if self.json { json(shown)? } else { shown.text(self.now()) };
        self.raw(&text)
    }

    /// Prints one line of a stream (with JSON, one object). Returns whether the reader is still there.
    pub(crate) fn line(&mut self, shown: &impl CommandResult) -> Result<bool> {
        let line = if self.json {
            let json = serde_json::to_string(shown).map_err(|error| unwritable(&error))?;
            escape_json(&json)
        } else {
            clean_line(&shown.text(self.now()))
        };
        self.write(format!("{line}\n").as_bytes())
    }

    /// Prints a result unchanged on one line before the command ends, for a program that waits for it.
    pub(crate) fn show_at_once(&mut self, shown: &impl CommandResult) -> Result<()> {
        let line = if self.json {
            let json = serde_json::to_string(shown).map_err(|error| unwritable(&error))?;
            escape_json(&json)
        } else {
            shown.text(self.now())
        };
        self.raw(&line)
    }

    /// Prints a line that another program reads, unchanged.
    pub(crate) fn show_line(&mut self, line: &str) -> Result<()> {
        self.raw(line.trim_end())
    }

    /// Prints a line unchanged, and flushes.
    fn raw(&mut self, line: &str) -> Result<()> {
        self.write(format!("{line}\n").as_bytes()).map(|_| ())
    }

    /// Prints bytes unchanged, and flushes. Returns whether the reader is still there.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<bool> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            // The reader has closed the pipe.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true).map_err(|error| unwritable(&error)),
        }
    }

    /// Prints an error, and returns its exit code.
    pub(crate) fn failed(&self, error: &Error) -> Exit {
        if self.json {
            self.messages.failure(error);
            return Exit::of(error);
        }
        self.messages.line(&format!("error[{}]: {}", wire_name(&error.code), error.message));
        if let Some(meaning) = &error.meaning {
            self.messages.line(meaning);
        }
        if let Some(hint) = &error.hint {
            self.messages.line(&format!("hint: {hint}"));
        }
        Exit::of(error)
    }

    /// Prints clap's error, which may also be the requested help.
    pub(crate) fn usage_error(&mut self, error: &clap::Error) -> Exit {
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
        let message = if is_missing { "A command is required.".to_owned() } else { words.join(" ") };
        if self.json {
            self.messages.failure(&UsageError {
                code: USAGE,
                message,
                meaning: None,
                hint: SEE_HELP,
                field: None,
            });
            return Exit::Usage;
        }
        self.messages.note(&format!("error[{USAGE}]: {message}"));
        let rest = rest.lines().filter(|line| !line.is_empty() && !line.starts_with("For more"));
        rest.for_each(|line| self.messages.note(line));
        self.messages.note(&format!("hint: {SEE_HELP}"));
        Exit::Usage
    }
}

const SEE_HELP: &str = "See grapnel --help.";

/// The code of wrong arguments.
const USAGE: &str = "usage";

/// A usage error in the JSON form of [`Error`].
#[derive(Serialize)]
struct UsageError {
    code: &'static str,
    message: String,
    meaning: Option<String>,
    hint: &'static str,
    field: Option<String>,
}

/// A value as an indented JSON document, in which no character acts on a terminal.
pub(crate) fn json(shown: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(shown).map(|json| escape_json(&json)).map_err(|error| unwritable(&error))
}

/// Standard error. Clones share the stream.
#[derive(Clone)]
pub(crate) struct Messages {
    stream: Arc<Mutex<Box<dyn Write + Send>>>,
    /// Whether nothing but an error is printed, as JSON.
    json: bool,
    /// Whether only errors and questions are printed.
    quiet: bool,
}

impl Messages {
    /// Prints a message on a line of its own.
    pub(crate) fn note(&self, line: &str) {
        if !self.json && !self.quiet {
            self.line(line);
        }
    }

    /// Prints a line that the person needs to go on, also if notes are off.
    pub(crate) fn instruct(&self, line: &str) {
        if !self.json {
            self.line(line);
        }
    }

    /// Prints a part of an error on a line of its own.
    fn line(&self, line: &str) {
        self.say(&format!("{}\n", clean_line(line)));
    }

    /// Prints a question. The answer is typed on the same line.
    pub(crate) fn ask(&self, question: &str) {
        if !self.json {
            self.say(&format!("{} ", clean_line(question)));
        }
    }

    /// Prints an error as JSON.
    fn failure(&self, error: &impl Serialize) {
        match json(&serde_json::json!({ "error": error })) {
            Ok(json) => self.say(&format!("{json}\n")),
            Err(error) => self.say(&format!("{}\n", error.message)),
        }
    }

    fn say(&self, text: &str) {
        let mut stream = self.stream.lock();
        // An error that cannot be written cannot be reported either.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }
}

fn unwritable(error: &dyn std::error::Error) -> Error {
    Error::new(Code::Internal, format!("Standard output cannot be written: {error}."))
}

/// The command line's hint for a locked vault.
pub(crate) fn hint_here(code: Code) -> Option<String> {
    let is_here = code == Code::PassphraseNeeded;
    is_here.then(|| "Add --passphrase-stdin and write the passphrase to standard input.".into())
}

#[cfg(test)]
mod tests {
    use grapnel_core::clock::SystemClock;

    use super::*;
    use crate::shared_buffer::SharedBuffer;

    #[derive(Serialize)]
    #[serde(transparent)]
    struct Text(&'static str);

    impl CommandResult for Text {
        fn text(&self, _: Timestamp) -> String {
            self.0.into()
        }
    }

    /// Text that would control a terminal.
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
    fn text_cannot_control_the_terminal() {
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
    fn json_escapes_terminal_control_characters() {
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
    fn a_token_is_printed_unchanged() {
        let (mut output, out, _) = output(false);
        output.show_raw(&Text("a\u{200b}b")).unwrap();
        assert_eq!(out.text(), "a\u{200b}b\n");
    }
}
