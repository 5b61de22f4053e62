//! Opens the database: directory, permissions, pragmas, migrations.

use std::fs;
use std::path::Path;
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result, io_error_text};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::connection;
use crate::failure::{damaged, failed};

/// The file name of the database in the data directory.
pub(crate) const FILE: &str = "grapnel.db";
/// The directory of the sandbox. Earlier versions created it before the database.
#[cfg(unix)]
const SANDBOX: &str = "sandbox";
/// The migrations, in order. A released migration is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1-apps-and-connections.sql"),
    include_str!("schema/2-changed-apps.sql"),
    include_str!("schema/3-passphrase.sql"),
    include_str!("schema/4-repeated-activity.sql"),
    include_str!("schema/5-refresh.sql"),
    include_str!("schema/6-seen-replies-and-settings.sql"),
    include_str!("schema/7-told.sql"),
    include_str!("schema/8-browsers.sql"),
    include_str!("schema/9-noted-and-changed.sql"),
    include_str!("schema/10-refused-callbacks.sql"),
    include_str!("schema/11-refusals.sql"),
    include_str!("schema/12-extra-values.sql"),
    include_str!("schema/13-identity.sql"),
    include_str!("schema/14-revoked-refresh-tokens.sql"),
    include_str!("schema/15-api-exchanges.sql"),
    include_str!("schema/16-hooks.sql"),
    include_str!("schema/17-environments.sql"),
    include_str!("schema/18-exchanges.sql"),
    include_str!("schema/19-failed-refreshes.sql"),
    include_str!("schema/20-annotations.sql"),
    include_str!("schema/21-id-tokens.sql"),
    include_str!("schema/22-attempt-grants.sql"),
    include_str!("schema/24-derived-tokens.sql"),
    include_str!("schema/25-registrations.sql"),
    include_str!("schema/26-dpop-keys.sql"),
    include_str!("schema/27-authorization-details.sql"),
    include_str!("schema/28-teams.sql"),
    include_str!("schema/29-interrupted-refreshes.sql"),
    include_str!("schema/30-team-databases.sql"),
    include_str!("schema/31-unfinished-unsharing.sql"),
    include_str!("schema/32-natural-order.sql"),
];
/// The schema version of this program.
#[expect(clippy::cast_possible_truncation, reason = "there will never be so many")]
pub(crate) const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;
/// The version from which on connections have a key by which they sort, which SQL cannot compute.
const SORT_KEYS_SINCE: u32 = 31;
/// How long to wait while another process has the write lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database in `home`, and brings its schema up to date.
pub(crate) fn open(home: &Path) -> Result<Connection> {
    make_directory(home).map_err(|error| unwritable(home, &error))?;
    let path = home.join(FILE);
    make_file(&path).map_err(|error| unwritable(&path, &error))?;
    let mut connection = Connection::open(&path).map_err(|error| failed(&error))?;
    // Nothing is written before the version is known.
    set_checkpoint_on_close(&connection, false).map_err(|error| failed(&error))?;
    match version(&connection).map_err(|error| failed(&error))? {
        Some(known) if known <= SCHEMA_VERSION => {}
        Some(_) => return Err(from_newer()),
        None => return Err(damaged()),
    }
    configure(&connection).and_then(|()| migrate(&mut connection)).map_err(|error| failed(&error))?;
    restrict_inner_files(home);
    Ok(connection)
}

/// Opens a read-only connection to a database that is open already.
pub(crate) fn open_reader(home: &Path) -> rusqlite::Result<Connection> {
    // A database that was moved away must not be created again.
    let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = Connection::open_with_flags(home.join(FILE), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The schema version of the database: 0 if it is empty; `None` for an impossible number.
fn version(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(u32::try_from(version).ok())
}

/// The pragmas of each connection.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")
}

/// Sets whether closing the last connection runs a checkpoint, which waits for the disk four times. A process that has
/// only read, or written without sync, leaves it to the next writer.
pub(crate) fn set_checkpoint_on_close(connection: &Connection, tidies: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !tidies).map(drop)
}

