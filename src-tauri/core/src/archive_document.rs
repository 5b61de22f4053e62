//! Apps and connections with their secrets as a document: of an archive, and of the record of a shared connection.

mod app;
mod document;
mod tokens;

pub(crate) use app::{archived_app, archived_connection};
pub use document::Archive;
pub(crate) use document::{
    ArchivedApp, ArchivedConnection, ArchivedTokens, PlaintextSecret, invalid, parse, write,
};
#[cfg(test)]
pub(crate) use tokens::MAX_TOKEN_BYTES;
pub(crate) use tokens::{check_tokens, sealed_grant};
