//! Who reaches the database and how, what its files and logs hold, and the privileges of the documented roles.

use super::*;

#[tokio::test]
async fn certificates_are_verified() {
    let server = Server::start().unwrap();
    PostgresStore::prepare(url(&server.tls_url()), schema()).await.unwrap();
    assert!(server.log().unwrap().contains("SSL enabled"));
    let at = |host: &str, query: &str| url(&server.url_at(host, server.port(), query));
    // The system does not know this authority.
    let unknown = PostgresStore::prepare(at("localhost", "?sslmode=require"), schema()).await.unwrap_err();
    let elsewhere =
        Server::start_with(&Options { hosts: vec!["db.example".to_owned()], ..Options::default() }).unwrap();
    let other_host = PostgresStore::prepare(url(&elsewhere.tls_url()), schema()).await.unwrap_err();
    let query = format!("?sslrootcert={}", elsewhere.authority().display());
    let other_authority = PostgresStore::prepare(at("localhost", &query), schema()).await.unwrap_err();
    let missing =
        PostgresStore::prepare(at("localhost", "?sslrootcert=/nowhere.pem"), schema()).await.unwrap_err();
    let plain = Server::start_with(&Options { settings: vec!["ssl = off".to_owned()], ..Options::default() })
        .unwrap();
    let no_tls = PostgresStore::prepare(url(&plain.tls_url()), schema()).await.unwrap_err();
    let texts = [unknown, other_host, other_authority, missing, no_tls].map(|error| error.to_string());
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn each_failure_to_connect_has_its_reason_without_the_url() {
    let mut server = Server::start().unwrap();
    server.sql("CREATE ROLE nobody LOGIN PASSWORD 'hunter2'").unwrap();
    let port = server.port();
    let at = |user: &str, database: &str| format!("postgres://{user}@127.0.0.1:{port}/{database}");
    let mut texts = Vec::new();
    for text in [
        at("postgres:hunter2", "postgres"),
        at("nobody:hunter2", "postgres"),
        at("nobody:hunter2", "hunter2"),
        at("hunter2", "postgres"),
    ] {
        let error = PostgresStore::prepare(url(&text), schema()).await.unwrap_err();
        texts.push(format!("{error} {} {}", error.meaning(), error.hint()));
    }
    let none = store(&server.tcp_url()).team().await.unwrap_err();
    texts.push(format!("{none} {}", none.hint()));
    server.stop(Stop::Fast).unwrap();
    let down = PostgresStore::prepare(url(&server.tcp_url()), schema()).await.unwrap_err();
    texts.push(format!("{down} {} {}", down.meaning(), down.hint()));
    let (socket, nowhere) = (server.socket(), "/nonexistent/postgres");
    let folder = socket.parent().unwrap().display().to_string();
    let unresolved = format!("postgres://hunter2@{}.invalid/hunter2", "a".repeat(64));
    let at_socket = |folder: &str, port| format!("postgres://postgres@/postgres?host={folder}&port={port}");
    for text in [unresolved, at_socket(nowhere, 5432), at_socket(&folder, 1), at_socket(&folder, port)] {
        let error = PostgresStore::prepare(url(&text), schema()).await.unwrap_err();
        assert!(error.is_unreachable(), "{error:?}");
        texts.push(format!("{error} {} {}", error.meaning(), error.hint()));
    }
    let texts = texts.join("\n").replace(&folder, "[folder]").replace(&port.to_string(), "[port]");
    assert!(!texts.contains("hunter2") && !texts.contains(grapnel_test_database::PASSWORD), "{texts}");
    insta::assert_snapshot!(texts);
}

#[tokio::test]
async fn the_servers_logs_and_files_hold_no_secret_and_no_name() {
    let (mut server, ada) = team().await;
    let worker = joined(&ada, "ci-of-the-agency", Role::Worker, &server.tcp_url()).await;
    let id = share(&ada, "client-site-of-acme").await;
    let held = lock(&ada, &id).await;
    held.begin(1, None, &MachineId::random()).await.unwrap();
    assert_eq!(write(&worker, &id, 1, b"secret-access-token").await, Written::Stored);
    held.release().await.unwrap();
    worker.add_activity(&id, b"secret-entry", 3).await.unwrap();
    ada.remove(worker.member_id()).await.unwrap();
    // What fails is logged with its parameters.
    server.sql("SELECT * FROM nowhere").unwrap_err();
    let log = server.log().unwrap();
    assert!(log.contains(&id.0) && log.contains("parameters: $1"), "the log has the statements");
    server.stop(Stop::Fast).unwrap();
    let key = ada.identity().to_text();
    let key = grapnel_model::secret::ExposeSecret::expose_secret(&key).to_owned();
    let secrets = [
        "secret-access-token",
        "secret-of-the-client",
        "secret-definition",
        "secret-entry",
        "client-site-of-acme",
        "client site",
        "Ada Lovelace",
        "Agency",
        "ci-of-the-agency",
        grapnel_test_database::PASSWORD,
        &key,
    ];
    let mut folders = vec![server.data()];
    let mut scanned = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            scanned += bytes.len();
            for secret in secrets {
                let at = memchr::memmem::find(&bytes, secret.as_bytes());
                assert_eq!(at, None, "{secret} in {}", path.display());
            }
        }
    }
    assert!(scanned > 1 << 20, "only {scanned} bytes");
    for secret in secrets {
        let hex = grapnel_model::secret::hex(secret.as_bytes());
        assert!(!log.contains(secret) && !log.contains(&hex), "{secret}");
    }
}

