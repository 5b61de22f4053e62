//! A request body from standard input or a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use bytes::Bytes;
use grapnel_core::api_request::RequestBody;
use grapnel_model::error::{Error, Result, io_error_text};
use tokio::sync::mpsc;

use crate::input::Input;

/// A shorter body is read into memory before it is sent, so that the request can be repeated.
const MAX_REPEATABLE_BYTES: usize = 1 << 20;
/// The size of one read.
const PIECE_BYTES: usize = 64 << 10;

/// The rest of standard input as a body.
pub(super) async fn of_input(input: &mut Input) -> Result<RequestBody> {
    let lines = std::mem::replace(&mut input.lines, Box::new(io::empty()));
    of_reader("Standard input", || Ok(lines)).await
}

/// A file as a body. Anything but a regular file, such as a pipe, can be read only once.
pub(super) async fn of_file(path: PathBuf) -> Result<RequestBody> {
    let name = format!("“{}”", path.display());
    let metadata = tokio::fs::metadata(&path).await.map_err(|error| unreadable(&name, &error))?;
    if metadata.is_file() {
        return Ok(RequestBody::File(path));
    }
    if metadata.is_dir() {
        return Err(Error::input("input", format!("{name} is a directory.")).means("Nothing was sent."));
    }
    of_reader(&name, || File::open(path)).await
}

/// The content of a reader, read on a thread of its own.
async fn of_reader<R: Read>(
    name: &str,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<RequestBody> {
    let (sender, mut pieces) = mpsc::channel(4);
    std::thread::spawn(move || match open() {
        Ok(reader) => read_pieces(reader, &sender),
        Err(error) => drop(sender.blocking_send(Err(error))),
    });
    let mut begin = Vec::new();
    while let Some(piece) = pieces.recv().await {
        let piece: Bytes = piece.map_err(|error| unreadable(name, &error))?;
        begin.extend_from_slice(&piece);
        if begin.len() > MAX_REPEATABLE_BYTES {
            return Ok(RequestBody::of_pieces(begin.into(), pieces));
        }
    }
    Ok(RequestBody::Bytes(begin.into()))
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::input("input", format!("{name} cannot be read: {}.", io_error_text(error)))
        .means("Nothing was sent.")
}

fn read_pieces(mut input: impl Read, sender: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = match input.read(&mut piece) {
            Ok(0) => return,
            Ok(length) => {
                piece.truncate(length);
                Ok(Bytes::from(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.blocking_send(read).is_err() || failed {
            return;
        }
    }
}
