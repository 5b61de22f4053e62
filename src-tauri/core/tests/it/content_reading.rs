//! Reading content from the provider: projects, details, posts.

use grapnel_model::content::{Order, PostQuery};
use grapnel_model::error::Code;
use jiff::Timestamp;

use crate::support::world::World;

#[tokio::test]
async fn projects_and_their_details_are_read() {
    let world = World::new();
    let id = world.connect().await;
    let projects = world.grapnel.projects(&id).await.unwrap().projects;
    assert!(projects.len() >= 4);
    assert!(projects.iter().any(|project| project.domain.is_none()));
    for project in &projects {
        let details = world.grapnel.project(&id, &project.id).await.unwrap();
        assert_eq!(details.name, project.name);
        assert!(!details.others.is_empty());
    }
    let error = world.grapnel.project(&id, "proj_of_someone_else").await.unwrap_err();
    assert_eq!(error.code, Code::ProjectNotAuthorized);
    assert_eq!(world.grapnel.project(&id, "").await.unwrap_err().code, Code::ProviderError);
}

#[tokio::test]
async fn posts_are_sorted_and_filtered_by_the_provider() {
    let world = World::new();
    let id = world.connect().await;
    let mut all = Vec::new();
    for project in world.grapnel.projects(&id).await.unwrap().projects {
        let query = PostQuery { project_id: project.id, ..PostQuery::default() };
        all.push((world.grapnel.posts(&id, &query).await.unwrap().posts, query));
    }
    assert!(all.iter().any(|(posts, _)| posts.is_empty()), "one project has no posts");
    let (posts, query) = all.into_iter().max_by_key(|(posts, _)| posts.len()).unwrap();
    assert_eq!(posts.len(), 5_000);

    let sort = |order| PostQuery { sort: Some("word_count".into()), order: Some(order), ..query.clone() };
    let up = world.grapnel.posts(&id, &sort(Order::Asc)).await.unwrap().posts;
    // The provider decides the position of posts without a word count.
    assert!(up.iter().filter_map(|post| post.word_count).is_sorted());
    let down = world.grapnel.posts(&id, &sort(Order::Desc)).await.unwrap().posts;
    assert!(down.iter().rev().filter_map(|post| post.word_count).is_sorted());

    let drafts = PostQuery { status: Some("draft".into()), ..query.clone() };
    let drafts = world.grapnel.posts(&id, &drafts).await.unwrap().posts;
    assert!(!drafts.is_empty() && drafts.iter().all(|post| post.status.as_deref() == Some("draft")));

    let from: Timestamp = posts.iter().filter_map(|post| post.last_update).max().unwrap();
    let newest = PostQuery { updated_from: Some(from), ..query.clone() };
    let newest = world.grapnel.posts(&id, &newest).await.unwrap().posts;
    assert!(!newest.is_empty() && newest.iter().all(|post| post.last_update >= Some(from)));

    let start = posts[0].title.split(' ').next().unwrap().to_lowercase();
    let titled = PostQuery { title: Some(start.clone()), ..query };
    let titled = world.grapnel.posts(&id, &titled).await.unwrap().posts;
    assert!(!titled.is_empty() && titled.iter().all(|post| post.title.to_lowercase().contains(&start)));
    assert!(world.sandbox.departures().is_empty(), "{:?}", world.sandbox.departures().all());
}
