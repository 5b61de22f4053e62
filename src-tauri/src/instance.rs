//! One Grapnel in a session: a second start hands what it was started with to the first, and ends. It does so before
//! anything of the window is loaded, so that a link arrives also where the second start has no display.
//!
//! They meet at a socket in the session's runtime directory, or in the data directory where there is none (a login
//! without a session bus, say). A lock beside it says who is the first.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use grapnel_core::store::Store;

use crate::arguments::Arguments;

/// The directory below the session's runtime directory.
const DIRECTORY: &str = "dev.grapnel.desktop";
const SOCKET: &str = "window.sock";
/// The same before it is closed to other accounts.
const UNREADY: &str = "window.sock.new";
const LOCK: &str = "window.lock";
/// What the first one answers when it has taken the arguments.
const TAKEN: &[u8] = b"taken";
/// No callback is longer: what is longer is cut off, and refused as a callback then.
const LONGEST: u64 = 64 * 1024;
/// Who has not said what it was started with by now is not listened to any longer.
const TURN: Duration = Duration::from_secs(1);
/// How long another Grapnel may take to begin listening, or to end.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// The place of the one Grapnel of the session. It is given up when this is dropped, or by `release`.
#[derive(Clone)]
pub(crate) struct Place {
    directory: PathBuf,
    held: Arc<Mutex<Option<Held>>>,
}

struct Held {
    listener: UnixListener,
    /// Unlocks when it is closed.
    _lock: File,
}

/// What a process is in its session.
pub(crate) enum Claim {
    /// The one Grapnel.
    First(Place),
    /// A further start; the first has taken its arguments.
    Second,
    /// A further start, to which the first does not answer.
    Unanswered,
}

/// Becomes the one Grapnel of this session, or hands `arguments` to the one there is. Fails where there is no directory
/// to meet in.
pub(crate) fn claim(arguments: &Arguments) -> io::Result<Claim> {
    claim_in(&directory()?, arguments, PATIENCE)
}

fn claim_in(directory: &Path, arguments: &Arguments, patience: Duration) -> io::Result<Claim> {
    let lock =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(directory.join(LOCK))?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return listen(directory, lock).map(Claim::First),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        match hand_over(&directory.join(SOCKET), arguments) {
            Ok(()) => return Ok(Claim::Second),
            Err(_) if start.elapsed() >= patience => return Ok(Claim::Unanswered),
            // The other one has just begun, or is ending.
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Nobody finds the socket before it is closed to others.
fn listen(directory: &Path, lock: File) -> io::Result<Place> {
    let (unready, socket) = (directory.join(UNREADY), directory.join(SOCKET));
    match fs::remove_file(&unready) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&unready)?;
    fs::set_permissions(&unready, Permissions::from_mode(0o600))?;
    fs::rename(unready, &socket)?;
    let held = Held { listener, _lock: lock };
    Ok(Place { directory: directory.to_owned(), held: Arc::new(Mutex::new(Some(held))) })
}

fn hand_over(socket: &Path, arguments: &Arguments) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    if !is_own(&stream) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    stream.set_read_timeout(Some(TURN))?;
    stream.set_write_timeout(Some(TURN))?;
    stream.write_all(&arguments.to_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.take(TAKEN.len() as u64).read_to_end(&mut answer)?;
    if answer == TAKEN { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

impl Place {
    /// Where other files of the one Grapnel may be.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Has `take` do what each further start asks for, from now on.
    pub(crate) fn listen(&self, take: impl Fn(Arguments) + Send + 'static) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listener) = held.as_ref().and_then(|held| held.listener.try_clone().ok()) else { return };
        let place = self.clone();
        thread::spawn(move || {
            loop {
                let stream = listener.accept();
                if place.held.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
                    return;
                }
                match stream.and_then(|(stream, _)| answered(stream)) {
                    Ok(Some(arguments)) => take(arguments),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(%error, "another start was not heard");
                        thread::sleep(PAUSE);
                    }
                }
            }
        });
    }

    /// Makes place for another Grapnel, while this one ends.
    pub(crate) fn release(&self) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        if held.is_some() {
            let socket = self.directory.join(SOCKET);
            // Who listens wakes, and sees that it is over.
            drop(UnixStream::connect(&socket));
            let _ = fs::remove_file(&socket);
        }
    }
}

fn answered(mut stream: UnixStream) -> io::Result<Option<Arguments>> {
    if !is_own(&stream) {
        tracing::warn!("another account reached the window's socket");
        return Ok(None);
    }
    stream.set_read_timeout(Some(TURN))?;
    let mut bytes = Vec::new();
    (&mut stream).take(LONGEST).read_to_end(&mut bytes)?;
    let arguments = Arguments::from_bytes(&bytes);
    if arguments.is_some() {
        stream.write_all(TAKEN)?;
    }
    Ok(arguments)
}

/// Whether who is at the other end is of this account.
fn is_own(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// Where they meet; made where it is missing, for this account only.
fn directory() -> io::Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let directory = match runtime.filter(|runtime| is_for_us_alone(runtime)) {
        Some(runtime) => runtime.join(DIRECTORY),
        None => Store::default_home().map_err(|error| io::Error::other(error.message))?,
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
    if is_for_us_alone(&directory) { Ok(directory) } else { Err(ErrorKind::PermissionDenied.into()) }
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

    fn first(directory: &Path) -> Place {
        match claim_in(directory, &Arguments::default(), TURN).unwrap() {
            Claim::First(place) => place,
            Claim::Second | Claim::Unanswered => panic!("there is another one"),
        }
    }

    #[test]
    fn a_second_start_hands_over_what_it_was_started_with() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (told, tells) = channel();
        first.listen(move |arguments| told.send(arguments).unwrap());
        let asked = Arguments {
            sandbox: true,
            callback: Some("dev.grapnel.desktop:/oauth/callback?state=x".into()),
            activation: Some("token".into()),
            ..Arguments::default()
        };
        assert!(matches!(claim_in(folder.path(), &asked, TURN), Ok(Claim::Second)));
        let taken = tells.recv_timeout(TURN).unwrap();
        assert_eq!(taken.to_bytes(), asked.to_bytes());
        let mode = fs::metadata(folder.path().join(SOCKET)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn who_leaves_makes_place_for_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        first.listen(|_| ());
        first.release();
        let second = self::first(folder.path());
        // What a process that was killed leaves behind stands in nobody's way.
        drop(second);
        assert!(folder.path().join(SOCKET).exists());
        self::first(folder.path());
    }

    #[test]
    fn one_that_does_not_answer_is_told_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let said = claim_in(folder.path(), &Arguments::default(), Duration::ZERO);
        assert!(matches!(said, Ok(Claim::Unanswered)));
        drop(first);
    }

    #[test]
    fn what_says_nothing_or_nonsense_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (told, tells) = channel();
        first.listen(move |arguments| told.send(arguments).unwrap());
        let socket = folder.path().join(SOCKET);
        let silent = UnixStream::connect(&socket).unwrap();
        let mut other = UnixStream::connect(&socket).unwrap();
        other.write_all(&vec![b'x'; 100_000]).ok();
        drop(other);
        assert!(matches!(claim_in(folder.path(), &Arguments::default(), PATIENCE), Ok(Claim::Second)));
        tells.recv_timeout(PATIENCE).unwrap();
        drop(silent);
    }

    #[test]
    fn a_directory_of_others_is_no_meeting_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(is_for_us_alone(folder.path()));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(!is_for_us_alone(folder.path()));
        assert!(!is_for_us_alone(Path::new("relative")));
    }
}
