//! `grapnel token --id-token`, how an account authenticates, and signing out at the provider.

use grapnel_cli::Exit;
use grapnel_sandbox::{ProviderId, SecretKind, custom};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use crate::world::World;

/// A connection `id` with these scopes.
async fn connected(scopes: &str) -> World {
    let world = World::of(ProviderId::Custom);
    // The ID token has the time of the sandbox.
    world.clock.set(Timestamp::now());
    let line = format!(
        "app add id --provider custom --client-id {} --client-secret-stdin --redirect loopback {scopes} \
         --set issuer={}",
        custom::CLIENT_ID,
        world.sandbox.custom()
    );
    let added = world.pipe(&line, custom::CLIENT_SECRET).await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    let ran = world.run("connect id --prompt login --max-age 300 --acr-values 'gold silver'").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    world
}

fn issued(world: &World) -> String {
    world.sandbox.revealed().into_iter().rfind(|secret| secret.kind == SecretKind::IdToken).unwrap().value
}

#[tokio::test]
async fn it_is_printed_plain_or_as_json_and_logged() {
    let world = connected("--scope openid --scope profile").await;
    let plain = world.run("token id --id-token").await;
    assert_eq!((plain.exit, plain.out.trim_end()), (Exit::Done, &*issued(&world)), "{plain}");
    for line in ["token id --id-token --json", "token id --id-token --format json"] {
        let document = world.run(line).await.json();
        assert_eq!(document["id_token"], issued(&world));
        assert!(document["expires_at"].is_string() && document.get("access_token").is_none(), "{document}");
    }
    let activity = world.run("activity").await.out;
    assert!(activity.contains("ID token handed to "), "{activity}");
    let mut told = Vec::new();
    for line in [
        "token id --id-token --format header",
        "token id --id-token --format git get",
        "token id --id-token --rejected",
    ] {
        let ran = world.run(line).await;
        assert_eq!(ran.exit, Exit::Usage);
        told.push(ran.to_string());
    }
    assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn an_expired_or_missing_one_says_what_to_do() {
    let world = connected("--scope openid").await;
    world.clock.set(Timestamp::now() + SignedDuration::from_hours(2));
    let expired = world.run("token id --id-token").await;
    assert_eq!(expired.exit, Exit::ReconnectNeeded);
    let without_time: Vec<_> = expired.said.split(" at ").collect();
    assert_snapshot!(without_time[0], @"error[reconnect_needed]: The ID token of “id” expired");
    assert_eq!(
        expired.said.lines().last(),
        Some("hint: Reconnect in the browser. Reconnect: grapnel connect id"),
        "{expired}"
    );
    assert_eq!(world.run("token id").await.exit, Exit::Done);
    let world = connected("--scope profile").await;
    assert_snapshot!(world.run("token id --id-token").await, @"
    $ grapnel token id --id-token
    --- standard error
    error[not_found]: “id” has no ID token.
    The app does not request the scope openid, with which a provider issues one.
    hint: Add the scope openid to the app, then reconnect.
    --- exit 1
    ");
}

#[tokio::test]
async fn a_provider_without_openid_connect_is_not_asked_how_to_authenticate() {
    let world = World::new();
    world.add_app().await;
    let ran = world.run("connect acme --max-age 300").await;
    assert_eq!(ran.exit, Exit::Usage);
    assert_snapshot!(ran.said, @"
    error[invalid_input]: This provider documents no way to ask how the account authenticates.
    Nothing was sent.
    hint: Leave out prompt, max_age and acr_values.
    ");
}

#[tokio::test]
async fn signing_out_opens_the_page_that_the_provider_announces() {
    let world = connected("--scope openid --scope profile --scope email").await;
    let refused = world.run("disconnect id --yes --sign-out").await;
    assert_eq!(refused.exit, Exit::Failed, "{refused}");
    assert!(refused.said.contains("announces no page to sign out (end_session_endpoint)"), "{refused}");
    assert_eq!(world.run("list --json").await.json()[0]["state"], "active", "nothing was changed");
    let page = format!("{}/logout", world.sandbox.custom());
    assert_eq!(world.run(&format!("app set id --set end_session_url={page}")).await.exit, Exit::Done);
    let browsers = world.browsers.lock().unwrap().len();
    let done = world.run("disconnect id --yes --sign-out --json").await.json();
    assert_eq!((&done["state"], &done["sign_out"]["opened"]), (&"disconnected".into(), &true.into()));
    let url = done["sign_out"]["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{page}?client_id={}&logout_hint=", custom::CLIENT_ID)), "{url}");
    assert!(!url.contains(&issued(&world)), "{url}");
    assert_eq!(world.browsers.lock().unwrap().len(), browsers + 1);
}
