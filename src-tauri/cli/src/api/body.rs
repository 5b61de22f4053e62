//! A request body from standard input.

use std::io::{self, Read};

use bytes::Bytes;
use grapnel_core::api_request::RequestBody;
use grapnel_model::error::{Code, Error, Result};
use tokio::sync::mpsc;

use crate::input::Input;

/// A shorter body is read before it is sent, so that it can be sent again.
const MAX_REPEATABLE_BYTES: usize = 1 << 20;
/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;

/// The rest of standard input as a body. It is read by a thread of its own.
pub(super) async fn of_input(input: &mut Input) -> Result<RequestBody> {
    let lines = std::mem::replace(&mut input.lines, Box::new(io::empty()));
    let (sender, mut pieces) = mpsc::channel(4);
    std::thread::spawn(move || read_pieces(lines, &sender));
    let mut begin = Vec::new();
    while let Some(piece) = pieces.recv().await {
        let piece: Bytes = piece.map_err(|error| {
            Error::new(Code::Internal, format!("Standard input cannot be read: {error}."))
                .means("Nothing was sent.")
        })?;
        begin.extend_from_slice(&piece);
        if begin.len() > MAX_REPEATABLE_BYTES {
            return Ok(RequestBody::of_pieces(begin.into(), pieces));
        }
    }
    Ok(RequestBody::Bytes(begin.into()))
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
