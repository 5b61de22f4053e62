//! `grapnel provider`.

use insta::assert_snapshot;

use crate::world::World;

#[tokio::test]
async fn they_are_listed_and_shown() {
    let world = World::new();
    assert_snapshot!("list", world.run("provider list").await);
    assert_snapshot!("list_json", world.run("provider list --json").await);
    assert_snapshot!("show", world.run("provider show thegrid").await);
    assert_snapshot!("show_unknown", world.run("provider show gridora").await);
}

#[tokio::test]
async fn each_value_has_its_source() {
    let shown = World::new().run("--json provider show grigora").await.json();
    let values = shown["values"].as_array().unwrap();
    let token_url = values.iter().find(|value| value["key"] == "token_url").unwrap();
    assert_eq!(token_url["value"], "https://api.grigora.co/general/oauth/token");
    assert_eq!(token_url["source"], "documented");
}
