//! The exchange of a code: once, before it expires, by the client and for the redirect URI that it was issued to.

use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::ledger::{Authorization, Code, Grant, Grants, Store, Tokens};
use crate::pkce;
use crate::random::digest;

/// What a client sends to exchange a code for tokens.
pub(crate) struct CodeExchange<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    /// Compared with the one of the authorization request, if present.
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    /// Compared with the one of the authorization request, if present.
    pub(crate) state: Option<&'a str>,
    /// Stored with the grant.
    pub(crate) secret: Option<&'a str>,
    /// Whether a refresh token is issued too.
    pub(crate) refresh: bool,
}

impl<'a> CodeExchange<'a> {
    /// An exchange with a code and a client ID, the parameters that every provider requires.
    pub(crate) fn new(code: &'a str, client_id: &'a str) -> Self {
        Self { code, client_id, redirect_uri: None, verifier: None, state: None, secret: None, refresh: true }
    }
}

/// Why a code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeError {
    Unknown,
    /// Exchanged before: the tokens issued then are now revoked (RFC 6749 §4.1.2).
    Replayed,
    Expired,
    OtherRedirectUri,
    OtherState,
    MissingVerifier,
    WrongVerifier,
    /// A verifier although the request had no challenge: an attacker may have removed it (RFC 9700 §4.8.2).
    UnexpectedVerifier,
}

impl Grants {
    /// Exchanges a code. Assumed: a refused exchange leaves the code usable.
    pub(crate) fn exchange_code(&self, exchange: &CodeExchange<'_>) -> Result<Tokens, CodeError> {
        let (key, now) = (digest(exchange.code), self.clock.now());
        self.change(|store| {
            let code = store.codes.get(&key).ok_or(CodeError::Unknown)?;
            // Checked first, so that another client can neither probe the code nor have its tokens revoked.
            if code.authorization.client_id != exchange.client_id {
                return Err(CodeError::Unknown);
            }
            if let Some(grant) = code.exchanged_for {
                store.revoke_grant(grant);
                return Err(CodeError::Replayed);
            }
            if now >= code.expires_at {
                return Err(CodeError::Expired);
            }
            check(exchange, &code.authorization)?;
            let grant = Grant {
                id: next_id(store),
                created: now,
                authorization: code.authorization.clone(),
                secret: exchange.secret.map(digest),
            };
            store.codes.entry(key).and_modify(|code: &mut Code| code.exchanged_for = Some(grant.id));
            store.grants.insert(grant.id, grant.clone());
            Ok(self.issue_tokens(store, grant, exchange.refresh))
        })
    }
}

fn check(exchange: &CodeExchange<'_>, authorization: &Authorization) -> Result<(), CodeError> {
    if exchange.redirect_uri.is_some_and(|uri| uri != authorization.redirect_uri) {
        return Err(CodeError::OtherRedirectUri);
    }
    if exchange.state.is_some_and(|state| authorization.state.as_deref() != Some(state)) {
        return Err(CodeError::OtherState);
    }
    match (&authorization.challenge, exchange.verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(CodeError::UnexpectedVerifier),
        (Some(_), None) => Err(CodeError::MissingVerifier),
        (Some(challenge), Some(verifier)) => {
            let matches = pkce::is_verifier(verifier) && pkce::matches(verifier, challenge);
            if matches { Ok(()) } else { Err(CodeError::WrongVerifier) }
        }
    }
}

fn next_id(store: &Store) -> u64 {
    // The page's example shows a small number.
    store.grants.keys().copied().max().unwrap_or(100) + 1
}

impl CodeError {
    /// Logs the departure, if it is one, and returns the error description for the client.
    pub(crate) fn report(self, log: &DepartureLog<'_>) -> &'static str {
        let (departure, description) = self.explain();
        if let Some((kind, parameter)) = departure {
            log.add(kind, parameter);
        }
        description
    }

    fn explain(self) -> (Option<(DepartureKind, &'static str)>, &'static str) {
        match self {
            // The pages document that a code expires: no departure.
            Self::Expired => (None, "the code has expired"),
            Self::Unknown => (Some((DepartureKind::UnknownCode, "code")), "no such code for this client"),
            Self::Replayed => (
                Some((DepartureKind::ReplayedCode, "code")),
                "the code was used before; its tokens are revoked",
            ),
            Self::OtherRedirectUri => (
                Some((DepartureKind::RedirectMismatch, "redirect_uri")),
                "redirect_uri is not the one that the code was sent to",
            ),
            Self::OtherState => (
                Some((DepartureKind::WrongValue, "state")),
                "state is not the one of the authorization request",
            ),
            Self::MissingVerifier => {
                (Some((DepartureKind::MissingParameter, "code_verifier")), "code_verifier is missing")
            }
            Self::WrongVerifier => (
                Some((DepartureKind::PkceMismatch, "code_verifier")),
                "code_verifier does not fit the code_challenge",
            ),
            Self::UnexpectedVerifier => (
                Some((DepartureKind::PkceMismatch, "code_verifier")),
                "a code_verifier, but no code_challenge was sent",
            ),
        }
    }
}
