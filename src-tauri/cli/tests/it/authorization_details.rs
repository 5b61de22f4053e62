//! Authorization details (RFC 9396): of an app, of one sign-in, and those that were granted.

use grapnel_cli::Exit;
use grapnel_sandbox::{ProviderId, custom};
use insta::assert_snapshot;
use serde_json::json;

use crate::world::World;

const ACCOUNTS: &str = r#"[{"type":"account_information","actions":["read","list"]}]"#;

async fn world(grant: &str) -> World {
    let world = World::of(ProviderId::Custom);
    let line = format!(
        "app add acme --provider custom --client-id {} --client-secret-stdin --scope notes:read --set issuer={} --set \
         grant_type={grant} --set authorization_details={ACCOUNTS}",
        custom::CLIENT_ID,
        world.sandbox.custom()
    );
    assert_eq!(world.pipe(&line, custom::CLIENT_SECRET).await.exit, Exit::Done);
    world
}

/// The sandbox does not know them, and says nothing of them.
#[tokio::test]
async fn what_the_provider_does_not_report_is_noted() {
    let world = world("client_credentials").await;
    assert_snapshot!("details_connect", world.run("connect acme").await);
    assert_snapshot!("details_status", world.run("status acme").await);
    let status = world.run("status acme --json").await.json();
    let asked: serde_json::Value = serde_json::from_str(ACCOUNTS).unwrap();
    assert_eq!(status["authorization_details"], json!({ "requested": asked, "granted": null }));
    assert_eq!(status["tokens"].get("authorization_details"), None, "once");
}

#[tokio::test]
async fn those_of_one_sign_in_are_read_from_the_argument_a_file_or_standard_input() {
    let world = world("client_credentials").await;
    let file = world.home.path().join("details.json");
    std::fs::write(&file, "{}").unwrap();
    for (line, input, expected) in [
        ("[", "", "are not JSON (line 1, column 1)"),
        ("@/no/such/file", "", "cannot be read"),
        (&*format!("@{}", file.display()), "", "are no JSON array"),
        ("@-", "[]", "are an empty array"),
        // A client of its own asks for those of the app with each token.
        (ACCOUNTS, "", "asks for its own authorization details"),
        ("@-", ACCOUNTS, "asks for its own authorization details"),
    ] {
        let ran = world.pipe(&format!("connect acme --authorization-details {line}"), input).await;
        assert_eq!(ran.exit, Exit::Usage, "{line}: {ran}");
        assert!(ran.to_string().contains(expected), "{line}: {ran}");
    }
    let wrong = world.run("app set acme --set authorization_details=accounts").await;
    assert_eq!(wrong.exit, Exit::Usage, "{wrong}");
}
