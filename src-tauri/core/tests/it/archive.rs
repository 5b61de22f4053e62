//! Export and import: everything is restored on another computer, nothing is replaced there, and nothing is
//! unencrypted.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::app::NewApp;
use grapnel_core::archive::{Export, Exported, Import, ImportOutcome, Imported};
use grapnel_core::hooks::check;
use grapnel_model::annotations::ConnectionEdit;
use grapnel_model::connection::State;
use grapnel_model::connection_event::ConnectionEventKind;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_sandbox::grigora;
use tempfile::TempDir;

use crate::support::world::{BROWSER, PROGRAM, TestKeyring, World, again};

const ALL: Import = Import { with_tokens: true, dry_run: false };
const DRY: Import = Import { with_tokens: true, dry_run: true };
const NO_TOKENS: Import = Import { with_tokens: false, dry_run: false };

fn words() -> SecretString {
    "harbour lamp eleven moss".into()
}

/// Another computer.
struct Elsewhere {
    grapnel: Grapnel,
    home: TempDir,
}

impl Elsewhere {
    fn of(world: &World) -> Self {
        let home = tempfile::tempdir().unwrap();
        let keyring = Arc::new(TestKeyring::default());
        Self { grapnel: Grapnel::with(home.path(), keyring, world.clock.clone()).unwrap(), home }
    }

    async fn import(&self, file: &std::path::Path, how: Import) -> Result<Imported, Error> {
        let archive = self.grapnel.open_archive(file, &words()).await?;
        self.grapnel.import(&archive, how).await
    }
}

fn file(world: &World) -> PathBuf {
    world.home.path().join("grapnel.age")
}

async fn export(world: &World, change: impl FnOnce(&mut Export)) -> Result<Exported, Error> {
    let mut asked =
        Export { file: file(world), passphrase: words(), with_tokens: true, moves: false, force: false };
    change(&mut asked);
    world.grapnel.export(asked).await
}

fn told(imported: &Imported) -> String {
    let lines = imported.lines.iter().map(|line| {
        let why = line.why.as_deref().unwrap_or_default();
        format!("{:?} “{}”: {:?} “{}” {why}", line.what, line.name, line.outcome, line.here)
    });
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn everything_is_restored_on_another_computer() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.set_browser(&id, BROWSER).unwrap();
    let edit = ConnectionEdit {
        label: Some("Harbour".into()),
        note: Some("ask Ines first\nthen sign in".into()),
        pinned: Some(true),
        ..ConnectionEdit::default()
    };
    world.grapnel.edit_connection(&id, &edit).unwrap();
    world.grapnel.arrange_connections(std::slice::from_ref(&id), false).unwrap();
    let hook = check(ConnectionEventKind::Refreshed, vec![PROGRAM.into()]).unwrap();
    world.grapnel.add_hook(&hook).await.unwrap();
    let exported = export(&world, |_| {}).await.unwrap();
    let expected = Exported { apps: 1, connections: 1, with_tokens: 1, refreshable: 1, moved: false };
    assert_eq!(exported, expected);

    let there = Elsewhere::of(&world);
    let planned = there.import(&file(&world), DRY).await.unwrap();
    assert!(there.grapnel.apps().unwrap().is_empty());
    let imported = there.import(&file(&world), ALL).await.unwrap();
    assert_eq!(imported, planned, "what was announced is what was done");
    assert_eq!(imported.refreshable, 1);
    let (mut here, mut over_there) =
        (world.grapnel.connection(&id).unwrap(), there.grapnel.connection(&id).unwrap());
    assert_eq!(over_there.browser, "", "a file names no program");
    assert_eq!(there.grapnel.hooks().await.unwrap(), [], "a file brings no hook");
    here.browser.clear();
    // Each installation has its own ID for the app, and fetches the rest again.
    for details in [&mut here, &mut over_there] {
        details.summary.app_id.0.clear();
        details.token_response = None;
        (details.application, details.authorization, details.claims) = (None, None, None);
        (details.introspected_at, details.account) = (None, details.account.take());
    }
    assert_eq!(here, over_there);
    // Its tokens give access to its content, and are refreshed with the app's secret.
    there.grapnel.projects(&id).await.unwrap();
    there.grapnel.refresh(&id).await.unwrap();
}

