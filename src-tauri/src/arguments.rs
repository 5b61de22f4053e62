//! The command-line arguments, as given by a person, a desktop entry, or a deep link.

use std::ffi::OsString;
use std::io::Read;

use grapnel_core::Store;
#[cfg(any(unix, test))]
use grapnel_model::secret::ExposeSecret;
use grapnel_model::secret::SecretString;
use grapnel_model::text::clean_line;
#[cfg(unix)]
use serde_json::{Value, json};

use crate::deep_link::SCHEME;

/// For the copy of a program that was started with a callback: reads the callback from standard input.
pub(crate) const ON_STDIN: &str = "--callback-on-stdin";
/// Starts the sandbox too.
const SANDBOX: &str = "--sandbox";
/// Shows no window if there is a tray icon. For the start at login.
pub(crate) const HIDDEN: &str = "--hidden";
/// The environment variables with the desktop's activation token, which lets the program raise its window after a user
/// action (xdg-activation, and startup notification before it on X11).
pub(crate) const ACTIVATION: [&str; 2] = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];
/// The longest callback that is read, in bytes. A longer one is truncated, and is then refused as a callback.
pub(crate) const MAX_CALLBACK_ARGUMENT_BYTES: usize = 32 * 1024;
/// The longest accepted activation token in bytes.
const MAX_ACTIVATION_TOKEN_BYTES: usize = 512;

const HELP: &str = "\
Grapnel, a connection manager for OAuth 2.0: the window.

Usage: grapnel-desktop [OPTIONS] [LINK]

Arguments:
  [LINK]     A link that leads back to Grapnel (dev.grapnel.desktop:/…), as the system passes it on

Options:
  --sandbox  Start the sandbox, which simulates the built-in providers on this computer
  --hidden   Show no window where there is a tray, as at login
  --help     Print this help
  --version  Print the version

In a terminal, and where there is no display, use grapnel.
";

/// The purpose of a start of the program.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// Run.
    Start(Arguments),
    /// Print a text and exit.
    Print(String),
    /// Exit: the argument is unknown.
    Unknown(String),
}

/// What the program should do when it runs.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// The callback that started the program.
    pub(crate) callback: Option<SecretString>,
    /// Whether to read the callback from standard input.
    pub(crate) on_stdin: bool,
    /// Whether to start the sandbox.
    pub(crate) sandbox: bool,
    /// Whether to show no window.
    pub(crate) hidden: bool,
    /// The desktop's activation token for the window.
    pub(crate) activation: Option<String>,
    /// The data directory of this process: `GRAPNEL_HOME`, or the default.
    pub(crate) home: Option<String>,
}

impl Invocation {
    /// Parses the arguments of this process.
    pub(crate) fn own() -> Self {
        let asked = Self::of(std::env::args_os().skip(1));
        let Self::Start(mut arguments) = asked else { return asked };
        arguments.activation = ACTIVATION.iter().find_map(|name| activation(&std::env::var(name).ok()?));
        arguments.home = Store::default_home().ok().map(|home| home.to_string_lossy().into_owned());
        if arguments.on_stdin {
            let mut callback = String::new();
            let read =
                std::io::stdin().take(MAX_CALLBACK_ARGUMENT_BYTES as u64).read_to_string(&mut callback);
            arguments.callback = read.ok().map(|_| callback.into());
        }
        Self::Start(arguments)
    }

    fn of(arguments: impl Iterator<Item = OsString>) -> Self {
        let mut read = Arguments::default();
        for argument in arguments {
            match &*argument.to_string_lossy() {
                "--help" | "-h" => return Self::Print(HELP.to_owned()),
                "--version" | "-V" => {
                    return Self::Print(
                        concat!("grapnel-desktop ", env!("CARGO_PKG_VERSION"), "\n").to_owned(),
                    );
                }
                SANDBOX => read.sandbox = true,
                HIDDEN => read.hidden = true,
                ON_STDIN => read.on_stdin = true,
                link if is_callback(link) => read.callback = Some(link.into()),
                // The rest of the argument may contain a code.
                other => {
                    let name = other.split(['?', '#', '=']).next().unwrap_or_default();
                    return Self::Unknown(clean_line(name));
                }
            }
        }
        Self::Start(read)
    }
}

