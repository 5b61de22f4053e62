//! One Grapnel in a session: a second start hands what it was started with to the first, and ends. It does so before
//! anything of the window is loaded, so that a link arrives also where the second start has no display.
//!
//! They meet at a socket in this account's runtime directory, or in the data directory where there is none (a login
//! without a session, say). A lock beside it says who is the first.

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

use crate::arguments::{Arguments, LONGEST_CALLBACK};

/// What makes a data directory Grapnel's.
const DATABASE: &str = "grapnel.db";
/// The directory below the runtime directory.
const DIRECTORY: &str = "dev.grapnel.desktop";
const SOCKET: &str = "window.sock";
/// The same before it is closed to other accounts.
const UNREADY: &str = "window.sock.new";
const LOCK: &str = "window.lock";
/// What the first one answers when it has taken the arguments.
const TAKEN: &[u8] = b"taken";
/// What it answers who wants another data directory.
const OTHER_DATA: &[u8] = b"other data";
/// The longest start that is read: a callback, and what goes with it.
const LONGEST: usize = LONGEST_CALLBACK + 16 * 1024;
/// For this account only; the sticky bit keeps them where a runtime directory is cleaned of old files.
const MODE: u32 = 0o1600;
/// Who has not said what it was started with by now is not listened to any longer.
const TURN: Duration = Duration::from_secs(1);
/// How long another Grapnel may take to begin listening, or to end.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// The place of the one Grapnel of the session. It is given up when this is dropped, or by `release`.
#[derive(Clone)]
pub(crate) struct Place {
    directory: PathBuf,
    is_of_session: bool,
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
    /// A further start with another data directory than the first has.
    OtherData,
    /// A further start, to which the first does not answer.
    Unanswered,
}

/// Becomes the one Grapnel of this session, or hands `arguments` to the one there is. Fails where there is no directory
/// to meet in.
pub(crate) fn claim(arguments: &Arguments) -> io::Result<Claim> {
    let (directory, is_of_session) = directory()?;
    let mut claim = claim_in(&directory, arguments, PATIENCE)?;
    if let Claim::First(place) = &mut claim {
        place.is_of_session = is_of_session;
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
            // Somebody has removed it, so that the first can never be reached.
            Err(error) if start.elapsed() >= patience && error.kind() == ErrorKind::NotFound => {
                return Err(error);
            }
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
    fs::set_permissions(&unready, Permissions::from_mode(MODE))?;
    fs::rename(unready, &socket)?;
    let held = Held { listener, _lock: lock };
    Ok(Place { directory: directory.to_owned(), is_of_session: true, held: Arc::new(Mutex::new(Some(held))) })
}

fn hand_over(socket: &Path, arguments: &Arguments, patience: Duration) -> io::Result<Claim> {
    let mut stream = UnixStream::connect(socket)?;
    if !is_own(&stream) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    stream.set_write_timeout(Some(TURN))?;
    stream.write_all(&arguments.to_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    // Others may be before this one.
    match &*read_in_time(&mut stream, OTHER_DATA.len(), patience.max(TURN))? {
        TAKEN => Ok(Claim::Second),
        OTHER_DATA => Ok(Claim::OtherData),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// What comes until the other end is done, `longest` bytes at most, within `time` for all of it.
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

impl Place {
    /// Where other files of the one Grapnel may be that go with the session.
    pub(crate) fn session(&self) -> Option<&Path> {
        self.is_of_session.then_some(&*self.directory)
    }

    /// Has `take` do what each further start asks for, from now on.
    pub(crate) fn listen(&self, home: Option<String>, take: impl Fn(Arguments) + Send + 'static) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listener) = held.as_ref().and_then(|held| held.listener.try_clone().ok()) else { return };
        let place = self.clone();
        thread::spawn(move || {
            loop {
                let stream = listener.accept();
                // Held until its arguments are taken: who has been answered is not forgotten by one that leaves.
                let held = place.held.lock().unwrap_or_else(PoisonError::into_inner);
                if held.is_none() {
                    return;
                }
                match stream.and_then(|(stream, _)| answered(stream, home.as_deref())) {
                    Ok(Some(arguments)) => take(arguments),
                    Ok(None) => {}
                    Err(error) => {
                        drop(held);
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
        if let Some(held) = held {
            // Who listens wakes, and sees that it is over.
            let _ = rustix::net::shutdown(&held.listener, rustix::net::Shutdown::Both);
            let _ = fs::remove_file(self.directory.join(SOCKET));
        }
    }
}

/// A start that is to be taken; nothing where it is none of this account, or wants the data of another `home`.
fn answered(mut stream: UnixStream, home: Option<&str>) -> io::Result<Option<Arguments>> {
    if !is_own(&stream) {
        tracing::warn!("another account reached the window's socket");
        return Ok(None);
    }
    let bytes = read_in_time(&mut stream, LONGEST, TURN)?;
    let Some(arguments) = Arguments::from_bytes(&bytes) else { return Ok(None) };
    // A link is started with the environment of a browser, which need not know where the data is.
    if arguments.callback.is_none() && arguments.home.as_deref() != home {
        stream.write_all(OTHER_DATA)?;
        return Ok(None);
    }
    stream.write_all(TAKEN)?;
    Ok(Some(arguments))
}

/// Whether who is at the other end is of this account.
fn is_own(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// Where they meet, and whether that goes with the session; made where it is missing, for this account only.
fn directory() -> io::Result<(PathBuf, bool)> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let session = runtime.filter(|runtime| is_for_us_alone(runtime)).map(|runtime| runtime.join(DIRECTORY));
    let is_of_session = session.is_some();
    let directory = if let Some(session) = session {
        session
    } else {
        let home = Store::default_home().map_err(|error| io::Error::other(error.message))?;
        // A link there is the person's own.
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

    fn first(directory: &Path) -> Place {
        match claim_in(directory, &Arguments::default(), TURN).unwrap() {
            Claim::First(place) => place,
            Claim::Second | Claim::OtherData | Claim::Unanswered => panic!("there is another one"),
        }
    }

    #[test]
    fn a_second_start_hands_over_what_it_was_started_with() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (told, tells) = channel();
        first.listen(None, move |arguments| told.send(arguments).unwrap());
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
        assert_eq!(mode & 0o7777, MODE);
    }

    #[test]
    fn a_start_for_other_data_is_told_so_unless_it_brings_a_callback() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        let (told, tells) = channel();
        first.listen(Some("/home/a".into()), move |arguments| told.send(arguments).unwrap());
        let mut asked = Arguments { home: Some("/home/b".into()), ..Arguments::default() };
        assert!(matches!(claim_in(folder.path(), &asked, TURN), Ok(Claim::OtherData)));
        asked.callback = Some("dev.grapnel.desktop:/oauth/callback?state=x".into());
        assert!(matches!(claim_in(folder.path(), &asked, TURN), Ok(Claim::Second)));
        assert!(tells.recv_timeout(TURN).unwrap().callback.is_some());
    }

    #[test]
    fn who_leaves_makes_place_for_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let first = first(folder.path());
        first.listen(None, |_| ());
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
        first.listen(None, move |arguments| told.send(arguments).unwrap());
        let socket = folder.path().join(SOCKET);
        let silent = UnixStream::connect(&socket).unwrap();
        let mut drip = UnixStream::connect(&socket).unwrap();
        thread::spawn(move || {
            while drip.write_all(b"{").is_ok() {
                thread::park_timeout(TURN / 4);
            }
        });
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
