//! Group commit: writes that arrive while the disk is busy are committed together, with one `fsync`.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::database::Store;
use crate::open;
use crate::pending_write::{PendingWrite, WriteFn};

impl Store {
    /// Runs `write` in a transaction that is shared with other writes, and waits until it is on the disk. A failing
    /// write is rolled back alone. The write happens even if the caller stops waiting.
    pub async fn group_commit<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, committed) = oneshot::channel();
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let run: WriteFn = Box::new(move |connection| {
            let written = write(connection)?;
            *slot.lock() = Some(written);
            Ok(())
        });
        self.write_queue.lock().push(PendingWrite { run, done });
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.commit_waiting());
        let interrupted = || Error::new(Code::Internal, "A write was interrupted.");
        committed.await.map_err(|_| interrupted())??;
        result.lock().take().ok_or_else(interrupted)
    }

    /// Commits the queued writes, unless the previous holder of the connection has done it.
    fn commit_waiting(&self) {
        let mut connection = self.connection.lock();
        let waiting = std::mem::take(&mut *self.write_queue.lock());
        if waiting.is_empty() {
            return;
        }
        let (writes, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|write| (write.run, write.done)).unzip();
        let committed =
            open::set_checkpoint_on_close(&connection, true).and_then(|()| commit(&mut connection, writes));
        if committed.is_ok() {
            self.notify_watchers();
        }
        drop(connection);
        let results = match committed {
            Ok(results) => {
                results.into_iter().map(|result| result.map_err(|error| self.failed(&error))).collect()
            }
            Err(error) => vec![Err(self.failed(&error)); waiting.len()],
        };
        for (done, result) in waiting.into_iter().zip(results) {
            // The caller may have stopped waiting.
            let _ = done.send(result);
        }
    }
}

/// Runs the writes in one transaction, each in a savepoint: a write that fails does not affect the others.
fn commit(connection: &mut Connection, writes: Vec<WriteFn>) -> rusqlite::Result<Vec<rusqlite::Result<()>>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut results = Vec::new();
    for write in writes {
        let part = transaction.savepoint()?;
        let result = write(&part).and_then(|()| part.commit());
        if transaction.is_autocommit() {
            // A failure such as a full disk has rolled back the whole transaction.
            return Err(result.err().unwrap_or(rusqlite::Error::InvalidQuery));
        }
        results.push(result);
    }
    transaction.commit()?;
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let table = "CREATE TABLE number (number INTEGER PRIMARY KEY CHECK (number < 100))";
        store.write(|tx| tx.execute_batch(table)).unwrap();
        (home, store)
    }

    /// Runs all of these writes while the disk is busy, and returns their results.
    async fn add(store: &Store, numbers: Vec<i64>) -> Vec<Result<usize>> {
        let busy = store.connection.lock();
        let insert = |number| {
            let store = store.clone();
            let write = move |c: &Connection| c.execute("INSERT INTO number VALUES (?1)", [number]);
            tokio::spawn(async move { store.group_commit(write).await })
        };
        let writing: Vec<_> = numbers.into_iter().map(insert).collect();
        while store.write_queue.lock().len() < writing.len() {
            std::thread::yield_now();
        }
        drop(busy);
        let mut results = Vec::new();
        for one in writing {
            results.push(one.await.unwrap());
        }
        results
    }

    fn count(store: &Store) -> i64 {
        store.read(|c| c.query_row("SELECT count(*) FROM number", [], |row| row.get(0))).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writes_during_a_commit_share_the_next_one() {
        let (home, store) = store();
        let log = || std::fs::metadata(home.path().join("grapnel.db-wal")).unwrap().len();
        let before = log();
        let results = add(&store, (0..50).collect()).await;
        assert!(results.iter().all(|result| result == &Ok(1)), "{results:?}");
        assert_eq!(count(&store), 50);
        // Each commit writes at least one page.
        assert!(log() - before < 50 * 4096, "{} bytes were written", log() - before);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_failing_write_does_not_affect_the_others() {
        let (_home, store) = store();
        let results = add(&store, vec![1, 200, 2, 2, 3]).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3, "{results:?}");
        assert_eq!(count(&store), 3);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_write_fails_if_another_process_locks_the_database() {
        let (home, store) = store();
        store.connection.lock().busy_timeout(std::time::Duration::ZERO).unwrap();
        let other = Connection::open(home.path().join("grapnel.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        for result in add(&store, vec![1, 2]).await {
            assert_eq!(result.unwrap_err().code, Code::DataBusy);
        }
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(count(&store), 0);
    }
}
