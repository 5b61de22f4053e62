//! Named points in a refresh, at which a test program ends the process. Each is a trace event with the target
//! `grapnel_core::point` and the point's name as message.

/// The points of a refresh, in order.
#[derive(Debug, Clone, Copy)]
pub(super) enum CrashPoint {
    /// A shared connection is locked here, and not in its team.
    BeforeTeamLock,
    /// It is locked in its team; its record is not read yet.
    AfterTeamLock,
    /// Its record is the newest here; the team does not know of the refresh yet.
    BeforeTeamMark,
    /// The start of the refresh is stored in the team.
    AfterTeamMark,
    /// The connection is locked; nothing is stored yet.
    BeforeMark,
    /// The start of the refresh is stored.
    AfterMark,
    /// The refresh token is decrypted and about to be sent.
    BeforeSend,
    /// The response is read and only in memory.
    AfterAnswer,
    /// The result is about to be stored: new tokens, or a failure.
    BeforeCommit,
    /// The result is on the disk.
    AfterCommit,
    /// The result is stored here, and about to be written to the team.
    BeforeTeamWrite,
    /// The team has the result, or cannot be reached.
    AfterTeamWrite,
    /// The event was emitted.
    AfterTelling,
}

impl CrashPoint {
    fn name(self) -> &'static str {
        match self {
            Self::BeforeTeamLock => "before-team-lock",
            Self::AfterTeamLock => "after-team-lock",
            Self::BeforeTeamMark => "before-team-mark",
            Self::AfterTeamMark => "after-team-mark",
            Self::BeforeMark => "before-mark",
            Self::AfterMark => "after-mark",
            Self::BeforeSend => "before-send",
            Self::AfterAnswer => "after-answer",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforeTeamWrite => "before-team-write",
            Self::AfterTeamWrite => "after-team-write",
            Self::AfterTelling => "after-telling",
        }
    }
}

/// Reports that a refresh has reached this point.
pub(super) fn pass_crash_point(point: CrashPoint) {
    tracing::trace!(target: "grapnel_core::point", "{}", point.name());
}
