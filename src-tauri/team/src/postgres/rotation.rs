//! The replacement of all keys: one transaction on a session of its own.

use std::collections::VecDeque;

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::failure::answer;
use super::rows::{self, ACTIVITY_COLUMNS, RECORD_COLUMNS, TEAM_COLUMNS, number, value};
use super::schema::SchemaName;
use super::session::{Param, connect_plain};
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};
use crate::port::{MemberId, PortFuture, Rotation, SealedActivity, SealedRecord, TeamRow, WrappedKeys};

/// How many rows are read at once, each with up to 3 MiB.
const BATCH: i64 = 50;

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
        answer(client.batch_execute("BEGIN")).await?;
        let sql = format!("SELECT {TEAM_COLUMNS} FROM SCHEMA.team FOR UPDATE");
        let rows = answer(client.query_typed(&schema.sql(&sql), &[])).await?;
        let row = rows::team(rows.first().ok_or(TeamError::NoTeam)?)?;
        // Who adds an entry locks rows of this table and then the entry's record. So the table comes before the
        // records here, too.
        let sql = "LOCK TABLE SCHEMA.activity IN SHARE ROW EXCLUSIVE MODE";
        answer(client.batch_execute(&schema.sql(sql))).await?;
        let schema = schema.clone();
        Ok(Self { client, task, schema, row, after_record: String::new(), after_activity: String::new() })
    }

    /// Sends all statements at once and waits for all.
    async fn all(&self, sql: &str, params: Vec<Vec<Param<'_>>>) -> Result<()> {
        let sql = self.schema.sql(sql);
        let sent: VecDeque<_> = params.iter().map(|params| self.client.query_typed(&sql, params)).collect();
        answer(futures_util::future::try_join_all(sent)).await.map(|_| ())
    }
}

impl Rotation for PostgresRotation {
    fn row(&self) -> &TeamRow {
        &self.row
    }

    fn members(&mut self) -> PortFuture<'_, Vec<MemberId>> {
        Box::pin(async {
            let sql = self.schema.sql("SELECT id FROM SCHEMA.member");
            let rows = answer(self.client.query_typed(&sql, &[])).await?;
            rows.iter().map(|row| value(row, 0).map(MemberId)).collect()
        })
    }

    fn records(&mut self) -> PortFuture<'_, Vec<SealedRecord>> {
        Box::pin(async {
            let sql = format!(
                "SELECT {RECORD_COLUMNS} FROM SCHEMA.record WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE"
            );
            let params: [Param<'_>; 2] = [(&self.after_record, Type::TEXT), (&BATCH, Type::INT8)];
            let read = answer(self.client.query_typed(&self.schema.sql(&sql), &params)).await?;
            let records = read.iter().map(rows::record).collect::<Result<Vec<_>>>()?;
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
            let sql =
                format!("SELECT {ACTIVITY_COLUMNS} FROM SCHEMA.activity WHERE id > $1 ORDER BY id LIMIT $2");
            let params: [Param<'_>; 2] = [(&self.after_activity, Type::TEXT), (&BATCH, Type::INT8)];
            let read = answer(self.client.query_typed(&self.schema.sql(&sql), &params)).await?;
            let entries = read.iter().map(rows::activity).collect::<Result<Vec<_>>>()?;
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
            let (client, schema) = (&self.client, &self.schema);
            let sql = schema.sql("UPDATE SCHEMA.team SET generation = $1, version = $2, document = $3");
            let params: [Param<'_>; 3] =
                [(&generation, Type::INT8), (&version, Type::INT8), (&row.document, Type::BYTEA)];
            answer(client.query_typed(&sql, &params)).await?;
            answer(client.batch_execute(&schema.sql("DELETE FROM SCHEMA.member"))).await?;
            let sql = schema.sql("INSERT INTO SCHEMA.member (id, keys) VALUES ($1, $2)");
            for member in members {
                let params: [Param<'_>; 2] = [(&member.member.0, Type::TEXT), (&member.keys, Type::BYTEA)];
                answer(client.query_typed(&sql, &params)).await?;
            }
            let params: [Param<'_>; 1] = [(&schema.as_str(), Type::TEXT)];
            answer(client.query_typed("SELECT pg_notify($1, 'm')", &params)).await?;
            match answer(client.batch_execute("COMMIT")).await {
                // It may have been done.
                Err(error) if error.is_unreachable() => Err(TeamError::Unconfirmed),
                committed => committed,
            }
        })
    }
}
