//! The databases of teams as this process has them open: one session for each team.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use grapnel_model::error::Error;
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::team::TeamRole;
use grapnel_store::sealed::Sealed;
use grapnel_team::Team;
use grapnel_team::port::{MachineId, Version};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, watch};

/// How many entries of the teams' activity may wait to be written.
const MAX_LOGS: usize = 100;
/// How long is waited for them.
const LOG_TIMEOUT: Duration = Duration::from_secs(3);

/// The open teams of a process.
#[derive(Default)]
pub(crate) struct TeamSessions {
    pub(crate) open: AsyncMutex<HashMap<TeamId, Arc<TeamSession>>>,
    /// Those that could not be opened: when, and why.
    pub(crate) failed: Mutex<HashMap<TeamId, (Instant, Error)>>,
    /// The connections whose new tokens are being written to their team.
    writes: watch::Sender<HashSet<ConnectionId>>,
    /// How many entries are being added to the teams' activity.
    logs: watch::Sender<usize>,
}

impl TeamSessions {
    /// Announces that new tokens are being written, for as long as the result is held.
    pub(crate) fn begin_write(&self, id: &ConnectionId) -> TeamWrite {
        self.writes.send_modify(|writes| {
            writes.insert(id.clone());
        });
        TeamWrite { id: id.clone(), writes: self.writes.clone() }
    }

    pub(crate) fn is_writing(&self, id: &ConnectionId) -> bool {
        self.writes.borrow().contains(id)
    }

    /// Waits until the new tokens of a connection are written, or cannot be.
    pub(crate) async fn written(&self, id: &ConnectionId) {
        // The sender is here.
        let _ = self.writes.subscribe().wait_for(|writes| !writes.contains(id)).await;
    }

    /// Waits until those of every connection are.
    pub(crate) async fn all_written(&self) {
        let _ = self.writes.subscribe().wait_for(HashSet::is_empty).await;
    }

    /// Announces that an entry is being added to a team's activity, for as long as the result is held. `None` if too
    /// many wait.
    pub(crate) fn begin_log(&self) -> Option<TeamLog> {
        let is_begun = self.logs.send_if_modified(|logs| {
            let is_room = *logs < MAX_LOGS;
            *logs += usize::from(is_room);
            is_room
        });
        is_begun.then(|| TeamLog(self.logs.clone()))
    }

    /// Waits until all entries are added, or cannot be, but not for long.
    pub(crate) async fn all_logged(&self) {
        let mut logs = self.logs.subscribe();
        let _ = tokio::time::timeout(LOG_TIMEOUT, logs.wait_for(|logs| *logs == 0)).await;
    }
}

/// An entry that is being added to a team's activity, until it is dropped.
pub(crate) struct TeamLog(watch::Sender<usize>);

impl Drop for TeamLog {
    fn drop(&mut self) {
        self.0.send_modify(|logs| *logs -= 1);
    }
}

/// A write of new tokens to a team, until it is dropped.
pub(crate) struct TeamWrite {
    id: ConnectionId,
    writes: watch::Sender<HashSet<ConnectionId>>,
}

impl Drop for TeamWrite {
    fn drop(&mut self) {
        self.writes.send_modify(|writes| {
            writes.remove(&self.id);
        });
    }
}

/// A team's database, opened as one of its members. `shared_record/session.rs` has its operations.
pub(crate) struct TeamSession {
    pub(crate) id: TeamId,
    /// The team's name here.
    pub(crate) name: String,
    pub(crate) team: Team,
    /// The URL that it was opened with.
    pub(crate) sealed_url: Sealed,
    pub(crate) machine: MachineId,
    /// Whether the last request was answered.
    pub(crate) is_reached: AtomicBool,
    /// The version of the membership that was stored last.
    pub(crate) stored: Mutex<Version>,
    /// The name and role of this member.
    pub(crate) member: Mutex<(String, TeamRole)>,
    /// Held while an entry is added to the activity.
    pub(crate) logging: AsyncMutex<()>,
    /// Held while its connections are taken in, so that none is taken in twice.
    pub(crate) taking_in: AsyncMutex<()>,
}
