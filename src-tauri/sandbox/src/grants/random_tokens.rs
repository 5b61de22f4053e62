//! Random codes and tokens.

use crate::grants::ledger::{Authorization, TokenFormat, Validity};
use crate::random::random_token;

/// Random values after these prefixes.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "without the postfix they would name secrets")]
pub(crate) struct RandomTokens {
    pub(crate) code_prefix: &'static str,
    pub(crate) access_token_prefix: &'static str,
    pub(crate) refresh_token_prefix: &'static str,
}

impl TokenFormat for RandomTokens {
    fn code(&self) -> String {
        random_token(self.code_prefix)
    }

    fn access_token(&self, _: &Authorization, _: Validity) -> String {
        random_token(self.access_token_prefix)
    }

    fn refresh_token(&self) -> String {
        random_token(self.refresh_token_prefix)
    }
}
