//! Whether an engine does what a team relies on. Some speak PostgreSQL's protocol and have advisory locks that exclude
//! nobody; so has a connection pooler that gives each statement another session.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::failure::answer;
use super::rows;
use super::schema::lock_key;
use super::session::connect_plain;
use super::url::DatabaseUrl;
use crate::error::{Result, TeamError};

/// Proves with two sessions that an advisory lock excludes the other session, and that its end frees it.
pub(super) async fn prove(url: &DatabaseUrl) -> Result<()> {
    let key = lock_key(&grapnel_model::secret::hex(&grapnel_model::secret::random::<16>()));
    let (first, first_task) = connect_plain(url).await?;
    let (second, second_task) = connect_plain(url).await?;
    let proved = between(&first, &second, key).await;
    first_task.abort();
    second_task.abort();
    proved
}

async fn between(first: &Client, second: &Client, key: i64) -> Result<()> {
    let unsuitable = |cause: &str| Err(TeamError::Unsuitable { cause: cause.to_owned() });
    if pid(first).await? == pid(second).await? || pid(first).await? != pid(first).await? {
        return unsuitable("a connection pooler gives its sessions away between two statements");
    }
    if !ask(first, "SELECT pg_try_advisory_lock($1)", key).await? {
        return unsuitable("an advisory lock that is free cannot be taken");
    }
    if ask(second, "SELECT pg_try_advisory_lock($1)", key).await? {
        return unsuitable("its advisory locks do not exclude other sessions");
    }
    if !ask(first, "SELECT pg_advisory_unlock($1)", key).await?
        || !ask(second, "SELECT pg_try_advisory_lock($1)", key).await?
    {
        return unsuitable("its advisory locks are not freed");
    }
    Ok(())
}

async fn pid(client: &Client) -> Result<i32> {
    let rows = answer(client.query_typed("SELECT pg_backend_pid()", &[])).await?;
    rows.first().map_or(Ok(0), |row| rows::value(row, 0))
}

async fn ask(client: &Client, sql: &str, key: i64) -> Result<bool> {
    rows::is_true(&answer(client.query_typed(sql, &[(&key, Type::INT8)])).await?)
}
