//! What `tests/fuzz` drives.

use crate::identity::Identity;
use crate::invitation::Invitation;
use crate::membership::{Membership, OwnerPin};
use crate::port::TeamId;

/// Parses input from outside in each way: as an invitation, a worker key, a public key, and a decrypted document.
pub fn team_text(input: &[u8], identity: &Identity) {
    let creator = identity.signing_key();
    let pin = OwnerPin { creator, links: 0, head: String::new() };
    assert!(Membership::verify(input, &TeamId("0".repeat(32)), &pin).is_err(), "nobody signed this");
    let Ok(text) = std::str::from_utf8(input) else { return };
    assert!(Invitation::open(text, identity).is_err(), "this was not for this identity");
    if let Ok(worker) = Invitation::of_worker(&text.into()) {
        assert!(worker.identity.is_some());
    }
    if let Ok(key) = text.parse::<crate::identity::PublicKey>() {
        assert_eq!(key.to_string().parse::<crate::identity::PublicKey>().ok(), Some(key));
    }
}
