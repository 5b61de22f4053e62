//! `grapnel export` and `grapnel import`.

use grapnel_cli::Exit;
use insta::assert_snapshot;

use crate::world::World;

const WORDS: &str = "harbour lamp eleven moss\n";

#[tokio::test]
async fn an_exported_file_is_imported_on_another_computer() {
    let world = World::new();
    world.connect().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("grapnel.age");
    let line = |line: &str| line.replace("FILE", file.to_str().unwrap());
    let shown = |ran: crate::world::Ran| ran.to_string().replace(file.to_str().unwrap(), "FILE");

    assert_snapshot!("export_nobody", shown(world.run(&line("export FILE")).await));
    assert_snapshot!("export", shown(world.pipe(&line("export FILE --passphrase-stdin"), WORDS).await));
    assert_snapshot!("export_again", shown(world.pipe(&line("export FILE --passphrase-stdin"), WORDS).await));
    let moved = world.pipe(&line("export FILE --move --force --passphrase-stdin"), WORDS).await;
    assert_snapshot!("export_move", shown(moved));
    assert_eq!(world.run("status acme --json").await.json()["state"], "disconnected");

    let there = World::new();
    let import = async |more: &str, words: &'static str| {
        shown(there.pipe(&line(&format!("import FILE --passphrase-stdin {more}")), words).await)
    };
    assert_snapshot!("import_wrong", import("", "other words\n").await);
    assert_snapshot!("import_unasked", import("", WORDS).await);
    assert_snapshot!("import_dry", import("--dry-run", WORDS).await);
    assert_eq!(there.run("list --json").await.json(), serde_json::json!([]));
    assert_snapshot!("import", import("--yes", WORDS).await);
    assert_snapshot!("import_again", import("--yes", WORDS).await);
    assert_eq!(there.run("list --json").await.json()[0]["state"], "active");
    assert_snapshot!("import_activity", there.run("activity").await);
    let refreshed = there.run("refresh acme").await;
    assert_eq!(refreshed.exit, Exit::Done, "{refreshed}");
}
