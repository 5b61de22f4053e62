//! One session with the database, on which concurrent requests travel one behind the other.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Connection, Row, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{ANSWER_TIMEOUT, explain, unreachable};
use super::schema::{self, SchemaName};
use super::tls;
use super::unreached::{explain_unreached, resolve};
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};
use crate::port::RecordId;

/// The whole time for opening a session.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a session that holds a lock shows that it lives; the server ends it after [`SILENCE_LIMIT_MS`].
const HEARTBEAT: Duration = Duration::from_secs(4);
/// How long the server waits for a sign of a session that holds a lock, in milliseconds.
pub(super) const SILENCE_LIMIT_MS: &str = "15000";
/// The oldest server that has `idle_session_timeout`.
const MIN_SERVER_VERSION: u32 = 14;
/// How long a statement is repeated that meets rows which another session has locked, and how often.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// `search_path` comes first: a role that may create operators or functions in `public` must not run code with the
/// privileges of another. The others are bounds of what a dead or slow session can do to others. Waiting for a row
/// holds back all that travels behind it on this session, so it is short.
const SETTINGS: &str = "SET search_path = pg_catalog, pg_temp; SET statement_timeout = 10000; \
    SET lock_timeout = 1000; \
    SET idle_in_transaction_session_timeout = 10000; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; \
    SET tcp_keepalives_count = 3; SET tcp_user_timeout = 15000; SET client_min_messages = warning; \
    SET timezone = 'UTC'";

/// How long a transaction on a session of its own waits for a row.
const LONGER_LOCK_TIMEOUT: &str = "SET lock_timeout = 5000";

/// What a session reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// The payload of a notification. Any role of the database can send one.
    Payload(String),
    /// The session is over.
    Lost,
}

/// A parameter of a query with its type.
pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);
type TlsStream = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream;

/// A session.
pub(super) struct Session {
    client: Client,
    ended: Arc<AtomicBool>,
    notified: broadcast::Sender<Notice>,
    /// The records whose locks it holds.
    pub(super) held: Mutex<HashSet<RecordId>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }
}

impl Session {
    /// Opens one that listens for notifications.
    pub(super) async fn open(
        url: &DatabaseUrl,
        schema: &SchemaName,
        notified: broadcast::Sender<Notice>,
    ) -> Result<Arc<Self>> {
        let opened = async {
            let (client, connection) = connect(url).await?;
            let ended = Arc::new(AtomicBool::new(false));
            let task = tokio::spawn(drive_listening(connection, notified.clone(), Arc::clone(&ended)));
            let (held, tasks) = (Mutex::new(HashSet::new()), Mutex::new(vec![task]));
            let session = Self { client, ended, notified, held, tasks };
            let listen = schema.sql(&format!("{SETTINGS}; LISTEN SCHEMA"));
            session.client.batch_execute(&listen).await.map_err(|error| explain(&error))?;
            match schema::version(&session.client, schema).await? {
                0 => Err(TeamError::NoTeam),
                found if found < schema::known() => {
                    Err(TeamError::OlderSchema { found, known: schema::known() })
                }
                _ => Ok(Arc::new(session)),
            }
        };
        tokio::time::timeout(OPEN_TIMEOUT, opened)
            .await
            .unwrap_or_else(|_| Err(unreachable("it did not answer in time")))
    }

    /// Shows the server at intervals that this session lives, as long as it holds a lock.
    pub(super) fn keep_alive(self: &Arc<Self>) {
        let session = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                let Some(session) = session.upgrade() else { return };
                if session.is_ended() {
                    return;
                }
                if !session.held.lock().is_empty() {
                    // An error ends the session, which is what counts.
                    let _ = session.query(SET_SILENCE_LIMIT, &[(&SILENCE_LIMIT_MS, Type::TEXT)]).await;
                }
            }
        });
        self.tasks.lock().push(task);
    }

    /// Whether it is known to have ended.
    pub(super) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) || self.client.is_closed()
    }

    /// Ends it, which frees its locks, and tells those who wait for notifications.
    pub(super) fn end(&self) {
        if !self.ended.swap(true, Ordering::AcqRel) {
            // Nobody may be subscribed.
            let _ = self.notified.send(Notice::Lost);
        }
        self.close();
    }

    /// Ends it on purpose.
    pub(super) fn close(&self) {
        self.ended.store(true, Ordering::Release);
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }

    /// Runs one statement, again if rows are locked: nothing of it was done then.
    pub(super) async fn change(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        let deadline = Instant::now() + BUSY_TIMEOUT;
        loop {
            match self.query(sql, params).await {
                Err(TeamError::Busy) if Instant::now() < deadline => tokio::time::sleep(BUSY_PAUSE).await,
                answered => return answered,
            }
        }
    }

    /// Runs one statement, which is a transaction of its own.
    pub(super) async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        if self.is_ended() {
            return Err(unreachable("the session has ended"));
        }
        match tokio::time::timeout(ANSWER_TIMEOUT, self.client.query_typed(sql, params)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                if error.is_closed() {
                    self.end();
                }
                Err(explain(&error))
            }
            Err(_) => {
                self.end();
                Err(unreachable("it did not answer in time"))
            }
        }
    }
}

/// Sets how long this session may be silent; `0` for ever.
pub(super) const SET_SILENCE_LIMIT: &str = "SELECT set_config('idle_session_timeout', $1, false)";

/// Connects, and refuses a server that is too old.
async fn connect(url: &DatabaseUrl) -> Result<(Client, Connection<Socket, TlsStream>)> {
    url.check_socket()?;
    let mut connected = Err(unreachable("it has no address"));
    for config in url.configs(&resolve(url).await?) {
        let connecting = config.connect(tls::connector(&url.tls)?).await;
        connected = connecting.map_err(|error| explain_unreached(&error, url));
        if !matches!(connected, Err(TeamError::Unreachable { .. })) {
            break;
        }
    }
    let (client, connection) = connected?;
    let version = connection.parameter("server_version").unwrap_or_default();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    if digits.parse::<u32>().is_ok_and(|version| version >= MIN_SERVER_VERSION) {
        return Ok((client, connection));
    }
    Err(TeamError::Unsuitable { cause: "PostgreSQL 14 or later is needed".to_owned() })
}

/// A session for one transaction, without notifications.
pub(super) async fn connect_plain(url: &DatabaseUrl) -> Result<(Client, JoinHandle<()>)> {
    let opened = async {
        let (client, connection) = connect(url).await?;
        // Its end is seen by the client.
        let task = tokio::spawn(drive(connection, |_| {}));
        let settings = format!("{SETTINGS}; {LONGER_LOCK_TIMEOUT}");
        client.batch_execute(&settings).await.map_err(|error| explain(&error))?;
        Ok((client, task))
    };
    let opened = tokio::time::timeout(OPEN_TIMEOUT, opened).await;
    opened.unwrap_or_else(|_| Err(unreachable("it did not answer in time")))
}

/// Receives what the server sends, until the session ends. Its notices are dropped: the driver's own loop would log
/// their text.
async fn drive(mut connection: Connection<Socket, TlsStream>, notify: impl Fn(&str) + Send) {
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(notification))) => notify(notification.payload()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

async fn drive_listening(
    connection: Connection<Socket, TlsStream>,
    notified: broadcast::Sender<Notice>,
    ended: Arc<AtomicBool>,
) {
    // Nobody may be subscribed.
    let notify = |payload: &str| drop(notified.send(Notice::Payload(payload.to_owned())));
    drive(connection, notify).await;
    if !ended.swap(true, Ordering::AcqRel) {
        let _ = notified.send(Notice::Lost);
    }
}
