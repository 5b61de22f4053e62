//! Limits of a response: size, time and number of JSON values.

use std::time::Duration;

/// The limits of one request and its response.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes of the decompressed body.
    pub(super) bytes: usize,
    pub(super) time: Duration,
    /// The most values in the JSON body.
    pub(super) values: usize,
    /// Whether the request may use a pooled connection.
    pub(super) may_reuse: bool,
}

impl Limits {
    /// How long the request and its response may take.
    pub const fn time(&self) -> Duration {
        self.time
    }

    /// For the token endpoint. No real token response comes near a mebibyte. No pooled connection: a server may close
    /// an idle one just as the request is sent, and it would be unknown whether it has rotated the refresh token.
    pub const TOKEN: Self =
        Self { bytes: 1 << 20, time: Duration::from_secs(30), values: 20_000, may_reuse: false };
    /// For account and other small documents that a person waits for.
    pub const IDENTITY: Self =
        Self { bytes: 1 << 20, time: Duration::from_secs(15), values: 20_000, may_reuse: true };
    /// For lists that are parsed as a whole.
    pub const LIST: Self =
        Self { bytes: 32 << 20, time: Duration::from_secs(180), values: 500_000, may_reuse: true };
    /// For one page of a long list.
    pub const PAGE: Self = Self { time: Duration::from_secs(60), values: 5_000, ..Self::IDENTITY };
    /// For posts, which are parsed one by one: no paging is documented, so 100,000 may arrive in one response.
    pub const POSTS: Self =
        Self { bytes: 128 << 20, time: Duration::from_secs(180), values: 2_500_000, may_reuse: true };
}
