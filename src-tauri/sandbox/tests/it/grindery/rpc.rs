//! The JSON-RPC API.

use std::time::Duration;

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::ProviderId::Grindery;
use reqwest::Method;
use serde_json::{Value, json};

use super::{INES, MISAKI, TOMAS, access_of};
use crate::harness::{Harness, Reply, harness};
use crate::provider_client::{claims, send};

async fn call(harness: &Harness, token: &str, method: &str, params: Value) -> Reply {
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    send(harness.at(Grindery).request(Method::POST, "/").bearer_auth(token).json(&body)).await
}

#[track_caller]
fn failed(reply: &Reply, status: u16, code: i32, message: &str) {
    let error = &reply.json()["error"];
    assert_eq!((reply.status, &error["code"], &error["message"]), (status, &json!(code), &json!(message)));
    assert!(reply.json().get("result").is_none());
}

#[tokio::test]
async fn workspaces_are_listed_each_with_a_live_token() {
    let harness = harness();
    let access = access_of(&harness, INES).await;
    let reply = call(&harness, &access, "or_listWorkspaces", json!({})).await;
    let body = reply.json();
    assert_eq!((reply.status, &body["jsonrpc"], &body["id"]), (200, &json!("2.0"), &json!(7)));
    let items = body["result"].as_array().unwrap();
    assert_eq!(items.len(), 3, "not the one that is another's");
    for item in items {
        let mut members: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected = [
            "about",
            "admins",
            "createdAt",
            "creator",
            "iconUrl",
            "key",
            "title",
            "token",
            "updatedAt",
            "users",
        ];
        assert_eq!(members, expected);
        let token = item["token"].as_str().unwrap();
        assert_eq!(claims(token)["workspace"], item["key"]);
        assert_eq!(call(&harness, token, "or_getUserEmail", json!({})).await.status, 200, "it is live");
    }
    assert_eq!(claims(items[0]["token"].as_str().unwrap())["role"], "admin");
    assert_eq!(claims(items[1]["token"].as_str().unwrap())["role"], "user");
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn workflows_are_listed_for_the_wallet_or_for_a_workspace() {
    let harness = harness();
    let access = access_of(&harness, INES).await;
    let own = call(&harness, &access, "or_listWorkflows", json!({})).await.json();
    assert_eq!(own["result"].as_array().unwrap().len(), 2);
    let params = json!({ "workspaceKey": "ws-harbour" });
    let shared = call(&harness, &access, "or_listWorkflows", params).await.json();
    let first = &shared["result"][0];
    assert_eq!((&first["workspaceKey"], &first["state"]), (&json!("ws-harbour"), &json!("on")));
    assert!(first["workflow"]["title"].is_string() && first["workflow"]["trigger"].is_object());
    assert_eq!(first["workflow"]["actions"].as_array().unwrap().len(), 2);
    assert_eq!(first["userAccountId"], format!("eip155:1:{INES}"));
    assert!(harness.sandbox.departures().is_empty());
    let params = json!({ "workspaceKey": "ws-private" });
    let hidden = call(&harness, &access, "or_listWorkflows", params).await.json();
    assert_eq!(hidden["result"], json!([]));
    harness.departed_once(DepartureKind::ProjectNotAuthorized, "workspaceKey");
}

#[tokio::test]
async fn the_email_is_returned_or_null() {
    let harness = harness();
    for (wallet, email) in [
        (INES, json!("ines@harbour.example")),
        (TOMAS, json!("tomas.obrien-nguyen@northwind.example")),
        (MISAKI, Value::Null),
    ] {
        let access = access_of(&harness, wallet).await;
        assert_eq!(call(&harness, &access, "or_getUserEmail", json!({})).await.json()["result"], email);
    }
}

#[tokio::test]
async fn a_missing_and_an_invalid_token_have_different_errors() {
    let harness = harness();
    let body = json!({ "jsonrpc": "2.0", "id": "a", "method": "or_listWorkspaces", "params": {} });
    let reply = harness.at(Grindery).json("/", &body).await;
    failed(&reply, 500, 1, "Not authorized");
    assert_eq!(reply.json()["id"], "a");
    harness.departed_once(DepartureKind::MissingParameter, "Authorization");
    failed(
        &call(&harness, "made-up", "or_listWorkspaces", json!({})).await,
        400,
        -32602,
        "Invalid access token",
    );
    let access = access_of(&harness, INES).await;
    harness.sandbox.departures().clear();
    harness.sandbox.clock().advance(Duration::from_secs(3601));
    failed(
        &call(&harness, &access, "or_listWorkspaces", json!({})).await,
        400,
        -32602,
        "Invalid access token",
    );
    assert!(harness.sandbox.departures().is_empty(), "it was good once");
}

#[tokio::test]
async fn json_rpc_errors_match_section_7_of_the_specification() {
    let harness = harness();
    let access = access_of(&harness, INES).await;
    let raw = |body: &'static str| {
        let request = harness.at(Grindery).request(Method::POST, "/").bearer_auth(&access);
        send(request.header("content-type", "application/json").body(body))
    };
    let broken = raw(r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#).await;
    failed(&broken, 400, -32700, "Parse error");
    assert_eq!(broken.json()["id"], Value::Null);
    failed(&raw(r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#).await, 400, -32600, "Invalid Request");
    let unknown = raw(r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#).await;
    failed(&unknown, 400, -32601, "Method not found");
    assert_eq!(unknown.json()["id"], "1");
    failed(&raw("[]").await, 400, -32600, "Invalid Request");
    failed(&raw(r#"{"method": "or_getUserEmail", "id": 1}"#).await, 400, -32600, "Invalid Request");
    let by_position = raw(r#"{"jsonrpc": "2.0", "method": "or_getUserEmail", "id": 1, "params": [1]}"#).await;
    failed(&by_position, 400, -32602, "Invalid params");
}

#[tokio::test]
async fn unknown_params_are_logged() {
    let harness = harness();
    let access = access_of(&harness, INES).await;
    assert_eq!(call(&harness, &access, "or_listWorkspaces", json!({ "extra": 1 })).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "extra");
    harness.at(Grindery).get("/").await.refused(405, "method_not_allowed");
}
