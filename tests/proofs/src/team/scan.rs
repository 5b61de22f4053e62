//! What the person who runs the database can see: its files, its logs with all statements and their parameters, what
//! passes the Unix socket without TLS, and what `pg_dump` writes. It has no secret and no name. A text that was put
//! there on purpose is found in all of them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::ProviderId;
use grapnel_test_database::{Recorder, Server, Stop};
use grapnel_tests::secret_scan::{Leak, Scan};

use super::world::{OWNER, TEAM, TeamWorld};

/// What is put in the database on purpose.
const CONTROL: &str = "a-text-that-is-in-the-clear";
/// The name of the member, which is long enough to be looked for.
const MEMBER: &str = "Grace of the harbour";

pub(super) async fn prove() -> Result<()> {
    let server = Server::start()?;
    let recorder = Recorder::start(server.socket(), server.port())?;
    let (mut world, ids) = TeamWorld::at(server, recorder.url(), 3).await?;
    let mut member = world.machine(MEMBER, recorder.url()).await?;
    // All that a team does: refreshes on both sides, a failure, a new sign-in, the activity, a removed member.
    for id in &ids {
        world.expire();
        member.set_ahead(world.ahead).await?;
        ensure!(member.token(id).await?.token.is_ok(), "it was not refreshed");
        world.owner.sync_team(&world.team).await?;
        world.owner.refresh(id).await?;
    }
    world.sign_in_again(&ids[0]).await?;
    world.owner.disconnect(&ids[1]).await?;
    world.owner.team_activity(&ids[0]).await?;
    member.sync(&world.team).await?;
    let members = world.owner.sync_team(&world.team).await?.members;
    let grace = members.iter().find(|one| one.name == MEMBER).context("no member")?;
    world.owner.remove_member(&world.team, &grace.id).await?;
    world.owner.unshare(&ids[2]).await?;

    let mut secrets = Vec::new();
    for revealed in world.world.sandbox.revealed() {
        secrets.push(("a code or token", revealed.value));
    }
    let (client_id, client_secret) = world.world.client(ProviderId::Grigora);
    secrets.push(("the client ID", client_id.to_owned()));
    secrets.extend(client_secret.map(|secret| ("the client secret", secret.to_owned())));
    for (what, name) in [("the team’s name", TEAM), ("the owner’s name", OWNER), ("a member’s name", MEMBER)]
    {
        secrets.push((what, name.to_owned()));
    }
    for connection in world.owner.connections()? {
        secrets.push(("the app's name", connection.app_name));
        if let Some(account) = world.owner.connection(&connection.id)?.account {
            let of = [Some(account.id), Some(account.name), account.email, account.username];
            secrets.extend(of.into_iter().flatten().map(|text| ("a part of the account", text)));
        }
        secrets.push(("a connection’s name", connection.name));
    }
    let token = world.owner.token(&ids[0], Duration::ZERO).await?;
    secrets.push(("the access token", token.value.expose_secret().to_owned()));
    // Shorter ones would be found by chance.
    secrets.retain(|(_, text)| text.len() >= 8);
    let is_named = secrets.iter().any(|(what, _)| *what == "a connection’s name");
    ensure!(is_named, "the connections' names are too short to be looked for");

    let mut psql = world.client("psql")?;
    psql.arg("-h")
        .arg(recorder.folder())
        .args(["-c", &format!("CREATE TABLE control AS SELECT '{CONTROL}' AS text")]);
    ensure!(psql.output()?.status.success(), "the control could not be written");
    world.server.sql("CHECKPOINT")?;
    let dump = world.client("pg_dump")?.output()?;
    ensure!(dump.status.success(), "pg_dump: {}", String::from_utf8_lossy(&dump.stderr));
    world.server.stop(Stop::Fast)?;
    let (wire, log, data) = (recorder.recorded(), world.server.log()?, world.server.data());

    let look = |scan: &Scan| -> Result<[(&str, Vec<Leak>); 4]> {
        let passed = wire.iter().flat_map(|bytes| scan.bytes(bytes, "the wire")).collect();
        Ok([
            ("files", scan.files(&data)?),
            ("log", scan.bytes(log.as_bytes(), "the log")),
            ("wire", passed),
            ("dump", scan.bytes(&dump.stdout, "the dump")),
        ])
    };
    for (place, found) in look(&Scan::new([("the control", CONTROL)])?)? {
        ensure!(!found.is_empty(), "what is in the clear is not found in the {place}");
    }
    let looked_for = secrets.len();
    let scan = Scan::new(secrets.iter().map(|(what, text)| (*what, text.as_str())))?;
    for (place, found) in look(&scan)? {
        ensure!(found.is_empty(), "in the {place}: {found:?}");
    }
    let passed: usize = wire.iter().map(Vec::len).sum();
    println!(
        "{looked_for} secrets and names looked for in the database’s files, {} KB of its log with all statements, \
         {} KB on its socket and its dump, and not found; the control is in all four",
        log.len() / 1024,
        passed / 1024
    );
    world.scan(&[&member])
}
