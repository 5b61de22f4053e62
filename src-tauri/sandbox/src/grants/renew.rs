//! The refresh: new tokens for a refresh token, which ends in the same moment.

use crate::grants::ledger::{Grants, TokenState, Tokens};
use crate::random::digest;

/// Why a refresh token is not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshRefused {
    Unknown,
    /// Replaced by a newer one.
    Rotated,
    /// Revoked or expired.
    Dead,
}

impl Grants {
    /// Renews. With `rotate` off, no refresh token comes back and the old one goes on (RFC 6749 §6).
    pub(crate) fn renew(&self, token: &str, client_id: &str, rotate: bool) -> Result<Tokens, RefreshRefused> {
        let (key, now) = (digest(token), self.clock.now());
        self.change(|store| {
            let old = store.refresh.get_mut(&key).ok_or(RefreshRefused::Unknown)?;
            let grant = store.grants.get(&old.grant).cloned().ok_or(RefreshRefused::Unknown)?;
            if grant.authorization.client_id != client_id {
                return Err(RefreshRefused::Unknown);
            }
            match old.state {
                TokenState::Rotated => return Err(RefreshRefused::Rotated),
                TokenState::Live if old.works(now) => {}
                TokenState::Live | TokenState::Revoked => return Err(RefreshRefused::Dead),
            }
            if rotate {
                old.state = TokenState::Rotated;
            }
            Ok(self.hand_out(store, grant, rotate))
        })
    }
}
