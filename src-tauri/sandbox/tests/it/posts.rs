//! The list of posts: members, filters, order and size.

use grapnel_sandbox::{DepartureKind, Options};
use serde_json::{Value, json};

use crate::harness::{Harness, Reply, harness, harness_with};

async fn ask(harness: &Harness, access: &str, project: &str, rest: Value) -> Reply {
    let mut body = json!({ "project_id": project });
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    harness.api_post("/cms/post/list", access, body).await
}

async fn list(harness: &Harness, access: &str, project: &str, rest: Value) -> Vec<Value> {
    let reply = ask(harness, access, project, rest).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["success"], true);
    reply.json()["data"].as_array().unwrap().clone()
}

fn texts(posts: &[Value], name: &str) -> Vec<String> {
    posts.iter().filter_map(|post| post[name].as_str()).map(str::to_lowercase).collect()
}

/// The times of the project that writes them as numbers.
fn seconds(posts: &[Value], name: &str) -> Vec<i64> {
    posts.iter().filter_map(|post| post[name].as_i64()).collect()
}

#[tokio::test]
async fn a_post_has_the_documented_members() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let posts = list(&harness, &access, "proj_harbour", json!({})).await;
    assert_eq!(posts.len(), 240);
    for name in
        ["id", "title", "slug", "status", "author", "created_on", "last_update", "category", "word_count"]
    {
        assert!(posts.iter().all(|post| post.get(name).is_some()), "{name}");
    }
    let ids: std::collections::HashSet<_> = posts.iter().map(|post| post["id"].to_string()).collect();
    assert_eq!(ids.len(), 240);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_documented_request_sorts_by_last_update_newest_first() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let rest = json!({ "sort": "last_update", "order": "dsc" });
    let moments = texts(&list(&harness, &access, "proj_harbour", rest).await, "last_update");
    assert_eq!(moments.len(), 240);
    assert!(moments.is_sorted_by(|a, b| a >= b));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn every_field_sorts_in_both_orders() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    for name in ["title", "slug", "status", "author", "category"] {
        let up = list(&harness, &access, "proj_harbour", json!({ "sort": name, "order": "asc" })).await;
        assert!(texts(&up, name).is_sorted(), "{name}");
        let down = list(&harness, &access, "proj_harbour", json!({ "sort": name, "order": "dsc" })).await;
        assert!(texts(&down, name).is_sorted_by(|a, b| a >= b), "{name}");
        assert_eq!((up.len(), down.len()), (240, 240));
        let nulls = |posts: &[Value]| posts.iter().position(|post| post[name].is_null());
        assert_eq!(nulls(&up), nulls(&down), "nulls come last in either order");
    }
    for name in ["created_on", "last_update", "post_publish", "word_count"] {
        let up = list(&harness, &access, "proj_lindqvist", json!({ "sort": name, "order": "asc" })).await;
        assert!(seconds(&up, name).is_sorted(), "{name}");
        let down = list(&harness, &access, "proj_lindqvist", json!({ "sort": name, "order": "dsc" })).await;
        assert!(seconds(&down, name).is_sorted_by(|a, b| a >= b), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_order_or_sort_is_refused() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    for (rest, detail) in [
        (json!({ "order": "desc" }), "order"),
        (json!({ "order": "ASC" }), "order"),
        (json!({ "sort": "colour" }), "sort"),
        (json!({ "sort": 1 }), "sort"),
    ] {
        harness.sandbox.departures().clear();
        ask(&harness, &access, "proj_harbour", rest).await.refused(400, "invalid_request");
        harness.departed_once(DepartureKind::WrongValue, detail);
    }
}

#[tokio::test]
async fn posts_are_filtered_by_status() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let mut total = 0;
    for status in ["published", "draft", "scheduled", "archived", "in_review"] {
        let posts = list(&harness, &access, "proj_harbour", json!({ "filters": { "status": status } })).await;
        assert!(!posts.is_empty() && posts.iter().all(|post| post["status"] == status), "{status}");
        total += posts.len();
    }
    assert_eq!(total, 240);
    assert_eq!(
        list(&harness, &access, "proj_harbour", json!({ "filters": { "status": "lost" } })).await.len(),
        0
    );
}

