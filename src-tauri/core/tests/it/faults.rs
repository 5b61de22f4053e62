//! Each fault of a provider, at each endpoint: what the person is told, and that nothing is lost.

use grapnel_core::error::{Error, Result};
use grapnel_sandbox::{Fault, Planned};

use crate::world::World;

fn row(fault: &str, outcome: Result<String, Error>) -> String {
    match outcome {
        Ok(noted) => format!("{fault}\n    fine{noted}"),
        Err(error) => format!(
            "{fault}\n    {:?}: {}\n    {}\n    {}",
            error.code,
            // What the system says of a broken connection is not ours to pin down.
            error.message.split("did not arrive whole").next().unwrap(),
            error.meaning.unwrap(),
            error.hint.unwrap()
        ),
    }
}

fn faults() -> Vec<String> {
    Fault::names().filter(|name| !name.starts_with("slow")).collect()
}

fn plan(world: &World, endpoint: &str, fault: &str) -> bool {
    let planned: Result<Planned, _> = format!("{endpoint}:{fault}").parse();
    planned.is_ok_and(|planned| world.sandbox.faults().plan(planned).is_ok())
}

#[tokio::test]
async fn faults_of_the_exchange() {
    let mut rows = Vec::new();
    for fault in faults() {
        let world = World::new();
        if !plan(&world, "token-exchange", &fault) {
            continue;
        }
        let (_, callback) = world.attempt().await;
        let outcome = world.grapnel.receive_callback(&callback).await;
        rows.push(row(&fault, outcome.map(|()| deviations(&world))));
        assert!(world.grapnel.attempts().unwrap().is_empty(), "{fault} leaves no attempt hanging");
    }
    insta::assert_snapshot!(rows.join("\n"));
}

#[tokio::test]
async fn faults_of_a_renewal() {
    let mut rows = Vec::new();
    for fault in faults() {
        let world = World::new();
        let id = world.connect().await;
        if !plan(&world, "token-refresh", &fault) {
            continue;
        }
        let outcome = world.grapnel.refresh(&id).await;
        let state = world.grapnel.connection(&id).unwrap();
        assert!(state.tokens.is_some(), "{fault} deletes nothing");
        rows.push(row(&format!("{fault} → {:?}", state.summary.state), outcome.map(|()| deviations(&world))));
    }
    insta::assert_snapshot!(rows.join("\n"));
}

#[tokio::test]
async fn faults_of_the_api() {
    let world = World::new();
    let id = world.connect().await;
    let mut rows = Vec::new();
    for fault in faults() {
        if !plan(&world, "api", &fault) {
            continue;
        }
        let outcome = world.grapnel.projects(&id).await;
        rows.push(row(&fault, outcome.map(|_| String::new())));
        world.sandbox.faults().clear();
    }
    insta::assert_snapshot!(rows.join("\n"));
    world.grapnel.projects(&id).await.unwrap();
}

fn deviations(world: &World) -> String {
    let connection = world.grapnel.connections().unwrap().pop().unwrap();
    let details = world.grapnel.connection(&connection.id).unwrap();
    let noted = details.deviations.iter().map(|noted| format!("    noted: {} {}", noted.member, noted.found));
    std::iter::once(String::new()).chain(noted).collect::<Vec<_>>().join("\n")
}
