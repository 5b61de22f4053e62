//! A Unix socket before that of a server, which records all that passes, in both directions.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// A running recorder. It ends when it is dropped.
pub struct Recorder {
    folder: TempDir,
    port: u16,
    recorded: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Recorder {
    /// Starts one before the socket of a server that has this port.
    pub fn start(socket: PathBuf, port: u16) -> Result<Self> {
        let folder = TempDir::with_prefix("grapnel-wire-")?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let listener = UnixListener::bind(folder.path().join(socket.file_name().unwrap_or_default()))?;
        let recorded = Arc::default();
        let task = tokio::spawn(accept(listener, socket, Arc::clone(&recorded)));
        Ok(Self { folder, port, recorded, task })
    }

    /// The folder of the socket, which a client takes as host.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL by this socket.
    pub fn url(&self) -> String {
        format!("postgres://postgres@/postgres?host={}&port={}", self.folder.path().display(), self.port)
    }

    /// What has passed: of each connection, what went there and what came back.
    pub fn recorded(&self) -> Vec<Vec<u8>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Recorded = Arc<Mutex<Vec<Vec<u8>>>>;

async fn accept(listener: UnixListener, socket: PathBuf, recorded: Recorded) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = UnixStream::connect(&socket).await else { continue };
        let ((client_read, client_write), (server_read, server_write)) =
            (client.into_split(), server.into_split());
        tokio::spawn(forward(client_read, server_write, Arc::clone(&recorded)));
        tokio::spawn(forward(server_read, client_write, Arc::clone(&recorded)));
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, recorded: Recorded) {
    let number = {
        let mut all = recorded.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Vec::new());
        all.len() - 1
    };
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        recorded.lock().unwrap_or_else(PoisonError::into_inner)[number].extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
