//! The named pipe, whose ID is in the data directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use grapnel_model::secret::{hex, random};
use grapnel_token_client::pipe::ID_FILE;
use grapnel_token_client::wire::MAX_REQUEST_BYTES;
use grapnel_token_client::{pipe, process_table};
use interprocess::os::windows::ToWtf16;
use interprocess::os::windows::named_pipe::tokio::{DuplexPipeStream, PipeListener};
use interprocess::os::windows::named_pipe::{PipeListenerOptions, pipe_mode::Bytes};
use interprocess::os::windows::security_descriptor::SecurityDescriptor;

use crate::token_agent::options::AgentOptions;

/// The name of the file with the pipe's ID until it is complete.
const UNREADY_ID_FILE: &str = "agent.pipe.new";
/// The maximum length of a request of the binary protocol.
pub(in crate::token_agent) const MAX_BINARY_BYTES: usize = pipe::FRAME_HEAD_BYTES + MAX_REQUEST_BYTES;

/// A client's connection.
pub(in crate::token_agent) type Stream = DuplexPipeStream<Bytes>;

pub(in crate::token_agent) struct Listener {
    pipe: PipeListener<Bytes, Bytes>,
    id_file: PathBuf,
}

impl Listener {
    pub(in crate::token_agent) async fn accept(&self) -> io::Result<Stream> {
        self.pipe.accept().await
    }
}

/// An ID that outlives its pipe leads to a name that another program may take. The lock is still held here.
impl Drop for Listener {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.id_file);
    }
}

/// No service manager passes pipes on.
#[expect(clippy::unnecessary_wraps, reason = "a socket that is passed on may be unusable")]
pub(in crate::token_agent) fn activated(_: &mut AgentOptions) -> io::Result<Vec<Listener>> {
    Ok(Vec::new())
}

/// Creates a pipe that only this user can open, and not from another computer. It must be the first of its name. Then
/// replaces the ID of a previous process's pipe; only the holder of the lock calls this.
pub(in crate::token_agent) fn listen(home: &Path) -> io::Result<Listener> {
    let id = hex(&random::<16>());
    let unusable = || io::Error::other("Windows does not tell which user runs this program");
    let descriptor = process_table::this_user().and_then(|user| pipe::security_descriptor(&user));
    let descriptor = descriptor.ok_or_else(unusable)?.to_wtf_16().map_err(io::Error::other)?;
    let descriptor = SecurityDescriptor::deserialize(&descriptor)?;
    let pipe = PipeListenerOptions::new()
        .path(pipe::path(&id).ok_or_else(unusable)?)
        .accept_remote(false)
        .security_descriptor(Some(descriptor))
        .create_tokio_duplex::<Bytes>()?;
    fs::write(home.join(UNREADY_ID_FILE), id)?;
    let listener = Listener { pipe, id_file: home.join(ID_FILE) };
    fs::rename(home.join(UNREADY_ID_FILE), &listener.id_file)?;
    Ok(listener)
}

/// The ID of the client's process; `None` if another account runs it.
pub(in crate::token_agent) fn client(stream: &Stream) -> Option<u32> {
    let pid = stream.client_process_id().ok()?;
    if !process_table::is_of_this_user(pid) {
        tracing::warn!(pid, "another account asked for a token");
        return None;
    }
    Some(pid)
}

/// The request, once it is as long as its first bytes state.
pub(in crate::token_agent) fn binary_request(bytes: &[u8], _: bool) -> Option<&[u8]> {
    pipe::unframed(bytes)
}
