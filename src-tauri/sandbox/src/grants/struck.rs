//! What a test compares a client's word with: which tokens are good, and which faults struck whose renewals.

use crate::faults::fault::Fault;
use crate::grants::ledger::Grants;
use crate::random::digest;

impl Grants {
    /// Whether a token was given out and is still good.
    #[must_use]
    pub fn is_live(&self, token: &str) -> bool {
        self.held(token).is_some_and(|held| held.is_live)
    }

    /// The faults that struck renewals of the grant that `token` belongs to, however old that token is; oldest first.
    #[must_use]
    pub fn struck(&self, token: &str) -> Vec<Fault> {
        let grant = self.held(token).map(|held| held.grant.id);
        self.with(|store| grant.and_then(|grant| store.struck.get(&grant)).cloned().unwrap_or_default())
    }

    pub(crate) fn strike(&self, refresh_token: &str, fault: &Fault) {
        let key = digest(refresh_token);
        self.with(|store| {
            let Some(grant) = store.refresh.get(&key).map(|token| token.grant) else { return };
            store.struck.entry(grant).or_default().push(fault.clone());
        });
    }
}
