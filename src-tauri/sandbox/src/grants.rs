//! What a provider has issued: codes, access tokens and refresh tokens, kept under their digests only.

mod explain;
mod kept;
mod ledger;
mod redeem;
mod renew;
mod struck;

pub(crate) use ledger::{Authorization, BearerRefused, Grant, Held, Life, Mint, Tokens};
pub use ledger::{Grants, Issued, Lifetimes};
pub(crate) use redeem::{CodeClaim, CodeRefused};
pub(crate) use renew::RefreshRefused;
