//! A data directory with many connections. They are inserted as rows, since nobody can sign in ten thousand times.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use grapnel_core::Grapnel;
use grapnel_core::app::{App, NewApp};
use grapnel_model::text::natural_key;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

/// An address where no server listens.
const NOWHERE: &str = "http://127.0.0.1:9";
/// One connection in this number has failed.
const TROUBLED: usize = 100;
/// The length of a sealed JSON Web Token with a few claims.
const SEALED: usize = 900;

/// Fills `home` with this number of connections of `apps` apps. Their sealed values are random bytes, which no list
/// decrypts.
pub(crate) async fn fill(home: &Path, connections: usize, apps: usize) -> Result<()> {
    let grapnel = Grapnel::open(home)?;
    let mut added = Vec::new();
    for number in 0..apps {
        added.push(grapnel.add_app(app(number)).await?);
    }
    let mut database = Connection::open(home.join("grapnel.db"))?;
    let tx = database.transaction()?;
    for number in 0..connections {
        if let Some(app) = added.get(number % apps) {
            connection(&tx, number, app)?;
        }
    }
    tx.commit()?;
    Ok(())
}

/// Makes all connections of `home` those of a team. What is sealed is random bytes: the team cannot be reached.
pub(crate) fn share(home: &Path) -> Result<()> {
    let database = Connection::open(home.join("grapnel.db"))?;
    let (noise, members) = (vec![0x5a_u8; SEALED], "[]");
    database.execute(
        "INSERT INTO team (id, name, host, schema_name, member_id, role, sealed_url, sealed_identity, members, \
         membership_version, seen)
         VALUES ('team', 'Agency', '127.0.0.1', 'grapnel', 'member', '\"member\"', ?1, ?1, ?2, 1, '{}')",
        params![noise, members],
    )?;
    let refreshed =
        serde_json::json!({ "at": Timestamp::now(), "member": "Grace", "machine": "another computer" });
    database.execute(
        "INSERT INTO shared_connection (connection_id, team_id, record_id, record_version, key_generation, \
         definition_counter, grant_number, sign_in_number, grant_version, refreshed, app_counter, app_edits)
         SELECT id, 'team', id, 3, 0, 1, 1, 1, version, ?1, 1, 0 FROM connection",
        params![refreshed.to_string()],
    )?;
    Ok(())
}

fn app(number: usize) -> NewApp {
    let overrides = [("authorize_url", "/authorize"), ("token_url", "/token")]
        .map(|(key, path)| (key.to_owned(), format!("{NOWHERE}{path}")));
    NewApp {
        name: format!("App {number:03}"),
        provider: "custom".into(),
        client_id: format!("client-{number}"),
        client_secret: None,
        redirect: String::new(),
        scopes: vec!["projects:read".into(), "cms:post:read".into()],
        projects: Vec::new(),
        overrides: BTreeMap::from(overrides),
        ..NewApp::default()
    }
}

fn connection(database: &Connection, number: usize, app: &App) -> Result<()> {
    let (now, noise) = (Timestamp::now(), vec![0x5a_u8; SEALED]);
    let glimpse = serde_json::json!({
        "prefix": "gri_at_7Kd2", "fingerprint": format!("{number:08x}"),
    });
    let held = serde_json::json!({
        "access": glimpse, "refresh": glimpse, "issued_at": now,
        "expires_at": now + SignedDuration::from_hours(24 * 30),
        "renewals": 3,
    });
    let trouble = serde_json::json!({
        "code": "reconnect_needed", "message": "The provider does not refresh this connection any more.",
        "meaning": "Its tokens are over.", "hint": "Sign in again.", "field": null,
    });
    let account =
        serde_json::json!({ "id": number.to_string(), "name": "Jo Doe", "email": "jo@client.example" });
    // The names are not in the order of the IDs.
    let name = format!("Client {:05} of {}", number * 7_919 % 1_000_003, app.name);
    database.prepare_cached(
        "INSERT INTO connection (id, app_id, name, created_at, version, sealed_access, sealed_refresh, held, scopes, \
         account, trouble, sort_key)
         VALUES (?1, ?2, ?3, ?4, 3, ?5, ?5, ?6, '[\"projects:read\",\"cms:post:read\"]', ?7, ?8, ?9)",
    )?.execute(params![
        format!("connection-{number:05}"),
        app.id.0,
        name,
        now.to_string(),
        noise,
        held.to_string(),
        account.to_string(),
        number.is_multiple_of(TROUBLED).then(|| trouble.to_string()),
        natural_key(&name),
    ])?;
    Ok(())
}
