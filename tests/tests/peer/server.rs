//! The server's process, which is ended when the value is dropped.

use std::process::Stdio;

use grapnel_tests::wait::PATIENCE;
use grapnel_tests::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::node;

/// An authorization server, running.
pub(crate) struct Server {
    pub(crate) issuer: String,
    pub(crate) confidential: Client,
    pub(crate) public: Client,
    /// A service of its own, without a person; at a server in Python, its third client.
    pub(crate) service: Client,
    /// The URL of the MCP server beside it, if there is one.
    pub(crate) mcp: Option<String>,
    /// The key file of a service account, if there is one.
    pub(crate) key_file: Option<String>,
    /// The address for clients with a TLS certificate, if there is one.
    pub(crate) secure: Option<String>,
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    told: Vec<Value>,
}

/// A client registered there.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

impl Server {
    /// Starts `oidc-provider` with these arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Result<Self> {
        let node = node::node()?;
        node::packages(&node)?;
        Self::run(Command::new(node).arg(node::place().join("server.mjs")).args(arguments)).await
    }

    /// Starts this program, and reads what it says when it is ready.
    pub(crate) async fn run(command: &mut Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("no output")?).lines();
        let ready = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let ready = ready.context("the server took too long")??.context("the server ended at its start")?;
        let ready: Value = serde_json::from_str(&ready)?;
        let client = |number: usize| -> Result<Client> {
            // The last one stands for those that a server does not have.
            let all = ready["clients"].as_array().context("no clients")?;
            let client = all.get(number).or(all.last()).context("no client")?;
            let id = client["id"].as_str().context("a client without an id")?;
            Ok(Client { id: id.to_owned(), secret: client["secret"].as_str().map(str::to_owned) })
        };
        let text = |name: &str| ready[name].as_str().map(str::to_owned);
        Ok(Self {
            issuer: ready["issuer"].as_str().context("no issuer")?.to_owned(),
            confidential: client(0)?,
            public: client(1)?,
            service: client(2)?,
            mcp: text("mcp"),
            key_file: text("key_file"),
            secure: text("secure"),
            process,
            lines,
            told: Vec::new(),
        })
    }

    /// The next token of a kind (`access_token`, `refresh_token`, `client_credentials`) that it issued.
    pub(crate) async fn issued(&mut self, kind: &str) -> Result<String> {
        self.told(&format!("{kind}.issued")).await
    }

    /// The value of the next event of this name.
    pub(crate) async fn told(&mut self, wanted: &str) -> Result<String> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
            let Some(line) = line.with_context(|| format!("no {wanted}"))?? else {
                bail!("the server ended")
            };
            let event: Value = serde_json::from_str(&line)?;
            if event["event"] == wanted {
                return Ok(event["value"].as_str().context("an event without a value")?.to_owned());
            }
            self.told.push(event);
        }
    }

    /// Ends it, and returns the requests to a server that counts certificates.
    pub(crate) async fn asked(mut self) -> Result<Vec<Value>> {
        self.end().await?;
        Ok(self.told.into_iter().filter(|event| event["event"] == "asked").collect())
    }

    async fn end(&mut self) -> Result<()> {
        drop(self.process.stdin.take());
        while let Some(line) = self.lines.next_line().await? {
            self.told.push(serde_json::from_str(&line)?);
        }
        Ok(())
    }

    /// Ends it, and returns every request that it refused: the endpoint, the error, and its description. The account is
    /// fetched again after a refresh, for which nothing waits, and so possibly with a token that is revoked meanwhile.
    pub(crate) async fn refusals(mut self) -> Result<Vec<String>> {
        self.end().await?;
        let words = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let is_late = |event: &Value| event["event"] == "userinfo.error" && event["error"] == "invalid_token";
        let refused = self.told.iter().filter(|event| event["error"].is_string() && !is_late(event));
        Ok(refused
            .map(|one| {
                format!("{}: {} ({})", words(one, "event"), words(one, "error"), words(one, "description"))
            })
            .collect())
    }
}
