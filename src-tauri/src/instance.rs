//! Single instance: a second start of the program passes its arguments to the first process of the session and exits,
//! before it loads anything of the window, so that deep links also arrive from a start without a display.
//!
//! The first process listens on a socket in this account's runtime directory, or in the data directory if there is none
//! (a login without a session, and macOS). A lock file beside the socket decides which process is the first.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use grapnel_core::Store;
use parking_lot::Mutex;

use crate::arguments::{Arguments, MAX_CALLBACK_ARGUMENT_BYTES};

/// The file that marks a data directory as Grapnel's.
const DATABASE: &str = "grapnel.db";
/// The directory within the runtime directory.
const DIRECTORY: &str = "dev.grapnel.desktop";
const SOCKET: &str = "window.sock";
/// The name of the socket until its permissions are set.
const UNREADY_SOCKET: &str = "window.sock.new";
const LOCK: &str = "window.lock";
/// The response when the first process has taken the arguments.
const ACCEPTED: &[u8] = b"taken";
/// The response to a start with another data directory.
const OTHER_DATA_DIRECTORY: &[u8] = b"other data";
/// The most bytes of arguments that are read: a callback and the other fields.
const MAX_ARGUMENT_BYTES: usize = MAX_CALLBACK_ARGUMENT_BYTES + 16 * 1024;
/// File mode: this account only. The sticky bit protects the files where the runtime directory is cleaned of old ones;
/// macOS has no such directory.
const MODE: u32 = if cfg!(target_os = "linux") { 0o1600 } else { 0o600 };
/// How long one peer may take to send its arguments.
const IO_TIMEOUT: Duration = Duration::from_secs(1);
/// How long another process may take to begin listening, or to end.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// The right of being the first process of the session. Dropping it, or [`release`](Self::release), gives it up.
#[derive(Clone)]
pub(crate) struct Instance {
    directory: PathBuf,
    is_of_session: bool,
    listening: Arc<Mutex<Option<Listening>>>,
}

struct Listening {
    listener: UnixListener,
    /// Closing the file releases the lock.
    _lock: File,
}

/// The role of this process in its session.
pub(crate) enum Claim {
    /// The first process.
    First(Instance),
    /// A second start; the first process has taken its arguments.
    Second,
    /// A second start with another data directory.
    OtherData,
    /// A second start; the first process does not respond.
    Unanswered,
}

/// Becomes the first process of this session, or hands `arguments` to it.
///
/// # Errors
///
/// There is no directory for the socket that belongs to this account alone.
pub(crate) fn claim(arguments: &Arguments) -> io::Result<Claim> {
    let (directory, is_of_session) = directory()?;
    let mut claim = claim_in(&directory, arguments, CLAIM_TIMEOUT)?;
    if let Claim::First(instance) = &mut claim {
        instance.is_of_session = is_of_session;
    }
    Ok(claim)
}

fn claim_in(directory: &Path, arguments: &Arguments, patience: Duration) -> io::Result<Claim> {
    let lock =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(directory.join(LOCK))?;
    lock.set_permissions(Permissions::from_mode(MODE))?;
    let socket = directory.join(SOCKET);
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return listen(directory, lock).map(Claim::First),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        match hand_over(&socket, arguments, patience) {
            Ok(claim) => return Ok(claim),
            // The socket was removed, so the first process is unreachable for good.
            Err(error) if start.elapsed() >= patience && error.kind() == ErrorKind::NotFound => {
                return Err(error);
            }
            Err(_) if start.elapsed() >= patience => return Ok(Claim::Unanswered),
            // The other process is just starting or exiting.
            Err(_) => thread::sleep(RETRY_INTERVAL),
        }
    }
}

/// Binds the socket under a temporary name, so that nobody can connect before its permissions are set.
fn listen(directory: &Path, lock: File) -> io::Result<Instance> {
    let (unready, socket) = (directory.join(UNREADY_SOCKET), directory.join(SOCKET));
    match fs::remove_file(&unready) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&unready)?;
    fs::set_permissions(&unready, Permissions::from_mode(MODE))?;
    fs::rename(unready, &socket)?;
    let listening = Listening { listener, _lock: lock };
    Ok(Instance {
        directory: directory.to_owned(),
        is_of_session: true,
        listening: Arc::new(Mutex::new(Some(listening))),
    })
}