/// The SQL of the page for administrators, as it is printed there.
fn documented_sql(which: usize) -> String {
    let page = include_str!("../../../../../docs/team-database.md");
    let block = page.split("```sql\n").nth(which).and_then(|rest| rest.split("```").next()).unwrap();
    block.replace("grapnel_team_x", "grapnel_team_test")
}

#[tokio::test]
async fn the_documented_roles_are_enough_and_permit_no_more() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    server.sql(&documented_sql(2)).unwrap();
    server.sql(&documented_sql(3)).unwrap();
    server
        .sql("CREATE ROLE ben LOGIN IN ROLE grapnel_member; CREATE ROLE ci LOGIN IN ROLE grapnel_worker")
        .unwrap();
    let url_of = |role: &str| server.socket_url().replace("postgres@", &format!("{role}@"));
    let ben = joined(&ada, "Ben", Role::Member, &url_of("ben")).await;
    let worker = joined(&ada, "ci", Role::Worker, &url_of("ci")).await;

    for (team, version) in [(&ben, 1), (&worker, 2)] {
        let held = lock(team, &id).await;
        assert_eq!(held.begin(version, None, &MachineId::random()).await.unwrap(), Began::Marked);
        assert_eq!(write(team, &id, version, b"next").await, Written::Stored);
        held.release().await.unwrap();
        team.add_activity(&id, b"refreshed", 3).await.unwrap();
        team.store().watch().await.unwrap();
        assert!(team.find("client site").await.unwrap().is_some());
    }
    share(&ben, "another").await;
    let denied = [
        ("ci", "UPDATE grapnel_team_test.record SET app = ''"),
        ("ci", "UPDATE grapnel_team_test.record SET definition = ''"),
        ("ci", "UPDATE grapnel_team_test.record SET lookup = ''"),
        ("ci", "INSERT INTO grapnel_team_test.record SELECT * FROM grapnel_team_test.record"),
        ("ci", "DELETE FROM grapnel_team_test.record"),
        ("ben", "DELETE FROM grapnel_team_test.record"),
        ("ben", "UPDATE grapnel_team_test.team SET document = ''"),
        ("ben", "INSERT INTO grapnel_team_test.member VALUES ('x', '')"),
        ("ben", "CREATE TABLE grapnel_team_test.more ()"),
    ];
    for (role, sql) in denied {
        let refused = server.sql_as(role, sql).unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{role}: {sql}: {refused}");
    }
    let refused = worker.store().delete(&id).await.unwrap_err();
    assert!(refused == TeamError::Forbidden && !refused.is_unreachable(), "{refused:?}");
    assert!(!ben.leave().await.unwrap(), "the role may not delete its keys");
    assert_eq!(ben.reload().await.unwrap().members.len(), 3);
    let page = include_str!("../../../../../docs/team-database.md");
    let monitoring = page.lines().filter(|line| line.starts_with("| ") && line.contains("`SELECT"));
    for line in monitoring {
        let sql = line.split('`').nth(1).unwrap().replace("grapnel_team_x", "grapnel_team_test");
        server.sql(&sql).unwrap();
    }
}