/// Runs the missing migrations in one transaction.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? == Some(SCHEMA_VERSION) {
        return Ok(());
    }
    set_checkpoint_on_close(connection, true)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read again in the transaction: another process may have run the migrations meanwhile.
    let done = version(&transaction)?.unwrap_or(SCHEMA_VERSION);
    for (_, step) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > done) {
        transaction.execute_batch(step)?;
    }
    if done < SORT_KEYS_SINCE {
        connection::fill_sort_keys(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

fn from_newer() -> Error {
    Error::new(Code::DataNewer, "Grapnel’s database was written by a newer Grapnel.")
        .means("It was left as it is; nothing in it was changed.")
        .hint("This program is the older one: update it, or run the newer Grapnel if both are installed (“grapnel \
            doctor” tells the version). To keep both, set GRAPNEL_HOME to another directory for this one.")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        Code::DataUnwritable,
        format!("“{}” cannot be written: {}.", path.display(), io_error_text(error)),
    )
    .means("Nothing was changed.")
    .hint("Make the directory your own and writable, or set GRAPNEL_HOME to another one.")
}

/// Creates the directory for its owner only. An existing one is restricted to its owner if it has a database, or
/// nothing but the sandbox's directory. If it has other files, its permissions may be intended, and this fails.
#[cfg(unix)]
fn make_directory(home: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(home)?;
    let others = fs::metadata(home)?.permissions().mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    let is_foreign = |entry: &std::io::Result<fs::DirEntry>| {
        !entry.as_ref().is_ok_and(|entry| entry.file_name() == SANDBOX && entry.path().is_dir())
    };
    if !home.join(FILE).exists() && fs::read_dir(home)?.any(|entry| is_foreign(&entry)) {
        return Err(std::io::Error::other(
            "others can look into it, and it holds files that are not Grapnel’s",
        ));
    }
    fs::set_permissions(home, fs::Permissions::from_mode(0o700))
}

/// Creates an empty file that only its owner can read, or corrects the permissions of an existing one.
#[cfg(unix)]
pub(crate) fn make_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    // SQLite gives the -wal and -shm files the same permissions.
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// Creates a directory, and those above it that do not exist, for their owner only.
pub fn make_private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Writes a file in the data directory, which only its owner can read; replaces its content.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    make_file(path)?;
    fs::write(path, bytes)
}

#[cfg(not(unix))]
fn make_directory(home: &Path) -> std::io::Result<()> {
    fs::create_dir_all(home)
}

/// Restricts files that earlier versions created with wider permissions. The directory itself is restricted already.
#[cfg(unix)]
fn restrict_inner_files(home: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for (name, mode) in [("locks", 0o700), (SANDBOX, 0o700), ("window.json", 0o600)] {
        let path = home.join(name);
        if fs::symlink_metadata(&path)
            .is_ok_and(|found| found.permissions().mode() & 0o077 != 0 && !found.is_symlink())
            && let Err(error) = fs::set_permissions(&path, fs::Permissions::from_mode(mode))
        {
            tracing::warn!(%error, name, "accessible to other accounts");
        }
    }
}

#[cfg(not(unix))]
fn restrict_inner_files(_: &Path) {}

