//! oidc-agent, another token agent, with an account whose token it holds in memory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use grapnel_tests::desktop::Desktop;
use grapnel_tests::process::Running;
use grapnel_tests::wait::until;
use serde_json::{Value, json};

const ACCOUNT: &str = "bench";
const PASSWORD: (&str, &str) = ("BENCH_PASSWORD", "what encrypts the account's file");
const REFRESH_TOKEN: (&str, &str) = ("OIDC_REFRESH_TOKEN", "a-refresh-token-of-the-bench");

pub(crate) struct OidcAgent {
    _daemon: Running,
    socket: PathBuf,
}

impl OidcAgent {
    /// Starts it on a desktop and makes it fetch a token. Fails if it is not installed.
    pub(crate) async fn start(desktop: &Desktop) -> Result<Self> {
        let socket = desktop.root().join("run/oidc-agent");
        let mut command = desktop.command("oidc-agent");
        command.args(["--console", "--no-autoload", "--socket-path"]).arg(&socket).stdin(Stdio::null());
        let daemon = Running::start(&mut command, &desktop.log("oidc-agent"))?;
        until("oidc-agent's socket", async || Ok(socket.exists().then_some(()))).await?;
        let agent = Self { _daemon: daemon, socket };
        agent.add_account(desktop, &issuer()?)?;
        Ok(agent)
    }

    /// Prints the token that it holds.
    pub(crate) fn token(&self, desktop: &Desktop) -> Command {
        let mut command = self.command(desktop, "oidc-token");
        command.arg(ACCOUNT);
        command
    }

    fn command(&self, desktop: &Desktop, program: &str) -> Command {
        let mut command = desktop.command(program);
        command.env("OIDC_SOCK", &self.socket).stdin(Stdio::null());
        command
    }

    fn add_account(&self, desktop: &Desktop, issuer: &str) -> Result<()> {
        std::fs::create_dir_all(desktop.home().join(".config/oidc-agent"))?;
        let mut command = self.command(desktop, "oidc-gen");
        command.arg(ACCOUNT).arg(format!("--issuer={issuer}")).arg(format!("--pw-env={}", PASSWORD.0));
        command.args(["--manual", "--client-id=bench", "--client-secret=bench", "--scope=openid"]);
        command.args(["--redirect-uri=http://localhost:4242", "--rt-env"]);
        command.args(["--confirm-default", "--prompt=none"]);
        let made = command.envs([PASSWORD, REFRESH_TOKEN]).output().context("oidc-gen does not start")?;
        ensure!(made.status.success(), "oidc-gen: {}", String::from_utf8_lossy(&made.stderr));
        Ok(())
    }
}

/// The minimal provider that oidc-agent accepts: a discovery document, and a token that is valid for an hour. (It
/// requests `offline_access` when it refreshes, which none of the sandbox's providers supports.)
fn issuer() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://{}", listener.local_addr()?);
    let told = origin.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A request that oidc-agent cannot use is reported by oidc-agent itself.
            let _ = answer(stream, &told);
        }
    });
    Ok(origin)
}

fn answer(mut stream: TcpStream, origin: &str) -> Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    request.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    request.take(length).read_to_end(&mut Vec::new())?;
    let reply = if first.starts_with("POST ") { grant() } else { document(origin) };
    let reply = reply.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
    Ok(write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{reply}", reply.len())?)
}

fn document(origin: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "scopes_supported": ["openid", "offline_access"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    })
}

fn grant() -> Value {
    json!({
        "access_token": "an-access-token-of-the-bench-as-long-as-others",
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": REFRESH_TOKEN.1,
    })
}
