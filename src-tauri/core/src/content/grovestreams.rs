//! GroveStreams' API: the user and their organizations, if the person entered the user's ID.

use grapnel_model::account::Account;
use grapnel_model::content::{Collection, Item};
use grapnel_model::error::{Error, NextStep, Result};
use grapnel_oauth::http::Limits;
use serde_json::Value;

use super::api::{Api, no_such};
use super::lenient_json::{Members, id_of, list, object, others, text};

/// The user whose ID was entered, or else the email address that was entered, or else unknown.
pub(super) async fn fetch_account(api: &Api<'_>) -> Result<Option<Account>> {
    let typed = api.config.email.as_ref();
    if api.config.user_uid.is_none() {
        return Ok(typed.map(|email| Account {
            id: email.clone(),
            name: String::new(),
            email: Some(email.clone()),
            issuer: None,
            username: None,
        }));
    }
    let mut user = user(api).await?;
    let names = [text(&mut user, "firstName"), text(&mut user, "lastName")];
    let account = id_of(&mut user, "uid").map(|id| Account {
        id,
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
        email: text(&mut user, "email"),
        issuer: None,
        username: None,
    });
    api.understand(account).map(Some)
}

pub(super) fn collections() -> Vec<Collection> {
    vec![Collection { id: "organizations".into(), name: "Organizations".into(), within: None }]
}

pub(super) async fn items(api: &Api<'_>, collection: &str) -> Result<Vec<Item>> {
    if collection != "organizations" {
        return Err(no_such(collection));
    }
    let organizations = user(api).await?.remove("organization").unwrap_or(Value::Array(Vec::new()));
    api.understand(list(organizations, organization))
}

/// `GET /user/{uid}`, with the organization if one was entered.
async fn user(api: &Api<'_>) -> Result<Members> {
    let uid = api.config.user_uid.as_deref().ok_or_else(|| {
        let error = no_such("organizations that Grapnel could list without your user id")
            .hint("Enter your user ID (user_uid) among the app’s values.")
            .next_step(NextStep::EditApp);
        // Names the missing setting.
        Error { field: Some("user_uid".into()), ..error }
    })?;
    let segment: String = url::form_urlencoded::byte_serialize(uid.as_bytes()).collect();
    let org = api.config.org.as_ref().map(|org| {
        format!("?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("org", org).finish())
    });
    let reply = api.get(&format!("user/{segment}{}", org.unwrap_or_default()), Limits::IDENTITY).await?;
    api.understand(object(reply).and_then(|mut reply| object(reply.remove("user")?)))
}

fn organization(item: Value) -> Option<Item> {
    let mut members = object(item)?;
    let id = id_of(&mut members, "uid")?;
    let name = text(&mut members, "name").unwrap_or_else(|| id.clone());
    let note = (members.get("isOwner") == Some(&Value::Bool(true))).then(|| "You own it".to_owned());
    Some(Item { id, name, note, others: others(members) })
}
