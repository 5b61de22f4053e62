//! Grindery's orchestrator: workspaces and workflows by JSON-RPC. A workspace is returned with a live token of its own,
//! which is removed before anything else sees it.

use grapnel_model::account::{Account, Claims};
use grapnel_model::content::{Collection, Item};
use grapnel_model::error::Result;
use serde_json::{Value, json};

use super::api::{Api, no_such};
use super::jwt::claim;
use super::lenient_json::{Members, id_of, list, object, others, text};

/// The wallet in the token's `sub` claim, with the email address if the orchestrator returns it.
pub(super) async fn fetch_account(api: &Api<'_>, claims: Option<&Claims>) -> Result<Option<Account>> {
    let Some(id) = claims.and_then(|claims| claim(claims, "sub")) else { return Ok(None) };
    // Not every orchestrator supports this method, and the account is known without it.
    let email =
        api.rpc("or_getUserEmail", json!({})).await.ok().and_then(|email| email.as_str().map(str::to_owned));
    // Such as `eip155:1:0x…`; the last part is the wallet's address.
    let name = id.rsplit(':').next().unwrap_or_default().to_owned();
    Ok(Some(Account { id: id.to_owned(), name, email, issuer: None, username: None }))
}

pub(super) fn collections() -> Vec<Collection> {
    vec![
        Collection { id: "workspaces".into(), name: "Workspaces".into(), within: None },
        Collection { id: "workflows".into(), name: "Workflows".into(), within: Some("workspaces".into()) },
    ]
}

pub(super) async fn items(api: &Api<'_>, collection: &str, within: Option<&str>) -> Result<Vec<Item>> {
    match collection {
        "workspaces" => api.understand(list(api.rpc("or_listWorkspaces", json!({})).await?, workspace)),
        "workflows" => {
            let params = within.map_or_else(|| json!({}), |key| json!({ "workspaceKey": key }));
            api.understand(list(api.rpc("or_listWorkflows", params).await?, workflow))
        }
        other => Err(no_such(other)),
    }
}

fn workspace(item: Value) -> Option<Item> {
    let mut members = object(item)?;
    members.remove("token");
    named(members)
}

fn workflow(item: Value) -> Option<Item> {
    let mut members = object(item)?;
    let title =
        members.get("workflow").and_then(|workflow| workflow.get("title")?.as_str().map(str::to_owned));
    if let Some(title) = title {
        members.insert("title".into(), title.into());
    }
    named(members)
}

fn named(mut members: Members) -> Option<Item> {
    let id = id_of(&mut members, "key")?;
    let name = text(&mut members, "title").unwrap_or_else(|| id.clone());
    let note = text(&mut members, "about").or_else(|| text(&mut members, "state"));
    Some(Item { id, name, note, others: others(members) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspaces_own_token_is_dropped() {
        let item = json!({ "key": "k1", "title": "Team", "about": "Ours", "token": "a-live-token", "admins": ["x"] });
        let item = workspace(item).unwrap();
        assert!(!serde_json::to_string(&item).unwrap().contains("a-live-token"));
        assert_eq!(
            (item.id.as_str(), item.name.as_str(), item.note.as_deref()),
            ("k1", "Team", Some("Ours"))
        );
    }

    #[test]
    fn a_workflow_is_named_by_its_title() {
        let item =
            json!({ "key": "w1", "workspaceKey": "k1", "state": "on", "workflow": { "title": "Mint" } });
        let item = workflow(item).unwrap();
        assert_eq!((item.name.as_str(), item.note.as_deref()), ("Mint", Some("on")));
    }
}
