//! What a file is asked for.

/// What a file is asked for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// To be written, under this name unless the person has another. Whether one that is there is replaced, is asked.
    Save(String),
    /// To be read.
    Open,
}