#[tokio::test]
async fn nothing_in_the_file_is_in_the_clear() {
    let world = World::new();
    world.connect().await;
    export(&world, |_| {}).await.unwrap();
    let bytes = fs::read(file(&world)).unwrap();
    let issued = world.sandbox.revealed().into_iter().map(|one| one.value);
    for secret in issued.chain([grigora::CLIENT_SECRET.to_owned(), grigora::CLIENT_ID.to_owned()]) {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(file(&world)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let activity = serde_json::to_string(&world.grapnel.activity(None, None).unwrap()).unwrap();
    assert!(activity.contains("Exported to a file: 1 apps and 1 connections, 1 of them with their tokens."));
}

#[tokio::test]
async fn existing_records_stay_and_new_ones_get_unique_names() {
    let world = World::new();
    let id = world.connect().await;
    let second = world.connect().await;
    export(&world, |_| {}).await.unwrap();
    let archive = world.grapnel.open_archive(&file(&world), &words()).await.unwrap();
    let mut all = Vec::new();
    all.push(("on the same computer", world.grapnel.import(&archive, ALL).await.unwrap()));
    world.grapnel.refresh(&id).await.unwrap();
    let tokens = world.grapnel.connection(&id).unwrap().tokens;
    world.grapnel.disconnect(&second).await.unwrap();
    all.push(("after a refresh and a disconnect", world.grapnel.import(&archive, ALL).await.unwrap()));
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens, tokens);
    assert_eq!(world.grapnel.connections().unwrap().len(), 2);

    let there = Elsewhere::of(&world);
    let other = NewApp { name: "acme".into(), client_id: "another".into(), ..world.new_app() };
    there.grapnel.add_app(other).await.unwrap();
    all.push(("where an app of that name is", there.import(&file(&world), ALL).await.unwrap()));
    all.push(("once more", there.import(&file(&world), ALL).await.unwrap()));

    let third = Elsewhere::of(&world);
    third.grapnel.add_app(NewApp { name: "Mine".into(), ..world.new_app() }).await.unwrap();
    all.push(("where the app is called otherwise", third.import(&file(&world), NO_TOKENS).await.unwrap()));
    let all = all.iter().map(|(what, imported)| format!("{what}:\n{}", told(imported)));
    insta::assert_snapshot!(all.collect::<Vec<_>>().join("\n\n"));
}

#[tokio::test]
async fn an_environment_moves_along_and_takes_the_spelling_that_exists() {
    let world = World::new();
    world.grapnel.add_app(NewApp { environment: "Staging".into(), ..world.new_app() }).await.unwrap();
    export(&world, |_| {}).await.unwrap();
    let environments = |there: &Elsewhere| -> Vec<Option<String>> {
        there.grapnel.apps().unwrap().into_iter().map(|app| app.environment).collect()
    };
    let there = Elsewhere::of(&world);
    there.import(&file(&world), ALL).await.unwrap();
    assert_eq!(environments(&there), [Some("Staging".to_owned())]);

    let other = Elsewhere::of(&world);
    let own = NewApp { client_id: "another".into(), environment: "STAGING".into(), ..world.new_app() };
    other.grapnel.add_app(own).await.unwrap();
    other.import(&file(&world), ALL).await.unwrap();
    assert_eq!(environments(&other), [Some("STAGING".to_owned()), Some("STAGING".to_owned())]);
    // The person has arranged this app anew since: importing again leaves it as it is.
    let app = there.grapnel.apps().unwrap().pop().unwrap();
    let moved = NewApp { environment: "Production".into(), ..NewApp::from(app.clone()) };
    there.grapnel.change_app(&app.id, moved).await.unwrap();
    assert_eq!(there.import(&file(&world), ALL).await.unwrap().lines[0].outcome, ImportOutcome::Same);
    assert_eq!(environments(&there), [Some("Production".to_owned())]);
}

#[tokio::test]
async fn without_tokens_each_connection_needs_a_new_sign_in() {
    let world = World::new();
    let id = world.connect().await;
    let exported = export(&world, |asked| asked.with_tokens = false).await.unwrap();
    assert_eq!((exported.connections, exported.with_tokens, exported.refreshable), (1, 0, 0));
    let there = Elsewhere::of(&world);
    let imported = there.import(&file(&world), ALL).await.unwrap();
    assert_eq!(imported.refreshable, 0);
    let connection = there.grapnel.connection(&id).unwrap();
    assert_eq!(connection.summary.state, State::Disconnected);
    let app = connection.summary.app_id;
    there.grapnel.start_attempt(&app, &again(&id)).await.unwrap();
}

#[tokio::test]
async fn moved_tokens_work_there_and_are_deleted_here() {
    let world = World::new();
    let id = world.connect().await;
    assert!(export(&world, |asked| asked.moves = true).await.unwrap().moved);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Disconnected);
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    let there = Elsewhere::of(&world);
    there.import(&file(&world), ALL).await.unwrap();
    there.grapnel.refresh(&id).await.unwrap();
    there.grapnel.projects(&id).await.unwrap();
}

