//! Makes the schema of a team, completes it, and puts the team's first rows.

use tokio_postgres::types::Type;

use super::failure::answer;
use super::rows::number;
use super::schema::{self, MIGRATIONS, SchemaName};
use super::session::{Param, connect_plain};
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};
use crate::port::{TeamRow, WrappedKeys};

/// Applies the migrations that are missing. It needs a role that owns the schema.
pub(super) async fn migrate(url: &DatabaseUrl, schema: &SchemaName) -> Result<()> {
    let (mut client, task) = connect_plain(url).await?;
    let done = async {
        if schema::version(&client, schema).await? == schema::known() {
            return Ok(());
        }
        schema::migrate(&mut client, schema, MIGRATIONS).await
    };
    let done = done.await;
    task.abort();
    done
}

/// Puts the team's row and its members.
pub(super) async fn create_team(
    url: &DatabaseUrl,
    schema: &SchemaName,
    row: &TeamRow,
    members: &[WrappedKeys],
) -> Result<()> {
    let (mut client, task) = connect_plain(url).await?;
    let created = async {
        let transaction = answer(client.transaction()).await?;
        let sql = "INSERT INTO SCHEMA.team (id, generation, version, document) VALUES ($1, $2, $3, $4) \
            ON CONFLICT DO NOTHING RETURNING 1";
        let (version, generation) = (number(row.version), i64::from(row.generation));
        let params: [Param<'_>; 4] = [
            (&row.id.0, Type::TEXT),
            (&generation, Type::INT8),
            (&version, Type::INT8),
            (&row.document, Type::BYTEA),
        ];
        if answer(transaction.query_typed(&schema.sql(sql), &params)).await?.is_empty() {
            return Err(TeamError::TeamExists);
        }
        let sql = schema.sql("INSERT INTO SCHEMA.member (id, keys) VALUES ($1, $2)");
        for member in members {
            let params: [Param<'_>; 2] = [(&member.member.0, Type::TEXT), (&member.keys, Type::BYTEA)];
            answer(transaction.query_typed(&sql, &params)).await?;
        }
        match answer(transaction.commit()).await {
            Err(error) if error.is_unreachable() => Err(TeamError::Unconfirmed),
            committed => committed,
        }
    };
    let created = created.await;
    task.abort();
    created
}
