//! The ledger of what was issued.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::faults::fault::Fault;
use crate::random::{Digest, digest};
use crate::revealed::{Reveal, Secret};

/// How long what is issued from now on lives, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// An authorization code.
    pub code: u64,
    /// An access token: what `expires_in` says.
    pub access_token: u64,
    /// A refresh token; `None` is for ever, because no page names an end.
    pub refresh_token: Option<u64>,
}

/// How much was issued. Counts, no secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Authorizations that became a grant.
    pub grants: usize,
    /// Codes given out.
    pub codes: usize,
    /// Codes not yet exchanged and not expired.
    pub codes_open: usize,
    /// Access tokens given out.
    pub access_tokens: usize,
    /// Access tokens that the API would accept.
    pub access_tokens_live: usize,
    /// Refresh tokens given out.
    pub refresh_tokens: usize,
    /// Refresh tokens that the token endpoint would accept.
    pub refresh_tokens_live: usize,
}

/// How a provider's codes and tokens look.
pub(crate) trait Mint: Debug + Send + Sync {
    fn code(&self) -> String;
    /// A token that may tell of what it is for and of its life.
    fn access(&self, authorization: &Authorization, life: Life) -> String;
    fn refresh(&self) -> String;
}

/// From when to when a token is good.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// What a person agreed to. Members that a provider does not know stay empty.
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
    /// The client secret that came with the code, where a client may choose one.
    pub(crate) secret: Option<Digest>,
}

/// What is known of a token that was given out.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) grant: Grant,
    pub(crate) is_refresh: bool,
    pub(crate) is_live: bool,
    pub(crate) life: Life,
}

/// What the token endpoint hands out.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) expires_in: u64,
    pub(crate) refresh: Option<String>,
    pub(crate) grant: Grant,
}

/// Why the API does not take a bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BearerRefused {
    Unknown,
    Dead,
    RefreshToken,
}

/// The grants of one provider.
#[derive(Debug)]
pub struct Grants {
    pub(super) clock: Clock,
    pub(super) reveal: Reveal,
    pub(super) mint: Box<dyn Mint>,
    pub(super) store: Mutex<Store>,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) lifetimes: Lifetimes,
    pub(super) grants: HashMap<u64, Grant>,
    pub(super) codes: HashMap<Digest, Code>,
    pub(super) access: HashMap<Digest, Token>,
    pub(super) refresh: HashMap<Digest, Token>,
    /// The faults that struck renewals, by grant.
    pub(super) struck: HashMap<u64, Vec<Fault>>,
    /// The file in which the grants outlive the sandbox.
    pub(super) kept_at: Option<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Code {
    pub(super) authorization: Authorization,
    pub(super) expires: Timestamp,
    /// The grant that it became.
    pub(super) spent_on: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) grant: u64,
    pub(super) life: Life,
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
    pub(super) fn works(&self, now: Timestamp) -> bool {
        self.state == TokenState::Live && now < self.life.to
    }
}

impl Grants {
    pub(crate) fn new(clock: Clock, reveal: Reveal, mint: Box<dyn Mint>, lifetimes: Lifetimes) -> Self {
        let store = Store {
            lifetimes,
            grants: HashMap::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            struck: HashMap::new(),
            kept_at: None,
        };
        Self { clock, reveal, mint, store: Mutex::new(store) }
    }

    /// How long what is issued lives.
    #[must_use]
    pub fn lifetimes(&self) -> Lifetimes {
        self.with(|store| store.lifetimes)
    }