#[tokio::test]
async fn an_export_waits_for_a_refresh_in_progress() {
    let world = World::new();
    let id = world.connect().await;
    let slow = grapnel_sandbox::Fault::Slow(Duration::from_millis(800));
    world.sandbox.faults().set(grapnel_sandbox::Endpoint::TokenRefresh, slow, 1).unwrap();
    let refresh = tokio::spawn({
        let (grapnel, id) = (world.second_start(), id.clone());
        async move { grapnel.refresh(&id).await }
    });
    // The fault is consumed once the provider has received the request.
    while !world.sandbox.faults().planned().is_empty() {
        tokio::task::yield_now().await;
    }
    export(&world, |_| {}).await.unwrap();
    refresh.await.unwrap().unwrap();
    let there = Elsewhere::of(&world);
    there.import(&file(&world), ALL).await.unwrap();
    assert_eq!(there.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count, 1);
    there.grapnel.refresh(&id).await.unwrap();
}

#[tokio::test]
async fn a_file_is_not_overwritten_without_force_and_needs_its_passphrase() {
    let world = World::new();
    world.connect().await;
    let short = export(&world, |asked| asked.passphrase = "short".into()).await.unwrap_err();
    assert_eq!(short.field.as_deref(), Some("passphrase"));
    assert!(!file(&world).exists());
    fs::write(file(&world), "my thesis").unwrap();
    let error = export(&world, |_| {}).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("file"));
    assert_eq!(fs::read_to_string(file(&world)).unwrap(), "my thesis");
    let there = Elsewhere::of(&world);
    assert_eq!(there.import(&file(&world), ALL).await.unwrap_err().code, Code::FileInvalid);
    export(&world, |asked| asked.force = true).await.unwrap();
    let wrong = there.grapnel.open_archive(&file(&world), &"some other words".into()).await.err().unwrap();
    assert_eq!(wrong.code, Code::PassphraseWrong);
    let missing = there.import(&there.home.path().join("none"), ALL).await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    assert_eq!(there.import(there.home.path(), ALL).await.unwrap_err().code, Code::NotFound);
    let nowhere = export(&world, |asked| asked.file = "/nowhere/at/all".into()).await.unwrap_err();
    assert_eq!(nowhere.code, Code::DataUnwritable);
    assert!(there.grapnel.activity(None, None).unwrap().is_empty());
}

