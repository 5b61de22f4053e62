//! Standard input: secrets, pasted addresses, and a yes or no.

use std::io::BufRead;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;
use tokio::sync::mpsc;

/// Lines that are read aside.
pub(crate) type Lines = mpsc::Receiver<SecretString>;

/// Where lines come from.
pub struct Input {
    /// The lines.
    pub lines: Box<dyn BufRead + Send>,
    /// Whether a person types them.
    pub is_terminal: bool,
    /// Whether the terminal is given to another program now: who reads it then is stopped.
    pub is_in_background: bool,
}

impl Input {
    /// Whether a person may type something that was not asked for.
    pub(crate) fn is_attended(&self) -> bool {
        self.is_terminal && !self.is_in_background
    }

    /// The next line, without its end; nothing where there is none.
    pub(crate) fn line(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).map_err(|error| unreadable(&error))?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok((length > 0).then_some(line))
    }

    /// A secret: typed unseen at a terminal, or else the next line.
    pub(crate) fn secret(&mut self, prompt: &str) -> Result<SecretString> {
        if self.is_terminal {
            return rpassword::prompt_password(prompt)
                .map(SecretString::from)
                .map_err(|error| unreadable(&error));
        }
        self.line().map(|line| line.unwrap_or_default().into())
    }

    /// Whether the person answers the question, which has been asked, with yes.
    pub(crate) fn agrees(&mut self) -> Result<bool> {
        let answer = self.line()?.unwrap_or_default();
        Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Every line as it comes, read aside so that other things can happen meanwhile.
    pub(crate) fn follow(&mut self) -> Lines {
        let (sender, lines) = mpsc::channel(1);
        let nothing = Box::new(std::io::empty());
        let lines_to_come = std::mem::replace(&mut self.lines, nothing);
        let mut input = Self { lines: lines_to_come, ..*self };
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
