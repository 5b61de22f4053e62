//! Where the proxy listens: a TCP port of a loopback address, or a Unix socket that only this account can open.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

use grapnel_model::error::{Code, Error, Result, io_error_text};
#[cfg(unix)]
use grapnel_model::secret::{hex, random};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use crate::tcp_peer::is_another_account;

/// Where a proxy listens.
#[derive(Debug, Clone)]
pub enum Listen {
    /// On a loopback address; port 0 for any free one.
    Tcp(SocketAddr),
    /// On a Unix socket that only this account can use.
    Unix(PathBuf),
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(UnixListener, #[expect(dead_code, reason = "held, never read")] SocketFile),
}

/// A client's connection.
pub(super) struct Accepted {
    stream: Box<dyn Stream>,
    /// Its two ends, if they are TCP.
    ends: Option<(SocketAddr, SocketAddr)>,
}

/// The file of a Unix socket. It is removed with the proxy unless another file has replaced it.
#[cfg(unix)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

#[cfg(unix)]
impl SocketFile {
    fn identity(path: &Path) -> io::Result<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if Self::identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    pub(super) async fn bind(listen: &Listen) -> Result<Self> {
        match listen {
            Listen::Tcp(address) if !address.ip().is_loopback() => {
                let message =
                    format!("{address} is not a loopback address: other computers could use the proxy.");
                Err(Error::input("listen", message).hint("Listen on 127.0.0.1, or on a Unix socket."))
            }
            Listen::Tcp(address) => {
                let bound = TcpListener::bind(address).await.and_then(|listener| {
                    let address = listener.local_addr()?;
                    Ok(Self::Tcp(listener, address))
                });
                bound.map_err(|error| unusable(&address.to_string(), "listen", &error))
            }
            #[cfg(unix)]
            Listen::Unix(path) => {
                bind_unix(path).map_err(|error| unusable(&path.display().to_string(), "socket", &error))
            }
            #[cfg(not(unix))]
            Listen::Unix(_) => {
                Err(Error::input("socket", "There are no Unix sockets here.").hint("Listen on 127.0.0.1."))
            }
        }
    }

    /// The port, if it is TCP.
    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(_, address) => Some(address.port()),
            #[cfg(unix)]
            Self::Unix(..) => None,
        }
    }

    /// The origin of the URLs that clients use.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}"),
            #[cfg(unix)]
            Self::Unix(..) => "http://localhost".into(),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener, address) => {
                let (stream, client) = listener.accept().await?;
                // Events of a stream are small and must not be delayed.
                stream.set_nodelay(true)?;
                Ok(Accepted { stream: Box::new(stream), ends: Some((client, *address)) })
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { stream: Box::new(stream), ends: None })
            }
        }
    }
}

impl Accepted {
    /// Whether another account of this computer is at the other end; and the stream.
    pub(super) async fn identify(self) -> (bool, Box<dyn Stream>) {
        let Self { stream, ends } = self;
        let Some((client, server)) = ends else { return (false, stream) };
        (is_another_account(client, server).await, stream)
    }
}

/// Binds a socket with mode 0600, under a temporary name until it has that mode. Replaces one that no process listens
/// on.
#[cfg(unix)]
fn bind_unix(path: &Path) -> io::Result<Listener> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::os::unix::net::UnixStream;

    if let Ok(existing) = fs::symlink_metadata(path) {
        if !existing.file_type().is_socket() {
            return Err(io::Error::other("there is a file that is not a socket"));
        }
        match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let mut unready = path.as_os_str().to_owned();
    unready.push(format!(".{}", hex(&random::<8>())));
    let listener = UnixListener::bind(&unready)?;
    let ready = fs::set_permissions(&unready, Permissions::from_mode(0o600))
        .and_then(|()| SocketFile::identity(unready.as_ref()))
        .and_then(|identity| fs::rename(&unready, path).map(|()| identity));
    match ready {
        Ok(identity) => Ok(Listener::Unix(listener, SocketFile { path: path.to_owned(), identity })),
        Err(error) => {
            let _ = fs::remove_file(&unready);
            Err(error)
        }
    }
}

fn unusable(place: &str, field: &str, error: &io::Error) -> Error {
    let error = match error.kind() {
        io::ErrorKind::AddrInUse => {
            Error::new(Code::PortTaken, format!("Another program listens at {place} already."))
        }
        _ => Error::input(field, format!("Nothing can listen at {place}: {}.", io_error_text(error))),
    };
    error.means("Nothing was started.").hint("Choose another place with --listen or --socket.")
}
