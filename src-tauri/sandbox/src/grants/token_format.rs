//! The format of a provider's codes and tokens.

use std::fmt::Debug;

use crate::grants::ledger::{Authorization, Validity};
use crate::random::random_token;

/// Generates codes and tokens in a provider's format.
pub(crate) trait TokenFormat: Debug + Send + Sync {
    fn code(&self) -> String;
    /// A structured access token carries the authorization and the validity; an opaque one ignores them.
    fn access_token(&self, authorization: &Authorization, validity: Validity) -> String;
    fn refresh_token(&self) -> String;
}

/// Random values after these prefixes.
#[derive(Debug)]
pub(crate) struct RandomTokens {
    pub(crate) code: &'static str,
    pub(crate) access_token: &'static str,
    pub(crate) refresh_token: &'static str,
}

impl TokenFormat for RandomTokens {
    fn code(&self) -> String {
        random_token(self.code)
    }

    fn access_token(&self, _: &Authorization, _: Validity) -> String {
        random_token(self.access_token)
    }

    fn refresh_token(&self) -> String {
        random_token(self.refresh_token)
    }
}
