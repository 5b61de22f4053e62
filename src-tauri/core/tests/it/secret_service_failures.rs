//! Failures of real keyrings, over a real bus: each has its own message, nothing is lost, and the flow continues
//! afterwards.

use std::sync::Arc;

use grapnel_core::Grapnel;
use grapnel_core::SystemKeyring;
use grapnel_core::doctor::CheckStatus;
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Error};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;

use crate::support::scripted_secret_service::{Bus, How, Person, SecretService};
use crate::support::world::World;

/// A world whose keyring is a service on its own bus.
struct Desk {
    world: World,
    bus: Bus,
    service: SecretService,
}

impl Desk {
    async fn new(how: How) -> Self {
        let bus = Bus::start().await;
        let service = SecretService::start(&bus, how).await;
        let mut world = World::new();
        world.grapnel = start(&world, &bus);
        Self { world, bus, service }
    }

    /// With a connection, in a process that has restarted and has no key yet.
    async fn with_connection() -> (Self, ConnectionId) {
        let mut desk = Self::new(How::default()).await;
        let id = desk.world.connect().await;
        desk.start_again();
        (desk, id)
    }

    fn start_again(&mut self) {
        self.world.grapnel = start(&self.world, &self.bus);
    }

    async fn trouble(&self) -> Error {
        self.world.grapnel.check_vault().await.unwrap()
    }

    async fn add_app(&self) -> Error {
        self.world.grapnel.add_app(self.world.new_app()).await.unwrap_err()
    }
}

fn start(world: &World, bus: &Bus) -> Grapnel {
    let keyring = Arc::new(SystemKeyring::on_bus(&bus.address));
    Grapnel::with(world.home.path(), keyring, world.clock.clone()).unwrap()
}

async fn opens(events: &mut tokio::sync::broadcast::Receiver<Event>) {
    while events.recv().await.unwrap() != Event::Vault(None) {}
}

