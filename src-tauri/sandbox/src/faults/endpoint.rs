//! The endpoints at which faults can be injected.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::input_error::InputError;

/// An endpoint at which faults can be injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The token endpoint, exchanging a code.
    TokenExchange,
    /// The token endpoint, refreshing.
    TokenRefresh,
    /// Any call of the API.
    Api,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TokenExchange => "token-exchange",
            Self::TokenRefresh => "token-refresh",
            Self::Api => "api",
        })
    }
}

impl FromStr for Endpoint {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        let all: HashMap<String, Self> =
            [Self::TokenExchange, Self::TokenRefresh, Self::Api].map(|e| (e.to_string(), e)).into();
        all.get(text).copied().ok_or_else(|| {
            InputError::new(format!("unknown endpoint `{text}`; known: token-exchange, token-refresh, api"))
        })
    }
}
