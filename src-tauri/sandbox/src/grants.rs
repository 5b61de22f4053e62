//! What a provider has issued: authorization codes, access tokens and refresh tokens, stored as digests.

mod code_exchange;
mod ledger;
mod persistence;
mod refresh;
mod token_format;

pub(crate) use code_exchange::CodeExchange;
pub(crate) use ledger::{Authorization, BearerError, Grant, TokenInfo, Tokens, Validity};
pub use ledger::{Grants, Issued, Lifetimes};
pub(crate) use refresh::RefreshError;
pub(crate) use token_format::{RandomTokens, TokenFormat};
