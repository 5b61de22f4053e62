//! `grapnel app import`, `curl`, `share` and `duplicate`.

use std::path::PathBuf;

use grapnel_cli::Exit;
use grapnel_sandbox::grigora;
use insta::assert_snapshot;
use serde_json::json;
use tempfile::TempDir;

use crate::world::World;

/// A file with this text and a fixed name.
fn file(place: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = place.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A Postman collection with the client of the sandbox.
fn collection(world: &World) -> String {
    let at = world.sandbox.grigora();
    json!({
        "info": { "name": "Acme", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
        "item": [],
        "auth": { "type": "oauth2", "oauth2": [
            { "key": "authUrl", "value": format!("{at}{}", grigora::AUTHORIZE_PATH) },
            { "key": "accessTokenUrl", "value": format!("{at}{}", grigora::TOKEN_PATH) },
            { "key": "clientId", "value": "{{client_id}}" },
            { "key": "clientSecret", "value": "{{client_secret}}" },
            { "key": "redirect_uri", "value": "https://oauth.pstmn.io/v1/callback" },
            { "key": "accessToken", "value": "gri_at_from_postman" },
            { "key": "client_authentication", "value": "header" },
        ]},
        "variable": [
            { "key": "client_id", "value": grigora::CLIENT_ID },
            { "key": "client_secret", "value": grigora::CLIENT_SECRET },
        ],
    })
    .to_string()
}

const SEVERAL: &str = "ACME_CLIENT_ID=acme\nACME_CLIENT_SECRET=hunter2-hunter2\n\
    ACME_AUTH_URL=https://id.acme.example/a\nACME_TOKEN_URL=https://id.acme.example/t\nGRIGORA_CLIENT_ID=gri_1\n";

#[tokio::test]
async fn an_app_from_a_file_signs_in_with_the_secret_of_the_file() {
    let world = World::new();
    let place = tempfile::tempdir().unwrap();
    let file = file(&place, "acme.json", &collection(&world));
    let line = format!("app import {} --provider grigora --redirect loopback", file.display());
    let more = format!("--set api_base={}{}", world.sandbox.grigora(), grigora::API_BASE);
    let asked = world.run(&format!("{line} {more}")).await;
    assert_eq!(asked.exit, Exit::Usage, "{asked}");
    assert!(asked.said.contains("Add --yes."), "{asked}");
    let refused = world.answer(&format!("{line} {more}"), "n\n").await;
    assert_eq!(refused.exit, Exit::NotAuthorized, "{refused}");
    assert_eq!(world.run("app list --json").await.json(), json!([]));
    let added = world.answer(&format!("{line} {more}"), "y\n").await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    assert_snapshot!("added", added.said.replace(&*place.path().to_string_lossy(), "[place]"));
    let connected = world.run("connect Acme --json").await.json();
    assert_eq!(connected["state"], "active");
}

#[tokio::test]
async fn no_secret_of_the_text_is_printed_in_any_form() {
    let world = World::new();
    let text = collection(&world);
    for line in [
        "app import - --dry-run",
        "app import - --dry-run --json",
        "app import - --provider grigora --json",
        "app import - --provider grigora --yes",
        "app import - --provider grigora --yes --json --name again",
        "app import - --format insomnia",
        "app import - --format dotenv",
        "app import - --pick nobody",
    ] {
        let ran = world.pipe(line, &text).await.to_string();
        for secret in [grigora::CLIENT_SECRET, "gri_at_from_postman"] {
            assert!(!ran.contains(secret), "{ran}");
        }
    }
    assert_snapshot!("dry_run_json", world.pipe("app import - --dry-run --json", SEVERAL).await);
}

#[tokio::test]
async fn one_of_several_apps_is_picked() {
    let world = World::new();
    assert_snapshot!("several", world.pipe("app import - --yes", SEVERAL).await);
    assert_snapshot!("several_shown", world.pipe("app import - --dry-run", SEVERAL).await);
    assert_snapshot!("several_unknown", world.pipe("app import - --yes --pick other", SEVERAL).await);
    let picked = world.pipe("app import - --yes --pick acme --json", SEVERAL).await.json();
    assert_eq!(picked["provider"], "custom");
    assert_eq!(picked["has_secret"], true);
    assert_eq!(
        picked["import"]["values"][1],
        json!({
            "key": "client_secret", "value": null, "source": "ACME_CLIENT_SECRET"
        })
    );
    assert_snapshot!("name_taken", world.pipe("app import - --yes --pick acme", SEVERAL).await);
}

#[tokio::test]
async fn what_is_missing_is_named_with_the_option_that_supplies_it() {
    let world = World::new();
    let curl = "curl -u acme:hunter2-hunter2 https://id.acme.example/t -d grant_type=authorization_code";
    assert_snapshot!("curl_incomplete", world.pipe("app curl --yes", curl).await);
    let line = "app curl --yes --json --set authorize_url=https://id.acme.example/a --name acme";
    let added = world.pipe(line, curl).await.json();
    assert_eq!((&added["client_id"], &added["has_secret"]), (&json!("acme"), &json!(true)));
    assert_eq!(added["overrides"]["client_auth"], json!(null), "basic is the default");
    let url = "https://build.grigora.co/oauth/authorize?client_id=gri_1&response_type=code";
    assert_snapshot!("url_without_secret", world.pipe("app curl --yes", url).await);
}

#[tokio::test]
async fn an_imported_app_gets_the_environment_that_is_asked_for() {
    let world = World::new();
    let line = "app import - --yes --pick acme --environment ' Staging ' --json";
    let added = world.pipe(line, SEVERAL).await.json();
    assert_eq!(added["environment"], "Staging");
    let listed = world.run("app list --json").await.json();
    assert_eq!((&listed[0]["name"], &listed[0]["environment"]), (&added["name"], &json!("Staging")));
    let none = world.pipe("app import - --yes --pick acme --name other --json", SEVERAL).await.json();
    assert_eq!(none["environment"], json!(null));
}

#[tokio::test]
async fn text_as_an_argument_is_refused_and_not_repeated() {
    let world = World::new();
    for line in
        ["app curl 'curl -u id:hunter2 https://id.example/t'", "app import https://id.example/?s=hunter2"]
    {
        let ran = world.run(line).await;
        assert_eq!(ran.exit, Exit::Usage);
        assert!(!ran.said.contains("hunter2"), "{ran}");
    }
    assert_snapshot!("argument", world.run("app curl 'curl x'").await);
    assert_snapshot!("no_file", world.run("app import gone.json").await);
}

#[tokio::test]
async fn a_shared_app_is_imported_with_another_client() {
    let world = World::new();
    world.add_app().await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("acme.toml");
    let share = format!("app share acme --output {}", path.display());
    let shared = world.run(&share).await;
    assert_eq!(shared.exit, Exit::Done, "{shared}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.trim_end(), world.run("app profile acme").await.out.trim_end());
    assert!(!text.contains(grigora::CLIENT_ID) && !text.contains(grigora::CLIENT_SECRET));
    let again = world.run(&share).await;
    assert_eq!(again.exit, Exit::Usage, "{again}");
    assert_eq!(world.run(&format!("{share} --force")).await.exit, Exit::Done);
    let import = format!(
        "app import {} --name second --client-id two --yes --client-secret-stdin --json",
        path.display()
    );
    let second = world.pipe(&import, "s3cret-s3cret").await.json();
    let first = world.run("app show acme --json").await.json();
    assert_eq!(second["overrides"], first["overrides"]);
    assert_eq!((&second["client_id"], &second["has_secret"]), (&json!("two"), &json!(true)));
}

#[tokio::test]
async fn a_duplicate_has_everything_but_connections_and_secrets() {
    let world = World::new();
    world.connect().await;
    assert_snapshot!("duplicate_without_secret", world.run("app duplicate acme staging").await);
    let line = "app duplicate acme staging --client-id other --client-secret-stdin --scope cms --json";
    let staging = world.pipe(line, "s3cret-s3cret").await.json();
    let first = world.run("app show acme --json").await.json();
    assert_eq!(staging["overrides"], first["overrides"]);
    assert_eq!((&staging["client_id"], &staging["scopes"]), (&json!("other"), &json!(["cms"])));
    assert_ne!(staging["redirect_uri"], first["redirect_uri"], "each app has its own");
    assert_eq!(staging["way_back"], first["way_back"]);
    assert_eq!(world.run("list --json").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_duplicate_gets_the_secret_only_if_asked_for_and_for_the_same_hosts() {
    let world = World::new();
    world.add_app().await;
    let copied = world.run("app duplicate acme copy --with-secret --json").await.json();
    assert_eq!(copied["has_secret"], true);
    let connected = world.run("connect copy --json").await.json();
    assert_eq!(connected["state"], "active");
    let elsewhere = "app duplicate acme elsewhere --with-secret --set token_url=https://evil.example/token";
    assert_snapshot!("duplicate_elsewhere", world.run(elsewhere).await);
    assert_eq!(world.run("app list --json").await.json().as_array().unwrap().len(), 2);
}
