//! The replacement of all keys: one transaction on a session of its own.

use std::collections::VecDeque;

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::failure::explain;
use super::rows::{self, RECORD_COLUMNS, number};
use super::schema::SchemaName;
use super::session::{Param, connect_plain};
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};
use crate::port::{PortFuture, Rotation, SealedActivity, SealedRecord, TeamRow, WrappedKeys};

/// How many rows are read at once.
const BATCH: i64 = 500;

/// A transaction that ends with the session unless it is committed.
pub(super) struct PostgresRotation {
    client: Client,
    task: JoinHandle<()>,
    schema: SchemaName,
    row: TeamRow,
    after_record: String,
    after_activity: String,
}

impl Drop for PostgresRotation {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PostgresRotation {
    pub(super) async fn begin(url: &DatabaseUrl, schema: &SchemaName) -> Result<Self> {
        let (client, task) = connect_plain(url).await?;
        let begun = async {
            client.batch_execute("BEGIN").await?;
            let sql = "SELECT id, generation, version, document FROM SCHEMA.team FOR UPDATE";
            client.query_typed(&schema.sql(sql), &[]).await
        };
        let rows = begun.await.map_err(|error| explain(&error))?;
        let row = rows::team(rows.first().ok_or(TeamError::NoTeam)?);
        let schema = schema.clone();
        Ok(Self { client, task, schema, row, after_record: String::new(), after_activity: String::new() })
    }

    /// Sends all statements at once and waits for all.
    async fn all(&self, sql: &str, params: Vec<Vec<Param<'_>>>) -> Result<()> {
        let sql = self.schema.sql(sql);
        let sent: VecDeque<_> = params.iter().map(|params| self.client.query_typed(&sql, params)).collect();
        let done = futures_util::future::join_all(sent).await;
        done.into_iter().try_for_each(|done| done.map(|_| ()).map_err(|error| explain(&error)))
    }
}

impl Rotation for PostgresRotation {
    fn row(&self) -> &TeamRow {
        &self.row
    }

    fn records(&mut self) -> PortFuture<'_, Vec<SealedRecord>> {
        Box::pin(async {
            let sql = format!(
                "SELECT {RECORD_COLUMNS} FROM SCHEMA.record WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE"
            );
            let params: [Param<'_>; 2] = [(&self.after_record, Type::TEXT), (&BATCH, Type::INT8)];
            let read = self.client.query_typed(&self.schema.sql(&sql), &params).await;
            let records: Vec<_> = read.map_err(|error| explain(&error))?.iter().map(rows::record).collect();
            if let Some(last) = records.last() {
                self.after_record.clone_from(&last.id.0);
            }
            Ok(records)
        })
    }

    fn replace_records<'a>(&'a mut self, records: &'a [SealedRecord]) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let values: Vec<_> = records
                .iter()
                .map(|record| (record, i64::from(record.generation), record.lookup.0.to_vec()))
                .collect();
            let params = values.iter().map(|(record, generation, lookup)| -> Vec<Param<'_>> {
                vec![
                    (&record.id.0, Type::TEXT),
                    (generation, Type::INT8),
                    (&record.tokens, Type::BYTEA),
                    (&record.definition, Type::BYTEA),
                    (&record.app, Type::BYTEA),
                    (lookup, Type::BYTEA),
                ]
            });
            let sql = "UPDATE SCHEMA.record SET generation = $2, tokens = $3, definition = $4, app = $5, \
                lookup = $6, updated_at = clock_timestamp() WHERE id = $1";
            self.all(sql, params.collect()).await
        })
    }

    fn activity(&mut self) -> PortFuture<'_, Vec<SealedActivity>> {
        Box::pin(async {
            let sql = "SELECT id, record, generation, at, entry FROM SCHEMA.activity WHERE id > $1 ORDER BY id \
                LIMIT $2 FOR UPDATE";
            let params: [Param<'_>; 2] = [(&self.after_activity, Type::TEXT), (&BATCH, Type::INT8)];
            let read = self.client.query_typed(&self.schema.sql(sql), &params).await;
            let entries: Vec<_> = read.map_err(|error| explain(&error))?.iter().map(rows::activity).collect();
            if let Some(last) = entries.last() {
                self.after_activity.clone_from(&last.id.0);
            }
            Ok(entries)
        })
    }

    fn replace_activity<'a>(&'a mut self, entries: &'a [SealedActivity]) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let values: Vec<_> = entries.iter().map(|entry| (entry, i64::from(entry.generation))).collect();
            let params = values.iter().map(|(entry, generation)| -> Vec<Param<'_>> {
                vec![(&entry.id.0, Type::TEXT), (generation, Type::INT8), (&entry.entry, Type::BYTEA)]
            });
            let sql = "UPDATE SCHEMA.activity SET generation = $2, entry = $3 WHERE id = $1";
            self.all(sql, params.collect()).await
        })
    }

    fn commit<'a>(self: Box<Self>, row: &'a TeamRow, members: &'a [WrappedKeys]) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let (generation, version) = (i64::from(row.generation), number(row.version));
            let schema = &self.schema;
            let done = async {
                let sql = schema.sql("UPDATE SCHEMA.team SET generation = $1, version = $2, document = $3");
                let params: [Param<'_>; 3] =
                    [(&generation, Type::INT8), (&version, Type::INT8), (&row.document, Type::BYTEA)];
                self.client.query_typed(&sql, &params).await?;
                self.client.batch_execute(&schema.sql("DELETE FROM SCHEMA.member")).await?;
                let sql = schema.sql("INSERT INTO SCHEMA.member (id, keys) VALUES ($1, $2)");
                for member in members {
                    let params: [Param<'_>; 2] =
                        [(&member.member.0, Type::TEXT), (&member.keys, Type::BYTEA)];
                    self.client.query_typed(&sql, &params).await?;
                }
                let params: [Param<'_>; 1] = [(&schema.as_str(), Type::TEXT)];
                self.client.query_typed("SELECT pg_notify($1, 'm')", &params).await?;
                self.client.batch_execute("COMMIT").await
            };
            done.await.map_err(|error| explain(&error))
        })
    }
}
