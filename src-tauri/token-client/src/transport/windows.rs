//! The agent's named pipe, whose ID is in the data directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::OwnedHandle;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use interprocess::os::windows::named_pipe::{DuplexPipeStream, pipe_mode};

use crate::pipe;
use crate::process_table::is_of_this_user;

/// A connection to the agent.
pub type Stream = DuplexPipeStream<pipe_mode::Bytes>;

/// Reading and writing at the same time: [`DuplexPipeStream`] takes handles only in this mode.
const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
/// The agent may learn who its client is, and not act in the client's name.
const SECURITY_IDENTIFICATION: u32 = 1 << 16;
/// The error while all instances of a pipe have clients.
const ERROR_PIPE_BUSY: i32 = 231;
/// How long to wait for a further instance.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// A request of the binary protocol as it is sent: its length comes first.
pub fn request(bytes: Vec<u8>) -> Option<Vec<u8>> {
    pipe::framed(&bytes)
}

/// Sends a request to the agent of the data in `home`, and reads its response. `None` if there is no agent.
pub fn exchange<T: Send + 'static>(
    home: &Path,
    request: Vec<u8>,
    reply_timeout: Duration,
    read: impl FnOnce(&mut Stream) -> Option<T> + Send + 'static,
) -> Option<T> {
    let path = path(home)?;
    let (tell, told) = mpsc::channel();
    // Pipes have no time limits. A thread that waits for an agent that is stuck ends with it, or with this process.
    thread::spawn(move || {
        let response = connect(&path, reply_timeout).and_then(|mut stream| {
            stream.write_all(&request).ok()?;
            read(&mut stream)
        });
        let _ = tell.send(response);
    });
    told.recv_timeout(reply_timeout).ok()?
}

/// Whether a process serves the data in `home`.
pub fn runs(home: &Path) -> bool {
    path(home).is_some_and(|path| connect(&path, BUSY_PAUSE).is_some())
}

fn path(home: &Path) -> Option<String> {
    pipe::path(&fs::read_to_string(home.join(pipe::ID_FILE)).ok()?)
}

/// Connects to a pipe that a process of this user serves. Another account may have written the ID, if it can write to
/// the directory, or may have taken the name when an agent ended.
fn connect(path: &str, timeout: Duration) -> Option<Stream> {
    let stream = Stream::try_from(OwnedHandle::from(open(path, timeout).ok()?)).ok()?;
    is_of_this_user(stream.server_process_id().ok()?).then_some(stream)
}

fn open(path: &str, timeout: Duration) -> io::Result<File> {
    let deadline = Instant::now() + timeout;
    loop {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(FILE_FLAG_OVERLAPPED)
            .security_qos_flags(SECURITY_IDENTIFICATION)
            .open(path);
        match opened {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) && Instant::now() < deadline => {
                thread::sleep(BUSY_PAUSE);
            }
            opened => return opened,
        }
    }
}
