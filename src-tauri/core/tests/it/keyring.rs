//! A keyring that is absent, locked, wiped or replaced: each has its own error, and nothing is lost.

use std::sync::{Arc, Barrier};

use grapnel_core::Grapnel;
use grapnel_core::Keyring;
use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Result};
use grapnel_model::event::Event;

use crate::support::world::{TestKeyring, World, again};

#[tokio::test]
async fn an_app_is_added_once_there_is_a_keyring() {
    let world = World::new();
    for code in [Code::KeyringAbsent, Code::KeyringLocked, Code::KeyringFailed] {
        world.keyring.fail(code);
        assert_eq!(world.grapnel.add_app(world.new_app()).await.unwrap_err().code, code);
        assert!(world.grapnel.apps().unwrap().is_empty());
        assert_eq!(world.grapnel.vault_error().unwrap().code, code);
    }
    world.keyring.fail(None);
    let mut events = world.grapnel.events();
    world.add_app().await;
    assert!(matches!(events.recv().await.unwrap(), Event::Vault(None)));
    assert_eq!(world.grapnel.vault_error(), None);
}

#[tokio::test]
async fn a_keyring_locked_at_start_locks_the_connections_until_it_is_unlocked() {
    let mut world = World::new();
    let id = world.connect().await;
    world.keyring.fail(Code::KeyringLocked);
    world.start_again();
    assert_eq!(world.grapnel.check_vault().await.unwrap().code, Code::KeyringLocked);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Locked);
    assert_eq!(world.grapnel.projects(&id).await.unwrap_err().code, Code::KeyringLocked);
    world.keyring.fail(None);
    assert_eq!(world.grapnel.check_vault().await, None);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn a_missing_key_and_a_wrong_key_are_distinguished() {
    let mut world = World::new();
    let id = world.connect().await;
    let keys = world.keyring.keys().clone();

    world.keyring.keys().clear();
    world.start_again();
    assert_eq!(world.grapnel.check_vault().await.unwrap().code, Code::KeyMissing);
    assert!(world.keyring.keys().is_empty(), "no new key hides that the old one is gone");

    for key in [vec![7; 32], vec![7; 5]] {
        *world.keyring.keys() = keys.keys().map(|name| (name.clone(), key.clone())).collect();
        world.start_again();
        assert_eq!(world.grapnel.check_vault().await.unwrap().code, Code::KeyWrong);
    }

    *world.keyring.keys() = keys;
    assert_eq!(world.grapnel.check_vault().await, None);
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn a_vault_whose_key_is_lost_can_be_reset() {
    let mut world = World::new();
    let id = world.connect().await;
    assert_eq!(world.grapnel.reset_vault().await.unwrap_err().code, Code::InvalidInput, "the vault opens");
    world.keyring.fail(Code::KeyringLocked);
    world.start_again();
    assert_eq!(world.grapnel.reset_vault().await.unwrap_err().code, Code::KeyringLocked, "it may open again");
    world.keyring.fail(None);
    world.keyring.keys().clear();
    world.start_again();

    world.grapnel.reset_vault().await.unwrap();
    assert_eq!(world.grapnel.check_vault().await, None);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Disconnected);
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    assert!(!app.has_secret);
    let new = NewApp { name: app.name, ..world.new_app() };
    world.grapnel.change_app(&app.id, new).await.unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, &again(&id)).await.unwrap();
    let callback = world.visit(&attempt.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
    world.grapnel.refresh(&id).await.unwrap();
}

#[tokio::test]
async fn the_keyring_is_not_used_before_the_first_secret() {
    let world = World::new();
    world.keyring.fail(Code::KeyringLocked);
    assert_eq!(world.grapnel.check_vault().await, None);
}

/// A keyring in which two concurrent writers wait for each other.
struct Meeting(TestKeyring, Barrier);

impl Keyring for Meeting {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.0.get(name)
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<()> {
        self.1.wait();
        self.0.set(name, key)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.remove(name)
    }
}

#[tokio::test]
async fn two_first_starts_at_the_same_moment_agree_on_one_key() {
    let mut world = World::new();
    let keyring = Arc::new(Meeting(TestKeyring::default(), Barrier::new(2)));
    let start = || Grapnel::with(world.home.path(), keyring.clone(), world.clock.clone()).unwrap();
    let (one, two, later) = (start(), start(), start());
    let new = |name: &str| NewApp { name: name.into(), ..world.new_app() };
    let (first, second) = tokio::join!(one.add_app(new("first")), two.add_app(new("second")));
    assert_eq!(keyring.0.keys().len(), 2, "each had made a key before either was settled on");
    // Both processes can decrypt both client secrets.
    for app in [first.unwrap(), second.unwrap()] {
        for grapnel in [&one, &two, &later] {
            world.grapnel = grapnel.clone();
            let attempt = grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
            let callback = world.visit(&attempt.id).await;
            grapnel.receive_callback(&callback).await.unwrap();
        }
    }
    assert_eq!(world.grapnel.connections().unwrap().len(), 6);
}

#[tokio::test]
async fn when_the_keyring_is_back_refreshes_resume() {
    let mut world = World::new();
    let id = world.connect().await;
    for code in [Code::KeyringAbsent, Code::KeyringLocked, Code::KeyringFailed] {
        world.keyring.fail(code);
        world.start_again();
        let mut events = world.grapnel.events();
        assert_eq!(world.grapnel.check_vault().await.unwrap().code, code);
        assert!(matches!(events.recv().await.unwrap(), Event::Vault(Some(_))));
        let asked = world.keyring.asked();
        // A signal that comes too early causes one attempt and another wait.
        world.keyring.give_sign();
        while world.keyring.asked() == asked {
            tokio::task::yield_now().await;
        }
        world.keyring.fail(None);
        world.keyring.give_sign();
        assert!(matches!(events.recv().await.unwrap(), Event::Vault(None)));
        assert_eq!(world.keyring.asked(), asked + 2, "nobody asked but for the signs");
        assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
        world.grapnel.projects(&id).await.unwrap();
    }
}
