//! Random codes and tokens.

use crate::grants::ledger::{Authorization, TokenFormat, Validity};
use crate::random::random_token;

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
