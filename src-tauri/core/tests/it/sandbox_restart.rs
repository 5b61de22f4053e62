//! The sandbox restarts, as when the program is not used until the next day.

use grapnel_core::Grapnel;
use grapnel_sandbox::{Options, ProviderId, Sandbox};

use crate::support::world::World;

#[tokio::test]
async fn connections_of_every_provider_survive_a_sandbox_restart() {
    for provider in [ProviderId::Grigora, ProviderId::Grindery, ProviderId::TheGrid, ProviderId::GroveStreams]
    {
        let state = tempfile::tempdir().unwrap();
        let options = Options { state: Some(state.path().to_owned()), ..Options::only(provider) };
        let world = World::with(options.clone());
        let id = world.connect().await;
        let port = world.sandbox.url(provider).unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let World { sandbox, grapnel, home, keyring, clock, .. } = world;
        let issued = sandbox.revealed();
        sandbox.shutdown().await;
        for file in std::fs::read_dir(state.path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(issued.iter().all(|secret| !text.contains(&secret.value)), "{provider}: {text}");
        }
        let options = Options {
            grigora_port: port,
            grindery_port: port,
            the_grid_port: port,
            grovestreams_port: port,
            ..options
        };
        let again = Sandbox::start(options).unwrap();
        // The program restarts too: no HTTP connection to the previous sandbox is left.
        drop(grapnel);
        let grapnel = Grapnel::with(home.path(), keyring, clock).unwrap();
        if provider == ProviderId::TheGrid {
            // It issues no refresh token; the access token stays valid.
            grapnel.items(&id, "sites", None).await.unwrap();
        } else {
            grapnel.refresh(&id).await.unwrap();
            grapnel.refresh(&id).await.unwrap();
            assert_eq!(again.grants(provider).issued().grants, 1);
        }
        drop(home);
    }
}