/// Creates an empty file, which has the permissions of its directory.
#[cfg(not(unix))]
pub(crate) fn make_file(path: &Path) -> std::io::Result<()> {
    fs::OpenOptions::new().create(true).append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use grapnel_model::id::{AppId, ConnectionId};

    use super::*;

    #[test]
    fn a_database_of_a_newer_version_is_left_unchanged() {
        let home = tempfile::tempdir().unwrap();
        open(home.path()).unwrap().pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
        let before = fs::read(home.path().join(FILE)).unwrap();
        assert_eq!(open(home.path()).unwrap_err().code, Code::DataNewer);
        assert_eq!(fs::read(home.path().join(FILE)).unwrap(), before);
    }

    #[test]
    fn databases_of_earlier_versions_are_migrated() {
        for known in 0..SCHEMA_VERSION {
            let home = tempfile::tempdir().unwrap();
            let old = Connection::open(home.path().join(FILE)).unwrap();
            MIGRATIONS[..known as usize].iter().for_each(|step| old.execute_batch(step).unwrap());
            old.pragma_update(None, "user_version", known).unwrap();
            drop(old);
            let schema = |connection: &Connection| -> Vec<String> {
                let mut listed = connection
                    .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
                    .unwrap();
                listed.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            };
            let upgraded = open(home.path()).unwrap();
            assert_eq!(version(&upgraded).unwrap(), Some(SCHEMA_VERSION));
            let new = tempfile::tempdir().unwrap();
            assert_eq!(schema(&upgraded), schema(&open(new.path()).unwrap()));
        }
    }

    /// Settings from before version 12 keep their meaning, and no secret is sent to another host than before.
    #[test]
    fn migrated_app_settings_keep_their_meaning() {
        let home = tempfile::tempdir().unwrap();
        let old = Connection::open(home.path().join(FILE)).unwrap();
        MIGRATIONS[..11].iter().for_each(|step| old.execute_batch(step).unwrap());
        old.pragma_update(None, "user_version", 11).unwrap();
        let apps = [
            ("custom", r#"{"token.audience":"x","token.redirect_uri":"y","authorize.prompt":"none"}"#),
            ("custom", r#"{"token_prefix":"p"}"#),
            ("grovestreams", r#"{"authorize_url":"https://brand.example/#signinoauth/"}"#),
            (
                "grovestreams",
                r#"{"authorize_url":"https://a.example/","token_url":"https://a.example/t",
                    "api_base":"https://a.example"}"#,
            ),
            ("thegrid", r#"{"api_base":"https://a.example"}"#),
            ("grindery", r#"{"authorize_url":"https://login.example/"}"#),
            ("grigora", r#"{"api_base":"https://a.example"}"#),
        ];
        for (number, (provider, overrides)) in apps.iter().enumerate() {
            let sql =
                "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, \
                created_at)
                VALUES (?1, ?1, ?2, '', '', '[]', '[]', ?3, '2026-01-01T00:00:00Z')";
            old.execute(sql, (format!("app {number}"), provider, overrides)).unwrap();
        }
        drop(old);
        let new = open(home.path()).unwrap();
        let told: Vec<String> = crate::app::all(&new)
            .unwrap()
            .into_iter()
            .map(|app| format!("{} {:#?}", app.provider, app.overrides))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn earlier_connections_are_listed_in_natural_order() {
        let home = tempfile::tempdir().unwrap();
        let old = Connection::open(home.path().join(FILE)).unwrap();
        MIGRATIONS[..SORT_KEYS_SINCE as usize - 1].iter().for_each(|step| old.execute_batch(step).unwrap());
        old.pragma_update(None, "user_version", SORT_KEYS_SINCE - 1).unwrap();
        old.execute_batch(
            "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, created_at)
                VALUES ('app', 'App', 'grigora', '', '', '[]', '[]', '{}', '2026-01-01T00:00:00Z');
             INSERT INTO connection (id, app_id, name, created_at) VALUES
                ('1', 'app', 'Client 10', ''), ('2', 'app', 'client 9', ''), ('3', 'app', 'Client 1', '')",
        )
        .unwrap();
        drop(old);
        let new = open(home.path()).unwrap();
        let first = || {
            let first = crate::connection_status::first_of_app(&new, &AppId("app".into()), 2).unwrap();
            first.into_iter().map(|(_, id)| id.0).collect::<Vec<_>>()
        };
        assert_eq!(first(), ["3", "2"]);
        connection::set_name(&new, &ConnectionId("1".into()), "Client").unwrap();
        assert_eq!(first(), ["1", "3"]);
    }

    /// Apps from before version 17 have no environment, and keep everything else.
    #[test]
    fn earlier_apps_have_no_environment() {
        let home = tempfile::tempdir().unwrap();
        let old = Connection::open(home.path().join(FILE)).unwrap();
        MIGRATIONS[..16].iter().for_each(|step| old.execute_batch(step).unwrap());
        old.pragma_update(None, "user_version", 16).unwrap();
        old.execute_batch(
            r#"INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, created_at)
                VALUES ('1', 'Grigora (Staging)', 'grigora', 'acme', 'https://a.example', '["cms"]', '[]', '{}',
                    '2026-01-01T00:00:00Z')"#,
        )
        .unwrap();
        drop(old);
        let apps = crate::app::all(&open(home.path()).unwrap()).unwrap();
        let told = apps.iter().map(|app| (app.name.as_str(), app.scopes.len(), app.environment.as_deref()));
        assert_eq!(told.collect::<Vec<_>>(), [("Grigora (Staging)", 1, None)]);
    }

    /// An earlier version left a directory with nothing but the sandbox's files when its first start failed.
    #[cfg(unix)]
    #[test]
    fn a_directory_with_only_the_sandbox_is_restricted_and_used() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(home.path().join("sandbox")).unwrap();
        open(home.path()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(home.path()), 0o700);
        let inner = home.path().join("some/where");
        make_private_directory(&inner).unwrap();
        assert_eq!((mode(&inner), mode(inner.parent().unwrap())), (0o700, 0o700));
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_with_other_files_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let mode = || fs::metadata(home.path()).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(home.path().join("thesis.tex"), "").unwrap();
        assert_eq!(open(home.path()).unwrap_err().code, Code::DataUnwritable);
        assert_eq!(mode(), 0o755);
        fs::remove_file(home.path().join("thesis.tex")).unwrap();
        open(home.path()).unwrap();
        assert_eq!(mode(), 0o700);
    }

    #[test]
    fn a_file_that_is_no_database_is_left_unchanged() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("grapnel.db");
        fs::write(&path, "my shopping list, much longer than a header of SQLite would be ".repeat(20))
            .unwrap();
        assert_eq!(open(home.path()).unwrap_err().code, Code::DataDamaged);
        assert!(fs::read_to_string(path).unwrap().starts_with("my shopping list"));
    }

    #[test]
    fn a_directory_that_cannot_be_created_is_reported() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        fs::write(&taken, "").unwrap();
        assert_eq!(open(&taken).unwrap_err().code, Code::DataUnwritable);
    }

    /// An earlier version created these with the account's umask.
    #[cfg(unix)]
    #[test]
    fn inner_files_with_wide_permissions_are_restricted() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        open(home.path()).unwrap();
        fs::create_dir(home.path().join("locks")).unwrap();
        fs::write(home.path().join("window.json"), "{}").unwrap();
        for (name, mode) in [("locks", 0o755), ("window.json", 0o644)] {
            fs::set_permissions(home.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        open(home.path()).unwrap();
        let mode = |name: &str| fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("locks"), mode("window.json")), (0o700, 0o600));
        write_private(&home.path().join("new.json"), b"{}").unwrap();
        assert_eq!(mode("new.json"), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("data");
        let connection = open(&home).unwrap();
        connection.execute("INSERT INTO vault (only, name, vault_check) VALUES (1, 'x', x'00')", []).unwrap();
        let mode = |name: &str| fs::metadata(home.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(""), 0o700);
        for file in ["grapnel.db", "grapnel.db-wal", "grapnel.db-shm"] {
            assert_eq!(mode(file), 0o600, "{file}");
        }
    }
}
