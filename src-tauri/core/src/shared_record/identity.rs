//! This person as a member of teams: the key pair, made at the first need, and the ID of this data directory.

use std::sync::Arc;

use grapnel_model::error::Result;
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use grapnel_store::team::{self, IdentityRow, OWN_IDENTITY};
use grapnel_team::port::{MachineId, RecordStore};
use grapnel_team::postgres::{DatabaseUrl, PostgresStore, SchemaName};
use grapnel_team::{Identity, TeamError};

use super::errors::told;
use crate::context::Context;

/// The associated data of a team's encrypted database URL.
pub(crate) fn url_associated_data(id: &TeamId) -> String {
    format!("team/{id}/url")
}

/// The associated data of this person's key in a team, if it is not the usual one.
pub(crate) fn associated_data_in(id: &TeamId) -> String {
    format!("team/{id}/identity")
}

fn own_associated_data() -> String {
    format!("team_identity/{OWN_IDENTITY}/identity")
}

/// This person's key pair; made if there is none.
pub(crate) async fn own(ctx: &Context) -> Result<Identity> {
    let row = row(ctx).await?;
    let text = ctx.vault.open(&own_associated_data(), &row.sealed_identity).await?;
    Identity::parse(&text).map_err(|error| told(&error))
}

/// The stored identity; made if there is none.
pub(crate) async fn row(ctx: &Context) -> Result<IdentityRow> {
    if let Some(row) = ctx.store.read(team::identity)? {
        return Ok(row);
    }
    let identity = Identity::generate();
    let _working = ctx.begin_sealed_write().await?;
    let new = IdentityRow {
        machine_id: MachineId::random().0,
        recipient: identity.public_key().to_string(),
        sealed_identity: ctx.vault.seal(&own_associated_data(), &identity.to_text()).await?,
    };
    // Another process may have been first.
    ctx.store.write(|tx| team::insert_identity_if_absent(tx, &new))
}

/// A team's database. Nothing is asked of it yet.
pub(crate) fn open_store(url: &SecretString, schema: &str) -> Result<Arc<dyn RecordStore>, TeamError> {
    let store = PostgresStore::new(DatabaseUrl::parse(url)?, SchemaName::parse(schema)?);
    Ok(Arc::new(store))
}

/// A database that is to hold a new team: its schema is made, of a random name unless one is given.
pub(crate) async fn create_store(
    url: &SecretString,
    schema: Option<&str>,
) -> Result<Arc<dyn RecordStore>, TeamError> {
    let schema = schema.map_or_else(|| Ok(SchemaName::random()), SchemaName::parse)?;
    let store = PostgresStore::prepare(DatabaseUrl::parse(url)?, schema).await?;
    Ok(Arc::new(store))
}

/// The host of a database URL and the name of the database, which can be shown.
pub(crate) fn database_name(url: &SecretString) -> Result<(String, String), TeamError> {
    DatabaseUrl::parse(url).map(|url| (url.host().to_owned(), url.database().to_owned()))
}

/// The host of a database URL, and the files and folders of this computer that it names.
pub(crate) fn database_place(url: &SecretString) -> Result<(String, Vec<String>), TeamError> {
    let url = DatabaseUrl::parse(url)?;
    let paths = url.local_paths().into_iter().map(|path| path.display().to_string());
    Ok((url.host().to_owned(), paths.collect()))
}