/// An archive that decrypts, but whose content was written by another program.
#[tokio::test]
async fn invalid_records_are_left_out_with_a_reason() {
    let world = World::new();
    let connection = |id: &str, access: &str| {
        serde_json::json!({
            "id": id, "name": "c", "created_at": "2026-01-01T00:00:00Z", "scopes": [], "project_ids": [],
            "account": null,
            "kept_for": null,
            "tokens": {"access": access, "refresh": null, "issued_at": "2026-01-01T00:00:00Z", "expires_at": null,
            "renewals": 0},
        })
    };
    let app =
        |name: &str, provider: &str, overrides: serde_json::Value, connections: Vec<serde_json::Value>| {
            serde_json::json!({
                "name": name, "provider": provider, "client_id": "id", "client_secret": "a-secret",
                "redirect_uri": "deep-link",
                "scopes": [], "projects": [], "overrides": overrides, "connections": connections,
            })
        };
    let id = "0123456789abcdef0123456789abcdef";
    let other = |member: &str, value: serde_json::Value| {
        let mut other = connection("fedcba9876543210fedcba9876543210", "x");
        other[member] = value;
        other
    };
    let document = serde_json::json!({"grapnel": 1, "exported_at": "2026-01-01T00:00:00Z", "apps": [
        app("unknown", "elsewhere", serde_json::json!({}), vec![connection(id, "x")]),
        app("plain", "grigora", serde_json::json!({"token_url": "http://evil.example/"}), vec![]),
        app("bell\u{7}", "grigora", serde_json::json!({}), vec![]),
        app("turned\u{202e}", "grigora", serde_json::json!({}), vec![]),
        app("theirs", "grigora", serde_json::json!({"token_url": "https://evil.example/t", "pkce": "never"}), vec![]),
        app("good", "grigora", serde_json::json!({}), vec![
            other("name", "a\u{200b}b".into()), other("scopes", vec!["read\u{1b}[2J"].into()), other("scopes",
            vec!["x"; 1001].into()),
            other("project_ids", vec!["x".repeat(5000)].into()), other("kept_for", vec!["https://a.example\n"].into()),
            other("account", serde_json::json!({"id": "7\n", "name": "\u{202e}Ada \u{1b}[1m<ada@acme.example>",
            "email": null})),
            connection("../../etc/passwd", "x"), connection(id, "two\nlines"), connection(id, ""), connection(id,
            "fine"), connection(id, "twice"),
        ]),
    ]});
    let mut recipient = age::scrypt::Recipient::new(words());
    recipient.set_work_factor(2);
    fs::write(file(&world), age::encrypt(&recipient, document.to_string().as_bytes()).unwrap()).unwrap();
    let archive = world.grapnel.open_archive(&file(&world), &words()).await.unwrap();
    let imported = world.grapnel.import(&archive, ALL).await.unwrap();
    insta::assert_snapshot!(told(&imported));
    let added = imported
        .lines
        .iter()
        .filter(|line| matches!(line.outcome, ImportOutcome::Added | ImportOutcome::Renamed))
        .count();
    assert_eq!(added, world.grapnel.apps().unwrap().len() + world.grapnel.connections().unwrap().len());
    let theirs = imported.lines.iter().find(|line| line.name == "theirs").unwrap();
    assert_eq!(theirs.other_hosts[0].host, "evil.example");
    let named = |app: &str| world.grapnel.apps().unwrap().into_iter().find(|one| one.name == app).unwrap();
    assert_eq!(named("theirs").provider_name, "evil.example, as Grigora");
    let all = world.grapnel.connections().unwrap();
    let claimed = world.grapnel.connection(&ConnectionId("fedcba9876543210fedcba9876543210".into())).unwrap();
    let account = claimed.account.unwrap();
    assert_eq!((account.id.as_str(), account.name.as_str()), ("7", "Ada [1m<ada@acme.example>"));
    let connection = all.into_iter().find(|one| one.id.0 == id).unwrap();
    let token = world.grapnel.token(&connection.id, Duration::ZERO).await.unwrap().value;
    assert_eq!(token.expose_secret(), "fine");
}

/// Secret settings are included in the encrypted file, and encrypted again where it is imported.
#[tokio::test]
async fn secret_settings_are_exported_encrypted() {
    let world = World::new();
    let mut new = world.new_app();
    new.overrides.insert("token.audience".into(), "hunter2".into());
    let app = world.grapnel.add_app(new).await.unwrap();
    export(&world, |_| {}).await.unwrap();
    let there = Elsewhere::of(&world);
    there.import(&file(&world), ALL).await.unwrap();
    let imported = there.grapnel.apps().unwrap().remove(0);
    assert_eq!((&imported.secrets, &imported.overrides), (&app.secrets, &app.overrides));
    let again = there.import(&file(&world), ALL).await.unwrap();
    assert!(again.lines.iter().all(|line| line.outcome == ImportOutcome::Same), "{again:?}");
}

/// The stored tokens are invalid by then.
#[tokio::test]
async fn unsaved_tokens_are_exported_instead_of_the_stored_ones() {
    let world = World::new();
    let id = world.connect().await;
    world.refresh_unsaved(&id).await;
    export(&world, |asked| asked.moves = true).await.unwrap();
    let there = Elsewhere::of(&world);
    there.import(&file(&world), ALL).await.unwrap();
    there.grapnel.refresh(&id).await.unwrap();
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}
