//! The Grid's API: the user, sites, and the items of a site.

use grapnel_model::account::Account;
use grapnel_model::content::{Collection, Item};
use grapnel_model::error::Result;
use grapnel_oauth::http::Limits;
use serde_json::Value;

use super::api::{Api, no_such};
use super::lenient_json::{id, id_of, list, object, others, text};

/// The API returns fewer than fifty items per page.
const PAGE_SIZE: usize = 49;
/// The most items that are fetched of a site.
const MAX_ITEMS: usize = 10_000;

/// `GET /user`.
pub(super) async fn fetch_account(api: &Api<'_>) -> Result<Account> {
    api.understand(account(api.get("user", Limits::IDENTITY).await?))
}

fn account(reply: Value) -> Option<Account> {
    let mut members = object(reply)?;
    let id = id(&mut members).or_else(|| id_of(&mut members, "uuid"))?;
    Some(Account {
        id,
        name: text(&mut members, "name").unwrap_or_default(),
        email: text(&mut members, "email"),
        issuer: None,
        username: None,
    })
}

pub(super) fn collections() -> Vec<Collection> {
    vec![
        Collection { id: "sites".into(), name: "Sites".into(), within: None },
        Collection { id: "items".into(), name: "Items".into(), within: Some("sites".into()) },
    ]
}

pub(super) async fn items(api: &Api<'_>, collection: &str, within: Option<&str>) -> Result<Vec<Item>> {
    match collection {
        "sites" => api.understand(list(api.get("site", Limits::LIST).await?, site)),
        "items" => all_items(api, within).await,
        other => Err(no_such(other)),
    }
}

async fn all_items(api: &Api<'_>, site: Option<&str>) -> Result<Vec<Item>> {
    let mut all = Vec::new();
    loop {
        let reply = api.get(&page(all.len(), site), Limits::PAGE).await?;
        let came = reply.as_array().map_or(0, Vec::len);
        all.extend(api.understand(list(reply, item))?);
        if came < PAGE_SIZE || all.len() >= MAX_ITEMS {
            return Ok(all);
        }
    }
}

fn page(offset: usize, site: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new("item?".to_owned());
    query.append_pair("offset", &offset.to_string()).append_pair("limit", &PAGE_SIZE.to_string());
    query.extend_pairs(site.map(|site| ("site", site)));
    query.finish().replacen("?&", "?", 1)
}

fn site(reply: Value) -> Option<Item> {
    let mut members = object(reply)?;
    let id = id(&mut members)?;
    let name = text(&mut members, "name").unwrap_or_else(|| id.clone());
    let note = text(&mut members, "domain").or_else(|| text(&mut members, "url"));
    Some(Item { id, name, note, others: others(members) })
}

fn item(reply: Value) -> Option<Item> {
    let mut members = object(reply)?;
    let id = id(&mut members)?;
    let title =
        members.get("metadata").and_then(|metadata| metadata.get("title")?.as_str().map(str::to_owned));
    let name = text(&mut members, "title").or(title).unwrap_or_else(|| id.clone());
    let note = text(&mut members, "type").or_else(|| text(&mut members, "created_at"));
    Some(Item { id, name, note, others: others(members) })
}
