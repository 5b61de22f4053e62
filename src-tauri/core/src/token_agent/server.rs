//! The server: which process listens, which clients are accepted, and the limits of size, time and number.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::access_token::AccessToken;
use grapnel_model::activity::RequestingProcess;
use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_token_client::wire::{AgentRequest, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::line_protocol::{self, LineRequest, MAX_LINE_BYTES};
use super::options::{AgentOptions, AgentState};
use super::peer::Peer;
use super::response::{Gate, HandOut};
use super::transport::{self, Listener, MAX_BINARY_BYTES, Stream};

use crate::context::Context;

/// The maximum number of concurrent clients; others wait in the system's queue.
const MAX_CLIENTS: usize = 16;
/// How long a client may take to send its request or to read the response.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause after `accept` failed (for example with too many open files), and before watching the keyring again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Serves until the future is dropped. Of several processes with the same data, one serves the socket in the data
/// directory; another one takes over when it ends.
pub(crate) async fn serve(ctx: Arc<Context>, mut options: AgentOptions) -> Result<()> {
    let activated = transport::activated(&mut options).map_err(|error| cannot_listen(&error))?;
    let mut activated_sockets = JoinSet::new();
    let server = Arc::new(Server::new(ctx, Gate::new(options.serves_passphrase_vaults)));
    for listener in activated {
        activated_sockets.spawn(accept(Arc::clone(&server), listener));
    }
    tokio::select! {
        biased;
        () = follow_keyring(&server) => Ok(()),
        ended = serve_data_directory(&server, &options) => ended,
    }
}

async fn serve_data_directory(server: &Arc<Server>, options: &AgentOptions) -> Result<()> {
    let _turn = turn(&server.ctx, options).await?;
    let listener = transport::listen(server.ctx.store.home()).map_err(|error| cannot_listen(&error))?;
    options.report(AgentState::Serving);
    accept(Arc::clone(server), listener).await;
    Ok(())
}

/// Waits for the lock that the serving process holds.
async fn turn(ctx: &Context, options: &AgentOptions) -> Result<File> {
    if let Some(turn) = ctx.store.try_agent_lock()? {
        return Ok(turn);
    }
    options.report(AgentState::Waiting);
    let (here, turn) = oneshot::channel();
    let store = ctx.store.clone();
    // On a thread of its own, since it may wait as long as the program runs, and the runtime's shutdown would wait for
    // its pool's threads.
    std::thread::spawn(move || here.send(store.agent_lock()));
    turn.await.map_err(|_| Error::new(Code::Internal, "Waiting for a turn was interrupted."))?
}

pub(super) struct Server {
    pub(super) ctx: Arc<Context>,
    pub(super) gate: Gate,
    /// Limits requests that are read or answered from memory.
    places: Arc<Semaphore>,
    /// Limits requests of the line protocol, which may wait for a provider.
    lines: Semaphore,
}

impl Server {
    pub(super) fn new(ctx: Arc<Context>, gate: Gate) -> Self {
        let places = Arc::new(Semaphore::new(MAX_CLIENTS));
        Self { ctx, gate, places, lines: Semaphore::new(MAX_CLIENTS) }
    }
}

/// Stops handing out tokens when the keyring is locked. The key in memory is then for this process's own work only.
async fn follow_keyring(server: &Server) {
    loop {
        server.ctx.vault.keyring_opened().await;
        server.gate.set_keyring_open(true);
        server.ctx.vault.keyring_closed().await;
        server.gate.set_keyring_open(false);
        sleep(RETRY_PAUSE).await;
    }
}

async fn accept(server: Arc<Server>, listener: Listener) {
    loop {
        let place = Arc::clone(&server.places).acquire_owned().await;
        match listener.accept().await {
            Ok(stream) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let Some((answer, process)) = attend(&server, stream, place).await else { return };
                    drop(log_answer(&server.ctx, answer, process).await);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the token agent could not be accepted");
                sleep(RETRY_PAUSE).await;
            }
        }
    }
}

