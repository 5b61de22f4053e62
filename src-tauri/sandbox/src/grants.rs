//! What a provider has issued: authorization codes, access tokens and refresh tokens, stored as digests.

mod code_exchange;
mod ledger;
mod persistence;
mod random_tokens;
mod refresh;

pub(crate) use code_exchange::CodeExchange;
pub(crate) use ledger::{Authorization, BearerError, Grant, TokenFormat, TokenInfo, Tokens, Validity};
pub use ledger::{Grants, Issued, Lifetimes};
pub(crate) use random_tokens::RandomTokens;
pub(crate) use refresh::RefreshError;
