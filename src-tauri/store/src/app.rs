//! The `app` table.

use grapnel_model::id::AppId;
use grapnel_model::provider::Overrides;
use grapnel_model::registration::Registration;
use grapnel_model::text::natural_key;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::column::{Json, Time, json, maybe_json};
use crate::sealed::Sealed;
use crate::shared_connection;

/// A row of the `app` table.
#[derive(Debug, Clone)]
pub struct AppRow {
    /// The ID.
    pub id: AppId,
    /// Unique among apps.
    pub name: String,
    /// The ID of the built-in provider profile that it is based on.
    pub provider: String,
    /// The client ID.
    pub client_id: String,
    /// The client secret; `None` for a public client.
    pub sealed_secret: Option<Sealed>,
    /// The redirect URI.
    pub redirect_uri: String,
    /// The scopes that it requests, in the order of the form.
    pub scopes: Vec<String>,
    /// The projects to limit a grant to, at a provider that has projects.
    pub projects: Vec<String>,
    /// The settings that differ from the profile, by key.
    pub overrides: Overrides,
    /// The keys of the settings in `sealed_values`.
    pub secret_keys: Vec<String>,
    /// The secret extra parameters and headers, encrypted together.
    pub sealed_values: Option<Sealed>,
    /// The keys of the settings that discovery has set.
    pub discovered: Vec<String>,
    /// The label of its environment, such as `Staging`.
    pub environment: Option<String>,
    /// How its client was registered, if Grapnel did that.
    pub registration: Option<Box<Registration>>,
    /// The registration access token (RFC 7592).
    pub sealed_registration: Option<Sealed>,
    /// When it was created.
    pub created_at: jiff::Timestamp,
}

/// Adds an app.
pub fn insert(connection: &Connection, app: &AppRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO app (id, name, provider, client_id, sealed_secret, redirect_uri, scopes, projects, overrides,
                secret_keys, sealed_values, discovered, environment, registration, sealed_registration, created_at)
             VALUES (:id, :name, :provider, :client_id, :secret, :redirect_uri, :scopes, :projects, :overrides,
                :secret_keys, :values, :discovered, :environment, :registration, :sealed_registration, :created_at)",
            named_params! {
                ":id": app.id, ":name": app.name, ":provider": app.provider, ":client_id": app.client_id,
                ":secret": app.sealed_secret, ":redirect_uri": app.redirect_uri, ":scopes": Json(&app.scopes),
                ":projects": Json(&app.projects),
                ":overrides": Json(&app.overrides), ":secret_keys": Json(&app.secret_keys),
                ":values": app.sealed_values,
                ":discovered": Json(&app.discovered), ":environment": app.environment,
                ":registration": app.registration.as_ref().map(Json),
                ":sealed_registration": app.sealed_registration,
                ":created_at": Time(app.created_at),
            },
        )
        .map(drop)
}

/// Updates everything but id, provider and creation time.
pub fn update(connection: &Connection, app: &AppRow) -> rusqlite::Result<()> {
    update_from_team(connection, app)?;
    shared_connection::count_app_edit(connection, &app.id)
}

/// Like [`update`], with what a team has.
pub fn update_from_team(connection: &Connection, app: &AppRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE app SET name = :name, client_id = :client_id, sealed_secret = :secret, redirect_uri = :redirect_uri,
                scopes = :scopes, projects = :projects, overrides = :overrides, secret_keys = :secret_keys,
                sealed_values = :values, discovered = :discovered, environment = :environment,
                registration = :registration, sealed_registration = :sealed_registration
             WHERE id = :id",
            named_params! {
                ":id": app.id, ":name": app.name, ":client_id": app.client_id, ":secret": app.sealed_secret,
                ":redirect_uri": app.redirect_uri, ":scopes": Json(&app.scopes), ":projects": Json(&app.projects),
                ":overrides": Json(&app.overrides), ":secret_keys": Json(&app.secret_keys),
                ":values": app.sealed_values,
                ":discovered": Json(&app.discovered), ":environment": app.environment,
                ":registration": app.registration.as_ref().map(Json),
                ":sealed_registration": app.sealed_registration,
            },
        )
        .map(drop)
}

/// All apps, by name in natural order.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<AppRow>> {
    let all: rusqlite::Result<Vec<AppRow>> =
        connection.prepare("SELECT * FROM app ORDER BY name")?.query_map([], read)?.collect();
    let mut all = all?;
    all.sort_by_cached_key(|row| natural_key(&row.name));
    Ok(all)
}

/// An app; `None` if there is no app with this ID.
pub fn get(connection: &Connection, id: &AppId) -> rusqlite::Result<Option<AppRow>> {
    connection.query_row("SELECT * FROM app WHERE id = ?1", [id], read).optional()
}

/// Whether an app has this name. ASCII letters match in either case.
pub fn name_is_taken(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM app WHERE name = ?1)", [name], |row| row.get(0))
}

/// The environment of `app` as other apps spell it: labels that differ in nothing but case are one environment.
pub fn known_environment(connection: &Connection, app: &AppRow) -> rusqlite::Result<Option<String>> {
    let Some(label) = &app.environment else { return Ok(None) };
    let known: rusqlite::Result<Vec<String>> = connection
        .prepare(
            "SELECT environment FROM app WHERE environment IS NOT NULL AND id <> ?1 ORDER BY created_at",
        )?
        .query_map([&app.id], |row| row.get(0))?
        .collect();
    let equal = |other: &String| other.to_lowercase() == label.to_lowercase();
    Ok(Some(known?.into_iter().find(equal).unwrap_or_else(|| label.clone())))
}

/// Removes an app without connections. Returns whether it was removed.
pub fn remove(connection: &Connection, id: &AppId) -> rusqlite::Result<bool> {
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
        environment: row.get("environment")?,
        registration: maybe_json(row, "registration")?,
        sealed_registration: row.get("sealed_registration")?,
        created_at: row.get::<_, Time>("created_at")?.0,
    })
}
