//! The two secrets of a team in one generation: the use key, which everybody has, and the manage key, which workers
//! have not. The manage key also signs: what it has signed was written by a member or an owner.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use grapnel_model::secret::hex;
use zeroize::Zeroizing;

use crate::age_file;
use crate::cipher::Key;
use crate::identity::Identity;
use crate::port::{Generation, Lookup, TeamId};

/// The first byte of the wrapped keys: the version of their format.
const FORMAT_VERSION: u8 = 1;

/// The keys of one generation, as one member has them.
#[derive(Clone)]
pub struct TeamKeys {
    generation: Generation,
    use_key: Key,
    manage_key: Option<Key>,
}

impl std::fmt::Debug for TeamKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TeamKeys({})", self.generation)
    }
}

impl TeamKeys {
    /// New keys.
    pub(crate) fn random(generation: Generation) -> Self {
        Self { generation, use_key: Key::random(), manage_key: Some(Key::random()) }
    }

    /// The generation.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether these keys open what only sign-in and administration need.
    pub fn can_manage(&self) -> bool {
        self.manage_key.is_some()
    }

    pub(crate) fn tokens_key(&self) -> Key {
        self.use_key.subkey("tokens")
    }

    pub(crate) fn definition_key(&self) -> Key {
        self.use_key.subkey("definition")
    }

    pub(crate) fn app_key(&self) -> Option<Key> {
        self.manage_key.as_ref().map(|key| key.subkey("app"))
    }

    pub(crate) fn membership_key(&self) -> Key {
        self.use_key.subkey("membership")
    }

    pub(crate) fn activity_key(&self) -> Key {
        self.use_key.subkey("activity")
    }

    /// The tag under which the record of the connection `name` is found.
    pub fn lookup(&self, name: &str) -> Lookup {
        Lookup(self.use_key.subkey("lookup").mac(name.as_bytes()))
    }

    /// Values by which a signed document names these keys without telling them. That of the manage key is the public
    /// key (Ed25519) that verifies what it has signed.
    pub(crate) fn checks(&self) -> (String, Option<String>) {
        let check = hex(&self.use_key.mac(b"grapnel team key check v1"));
        let public = self.key_pair().map(|pair| BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()));
        (check, public)
    }

    /// Signs with the manage key; `None` for a worker.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<String> {
        Some(BASE64_URL_SAFE_NO_PAD.encode(self.key_pair()?.sign(message).as_ref()))
    }

    fn key_pair(&self) -> Option<Ed25519KeyPair> {
        let seed = self.manage_key.as_ref()?.subkey("signature");
        #[expect(clippy::expect_used, reason = "each 32 bytes are a seed")]
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).expect("a seed of 32 bytes");
        Some(pair)
    }

    /// Encrypts the keys for a member; for a worker without the manage key.
    pub(crate) fn wrap(&self, team: &TeamId, recipient: &str, with_manage_key: bool) -> Option<Vec<u8>> {
        let mut plain = Zeroizing::new(vec![FORMAT_VERSION]);
        plain.extend(self.generation.to_be_bytes());
        plain.extend(self.use_key.as_bytes());
        if let Some(manage) = self.manage_key.as_ref().filter(|_| with_manage_key) {
            plain.extend(manage.as_bytes());
        }
        plain.extend(team.0.as_bytes());
        age_file::for_recipient(&plain, recipient)
    }

    /// Decrypts wrapped keys; `None` if they are for somebody else, of another team, or damaged. Who wrapped them is
    /// not known by this: the signed membership document says whether they are the team's.
    pub(crate) fn unwrap(wrapped: &[u8], team: &TeamId, identity: &Identity) -> Option<Self> {
        let plain = age_file::open(wrapped, identity.age())?;
        let (&FORMAT_VERSION, rest) = plain.split_first()? else { return None };
        let keys = rest.strip_suffix(team.0.as_bytes())?;
        let (generation, keys) = keys.split_at_checked(4)?;
        let (use_key, manage_key) = keys.split_at_checked(32)?;
        Some(Self {
            generation: Generation::from_be_bytes(generation.try_into().ok()?),
            use_key: Key::from_bytes(use_key)?,
            manage_key: if manage_key.is_empty() { None } else { Some(Key::from_bytes(manage_key)?) },
        })
    }
}
