//! The agent's Unix socket in the data directory.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketType};

use crate::wire::{ACTIVATION_SOCKET, SOCKET};

/// A connection to the agent.
pub type Stream = UnixStream;

/// A request of the binary protocol as it is sent: it ends with the client's data.
pub fn request(bytes: Vec<u8>) -> Option<Vec<u8>> {
    Some(bytes)
}

/// Sends a request to the agent of the data in `home`, and reads its response. `None` if there is no agent.
#[expect(clippy::needless_pass_by_value, reason = "on Windows, a thread owns it")]
pub fn exchange<T: Send + 'static>(
    home: &Path,
    request: Vec<u8>,
    reply_timeout: Duration,
    read: impl FnOnce(&mut Stream) -> Option<T> + Send + 'static,
) -> Option<T> {
    let mut stream = connect(home, reply_timeout)?;
    stream.write_all(&request).ok()?;
    stream.shutdown(Shutdown::Write).ok()?;
    read(&mut stream)
}

/// Whether a process serves the data in `home`.
pub fn runs(home: &Path) -> bool {
    UnixStream::connect(home.join(SOCKET)).is_ok()
}

/// Connects to the agent of the data in `home`; the service manager may start one. `None` if there is none, or if
/// another account could listen in its place.
fn connect(home: &Path, reply_timeout: Duration) -> Option<UnixStream> {
    // If others can write to the directory, any of them could listen there and supply a token of their own.
    let directory = home.metadata().ok()?;
    if directory.uid() != rustix::process::geteuid().as_raw() || directory.mode() & 0o077 != 0 {
        return None;
    }
    // A connection to the second socket starts an agent if none is running.
    let running = open(&home.join(SOCKET), reply_timeout);
    running.or_else(|_| open(&home.join(ACTIVATION_SOCKET), reply_timeout)).ok()
}

/// Non-blocking: connecting to a stopped agent with a full queue would block.
fn open(path: &Path, reply_timeout: Duration) -> std::io::Result<UnixStream> {
    let stream = UnixStream::from(net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?);
    stream.set_nonblocking(true)?;
    net::connect(&stream, &SocketAddrUnix::new(path)?)?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(reply_timeout))?;
    Ok(stream)
}
