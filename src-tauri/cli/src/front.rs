//! The command `grapnel`: prints an access token if the token agent has it, and otherwise executes the program
//! `grapnel-cli` in the same directory. A short command spends half of its time on process start, which grows with the
//! size of the program; so this one contains only the client of the token agent.

#[cfg(not(target_os = "linux"))]
#[path = "main.rs"]
mod program;

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    program::main()
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::io::{self, ErrorKind, Write};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, ExitCode};
    use std::time::Duration;

    use grapnel_model::access_token::AccessToken;
    use grapnel_model::data_directory;
    use grapnel_model::secret::ExposeSecret;
    use grapnel_token_client::{AgentRequest, ask, core_dumps};
    use jiff::{SignedDuration, Timestamp};

    /// The program with all commands, in the directory of this one.
    const PROGRAM: &str = "grapnel-cli";
    /// The default of `--min-valid`.
    const MIN_VALID: Duration = Duration::from_secs(60);

    pub(super) fn main() -> ExitCode {
        core_dumps::forbid();
        let mut arguments = std::env::args_os();
        let name = arguments.next();
        let arguments: Vec<OsString> = arguments.collect();
        if let Some(token) = token_from_agent(&arguments)
            && is_printed(&token)
        {
            return ExitCode::SUCCESS;
        }
        let error = continue_as_program(name, &arguments);
        // An error that cannot be written cannot be reported either.
        let _ = writeln!(
            io::stderr(),
            "error[internal]: The program {PROGRAM} cannot be started: {error}.\n\
             Connections and tokens are as they were.\nhint: Install Grapnel again: {PROGRAM} belongs beside grapnel."
        );
        ExitCode::FAILURE
    }

    /// The requested token, if the agent has it at hand.
    fn token_from_agent(arguments: &[OsString]) -> Option<AccessToken> {
        let request = request(arguments)?;
        let token = ask(&data_directory::default().ok()?, &request)?;
        // A token with less validity than requested needs a warning, which only the other program prints.
        let min_valid = SignedDuration::try_from(request.min_valid).ok()?;
        let lasts = token.expires_at.is_none_or(|end| Timestamp::now().duration_until(end) >= min_valid);
        lasts.then_some(token)
    }

    /// The request of `grapnel token NAME [--min-valid TIME]`. The other program handles all other arguments.
    fn request(arguments: &[OsString]) -> Option<AgentRequest> {
        // Only the other program writes the log, and only it is a worker of a team.
        if ["GRAPNEL_LOG", "GRAPNEL_TEAM_KEY"].iter().any(|name| std::env::var_os(name).is_some()) {
            return None;
        }
        let arguments: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
        let (name, min_valid) = match *arguments?.as_slice() {
            ["token", name] => (name, MIN_VALID),
            ["token", name, "--min-valid", time] | ["token", "--min-valid", time, name] => {
                (name, duration(time)?)
            }
            _ => return None,
        };
        (!name.starts_with('-')).then(|| AgentRequest { name: name.to_owned(), min_valid })
    }

    /// A duration in one unit, such as `90s` or `5m`; a number alone counts seconds.
    fn duration(text: &str) -> Option<Duration> {
        let (number, unit) = match text.split_at_checked(text.len().checked_sub(1)?)? {
            (number, "s") => (number, 1),
            (number, "m") => (number, 60),
            (number, "h") => (number, 3600),
            _ => (text, 1),
        };
        let number: u32 = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        Some(Duration::from_secs(u64::from(number) * unit))
    }

    /// Prints the token. The other program reports failures.
    fn is_printed(token: &AccessToken) -> bool {
        let mut output = io::stdout().lock();
        let printed = writeln!(output, "{}", token.value.expose_secret()).and_then(|()| output.flush());
        // The reader has closed the pipe.
        printed.map_or_else(|error| error.kind() == ErrorKind::BrokenPipe, |()| true)
    }

    /// Returns only if it fails.
    fn continue_as_program(name: Option<OsString>, arguments: &[OsString]) -> io::Error {
        let program = match std::env::current_exe() {
            Ok(this) => this.with_file_name(PROGRAM),
            Err(error) => return error,
        };
        let mut command = Command::new(program);
        if let Some(name) = name {
            command.arg0(name);
        }
        command.args(arguments).exec()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn asked(line: &str) -> Option<(String, u64)> {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            request(&arguments).map(|request| (request.name, request.min_valid.as_secs()))
        }

        #[test]
        fn only_plain_token_requests_are_handled_here() {
            let acme = |seconds| Some(("acme".to_owned(), seconds));
            assert_eq!(asked("token acme"), acme(60));
            assert_eq!(asked("token acme --min-valid 5m"), acme(300));
            assert_eq!(asked("token --min-valid 90 acme"), acme(90));
            for other in [
                "",
                "token",
                "list",
                "token --help",
                "token -- acme",
                "token acme --json",
                "--json token acme",
                "token acme --rejected",
                "token acme --format env",
                "token acme --min-valid soon",
                "token acme --min-valid -5m",
                "token acme --min-valid +5m",
                "token acme --min-valid 1h30m",
                "token acme --min-valid s",
            ] {
                assert_eq!(asked(other), None, "{other}");
            }
        }
    }
}
