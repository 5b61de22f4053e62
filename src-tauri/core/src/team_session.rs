//! The databases of teams as this process has them open: one session for each team.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use grapnel_model::error::Error;
use grapnel_model::id::TeamId;
use grapnel_model::team::TeamRole;
use grapnel_team::Team;
use grapnel_team::port::{MachineId, Version};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

/// The open teams of a process.
#[derive(Default)]
pub(crate) struct TeamSessions {
    pub(crate) open: AsyncMutex<HashMap<TeamId, Arc<TeamSession>>>,
    /// Those that could not be opened: when, and why.
    pub(crate) failed: Mutex<HashMap<TeamId, (Instant, Error)>>,
}

/// A team's database, opened as one of its members. `shared_record/session.rs` has its operations.
pub(crate) struct TeamSession {
    pub(crate) id: TeamId,
    /// The team's name here.
    pub(crate) name: String,
    pub(crate) team: Team,
    pub(crate) machine: MachineId,
    /// Whether the last request was answered.
    pub(crate) is_reached: AtomicBool,
    /// The version of the membership that was stored last.
    pub(crate) stored: Mutex<Version>,
    /// The name and role of this member.
    pub(crate) member: Mutex<(String, TeamRole)>,
}
