//! The API calls except the list of posts.

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::grigora::API_BASE;
use serde_json::json;

use crate::harness::{Reply, harness, project_ids};

#[tokio::test]
async fn authorized_by_returns_the_token_owner() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let expected = json!({
        "id": "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70",
        "email": "ines@harbour.example",
        "firstName": "Ines",
        "lastName": "Marchetti",
    });
    assert_eq!(harness.api_get("/token/authorized_by", &access).await.json(), expected);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn introspect_returns_the_authorization_and_the_app() {
    let harness = harness();
    let code = harness.agree(&[("project_ids", "proj_harbour,proj_sekai")]).await.param("code").unwrap();
    let access = harness.exchange(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
    let body = harness.api_get("/token/introspect", &access).await.json();
    let authorization = &body["authorization"];
    assert!(authorization["id"].as_str().unwrap().parse::<u64>().is_ok());
    let created = authorization["createdOn"].as_str().unwrap();
    assert!(created.len() == "2025-02-20T10:00:00.000Z".len() && created.ends_with('Z'), "{created}");
    assert_eq!(authorization["grantType"], "authorization_code");
    assert_eq!(authorization["scope"], "cms:post:read directory:items:read project:details:read");
    assert_eq!(authorization["userId"], "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70");
    assert_eq!(authorization["authorizedTo"]["projectIds"], json!(["proj_harbour", "proj_sekai"]));
    let application = json!({
        "id": "42",
        "description": "A made-up app, to try a connection with.",
        "homepage": "https://sandbox-app.example",
        "displayName": "Grapnel",
    });
    assert_eq!(body["application"], application);
}

#[tokio::test]
async fn the_project_list_has_the_authorized_projects_and_omits_a_missing_domain() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let list = harness.api_get("/project/list", &access).await;
    assert_eq!(project_ids(&list).as_array().unwrap().len(), 6);
    let projects = &list.json()["projects"];
    let harbour = json!({
        "id": "proj_harbour",
        "name": "Harbour Coffee Roasters",
        "domain": "harbourcoffee.example",
        "slug": "harbour-coffee-roasters",
    });
    assert_eq!(projects[0], harbour);
    assert_eq!(
        projects[1],
        json!({ "id": "proj_northwind", "name": "Northwind Bakery", "slug": "northwind-bakery" })
    );
}

