//! The setting of one test: a sandbox, a data directory, and the program's whole environment.

use std::ffi::OsString;
use std::fmt;
use std::io::{BufReader, Read, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grapnel_cli::{Environment, Exit, Input, Timeouts, Worker};
use grapnel_core::Grapnel;
use grapnel_core::browser::Launch;
use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::secret::SecretString;
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox, grigora};
use insta::internals::SettingsBindDropGuard;
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::machine::{Paper, TestClock, TestKeyring, sign_in};

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) keyring: Arc<TestKeyring>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) timeouts: Timeouts,
    /// The result of opening a URL.
    pub(crate) launch: Launch,
    /// The browsers that URLs were opened with.
    pub(crate) browsers: Arc<Mutex<Vec<String>>>,
    /// The token that the token agent has for every connection.
    pub(crate) of_agent: Option<String>,
    pub(crate) home: TempDir,
    /// The database and the key of the worker that the program is.
    pub(crate) worker: Option<(String, String)>,
    _filters: SettingsBindDropGuard,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(ProviderId::Grigora)
    }

    /// A world with one provider, whose first account authorizes every request.
    pub(crate) fn of(provider: ProviderId) -> Self {
        let options = Options { consent: Consent::Authorize, reveal: true, ..Options::only(provider) };
        let moment = Duration::from_millis(300);
        Self {
            sandbox: Sandbox::start(options).unwrap(),
            keyring: Arc::default(),
            clock: Arc::default(),
            launch: Launch::Opened,
            timeouts: Timeouts { provider: moment, keyring: moment, ..Timeouts::default() },
            browsers: Arc::default(),
            of_agent: None,
            home: tempfile::tempdir().unwrap(),
            worker: None,
            _filters: filters().bind_to_scope(),
        }
    }

    /// Another program on the same data.
    pub(crate) fn grapnel(&self) -> Grapnel {
        Grapnel::with(self.home.path(), self.keyring.clone(), self.clock.clone()).unwrap()
    }

    /// Runs a command that prompts for nothing.
    pub(crate) async fn run(&self, line: &str) -> Ran {
        self.run_with(line, std::io::empty(), false, &Paper::default()).await
    }

    /// Runs a command at a terminal.
    pub(crate) async fn answer(&self, line: &str, typed: &'static str) -> Ran {
        self.run_with(line, typed.as_bytes(), true, &Paper::default()).await
    }

    /// Runs a command with this standard input.
    pub(crate) async fn pipe(&self, line: &str, input: &str) -> Ran {
        self.run_with(line, std::io::Cursor::new(input.to_owned()), false, &Paper::default()).await
    }

    /// Runs a command with its input given, and output that can be read while it runs.
    pub(crate) async fn run_with(
        &self,
        line: &str,
        input: impl Read + Send + 'static,
        is_terminal: bool,
        output: &Paper,
    ) -> Ran {
        self.run_heard(line, (input, is_terminal), output, &Paper::default()).await
    }

    /// Runs a command at a terminal, and types `typed` at the prompt `question`.
    pub(crate) async fn answer_to(&self, line: &str, question: &str, typed: &str) -> Ran {
        let (input, mut keyboard) = std::io::pipe().unwrap();
        let (output, messages) = (Paper::default(), Paper::default());
        let (ran, ()) = tokio::join!(self.run_heard(line, (input, true), &output, &messages), async {
            messages.says(question).await;
            keyboard.write_all(typed.as_bytes()).unwrap();
        });
        ran
    }

    /// Runs a command whose output and messages can be read while it runs.
    pub(crate) async fn run_heard(
        &self,
        line: &str,
        (input, is_terminal): (impl Read + Send + 'static, bool),
        output: &Paper,
        messages: &Paper,
    ) -> Ran {
        let (home, keyring, clock) = (self.home.path().to_owned(), self.keyring.clone(), self.clock.clone());
        let (desktop, browsers, launch) = (self.grapnel(), Arc::clone(&self.browsers), self.launch);
        let of_agent = self.of_agent.clone();
        let worker = self.worker.clone().map(|(url, key)| Worker::new(url.into(), key.into()).unwrap());
        let environment = Environment {
            ask: Box::new(move |_| {
                Some(AccessToken {
                    value: of_agent.clone()?.into(),
                    token_type: AccessTokenType::Bearer,
                    expires_at: None,
                })
            }),
            open: Box::new(move || Grapnel::with(&home, keyring, clock)),
            clock: self.clock.clone(),
            input: Input { lines: Box::new(BufReader::new(input)), is_terminal, is_in_background: false },
            output: Box::new(output.clone()),
            output_is_terminal: false,
            messages: Box::new(messages.clone()),
            browser: Arc::new(move |link: &SecretString, with: &str| {
                browsers.lock().unwrap().push(with.to_owned());
                Handle::current().spawn(sign_in(link.clone(), Some(desktop.clone())));
                launch
            }),
            timeouts: self.timeouts,
            worker: Ok(worker),
        };
        let arguments = std::iter::once("grapnel".to_owned()).chain(words(line)).map(OsString::from);
        let exit = match grapnel_cli::begin(arguments, environment) {
            ControlFlow::Break(exit) => exit,
            ControlFlow::Continue(work) => work.finish().await,
        };
        Ran { line: line.to_owned(), exit, out: output.text(), said: messages.text() }
    }

    /// Adds an app of the sandbox with a loopback redirect URI.
    pub(crate) async fn add_app(&self) -> Ran {
        self.add("acme", "--redirect loopback").await
    }

    pub(crate) async fn add(&self, name: &str, more: &str) -> Ran {
        let at = self.sandbox.grigora();
        let line = format!(
            "app add {name} --provider grigora --client-id {} --client-secret-stdin {more} \
             --set authorize_url={at}{} --set token_url={at}{} --set api_base={at}{}",
            grigora::CLIENT_ID,
            grigora::AUTHORIZE_PATH,
            grigora::TOKEN_PATH,
            grigora::API_BASE,
        );
        self.pipe(&line, grigora::CLIENT_SECRET).await
    }

    /// A new connection called `acme`.
    pub(crate) async fn connect(&self) {
        assert_eq!(self.add_app().await.exit, Exit::Done);
        let ran = self.run("connect acme").await;
        assert_eq!(ran.exit, Exit::Done, "{ran}");
    }
}

