//! Servers and schemas that do not suit, and what other roles of the database can do to a session.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

/// Advisory locks that exclude nobody, as some engines have.
const FAKE_LOCKS: &str = "ALTER FUNCTION pg_catalog.pg_try_advisory_lock(bigint) RENAME TO real_lock; \
    CREATE FUNCTION pg_catalog.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'";

#[tokio::test]
async fn an_engine_whose_advisory_locks_do_nothing_is_refused() {
    let server = Server::start().unwrap();
    server.sql(FAKE_LOCKS).unwrap();
    let refused = PostgresStore::prepare(url(&server.socket_url()), schema()).await.unwrap_err();
    assert!(matches!(refused, TeamError::Unsuitable { .. }), "{refused}");
    assert_eq!(server.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'grapnel%'").unwrap(), "0");
}

#[tokio::test]
async fn nobody_joins_by_a_way_whose_locks_do_nothing() {
    let (server, ada) = team().await;
    let own = Identity::generate();
    let text = ada.invite("Ben", Role::Member, &Invited::PublicKey(own.public_key()), None).await.unwrap();
    let text = grapnel_model::secret::ExposeSecret::expose_secret(&text).to_owned();
    let invitation = Invitation::open(&text, &own).unwrap();
    assert_eq!(invitation.creator_fingerprint(), ada.seen().owners.fingerprint());
    server.sql(FAKE_LOCKS).unwrap();
    let joined = Team::join(store(&server.tcp_url()), &invitation, own).await;
    assert!(matches!(joined, Err(TeamError::Unsuitable { .. })), "{joined:?}");
    assert!(matches!(ada.store().prove().await, Err(TeamError::Unsuitable { .. })));
}

#[tokio::test]
async fn an_older_schema_is_completed_and_a_newer_one_is_refused() {
    let server = Server::start().unwrap();
    let url = url(&server.socket_url());
    let (mut client, _task) = session::connect_plain(&url).await.unwrap();
    schema::migrate(&mut client, &schema(), &schema::MIGRATIONS[..1]).await.unwrap();
    assert_eq!(schema::version(&client, &schema()).await.unwrap(), 1);
    let (one, two) = tokio::join!(
        PostgresStore::prepare(url.clone(), schema()),
        PostgresStore::prepare(url.clone(), schema())
    );
    let (one, _) = (one.unwrap(), two.unwrap());
    let team = Team::create(Arc::new(one), "Agency", "Ada", Identity::generate()).await.unwrap();
    let id = share(&team, "client site").await;
    team.add_activity(&id, b"x", 1).await.unwrap();
    let second = Team::create(store(&server.socket_url()), "Other", "Eve", Identity::generate()).await;
    assert_eq!(second.unwrap_err(), TeamError::TeamExists);

    server.sql("UPDATE grapnel_team_test.schema_version SET version = 99").unwrap();
    let newer = TeamError::NewerSchema { found: 99, known: 2 };
    assert_eq!(PostgresStore::prepare(url, schema()).await.unwrap_err(), newer);
    assert_eq!(store(&server.socket_url()).team().await.unwrap_err(), newer);
}

#[tokio::test]
async fn an_older_schema_is_completed_by_who_owns_it_and_explained_to_others() {
    let server = Server::start().unwrap();
    server
        .sql("CREATE ROLE maker LOGIN; CREATE ROLE ben LOGIN; GRANT CREATE ON DATABASE postgres TO maker")
        .unwrap();
    let url_of = |role: &str| server.socket_url().replace("postgres@", &format!("{role}@"));
    let (mut client, _task) = session::connect_plain(&url(&url_of("maker"))).await.unwrap();
    schema::migrate(&mut client, &schema(), &schema::MIGRATIONS[..1]).await.unwrap();
    server
        .sql(
            "REVOKE CREATE ON DATABASE postgres FROM maker; GRANT USAGE ON SCHEMA grapnel_team_test TO ben; \
             GRANT SELECT ON ALL TABLES IN SCHEMA grapnel_team_test TO ben",
        )
        .unwrap();
    let refused = store(&url_of("ben")).team().await.unwrap_err();
    assert_eq!(refused, TeamError::OlderSchema { found: 1, known: 2 });
    assert!(!refused.is_unreachable());
    assert_eq!(store(&url_of("maker")).team().await.unwrap_err(), TeamError::NoTeam);
    assert_eq!(schema::version(&client, &schema()).await.unwrap(), 2);
}

#[tokio::test]
async fn an_operator_in_public_is_not_run_with_the_privileges_of_others() {
    let (server, ada) = team().await;
    server.sql("CREATE ROLE mallory LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO mallory").unwrap();
    let hostile = "CREATE FUNCTION public.run(text, bigint) RETURNS text LANGUAGE plpgsql AS \
        'BEGIN RAISE EXCEPTION ''run as %'', current_user; END'; \
        CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = bigint, FUNCTION = public.run)";
    server.sql_as("mallory", hostile).unwrap();
    let run = server.sql("SELECT 'a'::text || 1::bigint").unwrap_err().to_string();
    assert!(run.contains("run as postgres"), "the operator is there: {run}");
    let id = share(&ada, "client site").await;
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    assert_eq!(ada.store().list().await.unwrap().len(), 1);
    // Nor in the sessions of a rotation or a migration.
    let (client, _task) = session::connect_plain(&url(&server.socket_url())).await.unwrap();
    let rows = client.query_typed("SELECT 'a'::text || 1::bigint, current_setting('search_path')", &[]).await;
    assert_eq!(rows.unwrap()[0].get::<_, &str>(1), "pg_catalog, pg_temp");
}

#[tokio::test]
async fn a_socket_that_others_can_replace_is_not_connected_to() {
    let (server, ada) = team().await;
    let folder = server.socket().parent().unwrap().to_owned();
    for (mode, is_refused) in [(0o777, true), (0o1777, false), (0o775, false), (0o755, false)] {
        set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let read = again(&ada, &server.socket_url()).reload().await;
        let refused =
            matches!(&read, Err(TeamError::Untrusted { cause }) if cause.contains("replace the socket"));
        assert_eq!(refused, is_refused, "{mode:o}: {read:?}");
        assert_eq!(read.is_ok(), !is_refused, "{mode:o}");
    }
}
