//! The named points of a renewal, for a test program that ends the process at one of them. Each is a trace event of
//! the target `grapnel_core::point`, whose message is the point's name.

/// A point that a renewal passes, in this order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Point {
    /// The connection is this process's alone; nothing is written yet.
    BeforeMark,
    /// It is written down that a refresh was begun.
    AfterMark,
    /// The refresh token is in hand and about to go out.
    BeforeSend,
    /// The provider's answer is read, and nowhere but in memory.
    AfterAnswer,
    /// What came of it is about to be written: new tokens, or why there are none.
    BeforeCommit,
    /// It is on the disk.
    AfterCommit,
    /// Whoever watches is told.
    AfterTelling,
}

impl Point {
    fn name(self) -> &'static str {
        match self {
            Self::BeforeMark => "before-mark",
            Self::AfterMark => "after-mark",
            Self::BeforeSend => "before-send",
            Self::AfterAnswer => "after-answer",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::AfterTelling => "after-telling",
        }
    }
}

/// Says that a renewal is at this point.
pub(super) fn reached(point: Point) {
    tracing::trace!(target: "grapnel_core::point", "{}", point.name());
}
