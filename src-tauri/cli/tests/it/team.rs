//! `grapnel team`, `share`, `unshare`, and workers by their environment.

use std::sync::Arc;

use grapnel_cli::Exit;
use grapnel_test_database::{Server, Stop};
use insta::assert_snapshot;

use crate::machine::Paper;
use crate::world::{Ran, World};

/// A world with the connection `acme`, and the database of a team.
async fn start() -> (World, Server) {
    let world = World::new();
    world.connect().await;
    (world, Server::start().unwrap())
}

async fn create(world: &World, database: &Server) -> Ran {
    let line = "team create Agency --as Ada --schema agency --database-url-stdin";
    world.pipe(line, &database.socket_url()).await
}

/// Another computer. Its own sandbox is not used.
fn computer(world: &World) -> World {
    let mut other = World::new();
    other.clock = Arc::clone(&world.clock);
    other
}

/// The lines of several runs, without what differs from run to run.
fn told(runs: &[Ran]) -> String {
    let text = runs.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
    let mut out = String::new();
    for line in text.lines() {
        let cut = ["age1", "grapnel-invitation-1-", "grapnel-worker-1-"].iter().find_map(|start| {
            line.find(start).map(|at| {
                let end = line[at..].find(['"', ' ']).map_or(line.len(), |end| at + end);
                format!("{}{start}[…]{}", &line[..at], &line[end..])
            })
        });
        out += &cut.unwrap_or_else(|| line.to_owned());
        out.push('\n');
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let line = |line: &str| {
        let is_fingerprint = |word: &&str| {
            let word = word.trim_end_matches([';', '.']);
            word.len() == 19 && word.split('-').all(|part| part.len() == 4)
        };
        let fingerprint = line.split(' ').find(is_fingerprint).unwrap_or("[none]");
        let line = line.replace(&name, "[computer]").replace(fingerprint, "[fingerprint]");
        // The server has its own clock, and columns are as wide as their content.
        let is_of_table =
            ["WHEN", "MEMBER"].iter().any(|head| line.starts_with(head)) || line.contains(" days");
        if !is_of_table {
            return line;
        }
        let mut words: Vec<_> = line.split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| *word == "days") {
            words.splice(at - 2..=at, ["[when]"]);
        }
        words.join(" ")
    };
    out.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_is_created_joined_used_and_left() {
    let (world, database) = start().await;
    let empty = world.run("team list").await;
    let created = create(&world, &database).await;
    assert_eq!(created.exit, Exit::Done, "{created}");
    let shared = world.run("share acme").await;
    assert_snapshot!("created", told(&[empty, created, shared, world.run("list").await]));

    let other = computer(&world);
    let key = other.run("team key").await;
    let invited = world.run(&format!("team invite Grace --key {}", key.out.trim())).await;
    let joined = other.pipe("team join --yes", &invited.out).await;
    assert_eq!(joined.exit, Exit::Done, "{joined}");
    assert_eq!(other.run("token acme").await.out, world.run("token acme").await.out);
    let refreshed = other.run("refresh acme --json").await;
    assert_eq!(refreshed.exit, Exit::Done, "{refreshed}");
    let runs = [invited, joined, world.run("team activity acme").await, world.run("team members").await];
    assert_snapshot!("joined", told(&runs));
    assert!(!world.run("status acme").await.out.contains("conflict"));

    let removed = world.run("team remove grace --yes").await;
    let status = world.run("team status").await;
    let refused = other.run("refresh acme").await;
    assert_eq!(refused.exit, Exit::Failed, "{refused}");
    let left = other.run("team leave --yes").await;
    assert_snapshot!("removed", told(&[removed, status, refused, left, other.run("list").await]));

    let unshared = world.run("unshare acme --yes").await;
    let again = world.run("unshare acme --yes").await;
    assert_snapshot!("unshared", told(&[unshared, again, world.run("team leave --yes").await]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_result_is_json() {
    let (world, database) = start().await;
    let created = create(&world, &database).await;
    assert_eq!(created.exit, Exit::Done, "{created}");
    let shared = world.run("share acme --team agency --json").await.json();
    assert_eq!(shared, serde_json::json!({ "connection": "acme", "team": "Agency" }));
    let teams = world.run("team list --json").await.json();
    assert_eq!((&teams[0]["name"], &teams[0]["role"]), (&"Agency".into(), &"owner".into()));
    assert_eq!(teams[0]["connections"], 1);
    let listed = world.run("list --json").await.json();
    assert_eq!(listed[0]["team"], "Agency");
    let status = world.run("status acme --json").await.json();
    assert_eq!(status["shared"]["refreshed"]["member"], "Ada");
    for line in ["team status --json", "team members --json", "team activity acme --json", "team key --json"]
    {
        let ran = world.run(line).await;
        assert!(!ran.json().is_null(), "{ran}");
        assert!(!ran.out.contains(&database.socket_url()), "{ran}");
    }
    let invited = world.run("team invite ci --worker --json").await.json();
    assert!(invited["key"].as_str().unwrap().starts_with("grapnel-worker-1-"));
    assert_eq!(invited["member"]["role"], "worker");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_by_passphrase_is_opened_with_it() {
    let (world, database) = start().await;
    create(&world, &database).await;
    let refused = world.run("team invite Grace").await;
    assert_eq!(refused.exit, Exit::Usage, "{refused}");
    let passphrase = "correct horse battery staple";
    let invited = world.pipe("team invite Grace --owner --passphrase-stdin", passphrase).await;
    assert_eq!(invited.exit, Exit::Done, "{invited}");
    let other = computer(&world);
    let input = format!("{}\n{passphrase}\n", invited.out.trim());
    let joined = other.pipe("team join --yes --passphrase-stdin", &input).await;
    assert_eq!(joined.exit, Exit::Done, "{joined}");
    assert!(joined.out.contains("as owner"), "{joined}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_have_their_reasons() {
    let (world, database) = start().await;
    let runs = [
        world.run("share acme").await,
        world.run("team status").await,
        world.run("team create Agency").await,
        world.pipe("team create Agency --database-url-stdin", "https://db.example").await,
        world.pipe("team join --yes", "hello").await,
    ];
    create(&world, &database).await;
    let more = [
        world.pipe("team create agency --database-url-stdin", &database.socket_url()).await,
        world.run("team remove Nobody --yes").await,
        world.run("team activity acme").await,
        world.run("share acme --team Agenzy").await,
        world.run("team invite Grace --key age1nonsense").await,
    ];
    let all: Vec<Ran> = runs.into_iter().chain(more).collect();
    assert!(all.iter().all(|ran| ran.exit != Exit::Done), "{}", told(&all));
    assert_snapshot!("mistakes", told(&all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_needs_nothing_but_its_two_variables() {
    let (world, database) = start().await;
    create(&world, &database).await;
    world.run("share acme").await;
    let key = world.run("team invite ci --worker").await;
    let mut worker = computer(&world);
    worker.worker = Some((database.socket_url(), key.out.trim().to_owned()));
    let token = worker.run("token acme").await;
    assert_eq!(token.out, world.run("token acme").await.out, "{token}");
    let listed = worker.run("list --json").await.json();
    assert_eq!(listed[0]["name"], "acme");
    let refreshed = worker.run("refresh acme").await;
    assert_eq!(refreshed.exit, Exit::Done, "{refreshed}");
    // Its own copy is valid; it takes over the new one when it looks.
    world.run("team status").await;
    let same = world.run("token acme").await;
    assert_ne!(same.out, token.out);
    assert_eq!(worker.run("token acme").await.out, same.out);
    assert!(worker.grapnel().connections().unwrap().is_empty(), "the data of the computer are not used");
    let refused = [worker.run("token nobody").await, worker.run("disconnect acme --yes").await];
    assert_snapshot!("worker", told(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_has_the_database_url_that_the_inviter_wants() {
    let (world, database) = start().await;
    create(&world, &database).await;
    world.run("share acme").await;
    let invited = async |name: &str, more: &str, input: &str| {
        let other = computer(&world);
        let key = other.run("team key").await;
        let line = format!("team invite {name} --key {} {more}", key.out.trim());
        (other, world.pipe(&line, input).await)
    };
    let passed_on = "passes on your own database URL";
    let (grace, own) = invited("Grace", "", "").await;
    assert!(own.said.contains(passed_on), "{own}");
    assert_eq!(grace.pipe("team join --yes", &own.out).await.exit, Exit::Done);

    let (linus, none) = invited("Linus", "--without-database-url", "").await;
    assert!(!none.said.contains(passed_on), "{none}");
    let refused = linus.pipe("team join --yes", &none.out).await;
    assert_eq!(refused.exit, Exit::Usage, "{refused}");
    let input = format!("{}\n{}\n", none.out.trim(), database.socket_url());
    let joined = linus.pipe("team join --yes --database-url-stdin", &input).await;
    assert_eq!(joined.exit, Exit::Done, "{joined}");

    let (edsger, given) = invited("Edsger", "--database-url-stdin --json", &database.tcp_url()).await;
    let given = given.json();
    assert_eq!(given["has_own_url"], false);
    let joined = edsger.pipe("team join --yes", given["invitation"].as_str().unwrap()).await;
    assert_eq!(joined.exit, Exit::Done, "{joined}");
    let (_, wrong) = invited("Ken", "--database-url-stdin", "https://db.example").await;
    assert_eq!(wrong.exit, Exit::Usage, "{wrong}");

    let removed = world.run("team remove Grace --yes --json").await.json();
    assert_eq!((&removed["member"]["name"], &removed["connections"][0]), (&"Grace".into(), &"acme".into()));
    assert_eq!((&removed["secrets_made"], &removed["unreadable"]), (&serde_json::json!([]), &0.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_asks_the_teams_database() {
    let (world, mut database) = start().await;
    create(&world, &database).await;
    world.run("share acme").await;
    let fine = world.run("doctor").await;
    assert!(
        fine.out.contains(
            "Team: Its database answers and locks; version 2 of the schema, version 1 of the membership"
        ),
        "{fine}"
    );
    assert!(!fine.out.contains("Agency"), "names may be customers’: {fine}");
    database.stop(Stop::Fast).unwrap();
    let unreachable = world.run("doctor --json").await;
    let found: serde_json::Value = serde_json::from_str(&unreachable.out).unwrap();
    let team = found["checks"].as_array().unwrap().iter().find(|check| check["name"] == "Team").unwrap();
    assert_eq!(team["verdict"], "attention", "{team}");
    assert!(team["found"].as_str().unwrap().contains("database"), "{team}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_says_where_it_leads_before_its_database_is_asked() {
    let (world, database) = start().await;
    create(&world, &database).await;
    let other = computer(&world);
    let key = other.run("team key --json").await.json();
    let line = format!("team invite Grace --key {}", key["key"].as_str().unwrap());
    let invited = world.run(&line).await;
    assert!(invited.said.contains(key["fingerprint"].as_str().unwrap()), "{invited}");
    let of_team = invited.said.split("Fingerprint of the team: ").nth(1).unwrap();
    let of_team = of_team.split(';').next().unwrap();
    assert_eq!(of_team.len(), "ABCD-EFGH-IJKL-MNOP".len());

    let unasked = other.pipe("team join", &invited.out).await;
    assert_eq!(unasked.exit, Exit::Usage, "{unasked}");
    let join = async |answer: &str| {
        let input = std::io::Cursor::new(format!("{}\n{answer}\n", invited.out.trim()));
        other.run_with("team join", input, true, &Paper::default()).await
    };
    let before = database.log().unwrap().matches("connection authorized").count();
    let declined = join("n").await;
    assert_eq!(declined.exit, Exit::NotAuthorized, "{declined}");
    let after = database.log().unwrap().matches("connection authorized").count();
    assert_eq!(after, before + 1, "only the reading of the log has connected");
    for part in [of_team, "Database: this computer", "It names on this computer: /"] {
        assert!(declined.said.contains(part), "{part}: {declined}");
    }
    let joined = join("y").await;
    assert_eq!(joined.exit, Exit::Done, "{joined}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_url_of_a_team_is_replaced_once_the_team_was_read_by_it() {
    let (world, database) = start().await;
    let url = |password: &str, name: &str| {
        format!("postgres://ada:{password}@127.0.0.1:{}/{name}", database.port())
    };
    database.sql("CREATE ROLE ada LOGIN SUPERUSER PASSWORD 'one'").unwrap();
    database.sql("CREATE DATABASE another").unwrap();
    let created =
        world.pipe("team create Agency --as Ada --database-url-stdin", &url("one", "postgres")).await;
    assert_eq!(created.exit, Exit::Done, "{created}");
    world.run("share acme").await;
    database.sql("ALTER ROLE ada PASSWORD 'two'").unwrap();
    let denied = world.run("refresh acme").await;
    assert!(denied.said.contains("grapnel team url"), "{denied}");

    let unasked = world.run("team url").await;
    assert_eq!(unasked.exit, Exit::Usage, "{unasked}");
    let table = [(url("one", "postgres"), Exit::ProviderUnavailable), (url("two", "another"), Exit::Failed)];
    for (url, exit) in table {
        let refused = world.pipe("team url --database-url-stdin", &url).await;
        assert_eq!(refused.exit, exit, "{refused}");
        assert!(refused.said.contains("The stored database URL is unchanged."), "{refused}");
    }
    let replaced = world.pipe("team url agency --database-url-stdin", &url("two", "postgres")).await;
    assert_eq!(replaced.exit, Exit::Done, "{replaced}");
    assert!(replaced.out.contains("reachable"), "{replaced}");
    let refreshed = world.run("refresh acme").await;
    assert_eq!(refreshed.exit, Exit::Done, "{refreshed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_invited_is_checked_first() {
    let (world, mut database) = start().await;
    create(&world, &database).await;
    let key = computer(&world).run("team key").await.out.trim().to_owned();
    let (half, _) = key.split_once('.').unwrap();
    assert_eq!(world.run(&format!("team invite Grace --key {key}")).await.exit, Exit::Done);
    let other = computer(&world).run("team key").await.out.trim().to_owned();
    let table = [
        (format!("Grace --key {other}"), "name", "member of this name already", "grapnel team remove"),
        (format!("Linus --key {key}"), "key", "member with this public key already", "If it was lost"),
        (format!("{} --key {other}", "x".repeat(81)), "name", "1 to 80 characters", "Check the input"),
    ];
    for (line, field, message, hint) in table {
        let refused = world.run(&format!("team invite {line} --json")).await;
        assert_eq!(refused.exit, Exit::Usage, "{refused}");
        let told: serde_json::Value = serde_json::from_str(&refused.said).unwrap();
        let error = &told["error"];
        assert_eq!((&error["code"], &error["field"]), (&"invalid_input".into(), &field.into()), "{refused}");
        assert_eq!(error["meaning"], "Nobody was invited.", "{refused}");
        assert!(error["message"].as_str().unwrap().contains(message), "{refused}");
        assert!(error["hint"].as_str().unwrap().contains(hint), "{refused}");
    }
    // A key that is not whole is told without the database.
    database.stop(Stop::Fast).unwrap();
    for wrong in [half, &key[..key.len() - 1], &key[1..]] {
        let refused = world.run(&format!("team invite Linus --key {wrong}")).await;
        assert_eq!(refused.exit, Exit::Usage, "{refused}");
        assert!(refused.said.contains("This is not a whole public key"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_of_a_team_says_that_its_database_was_rolled_back() {
    let (world, database) = start().await;
    create(&world, &database).await;
    world.run("share acme").await;
    database.sql("CREATE TABLE old AS SELECT * FROM agency.record").unwrap();
    world.run("refresh acme").await;
    let fine = world.run("team status").await;
    assert!(
        fine.out.contains("postgres on this computer") && fine.out.contains("agency, version 2"),
        "{fine}"
    );
    database.sql("DELETE FROM agency.record; INSERT INTO agency.record SELECT * FROM old").unwrap();
    let refused = world.run("refresh acme --json").await;
    assert_eq!(refused.exit, Exit::Failed, "{refused}");
    let rolled_back = world.run("team list").await;
    assert!(rolled_back.out.contains("reachable, 1 connection rolled back"), "it is kept: {rolled_back}");
    let told = world.run("team status").await;
    assert_eq!(told.exit, Exit::Done, "{told}");
    for part in ["1 of 1 shared connections are older", "valid ones are still handed out", "grapnel unshare"]
    {
        assert!(told.out.contains(part), "{part}: {told}");
    }
    let json = world.run("team status --json").await.json();
    assert_eq!((&json["rolled_back"], &json["unreachable"]), (&1.into(), &serde_json::Value::Null));
    assert_eq!((&json["database"], &json["schema"]), (&"postgres".into(), &"agency".into()));
    assert_eq!(json["schema_version"], 2);
    let connection = world.run("status acme").await;
    assert!(
        connection.out.contains("older backup") && connection.out.contains("grapnel share"),
        "{connection}"
    );
    let doctor = world.run("doctor --json").await;
    let found: serde_json::Value = serde_json::from_str(&doctor.out).unwrap();
    let team = found["checks"].as_array().unwrap().iter().find(|check| check["name"] == "Team").unwrap();
    assert_eq!(team["verdict"], "attention", "{team}");
    assert!(team["found"].as_str().unwrap().contains("older backup"), "{team}");
    // An owner accepts what is there.
    assert_eq!(world.run("unshare acme --yes").await.exit, Exit::Done);
    assert_eq!(world.run("share acme").await.exit, Exit::Done);
    assert_eq!(world.run("team status --json").await.json()["rolled_back"], 0);
    assert_eq!(world.run("refresh acme").await.exit, Exit::Done);
}
