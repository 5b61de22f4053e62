//! Apps of the device authorization grant and of the client credentials grant.

use grapnel_cli::Exit;
use grapnel_sandbox::{ProviderId, custom};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::machine::{Paper, decide_on_device};
use crate::world::{Ran, World};

/// Adds an app with this grant, of a provider that is discovered.
async fn add(world: &World, grant: &str) -> Ran {
    let line = format!(
        "app add acme --provider custom --client-id {} --client-secret-stdin --scope notes:read --set issuer={} \
         --set grant_type={grant}",
        custom::CLIENT_ID,
        world.sandbox.custom()
    );
    world.pipe(&line, custom::CLIENT_SECRET).await
}

#[tokio::test]
async fn an_app_connects_as_itself() {
    let world = World::of(ProviderId::Custom);
    assert_snapshot!("own_add", add(&world, "client_credentials").await);
    assert_snapshot!("own_connect", world.run("connect acme").await);
    assert_snapshot!("own_status", world.run("status acme").await);
    let token = world.run("token acme").await;
    assert!(token.out.starts_with("cus_at_"), "{token}");
    assert_eq!(world.run("refresh acme").await.exit, Exit::Done);
    let rejected = world.run("token acme --rejected").await;
    assert!(rejected.exit == Exit::Done && rejected.out != token.out, "{rejected}");
    let again = world.run("connect acme --json").await;
    assert_eq!(again.json()["tokens"]["grant_type"], "client_credentials");
    assert_eq!(world.answer("disconnect acme", "y\n").await.exit, Exit::Done);
    let issued = world.sandbox.grants(ProviderId::Custom).issued();
    assert_eq!((issued.refresh_tokens, world.sandbox.departures().is_empty()), (0, true));
}

#[tokio::test]
async fn a_refused_client_fails_with_a_message() {
    let world = World::of(ProviderId::Custom);
    let line = format!(
        "app add acme --provider custom --client-id nobody --client-secret-stdin --set issuer={} --set \
         grant_type=client_credentials",
        world.sandbox.custom()
    );
    world.pipe(&line, "wrong").await;
    let ran = world.run("connect acme").await;
    assert_snapshot!("own_refused", ran);
    let ran = world.run("connect acme --login-hint ann@id.example").await;
    assert_eq!(ran.exit, Exit::Usage, "{ran}");
}

#[tokio::test]
async fn a_person_enters_a_code_on_another_device() {
    let world = World::of(ProviderId::Custom);
    add(&world, "device_code").await;
    let (output, messages) = (Paper::default(), Paper::default());
    let (ran, code) =
        tokio::join!(world.run_heard("connect acme", (std::io::empty(), false), &output, &messages), async {
            messages.says("Ctrl-C").await;
            let text = messages.text();
            let code = text.lines().find_map(|line| line.strip_prefix("Enter this code:")).unwrap().trim();
            decide_on_device(
                &format!("{}{}", world.sandbox.custom(), custom::DEVICE_PATH),
                code,
                "authorize",
            )
            .await;
            world.clock.advance(SignedDuration::from_secs(1));
            code.to_owned()
        });
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_snapshot!("device_connect", ran.to_string().replace(&code, "[code]"));
    let status = world.run("status acme --json").await.json();
    assert_eq!(status["tokens"]["grant_type"], "device_code");
    assert_eq!(world.run("refresh acme").await.exit, Exit::Done);
    assert!(world.browsers.lock().unwrap().is_empty());
}

/// An app of the code grant whose provider announces the endpoint. The document is for a script, which shows it.
#[tokio::test]
async fn with_json_the_code_is_a_document() {
    let world = World::of(ProviderId::Custom);
    add(&world, "authorization_code").await;
    for (decision, exit) in [("authorize", Exit::Done), ("cancel", Exit::NotAuthorized)] {
        let (output, messages) = (Paper::default(), Paper::default());
        let line = format!("connect acme --device --json --name {decision}");
        let (ran, document) =
            tokio::join!(world.run_heard(&line, (std::io::empty(), false), &output, &messages), async {
                let document: serde_json::Value = serde_json::from_str(&output.first_line().await).unwrap();
                let (page, code) = (&document["verification_uri"], &document["user_code"]);
                decide_on_device(page.as_str().unwrap(), code.as_str().unwrap(), decision).await;
                world.clock.advance(SignedDuration::from_secs(1));
                document
            });
        assert_eq!((ran.exit, ran.out.lines().count()), (exit, 1), "{ran}");
        assert_eq!(document["interval"], 1);
        assert!(document["verification_uri_complete"].as_str().unwrap().contains("user_code="));
        assert!(document.get("device_code").is_none());
    }
    let connections = world.run("list --json").await.json();
    assert_eq!(connections.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_provider_without_the_endpoint_is_reported() {
    let world = World::new();
    world.add_app().await;
    let ran = world.run("connect acme --device").await;
    assert_snapshot!("device_no_endpoint", ran);
    let ran = world.run("connect acme --device --no-browser").await;
    assert_eq!(ran.exit, Exit::Usage);
}
