//! What one process has of a team's database: the session, and the statements that travel on it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use grapnel_model::secret::random;
use tokio::sync::{Mutex, broadcast};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::failure::unreachable;
use super::lock::{self, try_lock};
use super::rows::{self, number, value};
use super::schema::SchemaName;
use super::session::{Notice, Param, Session};
use super::setup;
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};
use crate::port::{
    Change, Locking, MemberId, RecordId, RecordVersion, SealedActivity, TeamRow, Version, WrappedKeys, Write,
    WriteId, Written,
};

/// How many notifications may wait for a slow subscriber.
const QUEUED: usize = 4096;
/// Whoever waits for a lock for less than this is not told that the database did not answer.
const MIN_ANSWER: Duration = Duration::from_secs(1);
/// How long to wait before a lost session is opened again for subscribers, at first and at most.
const FIRST_REOPENING: Duration = Duration::from_secs(1);
const LAST_REOPENING: Duration = Duration::from_secs(30);

/// The session, opened when it is needed.
pub(super) struct Inner {
    pub(super) url: DatabaseUrl,
    pub(super) schema: SchemaName,
    session: Mutex<Option<Arc<Session>>>,
    /// The notifications, as they come.
    notified: broadcast::Sender<Notice>,
    changes: broadcast::Sender<Change>,
    watching: std::sync::Once,
}

impl Inner {
    pub(super) fn new(url: DatabaseUrl, schema: SchemaName) -> Self {
        let (notified, changes) = (broadcast::channel(QUEUED).0, broadcast::channel(QUEUED).0);
        let (session, watching) = (Mutex::new(None), std::sync::Once::new());
        Self { url, schema, session, notified, changes, watching }
    }

    pub(super) async fn watch(self: &Arc<Self>) -> Result<broadcast::Receiver<Change>> {
        let changes = self.changes.subscribe();
        self.watching.call_once(|| {
            tokio::spawn(watch(Arc::downgrade(self), self.notified.subscribe()));
        });
        self.session().await?;
        Ok(changes)
    }

    pub(super) async fn close(&self) {
        if let Some(session) = self.session.lock().await.take() {
            session.close();
        }
    }

    async fn session(&self) -> Result<Arc<Session>> {
        let mut current = self.session.lock().await;
        if let Some(session) = current.as_ref().filter(|session| !session.is_ended()) {
            return Ok(Arc::clone(session));
        }
        let was_open = current.is_some();
        let session = match Session::open(&self.url, &self.schema, self.notified.clone()).await {
            Err(older @ TeamError::OlderSchema { .. }) => {
                self.complete(older).await?;
                Session::open(&self.url, &self.schema, self.notified.clone()).await?
            }
            opened => opened?,
        };
        session.keep_alive();
        *current = Some(Arc::clone(&session));
        if was_open {
            // Nobody may be subscribed.
            let _ = self.changes.send(Change::Missed);
        }
        Ok(session)
    }

    /// Completes an older schema, if the role may.
    async fn complete(&self, older: TeamError) -> Result<()> {
        match setup::migrate(&self.url, &self.schema).await {
            Err(TeamError::Forbidden) => Err(older),
            done => done,
        }
    }

