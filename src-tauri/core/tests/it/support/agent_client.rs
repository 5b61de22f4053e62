//! Clients of the token agent in both protocols, and a process that serves it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::token_agent::{self, AgentOptions, AgentRequest, requesting_process};
use grapnel_model::access_token::AccessToken;
use grapnel_model::secret::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, spawn_blocking};

use super::world::World;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// A request of the line protocol for the connection `Acme`.
pub(crate) const ACME: &str = "{\"get\":\"token\",\"connection\":\"Acme\"}\n";

/// The socket at which the agent of this data directory listens.
pub(crate) fn socket(home: &Path) -> PathBuf {
    home.join("agent.sock")
}

/// Serves as the window does; returns once it is listening.
pub(crate) async fn serve(world: &World, grapnel: &Grapnel) -> JoinHandle<()> {
    let grapnel = grapnel.clone();
    let served = tokio::spawn(async move { grapnel.serve_tokens(AgentOptions::default()).await.unwrap() });
    while UnixStream::connect(socket(world.home.path())).await.is_err() {
        tokio::task::yield_now().await;
    }
    served
}

/// Requests a token in the binary protocol, as `grapnel token` does.
pub(crate) async fn ask(world: &World, name: &str, min_valid: Duration) -> Option<AccessToken> {
    let (home, name) = (world.home.path().to_owned(), name.to_owned());
    let question = AgentRequest { name, min_valid };
    spawn_blocking(move || token_agent::ask(&home, &question)).await.unwrap()
}

/// The same, without the expiry.
pub(crate) async fn token(world: &World, name: &str, min_valid: Duration) -> Option<String> {
    ask(world, name, min_valid).await.map(|token| token.value.expose_secret().to_owned())
}

/// Sends bytes, and closes the sending side if `ends`; returns the length of the response.
pub(crate) async fn told(world: &World, said: &[u8], ends: bool) -> usize {
    let mut stream = UnixStream::connect(socket(world.home.path())).await.unwrap();
    // The agent may disconnect before everything is sent; then the response is empty.
    let _ = stream.write_all(said).await;
    if ends {
        let _ = stream.shutdown().await;
    }
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told).await;
    told.len()
}

/// The agent's response to a line.
pub(crate) async fn line(world: &World, line: &str) -> serde_json::Value {
    answer_at(&socket(world.home.path()), line).await
}

/// The same at another socket.
pub(crate) async fn answer_at(path: &Path, line: &str) -> serde_json::Value {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    assert_eq!(told.find('\n'), Some(told.len() - 1), "one line: {told}");
    serde_json::from_str(&told).unwrap()
}

/// The log text about this process.
pub(crate) fn handed_to_this() -> String {
    let (program, pid) = (std::env::current_exe().unwrap(), std::process::id());
    assert_eq!(requesting_process(pid).program.as_deref(), program.to_str());
    let path = program.display().to_string();
    let start = path.char_indices().nth_back(199).map_or(0, |(start, _)| start);
    format!("Access token handed to {}{} (pid {pid}).", if start > 0 { "…" } else { "" }, &path[start..])
}
