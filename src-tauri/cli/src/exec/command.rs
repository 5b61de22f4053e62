//! The command: its environment, how it is run, and its exit code.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};

use crate::exit::Exit;
use crate::print::Output;
use crate::worker::{KEY_VARIABLE, URL_VARIABLE};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub(super) use system::Signals;

/// The exit code of `env` and shells for a command that was found and cannot be executed.
const NOT_EXECUTABLE: u8 = 126;
/// The exit code of `env` and shells for a command that was not found.
const NOT_FOUND: u8 = 127;

/// A command that is not started yet.
pub(super) struct Prepared(Command);

impl Prepared {
    /// The first word is the program.
    pub(super) fn new(words: &[OsString]) -> Self {
        let (program, arguments) =
            words.split_first().map_or((OsString::default(), words), |(a, b)| (a.clone(), b));
        let mut command = Command::new(program);
        command.args(arguments);
        // The command gets tokens, and not what all tokens of a team can be had with.
        command.env_remove(URL_VARIABLE).env_remove(KEY_VARIABLE);
        Self(command)
    }

    pub(super) fn set_token(&mut self, variable: &str, token: &SecretString) -> Result<()> {
        let token = token.expose_secret();
        if token.contains('\0') {
            return Err(Error::new(
                Code::ProviderError,
                "The access token has a character that no variable can hold.",
            )
            .means("Nothing was run."));
        }
        self.0.env(variable, token);
        Ok(())
    }

    pub(super) fn set_path(&mut self, variable: &str, path: &Path) {
        self.0.env(variable, path);
    }

    /// Closes the command's standard input.
    pub(super) fn close_input(&mut self) {
        self.0.stdin(Stdio::null());
    }

    /// Replaces this process with the command if the system supports that; otherwise runs it and waits.
    pub(super) fn run(self, output: &Output) -> Result<Exit> {
        let Self(mut command) = self;
        system::run(&mut command).or_else(|error| Ok(not_started(&command, &error, output)))
    }

    /// Runs the command, and `meanwhile` as long as it runs. Forwards signals.
    pub(super) async fn supervise(
        self,
        output: &Output,
        mut signals: Signals,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<Exit> {
        let mut command = tokio::process::Command::from(self.0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Ok(not_started(command.as_std(), &error, output)),
        };
        let pid = child.id();
        let mut meanwhile = std::pin::pin!(meanwhile);
        let mut is_kept = true;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                signal = signals.next() => Signals::forward_signal(signal, pid),
                () = &mut meanwhile, if is_kept => is_kept = false,
            }
        };
        status.map(system::exit).map_err(|error| {
            Error::new(Code::Internal, format!("The exit code of the command is not known: {error}."))
        })
    }
}

/// Explains why the command could not be started.
fn not_started(command: &Command, error: &std::io::Error, output: &Output) -> Exit {
    let program = command.get_program().to_string_lossy();
    let (code, exit, message, hint) = match error.kind() {
        ErrorKind::NotFound => (
            Code::NotFound,
            NOT_FOUND,
            format!("The command “{program}” was not found."),
            "Check its name and PATH. A shell’s own commands need the shell: -- sh -c '…'.",
        ),
        _ => (
            Code::AccessDenied,
            NOT_EXECUTABLE,
            format!("The command “{program}” cannot be executed: {error}."),
            "Check that it is a program, and that you may execute it.",
        ),
    };
    output.failed(&Error::new(code, message).means("Nothing was run.").hint(hint));
    Exit::Command(exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_does_not_inherit_the_key_of_a_team() {
        let Prepared(command) = Prepared::new(&["true".into()]);
        let removed: Vec<_> =
            command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert_eq!(removed, [KEY_VARIABLE, URL_VARIABLE]);
    }
}
