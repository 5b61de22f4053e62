//! `grapnel app`.

use grapnel_cli::Exit;
use grapnel_sandbox::{ProviderId, custom};
use insta::assert_snapshot;
use jiff::Timestamp;

use crate::world::World;

#[tokio::test]
async fn an_app_is_added_shown_and_removed() {
    let world = World::new();
    assert_snapshot!("list_empty", world.run("app list").await);
    assert_snapshot!("add", world.add_app().await);
    assert_snapshot!("list", world.run("app list").await);
    assert_snapshot!("list_json", world.run("app list --json").await);
    assert_snapshot!("show", world.run("app show ACME").await);
    assert_snapshot!("remove", world.run("app remove acme").await);
    assert_snapshot!("show_gone", world.run("app show acme").await);
}

#[tokio::test]
async fn invalid_values_are_refused_with_a_reason() {
    let world = World::new();
    let add = "app add acme --provider grigora --client-id id";
    let refused = [
        ("add_without_secret", world.run(add).await),
        ("add_empty_secret", world.pipe(&format!("{add} --client-secret-stdin"), "\n").await),
        ("add_bad_redirect", world.pipe(&format!("{add} --client-secret-stdin --redirect home"), "s").await),
        ("add_no_value", world.run(&format!("{add} --set token_url")).await),
    ];
    for (name, ran) in refused {
        assert_eq!(ran.exit, Exit::Usage, "{ran}");
        assert_snapshot!(name, ran);
    }
    assert_eq!(world.run("app list --json").await.json(), serde_json::json!([]));
}

#[tokio::test]
async fn an_app_is_removed_with_its_connections_only_if_confirmed() {
    let world = World::new();
    world.connect().await;
    let said = [
        ("remove_with_connections", "app remove acme"),
        ("remove_unasked", "app remove acme --with-connections"),
        ("remove_all", "app remove acme --with-connections --yes"),
        ("remove_left", "list"),
    ];
    for (name, command) in said {
        assert_snapshot!(name, world.run(command).await);
    }
}

#[tokio::test]
async fn an_edit_leaves_omitted_values_unchanged() {
    let world = World::new();
    world.add_app().await;
    assert_snapshot!(
        "set",
        world.run("app set acme --redirect loopback:4321 --scope cms --set token_body=form").await
    );
    assert_snapshot!(
        "set_back",
        world.run("app set acme --redirect deep-link --scope= --reset token_body").await
    );
    assert_snapshot!("set_twice_back", world.run("app set acme --reset token_body").await);
    let elsewhere = "app set acme --set token_url=https://elsewhere.example/token";
    assert_snapshot!("set_other_host", world.run(elsewhere).await);
    assert_snapshot!("set_secret", world.pipe(&format!("{elsewhere} --client-secret-stdin"), "s3cret").await);
}

#[tokio::test]
async fn an_environment_is_set_listed_filtered_and_cleared() {
    let world = World::new();
    assert_snapshot!("environment_none", world.run("list --environment staging").await);
    world.connect().await;
    assert_snapshot!("environment_set", world.run("app set acme --environment Production").await);
    assert_snapshot!(
        "environment_duplicate",
        world.run("app duplicate acme --environment Staging --with-secret").await
    );
    assert_snapshot!("environment_apps", world.run("app list").await);
    assert_snapshot!("environment_list", world.run("list --environment PRODUCTION").await);
    assert_snapshot!("environment_empty", world.run("list --environment staging").await);
    assert_snapshot!("environment_unknown", world.run("list --environment stagin").await);
    let listed = world.run("list --environment production --json").await.json();
    assert_eq!((&listed[0]["name"], &listed[0]["environment"]), (&"acme".into(), &"Production".into()));
    assert_eq!(world.run("status acme --json").await.json()["environment"], "Production");
    assert_eq!(world.run("list --environment staging --json").await.json(), serde_json::json!([]));

    let added =
        "app add beta --provider grigora --client-id b --client-secret-stdin --environment STAGING --json";
    assert_eq!(world.pipe(added, "s3cret").await.json()["environment"], "Staging");
    let cleared = world.run("app set acme --environment= --json").await.json();
    assert_eq!(cleared["environment"], serde_json::Value::Null);
    let long = world.run(&format!("app set acme --environment {}", "x".repeat(41))).await;
    assert_eq!(long.exit, Exit::Usage, "{long}");
    assert_snapshot!("environment_too_long", long);
}

#[tokio::test]
async fn an_edit_keeps_the_environment_and_a_duplicate_does_not() {
    let world = World::new();
    world.add_app().await;
    world.run("app set acme --environment Staging").await;
    let renamed = world.run("app set acme --name beta --json").await.json();
    assert_eq!(renamed["environment"], "Staging");
    let copy = world.run("app duplicate beta gamma --with-secret --json").await.json();
    assert_eq!(copy["environment"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_profile_goes_through_a_file() {
    let world = World::new();
    world.add_app().await;
    world.run("app set acme --environment Staging").await;
    let printed = world.run("app profile acme").await;
    assert_snapshot!("profile", printed);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.toml");
    std::fs::write(&file, &printed.out).unwrap();
    let add =
        format!("app add second --profile {} --client-id two --client-secret-stdin --json", file.display());
    let second = world.pipe(&add, "s3cret").await.json();
    let first = world.run("app show acme --json").await.json();
    assert_eq!(second["overrides"], first["overrides"]);
    std::fs::write(&file, "provider = \"grigora\"\ntokn_url = \"x\"").unwrap();
    assert_snapshot!("profile_refused", world.pipe(&add, "s3cret").await.said);
    assert_snapshot!("profile_gone", world.run("app add third --profile gone.toml").await);
}

#[tokio::test]
async fn a_custom_provider_is_configured_by_its_issuer() {
    let world = World::of(ProviderId::Custom);
    // The ID token has the time of the sandbox.
    world.clock.set(Timestamp::now());
    let line = format!(
        "app add id --provider custom --client-id {} --client-secret-stdin --redirect loopback --scope openid --set \
         issuer={} --json",
        custom::CLIENT_ID,
        world.sandbox.custom()
    );
    let added = world.pipe(&line, custom::CLIENT_SECRET).await.json();
    assert!(added["overrides"]["token_url"].as_str().unwrap().starts_with(world.sandbox.custom()));
    let connected = world.run("connect id --json").await.json();
    assert_eq!(connected["state"], "active");
}

#[tokio::test]
async fn a_check_says_what_each_endpoint_answered() {
    let world = World::new();
    world.add_app().await;
    let works = world.run("app check acme").await;
    assert_eq!(works.exit, Exit::Done, "{works}");
    for key in ["authorize_url", "token_url"] {
        assert!(works.out.lines().any(|line| line.starts_with(key) && line.contains(" ok ")), "{works}");
    }
    // Nobody listens on the port that is for services which discard what they get.
    let change = "app set acme --set token_url=http://127.0.0.1:9/token --client-secret-stdin";
    let changed = world.pipe(change, "s3cret").await;
    assert_eq!(changed.exit, Exit::Done, "{changed}");
    let fails = world.run("app check acme").await;
    assert_eq!(fails.exit, Exit::Failed, "{fails}");
    assert!(fails.said.contains("1 endpoint does not work."), "{fails}");
    let checks = world.run("app check acme --json").await;
    let rows: serde_json::Value = serde_json::from_str(&checks.out).unwrap();
    let token = rows["checks"].as_array().unwrap().iter().find(|row| row["key"] == "token_url").unwrap();
    assert_eq!(token["outcome"], "failed", "{checks}");
}
