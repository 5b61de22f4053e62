//! The refresh of an access token, with rotation of the refresh token.

use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::fault::Fault;
use crate::grants::ledger::{Grants, TokenState, Tokens};
use crate::random::digest;

/// Why a refresh token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshError {
    Unknown,
    /// Replaced by a newer one.
    Rotated,
    /// Revoked or expired.
    Inactive,
}

impl Grants {
    /// Issues new tokens. With `rotate` off, the reply has no refresh token and the old one stays valid (RFC 6749 §6).
    pub(crate) fn refresh(&self, token: &str, client_id: &str, rotate: bool) -> Result<Tokens, RefreshError> {
        let (key, now) = (digest(token), self.clock.now());
        self.change(|store| {
            let old = store.refresh.get_mut(&key).ok_or(RefreshError::Unknown)?;
            let grant = store.grants.get(&old.grant).cloned().ok_or(RefreshError::Unknown)?;
            if grant.authorization.client_id != client_id {
                return Err(RefreshError::Unknown);
            }
            match old.state {
                TokenState::Rotated => return Err(RefreshError::Rotated),
                TokenState::Live if old.is_live(now) => {}
                TokenState::Live | TokenState::Revoked => return Err(RefreshError::Inactive),
            }
            if rotate {
                old.state = TokenState::Rotated;
            }
            Ok(self.issue_tokens(store, grant, rotate))
        })
    }

    /// The faults injected into refreshes of the grant that `token` belongs to, oldest first. `token` may be any token
    /// of the grant, in any state.
    #[must_use]
    pub fn refresh_faults(&self, token: &str) -> Vec<Fault> {
        let grant = self.introspect(token).map(|info| info.grant.id);
        self.with(|store| {
            grant.and_then(|grant| store.refresh_faults.get(&grant)).cloned().unwrap_or_default()
        })
    }

    pub(crate) fn record_refresh_fault(&self, refresh_token: &str, fault: &Fault) {
        let key = digest(refresh_token);
        self.with(|store| {
            let Some(grant) = store.refresh.get(&key).map(|token| token.grant) else { return };
            store.refresh_faults.entry(grant).or_default().push(fault.clone());
        });
    }
}

impl RefreshError {
    /// Logs the departure, if it is one, and returns the error description for the client.
    pub(crate) fn report(self, log: &DepartureLog<'_>) -> &'static str {
        match self {
            Self::Unknown => {
                log.add(DepartureKind::UnknownToken, "refresh_token");
                "no such refresh token for this client"
            }
            Self::Rotated => {
                log.add(DepartureKind::RotatedRefreshToken, "refresh_token");
                "this refresh token was replaced by a newer one"
            }
            // A client cannot know that the provider revoked a token or let it expire: no departure.
            Self::Inactive => "this refresh token was revoked or has expired",
        }
    }
}