#[tokio::test]
async fn project_details_hold_the_four_documented_members_and_others() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let reply =
        harness.api_post("/project/details", &access, json!({ "project_id": "proj_lindqvist" })).await;
    let body = reply.json();
    assert_eq!(reply.status, 200);
    assert_eq!(body["id"], "proj_lindqvist");
    assert_eq!(body["name"], "Atelier Lindqvist");
    assert_eq!(body["domain"], "atelier-lindqvist.example");
    assert_eq!(body["slug"], "atelier-lindqvist");
    assert_eq!(body["theme"]["colours"]["accent"], "#8a4b2a");
    assert!(body.as_object().unwrap().len() > 20);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_missing_project_id_is_400_and_a_foreign_one_403() {
    let harness = harness();
    let code = harness.agree(&[("project_id", "proj_harbour")]).await.param("code").unwrap();
    let access = harness.exchange(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
    for path in ["/project/details", "/cms/post/list"] {
        harness.sandbox.departures().clear();
        for body in [
            json!({}),
            json!({ "project_id": null }),
            json!({ "project_id": 7 }),
            json!({ "project_id": "" }),
        ] {
            harness.api_post(path, &access, body).await.refused(400, "invalid_request");
        }
        assert_eq!(harness.departed()[0], (DepartureKind::MissingParameter, "project_id".to_owned()));
        for id in ["proj_sekai", "proj_nowhere"] {
            let foreign = harness.api_post(path, &access, json!({ "project_id": id })).await;
            foreign.refused(403, "project_not_authorized");
        }
        assert_eq!(harness.departed()[4], (DepartureKind::ProjectNotAuthorized, "project_id".to_owned()));
    }
}

#[tokio::test]
async fn every_call_requires_a_bearer_token() {
    let harness = harness();
    for path in ["/token/authorized_by", "/token/introspect", "/project/list"] {
        let reply = harness.get(&format!("{API_BASE}{path}")).await;
        reply.refused(401, "unauthorized");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    for path in ["/project/details", "/cms/post/list"] {
        let request = harness.http.post(harness.url(&format!("{API_BASE}{path}"))).json(&json!({}));
        Reply::of(request.send().await.unwrap()).await.refused(401, "unauthorized");
    }
    assert!(
        harness
            .departed()
            .iter()
            .all(|d| *d == (DepartureKind::MissingParameter, "Authorization".to_owned()))
    );
}

#[tokio::test]
async fn an_unknown_token_is_invalid() {
    let harness = harness();
    harness.api_get("/project/list", "gri_at_made-up").await.refused(401, "invalid_token");
    harness.departed_once(DepartureKind::UnknownToken, "Authorization");
}

#[tokio::test]
async fn a_refresh_token_is_refused_by_the_api() {
    let harness = harness();
    let (_, refresh) = harness.tokens().await;
    harness.api_get("/project/list", &refresh).await.refused(401, "invalid_token");
    harness.departed_once(DepartureKind::RefreshTokenAsAccessToken, "Authorization");
}

#[tokio::test]
async fn another_scheme_than_bearer_is_refused() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let ask = |value: String| {
        harness.http.get(harness.url(&format!("{API_BASE}/project/list"))).header("authorization", value)
    };
    Reply::of(ask("Basic YTpi".to_owned()).send().await.unwrap()).await.refused(401, "unauthorized");
    harness.departed_once(DepartureKind::BasicAuthentication, "Authorization");
    Reply::of(ask(access.clone()).send().await.unwrap()).await.refused(401, "unauthorized");
    let twice = ask(format!("Bearer {access}")).header("authorization", format!("Bearer {access}"));
    Reply::of(twice.send().await.unwrap()).await.refused(401, "unauthorized");
    assert_eq!(
        ask(format!("bearer {access}")).send().await.unwrap().status(),
        200,
        "a scheme's case does not matter"
    );
}

#[tokio::test]
async fn a_token_in_the_query_is_refused_and_not_logged() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let path = format!("{API_BASE}/project/list?access_token={access}");
    harness.get(&path).await.refused(401, "unauthorized");
    assert_eq!(harness.departed()[0], (DepartureKind::TokenInQuery, "access_token".to_owned()));
    let both = harness.http.get(harness.url(&path)).bearer_auth(&access);
    Reply::of(both.send().await.unwrap()).await.refused(400, "invalid_request");
    assert!(!format!("{:?}", harness.sandbox.departures().all()).contains(&access));
}

#[tokio::test]
async fn an_undocumented_query_or_body_is_logged_and_ignored() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    assert_eq!(harness.api_get("/project/list?page=2", &access).await.status, 200);
    harness.departed_once(DepartureKind::UnexpectedQuery, "no call takes a query");
    harness.sandbox.departures().clear();
    let request =
        harness.http.get(harness.url(&format!("{API_BASE}/project/list"))).bearer_auth(&access).body("{}");
    assert_eq!(request.send().await.unwrap().status(), 200);
    harness.departed_once(DepartureKind::UnexpectedBody, "this call takes no body");
    harness.sandbox.departures().clear();
    let body = json!({ "project_id": "proj_harbour", "verbose": true });
    assert_eq!(harness.api_post("/project/details", &access, body).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "verbose");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let post = || harness.http.post(harness.url(&format!("{API_BASE}/project/details"))).bearer_auth(&access);
    let form = post().form(&[("project_id", "proj_harbour")]);
    Reply::of(form.send().await.unwrap()).await.refused(415, "invalid_request");
    harness.departed_once(DepartureKind::WrongContentType, "application/x-www-form-urlencoded");
    for (body, kind) in [
        ("[1]", DepartureKind::MalformedBody),
        ("", DepartureKind::MalformedBody),
        ("{\"project_id\":\"proj_harbour\",\"project_id\":\"proj_sekai\"}", DepartureKind::RepeatedParameter),
    ] {
        harness.sandbox.departures().clear();
        let request = post().header("content-type", "application/json").body(body);
        Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
        assert_eq!(harness.departed()[0].0, kind);
    }
}

#[tokio::test]
async fn the_sites_path_of_the_older_page_is_not_served() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    harness.api_get("/sites", &access).await.refused(404, "not_found");
    assert_eq!(harness.departed()[0].0, DepartureKind::UnknownPath);
}
