//! Apps in the store.

use grapnel_model::id::AppId;
use grapnel_model::provider::Overrides;
use grapnel_model::text::natural_key;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::column::{Json, Time, json};
use crate::store::sealed::Sealed;

/// An app as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct AppRow {
    pub(crate) id: AppId,
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) client_id: String,
    pub(crate) sealed_secret: Option<Sealed>,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) projects: Vec<String>,
    pub(crate) overrides: Overrides,
    /// The keys of what is in `sealed_values`.
    pub(crate) secret_keys: Vec<String>,
    pub(crate) sealed_values: Option<Sealed>,
    /// The keys of values that are as the issuer announced them.
    pub(crate) discovered: Vec<String>,
    pub(crate) created_at: jiff::Timestamp,
}

pub(crate) fn insert(connection: &Connection, app: &AppRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO app (id, name, provider, client_id, sealed_secret, redirect_uri, scopes, projects, overrides,
                secret_keys, sealed_values, discovered, created_at)
             VALUES (:id, :name, :provider, :client_id, :secret, :redirect_uri, :scopes, :projects, :overrides,
                :secret_keys, :values, :discovered, :created_at)",
            named_params! {
                ":id": app.id, ":name": app.name, ":provider": app.provider, ":client_id": app.client_id,
                ":secret": app.sealed_secret, ":redirect_uri": app.redirect_uri, ":scopes": Json(&app.scopes), ":projects": Json(&app.projects),
                ":overrides": Json(&app.overrides), ":secret_keys": Json(&app.secret_keys), ":values": app.sealed_values,
                ":discovered": Json(&app.discovered), ":created_at": Time(app.created_at),
            },
        )
        .map(drop)
}

/// Changes everything of an app but its id, provider and age.
pub(crate) fn update(connection: &Connection, app: &AppRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE app SET name = :name, client_id = :client_id, sealed_secret = :secret, redirect_uri = :redirect_uri,
                scopes = :scopes, projects = :projects, overrides = :overrides, secret_keys = :secret_keys,
                sealed_values = :values, discovered = :discovered
             WHERE id = :id",
            named_params! {
                ":id": app.id, ":name": app.name, ":client_id": app.client_id, ":secret": app.sealed_secret,
                ":redirect_uri": app.redirect_uri, ":scopes": Json(&app.scopes), ":projects": Json(&app.projects),
                ":overrides": Json(&app.overrides), ":secret_keys": Json(&app.secret_keys), ":values": app.sealed_values,
                ":discovered": Json(&app.discovered),
            },
        )
        .map(drop)
}

pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<AppRow>> {
    let all: rusqlite::Result<Vec<AppRow>> =
        connection.prepare("SELECT * FROM app ORDER BY name")?.query_map([], read)?.collect();
    let mut all = all?;
    all.sort_by_cached_key(|row| natural_key(&row.name));
    Ok(all)
}

pub(crate) fn get(connection: &Connection, id: &AppId) -> rusqlite::Result<Option<AppRow>> {
    connection.query_row("SELECT * FROM app WHERE id = ?1", [id], read).optional()
}

pub(crate) fn name_is_taken(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM app WHERE name = ?1)", [name], |row| row.get(0))
}

/// Removes an app, and answers whether it could: an app with connections stays.
pub(crate) fn remove(connection: &Connection, id: &AppId) -> rusqlite::Result<bool> {
    let removed = connection.execute(
        "DELETE FROM app WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM connection WHERE app_id = ?1)",
        [id],
    )?;
    Ok(removed == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AppRow> {
    Ok(AppRow {
        id: row.get("id")?,
        name: row.get("name")?,
        provider: row.get("provider")?,
        client_id: row.get("client_id")?,
        sealed_secret: row.get("sealed_secret")?,
        redirect_uri: row.get("redirect_uri")?,
        scopes: json(row, "scopes")?,
        projects: json(row, "projects")?,
        overrides: json(row, "overrides")?,
        secret_keys: json(row, "secret_keys")?,
        sealed_values: row.get("sealed_values")?,
        discovered: json(row, "discovered")?,
        created_at: row.get::<_, Time>("created_at")?.0,
    })
}
