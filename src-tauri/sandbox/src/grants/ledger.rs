//! The record of a provider's grants, codes and tokens.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::faults::fault::Fault;
use crate::random::{Digest, digest};
use crate::revealed::{Reveal, SecretKind};

/// Generates codes and tokens in a provider's format.
pub(crate) trait TokenFormat: Debug + Send + Sync {
    fn code(&self) -> String;
    /// A structured access token carries the authorization and the validity; an opaque one ignores them.
    fn access_token(&self, authorization: &Authorization, validity: Validity) -> String;
    fn refresh_token(&self) -> String;
}

/// The lifetimes of codes and tokens that are issued from now on, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// An authorization code.
    pub code: u64,
    /// An access token: the value of `expires_in`.
    pub access_token: u64,
    /// A refresh token; `None` for one that never expires, the default because no page states a lifetime.
    pub refresh_token: Option<u64>,
}

/// The numbers of grants, codes and tokens issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Authorizations that became a grant.
    pub grants: usize,
    /// Codes issued.
    pub codes: usize,
    /// Codes not yet exchanged and not expired.
    pub codes_open: usize,
    /// Access tokens issued.
    pub access_tokens: usize,
    /// Access tokens that the API would accept.
    pub access_tokens_live: usize,
    /// Refresh tokens issued.
    pub refresh_tokens: usize,
    /// Refresh tokens that the token endpoint would accept.
    pub refresh_tokens_live: usize,
}

/// The period in which a token is valid.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Validity {
    #[serde(rename = "from")]
    pub(crate) issued_at: Timestamp,
    #[serde(rename = "to")]
    pub(crate) expires_at: Timestamp,
}

/// What a person authorized. Fields that a provider does not use stay empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Authorization {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    #[serde(skip)]
    pub(crate) challenge: Option<String>,
    #[serde(skip)]
    pub(crate) state: Option<String>,
    #[serde(skip)]
    pub(crate) nonce: Option<String>,
    pub(crate) user_id: String,
    pub(crate) project_ids: Vec<String>,
    pub(crate) scope: String,
}

/// An authorization whose code was exchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: u64,
    pub(crate) created: Timestamp,
    pub(crate) authorization: Authorization,
    /// The digest of the client secret sent with the code, at a provider where the client chooses its secret.
    pub(crate) secret: Option<Digest>,
}

/// The state of an issued token.
#[derive(Debug)]
pub(crate) struct TokenInfo {
    pub(crate) grant: Grant,
    pub(crate) is_refresh: bool,
    pub(crate) is_live: bool,
    pub(crate) validity: Validity,
}

/// The content of a token reply.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) expires_in: u64,
    pub(crate) refresh: Option<String>,
    pub(crate) grant: Grant,
}

/// Why the API refuses a bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BearerError {
    Unknown,
    /// Revoked or expired.
    Inactive,
    /// A refresh token was sent as an access token.
    RefreshToken,
}

/// The grants of one provider.
#[derive(Debug)]
pub struct Grants {
    pub(super) clock: Clock,
    pub(super) reveal: Reveal,
    pub(super) format: Box<dyn TokenFormat>,
    pub(super) store: Mutex<Store>,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) lifetimes: Lifetimes,
    pub(super) grants: HashMap<u64, Grant>,
    pub(super) codes: HashMap<Digest, Code>,
    pub(super) access: HashMap<Digest, Token>,
    pub(super) refresh: HashMap<Digest, Token>,
    /// The faults injected into refreshes, by grant.
    pub(super) refresh_faults: HashMap<u64, Vec<Fault>>,
    /// The file that keeps the grants over a restart of the sandbox.
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Code {
    pub(super) authorization: Authorization,
    pub(super) expires_at: Timestamp,
    /// The grant, once the code is exchanged.
    pub(super) exchanged_for: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) grant: u64,
    #[serde(rename = "life")]
    pub(super) validity: Validity,
    pub(super) state: TokenState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TokenState {
    Live,
    /// Replaced by the next refresh token.
    Rotated,
    Revoked,
}

impl Token {
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        self.state == TokenState::Live && now < self.validity.expires_at
    }
}

impl Grants {
    pub(crate) fn new(
        clock: Clock,
        reveal: Reveal,
        format: Box<dyn TokenFormat>,
        lifetimes: Lifetimes,
    ) -> Self {
        let store = Store {
            lifetimes,
            grants: HashMap::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            refresh_faults: HashMap::new(),
            file: None,
        };
        Self { clock, reveal, format, store: Mutex::new(store) }
    }

    /// The lifetimes of what is issued from now on.
    #[must_use]
    pub fn lifetimes(&self) -> Lifetimes {
        self.with(|store| store.lifetimes)
    }

