//! `grapnel app` for clients that authenticate with a private key.

use grapnel_cli::Exit;
use serde_json::Value;

use crate::world::World;

const ADD: &str = "app add acme --provider custom --client-id acme --set authorize_url=https://id.example/a \
                   --set token_url=https://id.example/t --set client_auth=private_key_jwt";

fn key(ran: &crate::world::Ran) -> Value {
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    ran.json()["keys"][0].clone()
}

#[tokio::test]
async fn a_key_is_made_printed_and_replaced() {
    let world = World::new();
    let added = world.run(ADD).await;
    assert!(added.out.contains("grapnel app key acme"), "{added}");
    let made = key(&world.run("app key acme").await);
    assert_eq!(made, key(&world.run("app key acme --json").await));
    assert_eq!((made["kty"].as_str(), made["use"].as_str()), (Some("EC"), Some("sig")));
    assert!(made.get("d").is_none(), "{made}");
    assert_eq!(world.run("app set acme --reset client_key").await.exit, Exit::Done);
    assert_ne!(made["kid"], key(&world.run("app key acme").await)["kid"]);
}

#[tokio::test]
async fn a_key_is_read_from_a_file_or_from_standard_input() {
    let world = World::new();
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    std::fs::write(&path, &pem).unwrap();
    let from_file = world.run(&format!("{ADD} --client-key {}", path.display())).await;
    assert_eq!(from_file.exit, Exit::Done, "{from_file}");
    let own = key(&world.run("app key acme").await);
    assert_eq!(world.run("app set acme --reset client_key").await.exit, Exit::Done);
    let piped = world.pipe("app set acme --client-key -", &pem).await;
    assert_eq!(piped.exit, Exit::Done, "{piped}");
    assert_eq!(key(&world.run("app key acme").await), own);
}

#[tokio::test]
async fn an_unusable_key_and_an_app_without_one_are_told_what_to_do() {
    let world = World::new();
    world.add_app().await;
    let missing = world.home.path().join("missing.pem");
    let said = [
        ("of_an_app_without", world.run("app key acme").await),
        ("unreadable", world.run(&format!("app set acme --client-key {}", missing.display())).await),
        (
            "no_key",
            world.pipe("app set acme --set client_auth=private_key_jwt --client-key -", "key\n").await,
        ),
    ];
    for (name, ran) in said {
        assert_eq!(ran.exit, Exit::Usage, "{ran}");
        let shown = ran.to_string().replace(&missing.display().to_string(), "MISSING");
        insta::assert_snapshot!(name, shown);
    }
}

#[tokio::test]
async fn a_key_file_of_a_service_account_becomes_an_app() {
    let world = World::new();
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let file = serde_json::json!({
        "type": "service_account", "client_email": "robot@notes.example", "private_key": pem,
        "private_key_id": "key-1", "token_uri": "https://id.example/token",
    });
    let added = world
        .pipe("app add robot --client-key - --scope notes:read --set client_key_alg=ES256", &file.to_string())
        .await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    assert_eq!(key(&world.run("app key robot").await)["kid"], "key-1");
    let shown = world.run("app show robot --json").await.json();
    assert_eq!(shown["client_id"], "robot@notes.example");
    assert_eq!(shown["grant_type"], "jwt_bearer");
    let document = file.to_string();
    let line = "app add again --key-file - --scope notes:read --set client_key_alg=ES256";
    assert_eq!(world.pipe(line, &document).await.exit, Exit::Done, "the name that the option had before");
    let wrong = world.pipe("app add other --client-key -", "{\"type\":\"service_account\"}").await;
    assert_eq!(wrong.exit, Exit::Usage, "{wrong}");
    let nowhere = world.pipe("app add other --client-key -", &pem).await;
    assert!(nowhere.exit == Exit::Usage && nowhere.to_string().contains("--provider"), "{nowhere}");
}
