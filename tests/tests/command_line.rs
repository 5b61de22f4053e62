//! The command line as it is built, with a real keyring: what a script sees.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Output;

use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox, SecretKind, grigora};
use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::secret_scan::Scan;
use grapnel_tests::session;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// A desktop with the command line, and a provider where everybody agrees.
struct Script {
    sandbox: Sandbox,
    desktop: Desktop,
}

impl Script {
    async fn begin(keyring: Keyring) -> Result<Self> {
        let options = Options::only(ProviderId::Grigora);
        let sandbox = Sandbox::start(Options { consent: Consent::Authorize, reveal: true, ..options })?;
        Ok(Self { sandbox, desktop: session::start(keyring).await? })
    }

    fn terminal(&self) -> Terminal<'_> {
        Terminal::on(&self.desktop)
    }

    fn add_app(&self) -> Result<Output> {
        let at = |key: &str, path: &str| format!("{key}={}{path}", self.sandbox.grigora());
        let line = [
            ["app", "add", "acme", "--provider", "grigora", "--redirect", "loopback"].as_slice(),
            &["--client-id", grigora::CLIENT_ID, "--client-secret-stdin"],
            &["--set", &at("authorize_url", grigora::AUTHORIZE_PATH)],
            &["--set", &at("token_url", grigora::TOKEN_PATH), "--set", &at("api_base", grigora::API_BASE)],
        ];
        self.terminal().run(&line.concat(), &format!("{}\n", grigora::CLIENT_SECRET))
    }

    /// Looks for secrets in everything that was left.
    fn find_no_secret(&self) -> Result<()> {
        let revealed = self.sandbox.revealed();
        let named = revealed.iter().map(|secret| ("secret", secret.value.as_str()));
        let scan = Scan::new(named.chain([("client secret", grigora::CLIENT_SECRET)]))?;
        let mut leaks = scan.processes(&self.desktop.processes());
        for dir in [self.desktop.data(), self.desktop.home(), self.desktop.logs()] {
            leaks.extend(scan.files(&dir)?);
        }
        ensure!(leaks.is_empty(), "found: {:#?}", leaks.iter().map(ToString::to_string).collect::<Vec<_>>());
        Ok(())
    }
}

/// What any HTTP client does with an address: it asks, and follows.
fn follow(address: &str) -> Result<()> {
    let mut next = Some(address.to_owned());
    while let Some(address) = next {
        let (host, path) =
            address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("an address")?;
        let mut stream = TcpStream::connect(host)?;
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let location = reply.lines().find_map(|line| line.strip_prefix("location: "));
        ensure!(location.is_some() || reply.starts_with("HTTP/1.1 200"), "{reply}");
        next =
            location.map(|to| if to.starts_with('/') { format!("http://{host}{to}") } else { to.to_owned() });
    }
    Ok(())
}

#[tokio::test]
async fn a_script_signs_in_and_has_a_token() -> Result<()> {
    let script = Script::begin(Keyring::Unlocked).await?;
    let terminal = script.terminal();
    let added = script.add_app()?;
    ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));

    let (sign_in, address) = terminal.connect("acme", &[])?;
    follow(&address)?;
    let signed_in = sign_in.wait_with_output()?;
    ensure!(signed_in.status.success(), "{}", String::from_utf8_lossy(&signed_in.stderr));
    assert_eq!(signed_in.stdout, b"", "the address is not the only line");

    assert_eq!(terminal.json(&["status", "acme"])?["state"], "active");
    assert_eq!(terminal.json(&["projects", "acme"])?["projects"][0]["id"], "proj_harbour");
    let token = terminal.print(&["token", "acme"])?;
    let mut issued = script.sandbox.revealed().into_iter().filter(|one| one.kind == SecretKind::AccessToken);
    assert_eq!(token, format!("{}\n", issued.next_back().context("a token")?.value));
    script.find_no_secret()
}

#[tokio::test]
async fn ctrl_c_cancels_a_sign_in() -> Result<()> {
    let script = Script::begin(Keyring::Unlocked).await?;
    let terminal = script.terminal();
    script.add_app()?;
    let (mut sign_in, _) = terminal.connect("acme", &[])?;
    let mut said = BufReader::new(sign_in.stderr.take().context("its messages")?);
    let mut waiting = String::new();
    said.read_line(&mut waiting)?;
    ensure!(waiting.starts_with("Waiting"), "{waiting}");
    let pid = i32::try_from(sign_in.id()).ok().and_then(Pid::from_raw).context("a process id")?;
    kill_process(pid, Signal::INT)?;
    assert_eq!(sign_in.wait()?.code(), Some(6));
    let mut error = String::new();
    said.read_line(&mut error)?;
    assert_eq!(error, "error[cancelled]: The sign-in was cancelled.\n");
    let newest = &terminal.json(&["activity"])?[0];
    assert_eq!(newest["text"], "Sign-in cancelled.");
    Ok(())
}

#[tokio::test]
async fn without_a_keyring_nothing_is_kept_in_the_clear() -> Result<()> {
    let script = Script::begin(Keyring::Absent).await?;
    let added = script.add_app()?;
    assert_eq!(added.status.code(), Some(5));
    let said = String::from_utf8(added.stderr)?;
    ensure!(said.starts_with("error[keyring_absent]: "), "{said}");
    ensure!(said.contains("\nhint: "), "{said}");
    assert_eq!(script.terminal().json(&["app", "list"])?, serde_json::json!([]));
    script.find_no_secret()
}