impl Arguments {
    /// Parses the arguments of a second start, as the platform passes them on; unknown ones are ignored.
    #[cfg(windows)]
    pub(crate) fn of(arguments: &[String]) -> Self {
        match Invocation::of(arguments.iter().skip(1).map(OsString::from)) {
            Invocation::Start(arguments) => arguments,
            Invocation::Print(_) | Invocation::Unknown(_) => Self::default(),
        }
    }

    /// The options among them, as given.
    #[cfg(target_os = "linux")]
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static str> {
        let given = [(self.sandbox, SANDBOX), (self.hidden, HIDDEN)];
        given.into_iter().filter_map(|(is_given, option)| is_given.then_some(option))
    }

    /// Serializes them, for a second start to send to the first process.
    #[cfg(unix)]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let head = json!({
            "sandbox": self.sandbox,
            "hidden": self.hidden,
            "activation": self.activation,
            "home": self.home,
        });
        let callback = self.callback.as_ref().map_or("", |callback| callback.expose_secret());
        format!("{head}\n{callback}").into_bytes()
    }

    /// Deserializes them; `None` if the bytes are invalid.
    #[cfg(unix)]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, callback) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        let head: Value = serde_json::from_str(head).ok()?;
        Some(Self {
            callback: is_callback(callback).then(|| callback.into()),
            on_stdin: false,
            sandbox: head.get("sandbox")?.as_bool()?,
            hidden: head.get("hidden")?.as_bool()?,
            activation: head.get("activation").and_then(Value::as_str).and_then(activation),
            home: head.get("home").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

/// Validates an activation token, since it is passed to the display server.
pub(crate) fn activation(token: &str) -> Option<String> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (!token.is_empty() && token.len() <= MAX_ACTIVATION_TOKEN_BYTES && is_plain).then(|| token.to_owned())
}

fn is_callback(argument: &str) -> bool {
    argument.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(arguments: &[&str]) -> Arguments {
        match Invocation::of(arguments.iter().map(OsString::from)) {
            Invocation::Start(read) => read,
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    fn callback(read: &Arguments) -> Option<&str> {
        read.callback.as_ref().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn arguments_are_parsed_in_any_order() {
        let read = start(&["--hidden", "DEV.grapnel.desktop:/oauth/callback?code=1", "--sandbox"]);
        assert_eq!(callback(&read), Some("DEV.grapnel.desktop:/oauth/callback?code=1"));
        assert!(read.hidden && read.sandbox && !read.on_stdin);
        assert!(callback(&start(&[])).is_none());
    }

    #[test]
    fn help_and_version_are_printed_and_anything_else_is_refused() {
        for (arguments, said) in [(["--help"], "Usage:"), (["-V"], env!("CARGO_PKG_VERSION"))] {
            let Invocation::Print(text) = Invocation::of(arguments.iter().map(OsString::from)) else {
                panic!("{said}")
            };
            assert!(text.contains(said), "{text}");
        }
        for argument in
            ["--hepl", "https://provider.example/callback?code=SECRET", "--code=SECRET", "\u{1b}[31m"]
        {
            let Invocation::Unknown(text) = Invocation::of([argument.into()].into_iter()) else {
                panic!("{argument}")
            };
            assert!(!text.contains('\u{1b}') && !text.contains("SECRET"), "{text:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn arguments_round_trip_to_the_first_process() {
        let sent = Arguments {
            activation: Some("gnome-shell/Grapnel/4711-0-host_TIME12".into()),
            ..start(&["--sandbox", "dev.grapnel.desktop:/oauth/callback?code=a\nb"])
        };
        let read = Arguments::from_bytes(&sent.to_bytes()).unwrap();
        assert_eq!(callback(&read), callback(&sent));
        assert_eq!((read.sandbox, read.hidden), (true, false));
        assert_eq!(read.activation, sent.activation);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn malformed_arguments_are_refused() {
        for bytes in [&b""[..], b"{}", b"{}\n", b"\n", b"{\"sandbox\":1,\"hidden\":false}\n", b"\xff\n"] {
            assert!(Arguments::from_bytes(bytes).is_none(), "{bytes:?}");
        }
        let bytes = b"{\"sandbox\":false,\"hidden\":false,\"activation\":\"a\\u0000b\"}\nhttps://x.example/";
        let read = Arguments::from_bytes(bytes).unwrap();
        assert!(read.activation.is_none() && read.callback.is_none());
    }
}
