//! Advisory locks of records. They belong to a session, so that the end of a process or its connection frees them.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::secret::random;
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_postgres::types::Type;

use super::rows;
use super::schema::{SchemaName, lock_key};
use super::session::{Notice, SET_SILENCE_LIMIT, SILENCE_LIMIT_MS, Session};
use crate::error::{Result, TeamError};
use crate::port::{Began, MachineId, PortFuture, RecordId, RecordLock, Version};

/// The shortest wait between two attempts, whatever notifications arrive.
const MIN_PAUSE: Duration = Duration::from_millis(50);
/// What is added to it at most, at random.
const JITTER: Duration = Duration::from_millis(200);

/// Tries once to lock a record. The session is from then on ended by the server if it falls silent.
pub(super) async fn try_lock(
    session: &Arc<Session>,
    schema: &SchemaName,
    record: &RecordId,
) -> Result<Option<Lock>> {
    // A session may take its lock twice, so those of this process are kept apart here.
    if !session.held.lock().insert(record.clone()) {
        return Ok(None);
    }
    // Frees it on the server as well, if the caller gives up while the answer is on its way.
    let lock = Lock {
        session: Arc::clone(session),
        schema: schema.clone(),
        record: record.clone(),
        key: lock_key(&record.0),
        is_released: false,
    };
    let sql = "SELECT is_held, CASE WHEN is_held THEN set_config('idle_session_timeout', $2, false) END \
        FROM (SELECT pg_try_advisory_lock($1) AS is_held OFFSET 0) AS attempt";
    let rows = session.query(sql, &[(&lock.key, Type::INT8), (&SILENCE_LIMIT_MS, Type::TEXT)]).await;
    if rows::is_true(&rows?)? {
        return Ok(Some(lock));
    }
    lock.forget();
    Ok(None)
}

/// Waits until a record may be free: at its notification, or after a while. Any role can send notifications, so they
/// shorten the wait only down to [`MIN_PAUSE`].
pub(super) async fn wait(notified: &mut broadcast::Receiver<Notice>, record: &RecordId) {
    let [jitter] = random::<1>();
    let earliest = Instant::now() + MIN_PAUSE;
    let until = earliest + JITTER.mul_f64(f64::from(jitter) / 255.0);
    let (freed, written) = (format!("u {record}"), format!("w {record} "));
    loop {
        match tokio::time::timeout_at(until, notified.recv()).await {
            Ok(Ok(Notice::Payload(payload))) if payload != freed && !payload.starts_with(&written) => {}
            _ => break,
        }
    }
    tokio::time::sleep_until(earliest).await;
}

/// A held lock.
pub(super) struct Lock {
    session: Arc<Session>,
    schema: SchemaName,
    record: RecordId,
    key: i64,
    is_released: bool,
}

impl Lock {
    /// It was not taken.
    fn forget(mut self) {
        self.is_released = true;
        self.session.held.lock().remove(&self.record);
    }
}

async fn unlock(session: Arc<Session>, schema: SchemaName, record: RecordId, key: i64) -> Result<()> {
    let sql = "SELECT pg_advisory_unlock($1), pg_notify($2, $3)";
    let freed = format!("u {record}");
    let params = [(&key as _, Type::INT8), (&schema.as_str() as _, Type::TEXT), (&freed as _, Type::TEXT)];
    let rows = session.query(sql, &params).await;
    let was_held = rows.as_ref().is_ok_and(|rows| rows::is_true(rows).unwrap_or(false));
    let is_last = {
        let mut held = session.held.lock();
        held.remove(&record);
        held.is_empty()
    };
    rows?;
    if is_last && !session.is_ended() {
        session.query(SET_SILENCE_LIMIT, &[(&"0", Type::TEXT)]).await?;
        if !session.held.lock().is_empty() {
            session.query(SET_SILENCE_LIMIT, &[(&SILENCE_LIMIT_MS, Type::TEXT)]).await?;
        }
    }
    if was_held { Ok(()) } else { Err(TeamError::LockLost) }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        let unlocked = unlock(Arc::clone(&self.session), self.schema.clone(), self.record.clone(), self.key);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(unlocked)),
            // Without a runtime the session ends with the process, and the lock with it.
            Err(_) => self.session.end(),
        }
    }
}

impl RecordLock for Lock {
    fn is_held(&self) -> bool {
        !self.session.is_ended()
    }

    fn verify(&self) -> PortFuture<'_, ()> {
        Box::pin(async {
            let sql = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() \
                AND ((classid::bigint << 32) | objid::bigint) = $1 AND granted";
            let rows = self.session.query(sql, &[(&self.key, Type::INT8)]).await;
            match rows {
                Ok(rows) if !rows.is_empty() => Ok(()),
                _ => Err(TeamError::LockLost),
            }
        })
    }

    fn begin<'a>(
        &'a self,
        version: Version,
        instead_of: Option<&'a MachineId>,
        machine: &'a MachineId,
    ) -> PortFuture<'a, Began> {
        Box::pin(async move {
            if !self.is_held() {
                return Err(TeamError::LockLost);
            }
            let sql = self.schema.sql(
                "UPDATE SCHEMA.record SET begun_at = clock_timestamp(), begun_by = $3 \
                 WHERE id = $1 AND version = $2 AND begun_by IS NOT DISTINCT FROM $4 RETURNING 1",
            );
            let version = i64::try_from(version).unwrap_or(i64::MAX);
            let before = instead_of.map(|machine| machine.0.as_str());
            let params = [
                (&self.record.0 as _, Type::TEXT),
                (&version as _, Type::INT8),
                (&machine.0 as _, Type::TEXT),
                (&before as _, Type::TEXT),
            ];
            let rows = self.session.change(&sql, &params).await?;
            Ok(if rows.is_empty() { Began::Changed } else { Began::Marked })
        })
    }

    fn unbegin<'a>(&'a self, version: Version, machine: &'a MachineId) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let sql = self.schema.sql(
                "UPDATE SCHEMA.record SET begun_at = NULL, begun_by = NULL \
                 WHERE id = $1 AND version = $2 AND begun_by = $3",
            );
            let version = i64::try_from(version).unwrap_or(i64::MAX);
            let params = [
                (&self.record.0 as _, Type::TEXT),
                (&version as _, Type::INT8),
                (&machine.0 as _, Type::TEXT),
            ];
            self.session.change(&sql, &params).await.map(|_| ())
        })
    }

    fn release(mut self: Box<Self>) -> PortFuture<'static, ()> {
        Box::pin(async move {
            let unlocked =
                unlock(Arc::clone(&self.session), self.schema.clone(), self.record.clone(), self.key);
            // From here the statement is on its way; a caller who gives up leaves it to the task.
            self.is_released = true;
            let task = tokio::spawn(unlocked);
            task.await.unwrap_or(Err(TeamError::LockLost)).map_err(|_| TeamError::LockLost)
        })
    }
}
