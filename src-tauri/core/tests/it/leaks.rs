//! No secret in clear in any file of the data directory, nor in anything that crosses to a window.

use std::fs;

use grapnel_core::secret::ExposeSecret;
use grapnel_sandbox::grigora;

use crate::world::World;

#[tokio::test]
async fn no_secret_is_on_the_disk_or_crosses_to_the_window() {
    let mut world = World::new();
    let mut events = world.grapnel.events();
    let (attempt, callback) = world.attempt().await;
    let link = world.grapnel.attempt_link(&attempt.id).await.unwrap();
    let parameter = |address: &str, name: &str| {
        url::Url::parse(address).unwrap().query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    let mut secrets = vec![
        ("the client secret", grigora::CLIENT_SECRET.to_owned()),
        ("the state", parameter(link.expose_secret(), "state")),
        ("the code", parameter(callback.expose_secret(), "code")),
    ];
    scan_files(&world, &secrets);
    world.grapnel.receive_callback(&callback).await.unwrap();
    let id = world.grapnel.connections().unwrap().pop().unwrap().id;
    secrets.push((
        "an access token",
        world.grapnel.token_to_copy(&id).await.unwrap().expose_secret().to_owned(),
    ));
    world.grapnel.refresh(&id).await.unwrap();
    secrets.push((
        "a renewed access token",
        world.grapnel.token_to_copy(&id).await.unwrap().expose_secret().to_owned(),
    ));
    scan_files(&world, &secrets);

    let mut crossed = serde_json::to_string(&(
        world.grapnel.apps().unwrap(),
        world.grapnel.connection(&id).unwrap(),
        world.grapnel.activity(None).unwrap(),
    ))
    .unwrap();
    while let Ok(event) = events.try_recv() {
        crossed += &serde_json::to_string(&event).unwrap();
    }
    scan("what crosses to the window", crossed.as_bytes(), &secrets);
    world.start_again();
    world.grapnel.disconnect(&id).unwrap();
    scan_files(&world, &secrets);
}

fn scan_files(world: &World, secrets: &[(&str, String)]) {
    let mut files = 0;
    for entry in fs::read_dir(world.home.path()).unwrap() {
        let path = entry.unwrap().path();
        scan(&path.display().to_string(), &fs::read(&path).unwrap(), secrets);
        files += 1;
    }
    assert!(files >= 2, "the database and its log were read");
}

fn scan(place: &str, bytes: &[u8], secrets: &[(&str, String)]) {
    for (what, secret) in secrets {
        // The middle of it, so that a prefix that may be shown is no finding.
        let middle = &secret.as_bytes()[secret.len() / 3..];
        assert!(!bytes.windows(middle.len()).any(|window| window == middle), "{what} is in {place}");
    }
}