/// The output of a run, as a person sees it in a terminal.
pub(crate) struct Ran {
    line: String,
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) said: String,
}

impl Ran {
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.exit, Exit::Done, "{self}");
        serde_json::from_str(&self.out).unwrap()
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ grapnel {}", self.line)?;
        f.write_str(&self.out)?;
        if !self.said.is_empty() {
            writeln!(f, "--- standard error")?;
            f.write_str(&self.said)?;
        }
        write!(f, "--- exit {}", self.exit.code())
    }
}

/// Arguments, with words in single quotes kept together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    parts
        .flat_map(|(number, part)| match number % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// Replaces values that differ from run to run with fixed names.
fn filters() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
    settings.add_filter(r"\b[0-9a-f]{32}\b", "[id]");
    settings.add_filter(r"(gri_[ar]t_)[\w-]{4}", "${1}[4]");
    settings.add_filter(r#"(fingerprint"?:? "?)[0-9a-f]{8}\b"#, "${1}[8 hex]");
    settings.add_filter(r"handed to .* \(pid \d+\)", "handed to [program] (pid [number])");
    settings.add_filter(r"/callback/[a-z2-9]{10}\b", "/callback/[word]");
    settings.add_filter(r"in \d\.\d s", "in [pause]");
    // What Windows and Wine say of a missing file.
    settings.add_filter(
        r"[Tt]he system cannot find the file specified|[Ff]ile not found",
        "no such file or directory",
    );
    // What the sandbox reports has its own clock, the system's.
    settings.add_filter(r"(\nexp: +)in \d+ days", "${1}in [days]");
    settings.add_filter(r#"("created_on": ")20[^"]+"#, "${1}[moment]");
    settings
}
