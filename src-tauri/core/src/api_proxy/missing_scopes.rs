//! What APIs behind a proxy refuse for want of scopes (RFC 6750 §3.1): told once for each set of them, since a client
//! may repeat its request as often as it likes.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use tokio::sync::mpsc;

/// The most sets of scopes that are told, and that wait to be told.
const MAX_SETS: usize = 64;

/// Tells the scopes that an API wants.
pub(super) struct MissingScopes {
    told: Mutex<BTreeSet<Vec<String>>>,
    sender: mpsc::Sender<Vec<String>>,
}

impl MissingScopes {
    pub(super) fn new() -> (Self, mpsc::Receiver<Vec<String>>) {
        let (sender, receiver) = mpsc::channel(MAX_SETS);
        (Self { told: Mutex::default(), sender }, receiver)
    }

    /// Tells these, unless they were told before.
    pub(super) fn tell(&self, scopes: Vec<String>) {
        let mut told = self.told.lock();
        if told.len() < MAX_SETS && told.insert(scopes.clone()) {
            // Nobody may be listening.
            let _ = self.sender.try_send(scopes);
        }
    }
}