    /// Sets the lifetimes of what is issued from now on. Codes and tokens issued before keep theirs.
    pub fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.with(|store| store.lifetimes = lifetimes);
    }

    /// Revokes one access or refresh token, in any state. Returns whether it was ever issued.
    pub fn revoke(&self, token: &str) -> bool {
        let key = digest(token);
        self.change(|store| {
            let Store { access, refresh, .. } = store;
            access
                .get_mut(&key)
                .or_else(|| refresh.get_mut(&key))
                .map(|token| token.state = TokenState::Revoked)
                .is_some()
        })
    }

    /// Revokes every token of the grant that `token` belongs to, as a provider does when a person removes
    /// the app there. Returns whether `token` was ever issued.
    pub fn revoke_grant(&self, token: &str) -> bool {
        let key = digest(token);
        self.change(|store| {
            let grant = store.access.get(&key).or_else(|| store.refresh.get(&key)).map(|token| token.grant);
            grant.inspect(|grant| store.revoke_grant(*grant)).is_some()
        })
    }

    /// The numbers of what was issued so far.
    #[must_use]
    pub fn issued(&self) -> Issued {
        let now = self.clock.now();
        self.with(|store| Issued {
            grants: store.grants.len(),
            codes: store.codes.len(),
            codes_open: store
                .codes
                .values()
                .filter(|c| c.exchanged_for.is_none() && now < c.expires_at)
                .count(),
            access_tokens: store.access.len(),
            access_tokens_live: store.access.values().filter(|t| t.is_live(now)).count(),
            refresh_tokens: store.refresh.len(),
            refresh_tokens_live: store.refresh.values().filter(|t| t.is_live(now)).count(),
        })
    }

    pub(crate) fn issue_code(&self, authorization: Authorization) -> String {
        let code = self.format.code();
        self.reveal.add(SecretKind::Code, &code);
        self.with(|store| {
            let expires_at = self.clock.after(Duration::from_secs(store.lifetimes.code));
            store.codes.insert(digest(&code), Code { authorization, expires_at, exchanged_for: None });
        });
        code
    }

    /// The grant behind an access token.
    pub(crate) fn grant_of_access_token(&self, token: &str) -> Result<Grant, BearerError> {
        let (key, now) = (digest(token), self.clock.now());
        self.with(|store| {
            let Some(access) = store.access.get(&key) else {
                let known = store.refresh.contains_key(&key);
                return Err(if known { BearerError::RefreshToken } else { BearerError::Unknown });
            };
            let grant = store.grants.get(&access.grant).filter(|_| access.is_live(now));
            grant.cloned().ok_or(BearerError::Inactive)
        })
    }

    /// The state of an access or refresh token; `None` if it was never issued.
    pub(crate) fn introspect(&self, token: &str) -> Option<TokenInfo> {
        let (key, now) = (digest(token), self.clock.now());
        self.with(|store| {
            let access = store.access.get(&key).map(|token| (token, false));
            let (token, is_refresh) =
                access.or_else(|| store.refresh.get(&key).map(|token| (token, true)))?;
            let grant = store.grants.get(&token.grant).cloned()?;
            Some(TokenInfo { grant, is_refresh, is_live: token.is_live(now), validity: token.validity })
        })
    }

    /// Issues another access token of a grant, for an authorization that differs from the grant's.
    pub(crate) fn issue_extra_access_token(&self, grant: &Grant, authorization: &Authorization) -> String {
        self.change(|store| self.issue_access_token(store, grant.id, authorization))
    }

    /// Whether a token was issued and is still valid.
    #[must_use]
    pub fn is_live(&self, token: &str) -> bool {
        self.introspect(token).is_some_and(|info| info.is_live)
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.store.lock())
    }

    /// Runs `act`, which may change tokens, and persists the result.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        self.with(|store| {
            let done = act(store);
            store.persist(self.clock.now());
            done
        })
    }

    /// Issues tokens for `grant`. Without a new refresh token, the client keeps using its current one.
    pub(super) fn issue_tokens(&self, store: &mut Store, grant: Grant, with_refresh: bool) -> Tokens {
        let Lifetimes { access_token, refresh_token, .. } = store.lifetimes;
        let access = self.issue_access_token(store, grant.id, &grant.authorization);
        let refresh = with_refresh.then(|| {
            let expires_at =
                refresh_token.map_or(Timestamp::MAX, |s| self.clock.after(Duration::from_secs(s)));
            let refresh = self.format.refresh_token();
            self.reveal.add(SecretKind::RefreshToken, &refresh);
            let validity = Validity { issued_at: self.clock.now(), expires_at };
            store
                .refresh
                .insert(digest(&refresh), Token { grant: grant.id, validity, state: TokenState::Live });
            refresh
        });
        Tokens { access, expires_in: access_token, refresh, grant }
    }

    pub(super) fn issue_access_token(
        &self,
        store: &mut Store,
        grant: u64,
        authorization: &Authorization,
    ) -> String {
        let expires_at = self.clock.after(Duration::from_secs(store.lifetimes.access_token));
        let validity = Validity { issued_at: self.clock.now(), expires_at };
        let access = self.format.access_token(authorization, validity);
        self.reveal.add(SecretKind::AccessToken, &access);
        store.access.insert(digest(&access), Token { grant, validity, state: TokenState::Live });
        access
    }
}

impl Store {
    pub(super) fn revoke_grant(&mut self, grant: u64) {
        let tokens = self.access.values_mut().chain(self.refresh.values_mut());
        for token in tokens.filter(|token| token.grant == grant) {
            token.state = TokenState::Revoked;
        }
    }
}