    pub(super) async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.session().await?.change(&self.schema.sql(sql), params).await
    }

    /// A query that may run twice: once more on a new session, if the first one turns out to be over.
    pub(super) async fn read(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        let session = self.session().await?;
        match session.query(&self.schema.sql(sql), params).await {
            Err(TeamError::Unreachable { .. }) if session.is_ended() => self.query(sql, params).await,
            Err(TeamError::Busy) => self.query(sql, params).await,
            answer => answer,
        }
    }

    pub(super) async fn lock(
        &self,
        record: &RecordId,
        known: Option<Version>,
        within: Duration,
    ) -> Result<Locking> {
        let mut is_answered = within < MIN_ANSWER;
        let locked = tokio::time::timeout_at(
            Instant::now() + within,
            self.keep_trying(record, known, &mut is_answered),
        );
        locked.await.unwrap_or_else(|_| {
            Err(if is_answered { TeamError::LockTimedOut } else { unreachable("it did not answer in time") })
        })
    }

    async fn keep_trying(
        &self,
        record: &RecordId,
        known: Option<Version>,
        is_answered: &mut bool,
    ) -> Result<Locking> {
        loop {
            let mut notified = self.notified.subscribe();
            let session = self.session().await?;
            if let Some(lock) = try_lock(&session, &self.schema, record).await? {
                return Ok(Locking::Held(Box::new(lock)));
            }
            *is_answered = true;
            if let Some(known) = known {
                let sql = "SELECT version FROM SCHEMA.record WHERE id = $1";
                let rows = self.query(sql, &[(&record.0, Type::TEXT)]).await?;
                let version = rows.first().map(|row| value(row, 0).map(rows::version)).transpose()?;
                if let Some(version) = version.filter(|version| *version > known) {
                    return Ok(Locking::Newer(version));
                }
            }
            lock::wait(&mut notified, record).await;
        }
    }

    pub(super) async fn insert(&self, write: &Write) -> Result<Written> {
        let (Some(app), Some((definition, lookup))) = (&write.app, &write.definition) else {
            return Err(TeamError::Internal { cause: "a new record lacks a part".to_owned() });
        };
        // The row of the team is locked, so that no rotation misses this record.
        let sql = "WITH current AS (SELECT 1 FROM SCHEMA.team WHERE generation = $2 FOR SHARE), \
            done AS (INSERT INTO SCHEMA.record \
            (id, lookup, version, generation, write_id, tokens, app, definition, updated_at) \
            SELECT $1, $3, 1, $2, $4, $5, $6, $8, clock_timestamp() FROM current \
            ON CONFLICT DO NOTHING RETURNING 1) \
            SELECT pg_notify($7, 'w ' || $1 || ' 1') FROM done";
        let (lookup, generation) = (lookup.0.to_vec(), i64::from(write.generation));
        let rows = self
            .query(
                sql,
                &[
                    (&write.id.0, Type::TEXT),
                    (&generation, Type::INT8),
                    (&lookup, Type::BYTEA),
                    (&write.write_id.0, Type::TEXT),
                    (&write.tokens, Type::BYTEA),
                    (app, Type::BYTEA),
                    (&self.schema.as_str(), Type::TEXT),
                    (definition, Type::BYTEA),
                ],
            )
            .await?;
        if !rows.is_empty() {
            return Ok(Written::Stored);
        }
        let current = self.query("SELECT generation FROM SCHEMA.team", &[]).await?;
        let current = rows::generation(value(current.first().ok_or(TeamError::NoTeam)?, 0)?);
        let sql = "SELECT version, write_id FROM SCHEMA.record WHERE id = $1 OR lookup = $2";
        let found = self.query(sql, &[(&write.id.0, Type::TEXT), (&lookup, Type::BYTEA)]).await?;
        match found.first() {
            Some(row) if WriteId(value(row, 1)?) == write.write_id => Ok(Written::Stored),
            Some(row) => Ok(Written::Superseded(rows::version(value(row, 0)?))),
            None if current != write.generation => Ok(Written::Rekeyed(current)),
            None => Err(TeamError::Conflict),
        }
    }

    pub(super) async fn write(&self, write: &Write) -> Result<Written> {
        // A role that may only change `tokens` need not have a privilege for the other columns.
        let others = match (&write.definition, &write.app) {
            (Some(_), Some(_)) => ", definition = $7, lookup = $8, app = $9",
            (Some(_), None) => ", definition = $7, lookup = $8",
            (None, _) => "",
        };
        let sql = format!(
            "WITH done AS (UPDATE SCHEMA.record SET version = version + 1, write_id = $4, tokens = $5{others}, \
             begun_at = NULL, begun_by = NULL, updated_at = clock_timestamp() \
             WHERE id = $1 AND version = $2 AND generation = $3 RETURNING version) \
             SELECT pg_notify($6, 'w ' || $1 || ' ' || version) FROM done"
        );
        let (replaces, generation) = (number(write.replaces), i64::from(write.generation));
        let schema = self.schema.as_str();
        let definition = write.definition.as_ref().map(|(part, tag)| (part, tag.0.to_vec()));
        let mut params: Vec<Param<'_>> = vec![
            (&write.id.0, Type::TEXT),
            (&replaces, Type::INT8),
            (&generation, Type::INT8),
            (&write.write_id.0, Type::TEXT),
            (&write.tokens, Type::BYTEA),
            (&schema, Type::TEXT),
        ];
        if let Some((definition, lookup)) = &definition {
            params.extend([(*definition as _, Type::BYTEA), (lookup as _, Type::BYTEA)]);
            params.extend(write.app.as_ref().map(|app| (app as _, Type::BYTEA)));
        }
        if !self.query(&sql, &params).await?.is_empty() {
            return Ok(Written::Stored);
        }
        let sql = "SELECT version, generation, write_id FROM SCHEMA.record WHERE id = $1";
        let found = self.query(sql, &[(&write.id.0, Type::TEXT)]).await?;
        let Some(row) = found.first() else { return Ok(Written::Missing) };
        let (version, generation) = (rows::version(value(row, 0)?), rows::generation(value(row, 1)?));
        if version == write.replaces + 1 && WriteId(value(row, 2)?) == write.write_id {
            return Ok(Written::Stored);
        }
        Ok(if version == write.replaces {
            Written::Rekeyed(generation)
        } else {
            Written::Superseded(version)
        })
    }

    pub(super) async fn change_membership(
        &self,
        row: &TeamRow,
        added: &[WrappedKeys],
        removed: &[MemberId],
    ) -> Result<bool> {
        let sql = "WITH changed AS (UPDATE SCHEMA.team SET version = $1, document = $2 \
            WHERE version = $1 - 1 AND generation = $3 AND id = $4 RETURNING 1), \
            gone AS (DELETE FROM SCHEMA.member USING changed WHERE id = ANY($5)), \
            come AS (INSERT INTO SCHEMA.member (id, keys) \
            SELECT added.id, added.keys FROM changed, unnest($6::text[], $7::bytea[]) AS added (id, keys)) \
            SELECT pg_notify($8, 'm') FROM changed";
        let (version, generation) = (number(row.version), i64::from(row.generation));
        let removed: Vec<&str> = removed.iter().map(|member| member.0.as_str()).collect();
        let ids: Vec<&str> = added.iter().map(|member| member.member.0.as_str()).collect();
        let keys: Vec<&[u8]> = added.iter().map(|member| member.keys.as_slice()).collect();
        let params: [Param<'_>; 8] = [
            (&version, Type::INT8),
            (&row.document, Type::BYTEA),
            (&generation, Type::INT8),
            (&row.id.0, Type::TEXT),
            (&removed, Type::TEXT_ARRAY),
            (&ids, Type::TEXT_ARRAY),
            (&keys, Type::BYTEA_ARRAY),
            (&self.schema.as_str(), Type::TEXT),
        ];
        // Without a session, nothing was sent.
        match self.session().await?.change(&self.schema.sql(sql), &params).await {
            Err(error) if error.is_unreachable() => Err(TeamError::Unconfirmed),
            changed => Ok(!changed?.is_empty()),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<RecordVersion>> {
        let sql = "SELECT coalesce(array_agg(id || ' ' || version || ' ' || generation ORDER BY id), '{}') \
            FROM SCHEMA.record";
        let rows = self.read(sql, &[]).await?;
        let records: Vec<String> = value(rows.first().ok_or(TeamError::NoTeam)?, 0)?;
        let records = records.into_iter().filter_map(|record| {
            let mut parts = record.split(' ');
            let id = RecordId(parts.next()?.to_owned());
            let (version, generation) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(RecordVersion { id, version, generation })
        });
        Ok(records.collect())
    }

    pub(super) async fn add_activity(&self, entry: &SealedActivity, keep: u32) -> Result<()> {
        let sql = "WITH old AS (DELETE FROM SCHEMA.activity WHERE id IN (SELECT id FROM SCHEMA.activity \
            WHERE record = $2 ORDER BY at DESC, id OFFSET greatest($5 - 1, 0))) \
            INSERT INTO SCHEMA.activity (id, record, generation, at, entry) \
            VALUES ($1, $2, $3, clock_timestamp(), $4)";
        let (generation, keep) = (i64::from(entry.generation), i64::from(keep));
        let params: [Param<'_>; 5] = [
            (&entry.id.0, Type::TEXT),
            (&entry.record.0, Type::TEXT),
            (&generation, Type::INT8),
            (&entry.entry, Type::BYTEA),
            (&keep, Type::INT8),
        ];
        self.query(sql, &params).await.map(|_| ())
    }
}

/// Passes notifications on as changes, and opens the session again after it was lost.
async fn watch(inner: Weak<Inner>, mut notified: broadcast::Receiver<Notice>) {
    loop {
        let notice = notified.recv().await;
        let Some(inner) = inner.upgrade() else { return };
        let change = match notice {
            Ok(Notice::Lost) => {
                let is_open = inner.session.lock().await.as_ref().is_some_and(|session| !session.is_ended());
                if is_open {
                    // Another call was faster.
                    continue;
                }
                let _ = inner.changes.send(Change::Lost);
                // Whoever asks next is told why it cannot be opened.
                let _ = reopen(inner).await;
                continue;
            }
            Ok(Notice::Payload(payload)) => change_of(&payload),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Missed),
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if let Some(change) = change {
            // Nobody may be subscribed.
            let _ = inner.changes.send(change);
        }
    }
}

/// Opens the session again, as long as somebody is subscribed.
async fn reopen(inner: Arc<Inner>) -> Result<()> {
    let mut pause = FIRST_REOPENING;
    while inner.changes.receiver_count() > 0 {
        match inner.session().await {
            Ok(_) => return Ok(()),
            Err(error) if !error.is_unreachable() => return Err(error),
            Err(_) => {}
        }
        let [jitter] = random::<1>();
        tokio::time::sleep(pause.mul_f64(0.5 + f64::from(jitter) / 510.0)).await;
        pause = (pause * 2).min(LAST_REOPENING);
    }
    Ok(())
}

fn change_of(payload: &str) -> Option<Change> {
    let mut parts = payload.split(' ');
    match (parts.next()?, parts.next(), parts.next()) {
        ("w", Some(id), Some(version)) => {
            Some(Change::Written(RecordId(id.to_owned()), version.parse().ok()?))
        }
        ("d", Some(id), None) => Some(Change::Deleted(RecordId(id.to_owned()))),
        ("m", None, None) => Some(Change::Membership),
        _ => None,
    }
}
