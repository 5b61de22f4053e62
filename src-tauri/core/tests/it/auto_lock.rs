//! A vault with a passphrase is locked by the person, after a time without input, and after suspend.

use std::time::Duration;

use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::SecretString;
use grapnel_model::settings::{AutoLock, Settings};
use jiff::SignedDuration;
use tokio::sync::broadcast::Receiver;

use crate::support::keep_alive::Keeper;
use crate::support::world::World;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn words() -> SecretString {
    "harbour lamp eleven moss".into()
}

/// A world whose vault has a passphrase, with these settings.
async fn world(settings: Settings) -> (World, ConnectionId) {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    world.grapnel.change_settings(settings).unwrap();
    (world, id)
}

fn start(world: &World) -> Keeper {
    let grapnel = world.grapnel.clone();
    Keeper(tokio::spawn(async move { grapnel.lock_automatically().await }))
}

async fn is_locked(events: &mut Receiver<Event>) {
    loop {
        match events.recv().await.unwrap() {
            Event::Vault(Some(error)) if error.code == Code::PassphraseNeeded => return,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_vault_is_locked_after_a_time_without_input_only() {
    let after = AutoLock::FiveMinutes;
    let (world, id) = world(Settings { auto_lock: after, ..Settings::default() }).await;
    let mut events = world.grapnel.events();
    let _locker = start(&world);
    for _ in 0..3 {
        world.clock.settled().await;
        world.clock.advance(MINUTE * 4);
        world.grapnel.record_input();
    }
    world.clock.settled().await;
    world.grapnel.token(&id, Duration::ZERO).await.unwrap();
    world.clock.advance(MINUTE * 5);
    is_locked(&mut events).await;
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap_err().code, Code::PassphraseNeeded);
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::PassphraseNeeded);

    // Unlocking counts as input.
    world.grapnel.unlock(&words()).await.unwrap();
    world.clock.settled().await;
    world.clock.advance(MINUTE * 4);
    world.clock.settled().await;
    world.grapnel.refresh(&id).await.unwrap();
    world.clock.advance(MINUTE);
    is_locked(&mut events).await;
}

#[tokio::test]
async fn a_changed_setting_applies_at_once() {
    let (world, _) = world(Settings::default()).await;
    let mut events = world.grapnel.events();
    let _locker = start(&world);
    world.clock.advance(MINUTE * 6);
    world
        .grapnel
        .change_settings(Settings { auto_lock: AutoLock::FiveMinutes, ..Settings::default() })
        .unwrap();
    is_locked(&mut events).await;
}

#[tokio::test]
async fn suspend_locks_the_vault_only_if_set() {
    for lock_on_suspend in [false, true] {
        let settings = Settings { lock_on_suspend, auto_lock: AutoLock::OneHour, ..Settings::default() };
        let (world, id) = world(settings).await;
        let mut events = world.grapnel.events();
        let _locker = start(&world);
        let before = world.clock.settled().await;
        world.clock.sleep(MINUTE * 10);
        if lock_on_suspend {
            is_locked(&mut events).await;
        } else {
            assert_eq!(world.clock.settled().await, before);
            world.grapnel.refresh(&id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_person_locks_a_vault_with_a_passphrase_and_no_other() {
    let (world, id) = world(Settings::default()).await;
    world.grapnel.lock_by_person().await.unwrap();
    assert_eq!(world.grapnel.vault_error().unwrap().code, Code::PassphraseNeeded);
    assert!(world.grapnel.is_locked_on_purpose());
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::PassphraseNeeded);
    world.grapnel.unlock(&words()).await.unwrap();
    assert!(!world.grapnel.is_locked_on_purpose());
    world.grapnel.refresh(&id).await.unwrap();

    world.grapnel.protect_with_keyring().await.unwrap();
    let error = world.grapnel.lock_by_person().await.unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    assert_eq!(world.grapnel.vault_error(), None);
    world.grapnel.refresh(&id).await.unwrap();
}