    /// Changes the lifetimes of what is issued from now on; what is out already keeps its own.
    pub fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.with(|store| store.lifetimes = lifetimes);
    }

    /// Revokes one access or refresh token, whatever its state. Says whether it was ever issued.
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

    /// Revokes every token of the grant that `token` belongs to, as when the person removes the app at the provider.
    pub fn revoke_grant(&self, token: &str) -> bool {
        let key = digest(token);
        self.change(|store| {
            let grant = store.access.get(&key).or_else(|| store.refresh.get(&key)).map(|token| token.grant);
            grant.inspect(|grant| store.revoke_all_of(*grant)).is_some()
        })
    }

    /// What was issued so far.
    #[must_use]
    pub fn issued(&self) -> Issued {
        let now = self.clock.now();
        self.with(|store| Issued {
            grants: store.grants.len(),
            codes: store.codes.len(),
            codes_open: store.codes.values().filter(|c| c.spent_on.is_none() && now < c.expires).count(),
            access_tokens: store.access.len(),
            access_tokens_live: store.access.values().filter(|t| t.works(now)).count(),
            refresh_tokens: store.refresh.len(),
            refresh_tokens_live: store.refresh.values().filter(|t| t.works(now)).count(),
        })
    }

    pub(crate) fn issue_code(&self, authorization: Authorization) -> String {
        let code = self.mint.code();
        self.reveal.add(Secret::Code, &code);
        self.with(|store| {
            let expires = self.clock.after(Duration::from_secs(store.lifetimes.code));
            store.codes.insert(digest(&code), Code { authorization, expires, spent_on: None });
        });
        code
    }

    /// The grant behind an access token.
    pub(crate) fn bearer(&self, token: &str) -> Result<Grant, BearerRefused> {
        let (key, now) = (digest(token), self.clock.now());
        self.with(|store| {
            let Some(access) = store.access.get(&key) else {
                let known = store.refresh.contains_key(&key);
                return Err(if known { BearerRefused::RefreshToken } else { BearerRefused::Unknown });
            };
            let grant = store.grants.get(&access.grant).filter(|_| access.works(now));
            grant.cloned().ok_or(BearerRefused::Dead)
        })
    }

    /// What is known of a token, whatever became of it.
    pub(crate) fn held(&self, token: &str) -> Option<Held> {
        let (key, now) = (digest(token), self.clock.now());
        self.with(|store| {
            let access = store.access.get(&key).map(|token| (token, false));
            let (token, is_refresh) =
                access.or_else(|| store.refresh.get(&key).map(|token| (token, true)))?;
            let grant = store.grants.get(&token.grant).cloned()?;
            Some(Held { grant, is_refresh, is_live: token.works(now), life: token.life })
        })
    }

    /// One more access token of a grant, for an authorization that departs from the grant's own.
    pub(crate) fn issue_access(&self, grant: &Grant, authorization: &Authorization) -> String {
        self.change(|store| self.new_access(store, grant.id, authorization))
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what may change the tokens, and keeps what comes of it.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        self.with(|store| {
            let done = act(store);
            store.keep(self.clock.now());
            done
        })
    }

    /// New tokens for `grant`. Without a refresh token among them the client goes on with the one that it has.
    pub(super) fn hand_out(&self, store: &mut Store, grant: Grant, with_refresh: bool) -> Tokens {
        let Lifetimes { access_token, refresh_token, .. } = store.lifetimes;
        let access = self.new_access(store, grant.id, &grant.authorization);
        let refresh = with_refresh.then(|| {
            let to = refresh_token.map_or(Timestamp::MAX, |s| self.clock.after(Duration::from_secs(s)));
            let refresh = self.mint.refresh();
            self.reveal.add(Secret::RefreshToken, &refresh);
            let life = Life { from: self.clock.now(), to };
            store.refresh.insert(digest(&refresh), Token { grant: grant.id, life, state: TokenState::Live });
            refresh
        });
        Tokens { access, expires_in: access_token, refresh, grant }
    }

    pub(super) fn new_access(&self, store: &mut Store, grant: u64, authorization: &Authorization) -> String {
        let to = self.clock.after(Duration::from_secs(store.lifetimes.access_token));
        let life = Life { from: self.clock.now(), to };
        let access = self.mint.access(authorization, life);
        self.reveal.add(Secret::AccessToken, &access);
        store.access.insert(digest(&access), Token { grant, life, state: TokenState::Live });
        access
    }
}

impl Store {
    pub(super) fn revoke_all_of(&mut self, grant: u64) {
        let tokens = self.access.values_mut().chain(self.refresh.values_mut());
        for token in tokens.filter(|token| token.grant == grant) {
            token.state = TokenState::Revoked;
        }
    }
}