#[tokio::test]
async fn posts_are_filtered_by_a_part_of_the_title_in_any_case_and_script() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let title = |part: &str| json!({ "filters": { "title": part } });
    let posts = list(&harness, &access, "proj_harbour", title("COLD brew")).await;
    assert!(!posts.is_empty() && texts(&posts, "title").iter().all(|title| title.contains("cold brew")));
    let posts = list(&harness, &access, "proj_harbour", title("in praise")).await;
    assert!(posts.iter().any(|post| post["title"].as_str().unwrap().starts_with("In praise")));
    for part in ["味噌汁", "القهوة", "दादी", "ΨΩΜΊ", "👨‍👩‍👧‍👦"] {
        assert!(!list(&harness, &access, "proj_sekai", title(part)).await.is_empty(), "{part}");
    }
}

#[tokio::test]
async fn posts_are_filtered_by_update_or_publication_time() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let all = list(&harness, &access, "proj_lindqvist", json!({})).await;
    for name in ["last_update", "post_publish"] {
        let mut moments = seconds(&all, name);
        moments.sort_unstable();
        let (from, to) = (moments[5], moments[15]);
        let range = |range: Value| json!({ "filters": { name: range } });
        let between =
            list(&harness, &access, "proj_lindqvist", range(json!({ "from": from, "to": to }))).await;
        assert_eq!(seconds(&between, name).len(), 11, "both ends included");
        assert!(seconds(&between, name).iter().all(|moment| (from..=to).contains(moment)));
        let since = list(&harness, &access, "proj_lindqvist", range(json!({ "from": from }))).await;
        assert_eq!(since.len(), moments.len() - 5, "and none without a date");
    }
}

#[tokio::test]
async fn filters_combine() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let filters =
        json!({ "filters": { "status": "published", "title": "the" }, "sort": "title", "order": "asc" });
    let posts = list(&harness, &access, "proj_harbour", filters).await;
    assert!(!posts.is_empty());
    assert!(posts.iter().all(|post| post["status"] == "published"));
    assert!(texts(&posts, "title").iter().all(|title| title.contains("the")));
}

#[tokio::test]
async fn filters_of_the_wrong_type_are_refused_and_unknown_ones_logged() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    for (filters, detail) in [
        (json!([]), "filters"),
        (json!({ "status": ["draft"] }), "status"),
        (json!({ "title": 7 }), "title"),
        (json!({ "last_update": 7 }), "last_update"),
        (json!({ "post_publish": { "from": "2026-01-01" } }), "post_publish"),
    ] {
        harness.sandbox.departures().clear();
        let reply = ask(&harness, &access, "proj_harbour", json!({ "filters": filters })).await;
        reply.refused(400, "invalid_request");
        harness.departed_once(DepartureKind::WrongValue, detail);
    }
    harness.sandbox.departures().clear();
    let rest = json!({ "limit": 10, "filters": { "tag": "x", "last_update": { "since": 1 } } });
    assert_eq!(list(&harness, &access, "proj_harbour", rest).await.len(), 240);
    let unknown = ["limit", "tag", "since"].map(|name| (DepartureKind::UnknownParameter, name.to_owned()));
    assert_eq!(harness.departed(), unknown);
}

#[tokio::test]
async fn an_empty_project_lists_no_posts() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    assert_eq!(list(&harness, &access, "proj_garden", json!({})).await.len(), 0);
}

#[tokio::test]
async fn the_posts_option_sets_the_size_of_the_large_project() {
    let harness = harness_with(Options { posts: 12_345, ..Options::default() });
    let (access, _) = harness.tokens().await;
    assert_eq!(list(&harness, &access, "proj_chronicle", json!({})).await.len(), 12_345);
}

#[tokio::test]
async fn times_are_strings_in_one_project_and_numbers_in_another() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    assert!(list(&harness, &access, "proj_harbour", json!({})).await[0]["created_on"].is_string());
    assert!(list(&harness, &access, "proj_lindqvist", json!({})).await[0]["created_on"].is_i64());
}
