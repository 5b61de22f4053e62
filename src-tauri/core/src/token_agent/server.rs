//! The socket: who may listen at it, who may ask, how much, how long, and how many at once.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use grapnel_model::activity::RequestingProcess;
use grapnel_model::error::{Code, Error, Result, in_words};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use super::peer::Peer;
use super::response::HandOut;
use super::wire::{AgentRequest, MAX_REQUEST_BYTES, encode};
use crate::context::Context;

/// The socket, in the data directory.
pub(super) const SOCKET: &str = "agent.sock";
/// The same before it is ready.
const UNREADY: &str = "agent.sock.new";
/// So many are answered at once; others wait in the system's queue.
const MAX_CLIENTS: usize = 16;
/// Who has not asked by now, or not taken the answer, has the door closed.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(1);
/// After the system gave no connection (it has too many open files, say), and before the keyring is listened to again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Answers for as long as it is awaited. Of several processes on the same data one does; another takes its place when
/// it ends.
pub(crate) async fn serve(ctx: Arc<Context>) -> Result<()> {
    let (here, turn) = oneshot::channel();
    let store = ctx.store.clone();
    // A thread of its own, because it may wait as long as the program runs: a runtime waits for those of its pool.
    std::thread::spawn(move || here.send(store.agent_lock()));
    let _turn =
        turn.await.map_err(|_| Error::new(Code::Internal, "Waiting for a turn was broken off."))??;
    let listener = listen(ctx.store.home()).map_err(|error| unheard(&error))?;
    // Until it is known to be open.
    let is_open = Arc::new(AtomicBool::new(false));
    tokio::select! {
        biased;
        () = follow_keyring(&ctx, &is_open) => {}
        () = accept(&ctx, &listener, &is_open) => {}
    }
    Ok(())
}

/// Who locks the keyring locks this as well: the key that is in memory is for the window's own work then.
async fn follow_keyring(ctx: &Context, is_open: &AtomicBool) {
    loop {
        ctx.vault.keyring_opened().await;
        is_open.store(true, Ordering::Relaxed);
        ctx.vault.keyring_closed().await;
        is_open.store(false, Ordering::Relaxed);
        sleep(RETRY_PAUSE).await;
    }
}

async fn accept(ctx: &Arc<Context>, listener: &UnixListener, is_open: &Arc<AtomicBool>) {
    let places = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let (ctx, is_open) = (Arc::clone(ctx), Arc::clone(is_open));
                tokio::spawn(async move {
                    let Some((answer, process)) = attend(&ctx, stream, &is_open).await else { return };
                    // Elsewhere than in the runtime's own threads: another process may be writing.
                    let _ = tokio::task::spawn_blocking(move || answer.note(&ctx, &process)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "nobody can ask for a token now");
                sleep(RETRY_PAUSE).await;
            }
        }
    }
}

/// Listens in place of whoever did before: only who has the lock does this. Nobody finds the socket before it is closed
/// to others.
fn listen(home: &Path) -> io::Result<UnixListener> {
    let unready = home.join(UNREADY);
    match fs::remove_file(&unready) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&unready)?;
    fs::set_permissions(&unready, Permissions::from_mode(0o600))?;
    fs::rename(unready, home.join(SOCKET))?;
    Ok(listener)
}

/// Answers one question; hands over what is to be noted then. Saying nothing is an answer as well: whoever asked goes
/// its own way.
pub(super) async fn attend(
    ctx: &Arc<Context>,
    mut stream: UnixStream,
    is_open: &AtomicBool,
) -> Option<(HandOut, RequestingProcess)> {
    let peer = stream.peer_cred().ok()?;
    if peer.uid() != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid = peer.uid(), "another account asked for a token");
        return None;
    }
    let peer = Peer::of(&peer)?;
    let question = timeout(CLIENT_TIMEOUT, question(&mut stream)).await.ok()??;
    let reader = Arc::clone(ctx);
    // Reading may have to wait for another process.
    let read = tokio::task::spawn_blocking(move || HandOut::to(&reader, &question)).await.ok()?;
    let answer = match read {
        Ok(answer) => answer.filter(|_| is_open.load(Ordering::Relaxed))?,
        Err(error) => {
            tracing::info!(%error, "no token was handed out");
            return None;
        }
    };
    // Now, while it waits: it ends when it has its answer.
    let process = peer.process()?;
    let bytes = encode(&answer.token)?;
    timeout(CLIENT_TIMEOUT, stream.write_all(&bytes)).await.ok()?.ok()?;
    Some((answer, process))
}

async fn question(stream: &mut UnixStream) -> Option<AgentRequest> {
    let mut bytes = Vec::with_capacity(128);
    // One byte more than the longest tells that it is too long.
    stream.take(MAX_REQUEST_BYTES as u64 + 1).read_to_end(&mut bytes).await.ok()?;
    AgentRequest::of_bytes(&bytes)
}

fn unheard(error: &io::Error) -> Error {
    Error::new(
        Code::DataUnwritable,
        format!("Nothing can listen in Grapnel’s data directory: {}.", in_words(error)),
    )
    .means("The command line reads its tokens by itself, which takes longer.")
}
