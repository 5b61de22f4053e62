//! `grapnel projects`, `project`, `posts`, `items`.

use grapnel_cli::Exit;
use grapnel_sandbox::ProviderId;
use insta::assert_snapshot;

use crate::world::World;

#[tokio::test]
async fn projects_and_posts_are_read() {
    let world = World::new();
    world.connect().await;
    assert_snapshot!("projects", world.run("projects acme").await);
    assert_snapshot!("project", world.run("project acme proj_harbour").await);
    let posts = "posts acme proj_northwind --status draft --title a --sort title --order";
    assert_snapshot!("posts", world.run(&format!("{posts} asc")).await);
    let listed = |ran: crate::world::Ran| {
        let posts = ran.json()["posts"].as_array().unwrap().clone();
        posts.iter().map(|post| post["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ascending = listed(world.run(&format!("{posts} asc --json")).await);
    let mut descending = listed(world.run(&format!("{posts} desc --json")).await);
    descending.reverse();
    assert!(!ascending.is_empty());
    assert_eq!(ascending, descending);
    assert_snapshot!("posts_none", world.run("posts acme proj_garden").await);
    assert_snapshot!("posts_bad_order", world.run(&format!("{posts} up")).await);
}

#[tokio::test]
async fn other_providers_list_their_own_collections() {
    let world = World::of(ProviderId::Grindery);
    let at = world.sandbox.grindery();
    let line = format!(
        "app add flow --provider grindery --redirect loopback --set authorize_url={at}/oauth/authorize \
         --set token_url={at}/oauth/token --set api_base={at}"
    );
    assert_eq!(world.run(&line).await.exit, Exit::Done);
    let connected = world.run("connect flow").await;
    assert_eq!(connected.exit, Exit::Done, "{connected}");
    assert_snapshot!("items_kinds", world.run("items flow").await);
    assert_snapshot!("items", world.run("items flow workspaces").await);
    assert_snapshot!("no_projects", world.run("projects flow").await);
}

#[tokio::test]
async fn cached_content_is_shown_offline_and_searched() {
    let world = World::new();
    world.connect().await;
    let offline = "projects acme --offline";
    assert_snapshot!("offline_nothing", world.run(offline).await);
    let read = world.run("projects acme").await;
    assert_eq!(read.exit, Exit::Done);
    world.run("posts acme proj_northwind").await;
    world.sandbox.faults().plan("api:500".parse().unwrap()).unwrap();
    assert_snapshot!("offline", world.run(offline).await);
    let posts = "posts acme proj_northwind --offline --status draft --title a --sort title --order asc";
    assert_snapshot!("offline_posts", world.run(posts).await);
    assert_snapshot!(
        "offline_bad_sort",
        world.run("posts acme proj_northwind --offline --sort colour").await
    );
    assert_snapshot!("search", world.run("search cardamom bun").await);
    assert_snapshot!("search_nothing", world.run("search zyzzyva").await);
}
