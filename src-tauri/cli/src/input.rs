//! Standard input: secrets, pasted redirect URLs, and confirmations.

use std::io::{BufRead, Read};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// The maximum length of a credential helper's input. A token may have 1 MiB.
const MAX_REQUEST_BYTES: u64 = 2 << 20;

/// Lines that another thread reads.
pub(crate) type Lines = mpsc::Receiver<SecretString>;

/// Standard input.
pub struct Input {
    /// The lines.
    pub lines: Box<dyn BufRead + Send>,
    /// Whether it is a terminal.
    pub is_terminal: bool,
    /// Whether another process group has the terminal: reading it would stop this process.
    pub is_in_background: bool,
}

impl Input {
    /// Whether a person can type without being asked.
    pub(crate) fn is_attended(&self) -> bool {
        self.is_terminal && !self.is_in_background
    }

    /// The next line without its line break; `None` at the end.
    pub(crate) fn line(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).map_err(|error| unreadable(&error))?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok((length > 0).then_some(line))
    }

    /// The rest of the input, up to [`MAX_REQUEST_BYTES`].
    pub(crate) fn all(&mut self) -> Result<Zeroizing<String>> {
        let mut text = Zeroizing::new(String::new());
        let mut lines = (&mut self.lines).take(MAX_REQUEST_BYTES);
        lines.read_to_string(&mut text).map_err(|error| unreadable(&error))?;
        Ok(text)
    }

    /// Reads a secret: from a hidden prompt at a terminal, otherwise the next line.
    pub(crate) fn secret(&mut self, prompt: &str) -> Result<SecretString> {
        if self.is_terminal {
            return rpassword::prompt_password(prompt)
                .map(SecretString::from)
                .map_err(|error| unreadable(&error));
        }
        self.line().map(|line| line.unwrap_or_default().into())
    }

    /// Reads the answer to a yes/no question.
    pub(crate) fn confirms(&mut self) -> Result<bool> {
        let answer = self.line()?.unwrap_or_default();
        Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Reads lines on another thread as they arrive.
    pub(crate) fn follow(&mut self) -> Lines {
        let (sender, lines) = mpsc::channel(1);
        let nothing = Box::new(std::io::empty());
        let stdin = std::mem::replace(&mut self.lines, nothing);
        let mut input = Self { lines: stdin, ..*self };
        std::thread::spawn(move || {
            while let Ok(Some(line)) = input.line() {
                if sender.blocking_send(line.into()).is_err() {
                    return;
                }
            }
        });
        lines
    }
}

fn unreadable(error: &std::io::Error) -> Error {
    Error::new(Code::Internal, format!("Standard input cannot be read: {error}."))
}
