//! A vault with a passphrase, and re-keying: everything is re-encrypted, or nothing.

use std::time::Duration;

use grapnel_core::hooks::check;
use grapnel_model::api_exchange::{ApiRequestDraft, ExchangeKind};
use grapnel_model::connection::State;
use grapnel_model::connection_event::ConnectionEventKind;
use grapnel_model::error::Code;
use grapnel_model::event::Event;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::vault::Protection;
use grapnel_sandbox::{Endpoint, Fault};

use crate::support::world::{PROGRAM, World};

fn words() -> SecretString {
    "harbour lamp eleven moss".into()
}

fn other_words() -> SecretString {
    "quiet anchor seven plums".into()
}

/// Rows of every table with an encrypted column: an app, a waiting attempt, a hook, a connection with both tokens, and
/// its sent and saved requests.
#[tokio::test]
async fn every_sealed_value_is_re_encrypted() {
    let mut world = World::new();
    let id = world.connect().await;
    let token = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    let (_, callback) = world.attempt().await;
    let hook = check(ConnectionEventKind::Refreshed, vec![PROGRAM.into()]).unwrap();
    world.grapnel.add_hook(&hook).await.unwrap();
    let hooks = world.grapnel.hooks().await.unwrap();
    let request = ApiRequestDraft {
        method: "GET".into(),
        target: "project/list".into(),
        headers: Vec::new(),
        body: String::new(),
    };
    world.grapnel.send_api_request(&id, &request).await.unwrap();
    let saved = world.grapnel.save_api_request(&id, "list", request, false).await.unwrap();
    drop(world.grapnel.idle().await);
    let history = world.grapnel.api_request_history(&id).await.unwrap();
    let sent = history.iter().find(|one| one.kind == ExchangeKind::Request).unwrap();
    assert_eq!(world.keyring.keys().len(), 1);
    assert_eq!(world.grapnel.protection().unwrap(), Protection::Keyring);

    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    assert_eq!(world.grapnel.protection().unwrap(), Protection::Passphrase);
    assert!(world.keyring.keys().is_empty(), "the key that opens nothing any more is gone");
    world.keyring.fail(Code::KeyringAbsent);
    world.start_again();
    world.grapnel.unlock(&words()).await.unwrap();
    assert_eq!(world.grapnel.hooks().await.unwrap(), hooks);
    let same = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    assert_eq!(same.expose_secret(), token.expose_secret());
    assert_eq!(world.grapnel.api_request_page(&id).await.unwrap().saved, [saved]);
    assert_eq!(world.grapnel.open_api_exchange(&id, &sent.id).await.unwrap().view.summary, *sent);
    assert_eq!(world.grapnel.api_request_history(&id).await.unwrap(), history);
    // The code exchange uses the attempt's verifier and the app's secret.
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(world.grapnel.connections().unwrap().len(), 2);
    world.grapnel.refresh(&id).await.unwrap();

    world.keyring.fail(None);
    world.grapnel.protect_with_keyring().await.unwrap();
    assert_eq!(world.grapnel.protection().unwrap(), Protection::Keyring);
    assert_eq!(world.keyring.keys().len(), 1);
    world.start_again();
    assert_eq!(world.grapnel.check_vault().await, None);
    world.grapnel.projects(&id).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    assert!(hooks[0].command.is_some());
    assert_eq!(world.grapnel.hooks().await.unwrap(), hooks);
}

