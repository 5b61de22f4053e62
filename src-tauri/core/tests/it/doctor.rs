//! Diagnostics: every problem is reported, and nothing private.

use grapnel_core::app::NewApp;
use grapnel_core::doctor::{Check, CheckStatus, Diagnosis, diagnose_unopened};
use grapnel_model::error::{Code, Error};
use grapnel_model::settings::Settings;
use grapnel_sandbox::grigora;

use crate::support::world::World;

async fn check(world: &World, name: &str) -> Check {
    let diagnosis = world.grapnel.examine(None).await;
    diagnosis.checks.into_iter().find(|check| check.name == name).unwrap()
}

#[tokio::test]
async fn a_working_installation_passes_every_check() {
    let world = World::new();
    world.keyring.fail(Code::KeyringLocked);
    assert_eq!(check(&world, "Vault").await.verdict, CheckStatus::Fine, "no secret, no question");
    world.keyring.fail(None);
    world.connect().await;
    let own = ["Data directory", "Database", "Vault", "Connections"];
    for name in own {
        let check = check(&world, name).await;
        assert_eq!((check.verdict, check.code), (CheckStatus::Fine, None), "{check:?}");
    }
    assert_eq!(check(&world, "Connections").await.found, "1 in all: 1 active.");
}

#[tokio::test]
async fn each_problem_is_reported() {
    let mut world = World::new();
    let id = world.connect().await;
    world.keyring.fail(Code::KeyringLocked);
    world.start_again();
    let vault = check(&world, "Vault").await;
    assert_eq!((vault.verdict, vault.found.as_str()), (CheckStatus::Broken, "The keyring failed."));
    assert_eq!(vault.code, Some(Code::KeyringLocked));
    assert_eq!(check(&world, "Connections").await.found, "1 in all: 1 locked.");
    world.keyring.fail(None);
    world.grapnel.protect_with_passphrase(&"harbour lamp eleven moss".into()).await.unwrap();
    world.start_again();
    assert_eq!(check(&world, "Vault").await.verdict, CheckStatus::Attention);
    world.grapnel.unlock(&"harbour lamp eleven moss".into()).await.unwrap();

    let refuse = grapnel_sandbox::Fault::InvalidGrant;
    world.sandbox.faults().set(grapnel_sandbox::Endpoint::TokenRefresh, refuse, 1).unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    let connections = check(&world, "Connections").await;
    assert_eq!(
        (connections.verdict, connections.code, connections.found.as_str()),
        (CheckStatus::Attention, Some(Code::ReconnectNeeded), "1 in all: 1 reconnect needed.")
    );

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let database = world.home.path().join("grapnel.db");
        std::fs::set_permissions(database, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(check(&world, "Data directory").await.verdict, CheckStatus::Attention);
    }
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    database
        .execute_batch(
            "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 2 WHERE name = \
        'activity_connection'; PRAGMA writable_schema = 0;",
        )
        .unwrap();
    drop(database);
    world.start_again();
    assert_eq!(check(&world, "Database").await.verdict, CheckStatus::Broken);
}

#[tokio::test]
async fn the_report_contains_nothing_private() {
    let world = World::new();
    let app = NewApp { name: "Bakery of ada@bakery.example".into(), ..world.new_app() };
    world.grapnel.add_app(app).await.unwrap();
    // A short client ID, and parameters with personal names.
    let own =
        ["authorize.customer_bakery", "token.customer_bakery"].map(|key| (key.to_owned(), "x".to_owned()));
    let mut short = world.new_app();
    (short.name, short.client_id) = ("Another".into(), "bakery17".into());
    short.overrides.extend(own);
    world.grapnel.add_app(short).await.unwrap();
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    let home = directories_home();
    let diagnosis: Diagnosis =
        world.grapnel.examine(Some(std::path::Path::new(&format!("{home}/grapnel")))).await;
    let told = format!("{}\n{}", diagnosis.report(), serde_json::to_string(&diagnosis).unwrap());
    let account = world.grapnel.connection(&id).unwrap().account.unwrap();
    let origin = world.sandbox.url(world.provider).unwrap().to_owned();
    let private = [
        grigora::CLIENT_ID.to_owned(),
        grigora::CLIENT_SECRET.into(),
        "Bakery".into(),
        "bake".into(),
        "customer".into(),
        world.home.path().display().to_string(),
        "ada@".into(),
        origin,
        id.0.clone(),
        home,
    ];
    let issued = world.sandbox.revealed().into_iter().map(|one| one.value);
    let whose = serde_json::to_value(account).unwrap();
    let whose = whose
        .as_object()
        .unwrap()
        .values()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect::<Vec<_>>();
    assert!(!whose.is_empty());
    for text in private.into_iter().chain(issued).chain(whose) {
        assert!(!told.contains(&text), "“{text}” is in\n{told}");
    }
    assert!(told.contains("2 extra parameters") && told.contains("client ID hidden"), "{told}");
    assert!(told.contains("refreshes: 1"), "{told}");
    assert!(told.contains(" token") && told.contains(" signed in"), "{told}");
}

/// Browsers that persons chose are checked; their names may be a customer's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_chosen_browser_that_is_missing_is_reported() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    let id = world.connect().await;
    let folder = tempfile::tempdir().unwrap();
    let [usual, own] = ["bakery-usual", "bakery-own"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    });
    let command = |path: &std::path::Path| format!("{} --profile=bakery", path.display());
    let set = Settings { browser: command(&usual), ..Settings::default() };
    world.grapnel.change_settings(set.clone()).unwrap();
    world.grapnel.set_browser(&id, &command(&own)).unwrap();
    assert_eq!(check(&world, "Browser").await.verdict, CheckStatus::Fine);
    std::fs::remove_file(own).unwrap();
    assert_eq!(check(&world, "Browser").await.verdict, CheckStatus::Attention);
    std::fs::remove_file(usual).unwrap();
    let gone = check(&world, "Browser").await;
    assert_eq!(gone.verdict, CheckStatus::Broken);
    assert!(!format!("{gone:?}").contains("bakery"), "{gone:?}");
    // It does not prevent other changes.
    world.grapnel.change_settings(Settings { quiet: true, ..set }).unwrap();
}

/// The proxy's host may be a customer's.
#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_reported() {
    let world = World::new();
    assert!(world.grapnel.examine(None).await.checks.iter().all(|check| check.name != "Proxy"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    world.grapnel.change_settings(Settings { proxy: proxy.clone(), ..Settings::default() }).unwrap();
    assert_eq!(check(&world, "Proxy").await.verdict, CheckStatus::Fine);
    drop(listener);
    let gone = check(&world, "Proxy").await;
    assert_eq!(gone.verdict, CheckStatus::Attention);
    assert_eq!(gone.found, "The proxy in the settings could not be reached: connection refused.");
    assert!(!format!("{gone:?}").contains("127.0.0.1"), "{gone:?}");
}

/// If the data cannot be opened, the rest is checked anyway.
#[test]
fn an_unreadable_data_directory_is_reported() {
    let home = directories_home();
    let error = Error::new(Code::DataNewer, format!("“{home}/x” was written by a newer Grapnel."))
        .hint("Install it.");
    let diagnosis = diagnose_unopened(error);
    assert_eq!(diagnosis.checks[0].verdict, CheckStatus::Broken);
    assert_eq!(diagnosis.checks[0].found, "“~/x” was written by a newer Grapnel.");
}

fn directories_home() -> String {
    directories::BaseDirs::new().unwrap().home_dir().display().to_string()
}
