//! The body of a request: in memory, from a file, or a stream.

use std::io;
use std::path::PathBuf;

use futures_util::stream::{self, Stream};
use grapnel_model::error::{Code, Error, Result, io_error_text};
use grapnel_oauth::http::StreamedBody;
use http::{HeaderMap, header};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

/// The size of one read from a file.
const FILE_CHUNK_BYTES: usize = 256 << 10;

/// The body of a request.
#[derive(Debug)]
pub enum RequestBody {
    /// Bytes in memory; none for a request without a body.
    Bytes(Bytes),
    /// A file, which is read while it is sent.
    File(PathBuf),
    /// A stream that can be sent only once: a rejected request with it is not repeated.
    Once(Option<StreamedBody>),
}

impl RequestBody {
    /// A body of `begin` and the chunks that another thread sends.
    pub fn of_pieces(begin: Bytes, pieces: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        let pieces = stream::unfold((Some(begin), pieces), async |(begin, mut pieces)| {
            let piece = match begin {
                Some(begin) => Ok(begin),
                None => pieces.recv().await?,
            };
            Some((piece.map(Frame::data), (None, pieces)))
        });
        Self::Once(Some(StreamedBody::wrap(StreamBody::new(pieces))))
    }

    /// Whether a request with this body can be sent (again).
    pub(super) fn can_be_sent(&self) -> bool {
        !matches!(self, Self::Once(None))
    }

    /// The body to send now. The length of a file is set in the headers.
    pub(super) async fn take(&mut self, headers: &mut HeaderMap) -> Result<StreamedBody> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone().into()),
            Self::Once(body) => {
                body.take().ok_or_else(|| Error::new(Code::Internal, "The body was sent before."))
            }
            Self::File(path) => {
                let unreadable = |error: io::Error| {
                    let message = format!("“{}” cannot be read: {}.", path.display(), io_error_text(&error));
                    Error::input("input", message).means("Nothing was sent.")
                };
                let file = File::open(&*path).await.map_err(unreadable)?;
                let length = file.metadata().await.map_err(unreadable)?;
                // A pipe has no length.
                if length.is_file() {
                    headers.insert(header::CONTENT_LENGTH, length.len().into());
                }
                Ok(StreamedBody::wrap(StreamBody::new(pieces(file))))
            }
        }
    }
}

/// The content of a file in chunks.
fn pieces(file: File) -> impl Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync {
    stream::try_unfold(file, async |mut file| {
        let mut piece = Vec::with_capacity(FILE_CHUNK_BYTES);
        let length = (&mut file).take(FILE_CHUNK_BYTES as u64).read_to_end(&mut piece).await?;
        Ok((length > 0).then(|| (Frame::data(Bytes::from(piece)), file)))
    })
}