#[tokio::test]
async fn a_vault_with_a_passphrase_is_locked_until_unlocked() {
    let mut world = World::new();
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    world.start_again();
    let mut events = world.grapnel.events();
    assert_eq!(world.grapnel.check_vault().await.unwrap().code, Code::PassphraseNeeded);
    assert!(
        matches!(events.recv().await.unwrap(), Event::Vault(Some(error)) if error.code == Code::PassphraseNeeded)
    );
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Locked);
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap_err().code, Code::PassphraseNeeded);
    assert_eq!(world.grapnel.protect_with_keyring().await.unwrap_err().code, Code::PassphraseNeeded);
    assert_eq!(world.grapnel.unlock(&other_words()).await.unwrap_err().code, Code::PassphraseWrong);
    assert_eq!(world.grapnel.unlock(&"".into()).await.unwrap_err().code, Code::PassphraseWrong);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Locked);
    world.grapnel.unlock(&words()).await.unwrap();
    assert!(matches!(events.recv().await.unwrap(), Event::Vault(None)));
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn without_a_keyring_only_the_person_chooses_a_passphrase() {
    let mut world = World::new();
    world.keyring.fail(Code::KeyringAbsent);
    assert_eq!(world.grapnel.add_app(world.new_app()).await.unwrap_err().code, Code::KeyringAbsent);
    assert_eq!(world.grapnel.protection().unwrap(), Protection::None);
    let mut events = world.grapnel.events();
    for weak in ["", "short", "           "] {
        let error = world.grapnel.protect_with_passphrase(&weak.into()).await.unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("passphrase")));
    }
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    assert!(matches!(events.recv().await.unwrap(), Event::Vault(None)), "nothing is wrong any more");
    let id = world.connect().await;
    world.start_again();
    world.grapnel.unlock(&words()).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn a_new_passphrase_replaces_the_old_one() {
    let mut world = World::new();
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    world.grapnel.protect_with_passphrase(&other_words()).await.unwrap();
    world.start_again();
    assert_eq!(world.grapnel.unlock(&words()).await.unwrap_err().code, Code::PassphraseWrong);
    world.grapnel.unlock(&other_words()).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn a_failed_rekey_changes_nothing() {
    let mut world = World::new();
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    world.keyring.fail(Code::KeyringLocked);
    assert_eq!(world.grapnel.protect_with_keyring().await.unwrap_err().code, Code::KeyringLocked);
    world.keyring.fail(None);
    // One secret was modified: it may have been encrypted with other associated data, so re-keying changes nothing.
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let damaged = "UPDATE connection SET sealed_access = x'0102'";
    let sealed: Vec<u8> =
        database.query_row("SELECT sealed_access FROM connection", [], |row| row.get(0)).unwrap();
    database.execute(damaged, []).unwrap();
    let error = world.grapnel.protect_with_keyring().await.unwrap_err();
    assert_eq!(error.code, Code::DataDamaged);
    assert!(error.message.contains(&format!("connection/{id}/access")), "{}", error.message);
    assert!(world.keyring.keys().is_empty(), "the key that was made for it is gone again");
    database.execute("UPDATE connection SET sealed_access = ?1", [sealed]).unwrap();
    world.start_again();
    world.grapnel.unlock(&words()).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn a_key_that_could_not_be_removed_is_removed_later() {
    let mut world = World::new();
    let id = world.connect().await;
    world.keyring.keep(true);
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    assert_eq!(world.keyring.keys().len(), 1, "the old one is still there");
    world.keyring.keep(false);
    world.grapnel.protect_with_keyring().await.unwrap();
    assert_eq!(world.keyring.keys().len(), 1, "only the new one is");
    world.start_again();
    world.grapnel.projects(&id).await.unwrap();
}

/// Two processes with the same data directory, each with the key in memory.
#[tokio::test]
async fn another_process_notices_a_rekey() {
    let world = World::new();
    let id = world.connect().await;
    let other = world.second_start();
    other.projects(&id).await.unwrap();

    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    assert_eq!(other.refresh(&id).await.unwrap_err().code, Code::PassphraseNeeded);
    assert_eq!(other.connection(&id).unwrap().summary.state, State::Locked);
    other.unlock(&words()).await.unwrap();
    other.refresh(&id).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();

    other.protect_with_keyring().await.unwrap();
    // This one asks the keyring without being told.
    world.grapnel.refresh(&id).await.unwrap();
    other.refresh(&id).await.unwrap();
    assert_eq!(other.connection(&id).unwrap().tokens.unwrap().refresh_count, 3);
}

#[tokio::test]
async fn only_one_of_two_concurrent_rekeys_succeeds_and_nothing_is_lost() {
    let world = World::new();
    let id = world.connect().await;
    let other = world.second_start();
    other.check_vault().await;
    let (words, other_words) = (words(), other_words());
    let (one, two) = tokio::join!(
        world.grapnel.protect_with_passphrase(&words),
        other.protect_with_passphrase(&other_words)
    );
    let mut winners = Vec::new();
    for (moved, passphrase) in [(one, words), (two, other_words)] {
        match moved {
            Ok(()) => winners.push(passphrase),
            Err(error) => assert!([Code::DataBusy, Code::PassphraseNeeded].contains(&error.code), "{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    let third = world.second_start();
    third.unlock(&winners[0]).await.unwrap();
    third.projects(&id).await.unwrap();
}

#[tokio::test]
async fn a_rekey_waits_for_a_refresh_in_progress() {
    let world = World::new();
    let id = world.connect().await;
    let other = world.second_start();
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::Slow(Duration::from_millis(1500)), 1).unwrap();
    let refresh = tokio::spawn({
        let (grapnel, id) = (world.grapnel.clone(), id.clone());
        async move { grapnel.refresh(&id).await }
    });
    while world.grapnel.connection(&id).unwrap().summary.state != State::Refreshing {
        tokio::task::yield_now().await;
    }
    // By another process: the file locks exclude each other.
    other.protect_with_passphrase(&words()).await.unwrap();
    refresh.await.unwrap().unwrap();
    assert_eq!(other.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
    other.projects(&id).await.unwrap();
    other.refresh(&id).await.unwrap();
}

/// New tokens could not be stored, and the vault is re-keyed before they are.
#[tokio::test]
async fn unsaved_tokens_survive_a_rekey() {
    let world = World::new();
    let id = world.connect().await;
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let refuse =
        "CREATE TRIGGER full BEFORE UPDATE OF sealed_access ON connection WHEN new.version > old.version
        BEGIN SELECT RAISE(ABORT, 'full'); END";
    database.execute_batch(refuse).unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    database.execute_batch("DROP TRIGGER full").unwrap();
    world.grapnel.protect_with_passphrase(&words()).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.projects(&id).await.unwrap();
    let third = world.second_start();
    third.unlock(&words()).await.unwrap();
    third.projects(&id).await.unwrap();
    third.refresh(&id).await.unwrap();
}

/// A keyring whose password is lost, or whose file is damaged, while a window still has the key.
#[tokio::test]
async fn a_key_in_memory_can_be_protected_by_a_passphrase() {
    let mut world = World::new();
    let id = world.connect().await;
    for code in [Code::KeyringLocked, Code::KeyringFailed, Code::KeyringAbsent] {
        world.keyring.fail(code);
        world.grapnel.protect_with_passphrase(&words()).await.unwrap();
        world.start_again();
        world.grapnel.unlock(&words()).await.unwrap();
        world.grapnel.projects(&id).await.unwrap();
        world.keyring.fail(None);
        world.grapnel.protect_with_keyring().await.unwrap();
    }
}