fn hand_over(socket: &Path, arguments: &Arguments, patience: Duration) -> io::Result<Claim> {
    let mut stream = UnixStream::connect(socket)?;
    if !is_own(&stream) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    stream.set_write_timeout(Some(IO_TIMEOUT))?;
    stream.write_all(&arguments.to_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    // Other starts may be served first.
    match &*read_in_time(&mut stream, OTHER_DATA_DIRECTORY.len(), patience.max(IO_TIMEOUT))? {
        ACCEPTED => Ok(Claim::Second),
        OTHER_DATA_DIRECTORY => Ok(Claim::OtherData),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads to the end of the stream, at most `longest` bytes, within `time` in total.
fn read_in_time(stream: &mut UnixStream, longest: usize, time: Duration) -> io::Result<Vec<u8>> {
    let (start, mut bytes, mut part) = (Instant::now(), Vec::new(), [0; 4096]);
    while bytes.len() < longest {
        let left = time.checked_sub(start.elapsed()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(ErrorKind::TimedOut)?))?;
        match stream.read(&mut part)? {
            0 => break,
            read => bytes.extend_from_slice(&part[..read.min(longest - bytes.len())]),
        }
    }
    Ok(bytes)
}

impl Instance {
    /// A directory for other files of this instance, which is deleted with the session.
    #[cfg(target_os = "linux")]
    pub(crate) fn session(&self) -> Option<&Path> {
        self.is_of_session.then_some(&*self.directory)
    }

    /// Calls `take` with the arguments of each further start, on a separate thread.
    pub(crate) fn listen(&self, home: Option<String>, take: impl Fn(Arguments) + Send + 'static) {
        let listening = self.listening.lock();
        let Some(listener) = listening.as_ref().and_then(|listening| listening.listener.try_clone().ok())
        else {
            return;
        };
        let instance = self.clone();
        thread::spawn(move || {
            loop {
                let stream = listener.accept();
                // Locked until the arguments are taken, so that a shutdown loses no start that was confirmed.
                let listening = instance.listening.lock();
                if listening.is_none() {
                    return;
                }
                match stream.and_then(|(stream, _)| answer(stream, home.as_deref())) {
                    Ok(Some(arguments)) => take(arguments),
                    Ok(None) => {}
                    Err(error) => {
                        drop(listening);
                        tracing::warn!(%error, "another start could not be served");
                        thread::sleep(RETRY_INTERVAL);
                    }
                }
            }
        });
    }

    /// Lets another process become the first while this one exits.
    pub(crate) fn release(&self) {
        let listening = self.listening.lock().take();
        if let Some(listening) = listening {
            // Wakes the listening thread, which then ends. On macOS it waits until this process exits.
            let _ = rustix::net::shutdown(&listening.listener, rustix::net::Shutdown::Both);
            let _ = fs::remove_file(self.directory.join(SOCKET));
        }
    }
}

/// Reads the arguments of a start and responds. `None` if it is of another account or has another data directory.
fn answer(mut stream: UnixStream, home: Option<&str>) -> io::Result<Option<Arguments>> {
    if !is_own(&stream) {
        tracing::warn!("another account reached the window’s socket");
        return Ok(None);
    }
    let bytes = read_in_time(&mut stream, MAX_ARGUMENT_BYTES, IO_TIMEOUT)?;
    let Some(arguments) = Arguments::from_bytes(&bytes) else { return Ok(None) };
    // A deep link is started with the environment of a browser, which may lack `GRAPNEL_HOME`.
    if arguments.callback.is_none() && arguments.home.as_deref() != home {
        stream.write_all(OTHER_DATA_DIRECTORY)?;
        return Ok(None);
    }
    stream.write_all(ACCEPTED)?;
    Ok(Some(arguments))
}

/// Whether the peer belongs to this account.
#[cfg(target_os = "linux")]
fn is_own(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// The directory is this account's alone, so that no other can reach the socket.
#[cfg(not(target_os = "linux"))]
fn is_own(_: &UnixStream) -> bool {
    true
}

/// The directory of the socket, created for this account only, and whether it ends with the session.
fn directory() -> io::Result<(PathBuf, bool)> {
    // On macOS, programs of one session need not have the same one, or any.
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").filter(|_| cfg!(target_os = "linux")).map(PathBuf::from);
    let session = runtime.filter(|runtime| is_for_us_alone(runtime)).map(|runtime| runtime.join(DIRECTORY));
    let is_of_session = session.is_some();
    let directory = if let Some(session) = session {
        session
    } else {
        let home = Store::default_home().map_err(|error| io::Error::other(error.message))?;
        // A symbolic link there is the person's own choice.
        home.canonicalize().unwrap_or(home)
    };
    // Nothing is written to a directory before it is known to be Grapnel's.
    let is_foreign = !is_of_session
        && fs::read_dir(&directory).is_ok_and(|mut found| found.next().is_some())
        && !directory.join(DATABASE).exists();
    if is_foreign {
        return Err(io::Error::other("the data directory holds something else"));
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
    if is_for_us_alone(&directory) {
        Ok((directory, is_of_session))
    } else {
        Err(ErrorKind::PermissionDenied.into())
    }
}

fn is_for_us_alone(directory: &Path) -> bool {
    directory.is_absolute()
        && fs::symlink_metadata(directory).is_ok_and(|found| {
            let is_ours = found.uid() == rustix::process::geteuid().as_raw();
            found.is_dir() && is_ours && found.mode().trailing_zeros() >= 6
        })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn first(directory: &Path) -> Instance {
        match claim_in(directory, &Arguments::default(), IO_TIMEOUT).unwrap() {
            Claim::First(instance) => instance,
            Claim::Second | Claim::OtherData | Claim::Unanswered => panic!("there is another one"),
        }
    }

    #[test]
    fn a_second_start_hands_over_its_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (sender, receiver) = channel();
        first.listen(None, move |arguments| sender.send(arguments).unwrap());
        let asked = Arguments {
            sandbox: true,
            callback: Some("dev.grapnel.desktop:/oauth/callback?state=x".into()),
            activation: Some("token".into()),
            ..Arguments::default()
        };
        assert!(matches!(claim_in(folder.path(), &asked, IO_TIMEOUT), Ok(Claim::Second)));
        let taken = receiver.recv_timeout(IO_TIMEOUT).unwrap();
        assert_eq!(taken.to_bytes(), asked.to_bytes());
        let mode = fs::metadata(folder.path().join(SOCKET)).unwrap().mode();
        assert_eq!(mode & 0o7777, MODE);
    }

    #[test]
    fn a_start_for_other_data_is_refused_unless_it_has_a_callback() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (sender, receiver) = channel();
        first.listen(Some("/home/a".into()), move |arguments| sender.send(arguments).unwrap());
        let mut asked = Arguments { home: Some("/home/b".into()), ..Arguments::default() };
        assert!(matches!(claim_in(folder.path(), &asked, IO_TIMEOUT), Ok(Claim::OtherData)));
        asked.callback = Some("dev.grapnel.desktop:/oauth/callback?state=x".into());
        assert!(matches!(claim_in(folder.path(), &asked, IO_TIMEOUT), Ok(Claim::Second)));
        assert!(receiver.recv_timeout(IO_TIMEOUT).unwrap().callback.is_some());
    }

    #[test]
    fn the_next_start_is_first_after_a_release() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        first.listen(None, |_| ());
        first.release();
        let second = self::first(folder.path());
        // The files of a killed process do not block the next one.
        drop(second);
        assert!(folder.path().join(SOCKET).exists());
        self::first(folder.path());
    }

    #[test]
    fn a_process_that_does_not_respond_is_reported_after_the_timeout() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let said = claim_in(folder.path(), &Arguments::default(), Duration::ZERO);
        assert!(matches!(said, Ok(Claim::Unanswered)));
        drop(first);
    }

    #[test]
    fn silent_slow_and_malformed_peers_do_not_block_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (sender, receiver) = channel();
        first.listen(None, move |arguments| sender.send(arguments).unwrap());
        let socket = folder.path().join(SOCKET);
        let silent = UnixStream::connect(&socket).unwrap();
        let mut drip = UnixStream::connect(&socket).unwrap();
        thread::spawn(move || {
            while drip.write_all(b"{").is_ok() {
                thread::park_timeout(IO_TIMEOUT / 4);
            }
        });
        let mut other = UnixStream::connect(&socket).unwrap();
        other.write_all(&vec![b'x'; 100_000]).ok();
        drop(other);
        assert!(matches!(claim_in(folder.path(), &Arguments::default(), CLAIM_TIMEOUT), Ok(Claim::Second)));
        receiver.recv_timeout(CLAIM_TIMEOUT).unwrap();
        drop(silent);
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(is_for_us_alone(folder.path()));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(!is_for_us_alone(folder.path()));
        assert!(!is_for_us_alone(Path::new("relative")));
    }
}
