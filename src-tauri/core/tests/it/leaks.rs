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
    let link = url::Url::parse(link.expose_secret()).unwrap();
    let state = link.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    let mut secrets = vec![
        ("the client secret".to_owned(), grigora::CLIENT_SECRET.to_owned()),
        ("the state".to_owned(), state),
    ];
    scan_files(&world, &secrets);
    world.grapnel.receive_callback(&callback).await.unwrap();
    let id = world.grapnel.connections().unwrap().pop().unwrap().id;
    world.grapnel.refresh(&id).await.unwrap();
    let revealed = world.sandbox.revealed();
    assert_eq!(revealed.len(), 6, "the code, the verifier, and two of each token");
    secrets.extend(revealed.into_iter().map(|one| (format!("{:?}", one.kind), one.value)));
    scan_files(&world, &secrets);

    let mut crossed = serde_json::to_string(&(
        world.grapnel.apps().unwrap(),
        world.grapnel.connection(&id).unwrap(),
        world.grapnel.activity(None, None).unwrap(),
    ))
    .unwrap();
    while let Ok(event) = events.try_recv() {
        crossed += &serde_json::to_string(&event).unwrap();
    }
    scan("what crosses to the window", crossed.as_bytes(), &secrets);
    world.start_again();
    world.grapnel.disconnect(&id).await.unwrap();
    scan_files(&world, &secrets);
}

/// Fails if anything secret that the provider gave or was sent is in clear in the data that this world leaves.
pub(crate) fn nothing_leaked(world: &World) {
    let mut secrets = vec![("the client secret".to_owned(), world.client_secret().to_owned())];
    let revealed = world.sandbox.revealed();
    assert!(!revealed.is_empty(), "nothing was secret");
    secrets.extend(revealed.into_iter().map(|one| (format!("{:?}", one.kind), one.value)));
    scan_files(world, &secrets);
}

fn scan_files(world: &World, secrets: &[(String, String)]) {
    let mut files = 0;
    for entry in fs::read_dir(world.home.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert!(fs::read_dir(path).unwrap().all(|lock| lock.unwrap().metadata().unwrap().len() == 0));
            continue;
        }
        scan(&path.display().to_string(), &fs::read(&path).unwrap(), secrets);
        files += 1;
    }
    assert!(files >= 2, "the database and its log were read");
}

fn scan(place: &str, bytes: &[u8], secrets: &[(String, String)]) {
    for (what, secret) in secrets {
        // The end of it, so that a prefix that may be shown is no finding.
        let end = &secret.as_bytes()[secret.len() / 3..];
        assert!(memchr::memmem::find(bytes, end).is_none(), "{what} is in {place}");
    }
}
