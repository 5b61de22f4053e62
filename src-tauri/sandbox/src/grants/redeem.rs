//! The exchange of a code: once, in time, by the client and for the redirect URI that it was issued to.

use crate::grants::ledger::{Authorization, Code, Grant, Grants, Store, Tokens};
use crate::pkce;
use crate::random::digest;

/// What a client presents to get its tokens.
pub(crate) struct CodeClaim<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    /// Compared with the one that the code was sent to, if given.
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    /// Compared with the one of the authorization request, if given.
    pub(crate) state: Option<&'a str>,
    /// Kept with the grant.
    pub(crate) secret: Option<&'a str>,
    /// Whether a refresh token is given out too.
    pub(crate) refresh: bool,
}

impl<'a> CodeClaim<'a> {
    /// A claim with no more than a code and the client that it was issued to.
    pub(crate) fn new(code: &'a str, client_id: &'a str) -> Self {
        Self { code, client_id, redirect_uri: None, verifier: None, state: None, secret: None, refresh: true }
    }
}

/// Why a code is not exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeRefused {
    Unknown,
    /// Exchanged before: the tokens from then are revoked now (RFC 6749 §4.1.2).
    Replayed,
    Expired,
    OtherRedirect,
    OtherState,
    NoVerifier,
    WrongVerifier,
    /// A verifier although no challenge was sent: someone may have stripped it (RFC 9700 §4.8.2).
    StrayVerifier,
}

impl Grants {
    /// Exchanges a code. A refused claim does not use the code up: the page does not say that it would.
    pub(crate) fn redeem(&self, claim: &CodeClaim<'_>) -> Result<Tokens, CodeRefused> {
        let (key, now) = (digest(claim.code), self.clock.now());
        self.change(|store| {
            let code = store.codes.get(&key).ok_or(CodeRefused::Unknown)?;
            // Another client learns nothing of a code that is not its own, and cannot have its tokens revoked.
            if code.authorization.client_id != claim.client_id {
                return Err(CodeRefused::Unknown);
            }
            if let Some(grant) = code.spent_on {
                store.revoke_all_of(grant);
                return Err(CodeRefused::Replayed);
            }
            if now >= code.expires {
                return Err(CodeRefused::Expired);
            }
            check(claim, &code.authorization)?;
            let grant = Grant {
                id: next_id(store),
                created: now,
                authorization: code.authorization.clone(),
                secret: claim.secret.map(digest),
            };
            store.codes.entry(key).and_modify(|code: &mut Code| code.spent_on = Some(grant.id));
            store.grants.insert(grant.id, grant.clone());
            Ok(self.hand_out(store, grant, claim.refresh))
        })
    }
}

fn check(claim: &CodeClaim<'_>, authorization: &Authorization) -> Result<(), CodeRefused> {
    if claim.redirect_uri.is_some_and(|uri| uri != authorization.redirect_uri) {
        return Err(CodeRefused::OtherRedirect);
    }
    if claim.state.is_some_and(|state| authorization.state.as_deref() != Some(state)) {
        return Err(CodeRefused::OtherState);
    }
    match (&authorization.challenge, claim.verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(CodeRefused::StrayVerifier),
        (Some(_), None) => Err(CodeRefused::NoVerifier),
        (Some(challenge), Some(verifier)) => {
            let right = pkce::is_verifier(verifier) && pkce::proves(verifier, challenge);
            if right { Ok(()) } else { Err(CodeRefused::WrongVerifier) }
        }
    }
}

fn next_id(store: &Store) -> u64 {
    // The page's example shows a small number; where it begins does not matter.
    store.grants.keys().copied().max().unwrap_or(100) + 1
}
