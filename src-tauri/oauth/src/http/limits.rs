//! How large a reply may be, and how long it may take.

use std::time::Duration;

/// The most that a reply may hold, and the longest that it may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Once it is decompressed.
    pub(super) bytes: usize,
    pub(super) time: Duration,
    /// How many values its JSON may have.
    pub(super) values: usize,
    /// Whether it may come by a connection that an earlier request left open.
    pub(super) may_reuse: bool,
}

impl Limits {
    /// For the token endpoint: no true reply comes near a mebibyte. A server may close an idle connection just as the
    /// request leaves by it, and nobody could tell then whether it has replaced the tokens.
    pub const TOKEN: Self =
        Self { bytes: 1 << 20, time: Duration::from_secs(30), values: 20_000, may_reuse: false };
    /// For who signed in: a person waits for it, and it is small.
    pub const IDENTITY: Self =
        Self { bytes: 1 << 20, time: Duration::from_secs(15), values: 20_000, may_reuse: true };
    /// For lists that are parsed as a whole.
    pub const LIST: Self =
        Self { bytes: 32 << 20, time: Duration::from_secs(180), values: 500_000, may_reuse: true };
    /// For one page of a long list.
    pub const PAGE: Self = Self { time: Duration::from_secs(60), values: 5_000, ..Self::IDENTITY };
    /// For posts, which are parsed one after the other: 100,000 may come at once, since no paging is documented.
    pub const POSTS: Self =
        Self { bytes: 128 << 20, time: Duration::from_secs(180), values: 2_500_000, may_reuse: true };
}
