//! The Unix socket in the data directory, and those that a service manager passes on.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use grapnel_token_client::wire::{MAX_REQUEST_BYTES, SOCKET};
use tokio::net::{UnixListener, UnixStream};

use crate::token_agent::options::AgentOptions;

/// The socket's name until its permissions are set.
const UNREADY_SOCKET: &str = "agent.sock.new";
/// The maximum length of a request of the binary protocol.
pub(in crate::token_agent) const MAX_BINARY_BYTES: usize = MAX_REQUEST_BYTES;

/// A client's connection.
pub(in crate::token_agent) type Stream = UnixStream;

pub(in crate::token_agent) struct Listener(UnixListener);

impl Listener {
    pub(in crate::token_agent) async fn accept(&self) -> io::Result<Stream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// The sockets that a service manager has passed on.
pub(in crate::token_agent) fn activated(options: &mut AgentOptions) -> io::Result<Vec<Listener>> {
    let passed_on = std::mem::take(&mut options.activated).into_iter();
    let listeners = passed_on.map(|listener| {
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener).map(Listener)
    });
    listeners.collect()
}

/// Replaces a previous process's socket; only the holder of the lock calls this. Clients cannot find the socket before
/// its permissions are set.
pub(in crate::token_agent) fn listen(home: &Path) -> io::Result<Listener> {
    let unready = home.join(UNREADY_SOCKET);
    match fs::remove_file(&unready) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&unready)?;
    fs::set_permissions(&unready, Permissions::from_mode(0o600))?;
    fs::rename(unready, home.join(SOCKET))?;
    Ok(Listener(listener))
}

/// The ID of the client's process; `None` if another account runs it.
pub(in crate::token_agent) fn client(stream: &Stream) -> Option<u32> {
    let peer = stream.peer_cred().ok()?;
    if peer.uid() != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid = peer.uid(), "another account asked for a token");
        return None;
    }
    u32::try_from(peer.pid()?).ok()
}

/// The request, which ends with the client's data.
pub(in crate::token_agent) fn binary_request(bytes: &[u8], has_ended: bool) -> Option<&[u8]> {
    has_ended.then_some(bytes)
}
