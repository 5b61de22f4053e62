//! The schema of a team: its name, its tables, and their versions.

use grapnel_model::secret::{hex, random, sha256};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::failure::answer;
use super::rows;
use crate::error::{Result, TeamError};

/// The migrations in order; the version of a schema is the number of those that were applied.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("migrations/001.sql"), include_str!("migrations/002.sql")];
/// The longest name that PostgreSQL keeps.
const MAX_NAME_BYTES: usize = 63;

/// The name of a schema, checked: lower-case letters, digits and underscores, so that quoting it cannot go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaName(String);

impl SchemaName {
    /// A random name.
    pub fn random() -> Self {
        Self(format!("grapnel_team_{}", hex(&random::<6>())))
    }

    /// Checks a name.
    pub fn parse(name: &str) -> Result<Self> {
        let is_valid = name.len() <= MAX_NAME_BYTES
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && !name.starts_with("pg_")
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let invalid =
            "A schema’s name has up to 63 lower-case letters, digits and underscores, the first a letter.";
        is_valid.then(|| Self(name.to_owned())).ok_or_else(|| TeamError::Invalid(invalid.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SQL in which `SCHEMA` stands for the name.
    pub(super) fn sql(&self, sql: &str) -> String {
        sql.replace("SCHEMA", &format!("\"{}\"", self.0))
    }
}

/// The number that PostgreSQL locks for a name.
pub(super) fn lock_key(name: &str) -> i64 {
    let digest = sha256(format!("grapnel lock v1/{name}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// The version that this Grapnel needs, and that each team has whose database it could open.
pub fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The version of the schema: 0 if it is not there or empty. A newer one than is known is refused.
pub(super) async fn version(client: &Client, schema: &SchemaName) -> Result<u32> {
    let exists = "SELECT to_regclass($1) IS NOT NULL";
    let table = format!("\"{}\".schema_version", schema.as_str());
    let exists = answer(client.query_typed(exists, &[(&table, Type::TEXT)])).await?;
    if !rows::is_true(&exists)? {
        return Ok(0);
    }
    let sql = schema.sql("SELECT version FROM SCHEMA.schema_version");
    let found = applied(&answer(client.query_typed(&sql, &[])).await?)?;
    let known = known();
    if found > known { Err(TeamError::NewerSchema { found, known }) } else { Ok(found) }
}

/// How many migrations were applied.
fn applied(rows: &[Row]) -> Result<u32> {
    let found = rows.first().map_or(Ok(0), |row| rows::value::<i32>(row, 0))?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

/// Applies what is missing, in one transaction. Two at the same moment: the second finds nothing to do.
pub(super) async fn migrate(client: &mut Client, schema: &SchemaName, migrations: &[&str]) -> Result<()> {
    let transaction = answer(client.transaction()).await?;
    let key = lock_key(schema.as_str());
    answer(transaction.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&key, Type::INT8)])).await?;
    // Making a schema needs a privilege even if it is there.
    let exists = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)";
    let exists = answer(transaction.query_typed(exists, &[(&schema.as_str(), Type::TEXT)])).await?;
    if !rows::is_true(&exists)? {
        answer(transaction.batch_execute(&schema.sql("CREATE schema SCHEMA"))).await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS SCHEMA.schema_version (version integer NOT NULL)";
    answer(transaction.batch_execute(&schema.sql(table))).await?;
    let sql = schema.sql("SELECT version FROM SCHEMA.schema_version");
    let found = applied(&answer(transaction.query_typed(&sql, &[])).await?)?;
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        answer(transaction.batch_execute(&schema.sql(migration))).await?;
    }
    let target = u32::try_from(migrations.len()).unwrap_or(u32::MAX).max(found);
    let set = "DELETE FROM SCHEMA.schema_version; INSERT INTO SCHEMA.schema_version VALUES";
    answer(transaction.batch_execute(&schema.sql(&format!("{set} ({target})")))).await?;
    answer(transaction.commit()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_need_quoting_is_refused() {
        for name in ["", "Team", "1team", "pg_team", "a\"b", "a;drop", "a b", &"a".repeat(64)] {
            assert!(SchemaName::parse(name).is_err(), "{name}");
        }
        assert!(SchemaName::parse(SchemaName::random().as_str()).is_ok());
    }
}