/// Answers one request; returns the log entry that remains to be written. Closing the connection is a response too: a
/// client of the binary protocol then opens the vault itself. `place` is held while a request is read or answered from
/// memory.
pub(super) async fn attend(
    server: &Server,
    mut stream: Stream,
    place: impl Send,
) -> Option<(HandOut, RequestingProcess)> {
    let peer = Peer::of(transport::client(&stream)?)?;
    match timeout(CLIENT_TIMEOUT, read_request(&mut stream)).await.ok()?? {
        Request::Binary(request) => {
            let (ctx, gate) = (Arc::clone(&server.ctx), server.gate.clone());
            // Reading may wait for another process.
            let read = tokio::task::spawn_blocking(move || HandOut::without_refresh(&ctx, &gate, &request));
            let answer = match read.await.ok()? {
                Ok(answer) => answer?,
                Err(error) => {
                    tracing::info!(%error, "no token was handed out");
                    return None;
                }
            };
            // Now, while the client waits: it may exit once it has the response.
            let process = peer.process()?;
            let bytes = encode(&answer.token)?;
            timeout(CLIENT_TIMEOUT, stream.write_all(&bytes)).await.ok()?.ok()?;
            drop(place);
            Some((answer, process))
        }
        Request::Line(request) => {
            drop(place);
            let answer = match (request, server.lines.try_acquire()) {
                (Ok(request), Ok(_line)) => HandOut::with_refresh(&server.ctx, &server.gate, &request).await,
                (Ok(_), Err(_)) => Err(too_many()),
                (Err(error), _) => Err(error),
            };
            let process = peer.process()?;
            let response = match answer {
                // Logged first, so that a program that reports the token as rejected at once gets a newer one.
                Ok(answer) => Ok(log_answer(&server.ctx, answer, process).await?),
                Err(error) => Err(error),
            };
            let line = line_protocol::encode(&response)?;
            timeout(CLIENT_TIMEOUT, stream.write_all(&line)).await.ok()?.ok()?;
            None
        }
    }
}

/// Logs which process was given the token. This may wait for another process that writes.
async fn log_answer(ctx: &Arc<Context>, answer: HandOut, process: RequestingProcess) -> Option<AccessToken> {
    let ctx = Arc::clone(ctx);
    let noted = tokio::task::spawn_blocking(move || {
        answer.log_hand_out(&ctx, &process);
        answer.token
    });
    noted.await.ok()
}

enum Request {
    Binary(AgentRequest),
    Line(Result<LineRequest>),
}

/// Reads a request: in the binary protocol as the transport ends it, in the line protocol one line.
async fn read_request(stream: &mut Stream) -> Option<Request> {
    let mut bytes = Vec::with_capacity(128);
    let is_line = |bytes: &[u8]| bytes.first() == Some(&line_protocol::FIRST_BYTE);
    loop {
        let has_ended = stream.read_buf(&mut bytes).await.ok()? == 0;
        let max = if is_line(&bytes) { MAX_LINE_BYTES } else { MAX_BINARY_BYTES };
        if bytes.len() > max {
            return None;
        }
        if is_line(&bytes) {
            if has_ended || bytes.contains(&b'\n') {
                return Some(Request::Line(LineRequest::parse(&bytes)));
            }
        } else if let Some(request) = transport::binary_request(&bytes, has_ended) {
            return AgentRequest::of_bytes(request).map(Request::Binary);
        }
        if has_ended {
            return None;
        }
    }
}

fn too_many() -> Error {
    Error::new(Code::DataBusy, format!("The token agent is answering {MAX_CLIENTS} requests already."))
        .means("The connection is as it was.")
        .hint("Try again in a moment.")
}

fn cannot_listen(error: &io::Error) -> Error {
    Error::new(
        Code::DataUnwritable,
        format!("Nothing can listen in Grapnel’s data directory: {}.", io_error_text(error)),
    )
    .means("The command line reads its tokens by itself, which takes longer.")
}
