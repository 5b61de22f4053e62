//! The client of the token agent, for a process that has opened no data yet. Blocks for a moment at most.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketType};
use zeroize::Zeroizing;

use crate::wire::{ACTIVATION_SOCKET, AgentRequest, RESPONSE_HEAD_BYTES, SOCKET, decode_head};

/// An agent normally answers within a millisecond. One that has not answered by then is stuck.
const AGENT_REPLY_TIMEOUT: Duration = Duration::from_millis(250);

/// Requests a bearer token from the agent of the data in `home`. `None` if no agent is running, or if it does not have
/// the token at hand, for whatever reason.
pub fn ask(home: &Path, question: &AgentRequest) -> Option<AccessToken> {
    let request = question.to_bytes()?;
    let mut stream = connect(home, AGENT_REPLY_TIMEOUT)?;
    stream.write_all(&request).ok()?;
    stream.shutdown(Shutdown::Write).ok()?;
    answer(&mut stream)
}

/// Connects to the agent of the data in `home`; the service manager may start one. `None` if there is none, or if
/// another account could listen in its place.
pub fn connect(home: &Path, reply_timeout: Duration) -> Option<UnixStream> {
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

/// Reads the agent's response. `None` if it is incomplete.
pub fn answer(stream: &mut impl Read) -> Option<AccessToken> {
    let mut head = [0; RESPONSE_HEAD_BYTES];
    stream.read_exact(&mut head).ok()?;
    let (expires_at, length) = decode_head(&head)?;
    let mut token = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut token).ok()?;
    Some(AccessToken {
        value: std::str::from_utf8(&token).ok()?.into(),
        token_type: AccessTokenType::Bearer,
        expires_at,
    })
}