/// KeePassXC hides the entries of a closed database.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_hidden_by_a_locked_collection_is_locked_and_not_missing() {
    let (desk, id) = Desk::with_connection().await;
    desk.service.set(|how| *how = How { locked: true, hides: true, ..how.clone() });
    let trouble = desk.trouble().await;
    assert_eq!((trouble.code, trouble.message.as_str()), (Code::KeyringLocked, "Your keyring is locked."));
    assert_eq!(desk.service.prompts(), 1, "the person was asked once");
    assert_eq!(desk.world.grapnel.reset_vault().await.unwrap_err().code, Code::KeyringLocked);
    // It recovers without a request when the person unlocks it elsewhere.
    let mut events = desk.world.grapnel.events();
    desk.service.tell(|how| how.locked = false).await;
    opens(&mut events).await;
    assert_eq!(desk.world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

/// KeePassXC at its welcome page, with no database open.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_without_open_database_is_locked_and_not_empty() {
    let (desk, _) = Desk::with_connection().await;
    let default = How::default().default;
    desk.service.set(|how| *how = How { default: None, locked: true, hides: true, ..how.clone() });
    let trouble = desk.trouble().await;
    assert_eq!(trouble.code, Code::KeyringLocked, "{trouble:?}");
    assert_eq!(desk.service.prompts(), 0);
    assert_eq!(desk.world.grapnel.reset_vault().await.unwrap_err().code, Code::KeyringLocked);
    let mut events = desk.world.grapnel.events();
    desk.service.tell(|how| (how.default, how.locked) = (default, false)).await;
    opens(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_key_is_missing() {
    let (desk, _) = Desk::with_connection().await;
    desk.service.wipe();
    assert_eq!(desk.trouble().await.code, Code::KeyMissing);
    desk.world.grapnel.reset_vault().await.unwrap();
    assert_eq!(desk.world.grapnel.check_vault().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_default_collection_is_created_or_reported() {
    let desk = Desk::new(How { default: None, ..How::default() }).await;
    let error = desk.add_app().await;
    assert_eq!(error.code, Code::KeyringNoCollection);
    assert_eq!(error.message, "Your keyring has no default collection yet, and none was made.");
    assert!(error.hint.unwrap().contains("grapnel vault passphrase"));
    desk.service.set(|how| how.person = Person::Agrees);
    desk.world.add_app().await;
    assert_eq!(desk.service.prompts(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dangling_default_collection_is_named() {
    let desk =
        Desk::new(How { default: Some("/org/freedesktop/secrets/collection/work"), ..How::default() }).await;
    let error = desk.add_app().await;
    assert_eq!(error.code, Code::KeyringNoCollection);
    assert_eq!(error.message, "Your keyring’s default collection is “work”, which does not exist.");
    desk.service.set(|how| how.default = How::default().default);
    desk.world.add_app().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_that_opens_the_vault_is_used() {
    let (mut desk, id) = Desk::with_connection().await;
    desk.service.copy("Restored", Some(&[7; 32])).await;
    desk.service.copy("Copy", None).await;
    assert_eq!(desk.world.grapnel.check_vault().await, None);
    desk.world.grapnel.projects(&id).await.unwrap();
    desk.service.overwrite(&[8; 32]);
    desk.service.copy("Third", Some(&[9; 32])).await;
    desk.start_again();
    let trouble = desk.trouble().await;
    assert_eq!(trouble.code, Code::KeyringAmbiguous);
    assert!(
        trouble.message.contains("“Restored”") && trouble.message.contains("“Third”"),
        "{}",
        trouble.message
    );
    assert_eq!(desk.world.grapnel.reset_vault().await.unwrap_err().code, Code::KeyringAmbiguous);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_unlocks_without_a_prompt_is_unlocked() {
    for hides in [false, true] {
        let (desk, _) = Desk::with_connection().await;
        desk.service.set(|how| *how = How { locked: true, hides, unlocks_at_once: true, ..how.clone() });
        assert_eq!(desk.world.grapnel.check_vault().await, None);
        assert_eq!(desk.service.prompts(), 0);
    }
    // Also if prompting is not allowed.
    let (desk, _) = Desk::with_connection().await;
    desk.service.set(|how| *how = How { locked: true, unlocks_at_once: true, ..how.clone() });
    assert_eq!(desk.world.grapnel.check_vault_unasked().await, None);
    assert_eq!(desk.service.prompts(), 0);
}

/// Started at login, with a keyring that the login did not unlock.
#[tokio::test(flavor = "multi_thread")]
async fn no_prompt_is_shown_before_a_persons_action() {
    let (desk, id) = Desk::with_connection().await;
    desk.service.set(|how| how.locked = true);
    let trouble = desk.world.grapnel.check_vault_unasked().await.unwrap();
    assert_eq!(trouble.code, Code::KeyringLocked);
    let mut events = desk.world.grapnel.events();
    desk.world.pass(jiff::SignedDuration::from_hours(2));
    let keeper = desk.world.grapnel.clone();
    let kept = tokio::spawn(async move { keeper.keep_alive().await });
    desk.service.tell(|how| how.locked = false).await;
    // It is refreshed automatically then.
    while events.recv().await.unwrap() != Event::Connection(id.clone()) {}
    assert_eq!(desk.service.prompts(), 0);
    kept.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_access_and_a_locked_keyring_are_distinguished() {
    let (desk, id) = Desk::with_connection().await;
    desk.service.set(|how| how.denies = true);
    let trouble = desk.trouble().await;
    assert_eq!(trouble.code, Code::KeyringDenied, "{trouble:?}");
    assert_eq!(desk.service.prompts(), 1);
    desk.service.set(|how| how.person = Person::Agrees);
    assert_eq!(desk.world.grapnel.check_vault().await, None);
    desk.world.grapnel.projects(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_a_session_is_not_absent() {
    let desk = Desk::new(How { no_session: true, ..How::default() }).await;
    let error = desk.add_app().await;
    assert_eq!(error.code, Code::KeyringFailed);
    assert!(error.message.contains("plain is not supported"), "{}", error.message);
    desk.service.set(|how| how.no_session = false);
    desk.world.add_app().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_without_a_service_and_no_bus_are_distinguished() {
    let bus = Bus::start().await;
    let mut world = World::new();
    world.grapnel = start(&world, &bus);
    let error = world.grapnel.add_app(world.new_app()).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (Code::KeyringAbsent, "No keyring answers on this computer.")
    );
    drop(bus);
    let error = world.grapnel.add_app(world.new_app()).await.unwrap_err();
    assert_eq!(error.code, Code::KeyringAbsent);
    assert!(error.message.contains("DBUS_SESSION_BUS_ADDRESS"), "{}", error.message);
}

/// Before anything is encrypted, the diagnostics show what the first secret would encounter, without a prompt.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_checks_a_keyring_that_is_not_needed_yet() {
    let bus = Bus::start().await;
    let mut world = World::new();
    world.grapnel = start(&world, &bus);
    let vault = async |world: &World| {
        let diagnosis = world.grapnel.examine(None).await;
        diagnosis.checks.into_iter().find(|check| check.name == "Vault").unwrap()
    };
    let absent = vault(&world).await;
    assert_eq!(
        (absent.verdict, &*absent.found),
        (CheckStatus::Attention, "No keyring answers on this computer.")
    );
    assert!(absent.hint.unwrap().contains("grapnel vault passphrase"));
    let service = SecretService::start(&bus, How { default: None, ..How::default() }).await;
    assert_eq!(vault(&world).await.verdict, CheckStatus::Attention);
    service.set(|how| how.default = How::default().default);
    assert_eq!(vault(&world).await.verdict, CheckStatus::Fine);
    assert_eq!(service.prompts(), 0);
    drop(bus);
    let none = vault(&world).await;
    assert!(none.found.contains("DBUS_SESSION_BUS_ADDRESS"), "{none:?}");
}
