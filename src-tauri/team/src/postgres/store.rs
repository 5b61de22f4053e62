//! The port, by PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_postgres::types::Type;

use super::inner::Inner;
use super::rotation::PostgresRotation;
use super::rows::{self, ACTIVITY_COLUMNS, RECORD_COLUMNS, TEAM_COLUMNS, value};
use super::schema::SchemaName;
use super::session::Param;
use super::url::DatabaseUrl;
use super::{setup, suitability};
use crate::error::{Result, TeamError};
use crate::port::{
    Change, Locking, Lookup, MemberId, PortFuture, RecordId, RecordStore, RecordVersion, Rotation,
    SealedActivity, SealedRecord, TeamRow, Version, WrappedKeys, Write, Written,
};

/// A team's schema in a PostgreSQL database.
pub struct PostgresStore {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresStore({})", self.inner.schema.as_str())
    }
}

impl PostgresStore {
    /// Proves that the database suits a team, and makes the schema in it, or completes it. A newer one is refused.
    pub async fn prepare(url: DatabaseUrl, schema: SchemaName) -> Result<Self> {
        suitability::prove(&url).await?;
        setup::migrate(&url, &schema).await?;
        Ok(Self::new(url, schema))
    }

    /// The schema of an invitation or an earlier [`PostgresStore::prepare`]. Asks the database nothing yet.
    pub fn new(url: DatabaseUrl, schema: SchemaName) -> Self {
        Self { inner: Arc::new(Inner::new(url, schema)) }
    }

    /// The database URL.
    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }
}

impl RecordStore for PostgresStore {
    fn schema(&self) -> &str {
        self.inner.schema.as_str()
    }

    fn prove(&self) -> PortFuture<'_, ()> {
        Box::pin(suitability::prove(&self.inner.url))
    }

    fn team(&self) -> PortFuture<'_, TeamRow> {
        Box::pin(async {
            let rows = self.inner.read(&format!("SELECT {TEAM_COLUMNS} FROM SCHEMA.team"), &[]).await?;
            rows.first().map_or(Err(TeamError::NoTeam), rows::team)
        })
    }

    fn member_keys<'a>(&'a self, member: &'a MemberId) -> PortFuture<'a, Option<WrappedKeys>> {
        Box::pin(async move {
            let sql =
                "SELECT CASE WHEN octet_length(keys) <= 4096 THEN keys END FROM SCHEMA.member WHERE id = $1";
            let rows = self.inner.read(sql, &[(&member.0, Type::TEXT)]).await?;
            let Some(row) = rows.first() else { return Ok(None) };
            Ok(Some(WrappedKeys { member: member.clone(), keys: value(row, 0)? }))
        })
    }

    fn create_team<'a>(&'a self, row: &'a TeamRow, members: &'a [WrappedKeys]) -> PortFuture<'a, ()> {
        Box::pin(setup::create_team(&self.inner.url, &self.inner.schema, row, members))
    }

    fn change_membership<'a>(
        &'a self,
        row: &'a TeamRow,
        added: &'a [WrappedKeys],
        removed: &'a [MemberId],
    ) -> PortFuture<'a, bool> {
        Box::pin(self.inner.change_membership(row, added, removed))
    }

    fn forget_member<'a>(&'a self, member: &'a MemberId) -> PortFuture<'a, bool> {
        Box::pin(async move {
            let sql = "DELETE FROM SCHEMA.member WHERE id = $1";
            match self.inner.query(sql, &[(&member.0, Type::TEXT)]).await {
                Err(TeamError::Forbidden) => Ok(false),
                done => done.map(|_| true),
            }
        })
    }

    fn rotate(&self) -> PortFuture<'_, Box<dyn Rotation>> {
        Box::pin(async {
            let rotation = PostgresRotation::begin(&self.inner.url, &self.inner.schema).await?;
            Ok(Box::new(rotation) as Box<dyn Rotation>)
        })
    }

    fn lock<'a>(
        &'a self,
        record: &'a RecordId,
        known: Option<Version>,
        within: Duration,
    ) -> PortFuture<'a, Locking> {
        Box::pin(self.inner.lock(record, known, within))
    }

    fn read<'a>(&'a self, record: &'a RecordId) -> PortFuture<'a, Option<SealedRecord>> {
        Box::pin(async move {
            let sql = format!("SELECT {RECORD_COLUMNS} FROM SCHEMA.record WHERE id = $1");
            let rows = self.inner.read(&sql, &[(&record.0, Type::TEXT)]).await?;
            rows.first().map(rows::record).transpose()
        })
    }

    fn find<'a>(&'a self, lookup: &'a Lookup) -> PortFuture<'a, Option<SealedRecord>> {
        Box::pin(async move {
            let sql = format!("SELECT {RECORD_COLUMNS} FROM SCHEMA.record WHERE lookup = $1");
            let rows = self.inner.read(&sql, &[(&lookup.0.as_slice(), Type::BYTEA)]).await?;
            rows.first().map(rows::record).transpose()
        })
    }

    fn list(&self) -> PortFuture<'_, Vec<RecordVersion>> {
        Box::pin(self.inner.list())
    }

    fn insert<'a>(&'a self, write: &'a Write) -> PortFuture<'a, Written> {
        Box::pin(self.inner.insert(write))
    }

    fn write<'a>(&'a self, write: &'a Write) -> PortFuture<'a, Written> {
        Box::pin(self.inner.write(write))
    }

    fn delete<'a>(&'a self, record: &'a RecordId) -> PortFuture<'a, bool> {
        Box::pin(async move {
            let sql = "WITH done AS (DELETE FROM SCHEMA.record WHERE id = $1 RETURNING 1) \
                SELECT pg_notify($2, 'd ' || $1) FROM done";
            let schema = self.inner.schema.as_str();
            let params: [Param<'_>; 2] = [(&record.0, Type::TEXT), (&schema, Type::TEXT)];
            Ok(!self.inner.query(sql, &params).await?.is_empty())
        })
    }

    fn watch(&self) -> PortFuture<'_, broadcast::Receiver<Change>> {
        Box::pin(self.inner.watch())
    }

    fn add_activity<'a>(&'a self, entry: &'a SealedActivity, keep: u32) -> PortFuture<'a, ()> {
        Box::pin(self.inner.add_activity(entry, keep))
    }

    fn activity<'a>(&'a self, record: &'a RecordId, limit: u32) -> PortFuture<'a, Vec<SealedActivity>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT {ACTIVITY_COLUMNS} FROM SCHEMA.activity WHERE record = $1 ORDER BY at DESC, id LIMIT $2"
            );
            let limit = i64::from(limit);
            let params: [Param<'_>; 2] = [(&record.0, Type::TEXT), (&limit, Type::INT8)];
            self.inner.read(&sql, &params).await?.iter().map(rows::activity).collect()
        })
    }

    fn close(&self) -> PortFuture<'_, ()> {
        Box::pin(async {
            self.inner.close().await;
            Ok(())
        })
    }
}
