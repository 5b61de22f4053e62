//! The setting of a script: a desktop with the command line, and a provider that authorizes every request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox, grigora};

use crate::desktop::Desktop;
use crate::keyring::Keyring;
use crate::secret_scan::Scan;
use crate::session;
use crate::terminal::Terminal;

/// A desktop with the command line, and a provider that authorizes every request.
#[derive(Debug)]
pub struct Script {
    sandbox: Sandbox,
    desktop: Desktop,
}

impl Script {
    /// Starts both.
    pub async fn begin(keyring: Keyring) -> Result<Self> {
        let options = Options::only(ProviderId::Grigora);
        let sandbox = Sandbox::start(Options { consent: Consent::Authorize, reveal: true, ..options })?;
        Ok(Self { sandbox, desktop: session::start(keyring).await? })
    }

    /// Starts both, with a connection called `acme`.
    pub async fn connected(keyring: Keyring) -> Result<Self> {
        let script = Self::begin(keyring).await?;
        let added = script.add_app()?;
        ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let (sign_in, address) = script.terminal().connect("acme", &[])?;
        follow(&address)?;
        let signed_in = sign_in.wait_with_output()?;
        ensure!(signed_in.status.success(), "{}", String::from_utf8_lossy(&signed_in.stderr));
        ensure!(signed_in.stdout.is_empty(), "the address is not the only line");
        Ok(script)
    }

    /// The provider.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The desktop.
    pub fn desktop(&self) -> &Desktop {
        &self.desktop
    }

    /// A terminal on it.
    pub fn terminal(&self) -> Terminal<'_> {
        Terminal::on(&self.desktop)
    }

    /// Adds an app called `acme` with a loopback redirect URI.
    pub fn add_app(&self) -> Result<Output> {
        let at = |key: &str, path: &str| format!("{key}={}{path}", self.sandbox.grigora());
        let line = [
            ["app", "add", "acme", "--provider", "grigora", "--redirect", "loopback"].as_slice(),
            &["--client-id", grigora::CLIENT_ID, "--client-secret-stdin"],
            &["--set", &at("authorize_url", grigora::AUTHORIZE_PATH)],
            &["--set", &at("token_url", grigora::TOKEN_PATH), "--set", &at("api_base", grigora::API_BASE)],
        ];
        self.terminal().run(&line.concat(), &format!("{}\n", grigora::CLIENT_SECRET))
    }

    /// Asserts that no file or process contains a secret.
    pub fn find_no_secret(&self) -> Result<()> {
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

/// Requests a URL and follows its redirects, as any HTTP client does.
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
