//! A team with very many shared connections: a token of one of them, a refresh, a worker's token and the start of the
//! program cost what they cost with ten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_core::Grapnel;
use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, Join};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::SecretString;
use grapnel_model::team::TeamRole;
use grapnel_team::port::{RecordId, WriteId, Written};
use grapnel_team::postgres::{DatabaseUrl, PostgresStore, SchemaName};
use grapnel_team::{Definition, Identity, Invitation, Team, Update};
use tempfile::TempDir;

use super::figures::{median, millis, ratio};
use super::world::TeamWorld;
use crate::world;

/// How many connections a small team shares.
const FEW: usize = 10;
/// How many times as long it may take with many. What grows with their number would take thousands of times as long.
const MAX_RATIO: f64 = 3.0;
const TOKENS: usize = 500;
const STARTS: usize = 15;
const REFRESHES: usize = 20;
const WORKERS: usize = 5;

/// A member whose machine is this process.
struct Member {
    home: TempDir,
    keys: TempDir,
    grapnel: Grapnel,
}

/// What is measured against the database.
#[derive(Debug, Clone, Copy)]
struct Times {
    refresh: Duration,
    worker: Duration,
}

pub(super) async fn prove(connections: usize) -> Result<()> {
    ensure!(connections > FEW, "it takes more than {FEW} connections");
    let (world, ids) = TeamWorld::new(FEW).await?;
    let id = ids.first().context("no connection")?;
    let few = join(&world, "Grace").await?;
    let with_few = times(&world, &few, id).await?;
    let began = Instant::now();
    fill(&world, id, connections - FEW).await?;
    println!("{connections} connections were shared after {:.1?}", began.elapsed());
    let began = Instant::now();
    let many = join(&world, "Linus").await?;
    let taken_in = many.grapnel.connections()?.len();
    println!("a machine joined and took in {taken_in} of them after {:.1?}", began.elapsed());
    ensure!(taken_in == connections, "they were not all taken in");
    let began = Instant::now();
    many.grapnel.sync_team(&world.team).await?;
    println!("it looked at all of them again after {:.1?}", began.elapsed());
    let with_many = times(&world, &many, id).await?;
    // Those that ask no database, in turn.
    few.grapnel.sync_team(&world.team).await?;
    let (mut starts, mut tokens) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let name = few.grapnel.connection(id)?.summary.name;
    drop(few.grapnel);
    let homes = [(few.home, few.keys), (many.home, many.keys)];
    drop(many.grapnel);
    for _ in 0..STARTS {
        for (number, (home, keys)) in homes.iter().enumerate() {
            let began = Instant::now();
            let grapnel = open(&world, home, keys)?;
            grapnel.token(id, Duration::ZERO).await?;
            starts[number].push(began.elapsed());
            for _ in 0..TOKENS.div_ceil(STARTS) {
                let began = Instant::now();
                let named = grapnel.connection_named(&name)?.context("no such connection")?;
                grapnel.token(&named.id, Duration::ZERO).await?;
                tokens[number].push(began.elapsed());
            }
        }
    }
    let [few_start, many_start] = starts.map(median);
    let [few_token, many_token] = tokens.map(median);
    println!("median                      with {FEW:<6} with {connections}");
    for (what, few, many) in [
        ("a valid token", few_token, many_token),
        ("start and first token", few_start, many_start),
        ("a refresh", with_few.refresh, with_many.refresh),
        ("a worker's token", with_few.worker, with_many.worker),
    ] {
        let ratio = ratio(many, few);
        println!("{what:<25} {:>12} {:>12}: {ratio:.2} times that", millis(few), millis(many));
        ensure!(ratio < MAX_RATIO, "{what} takes longer with many shared connections");
    }
    Ok(())
}

fn open(world: &TeamWorld, home: &TempDir, keys: &TempDir) -> Result<Grapnel> {
    Ok(Grapnel::with(home.path(), world::keyring(keys.path()), world.world.clock.clone())?)
}

async fn join(world: &TeamWorld, name: &str) -> Result<Member> {
    let (home, keys) = (TempDir::new()?, TempDir::new()?);
    let grapnel = open(world, &home, &keys)?;
    let invitation = world.invite(name, grapnel.team_key().await?).await?;
    let join = Join { invitation, passphrase: None, database_url: None, agrees_to_paths: true };
    grapnel.join_team(join).await?;
    Ok(Member { home, keys, grapnel })
}

/// The median times of a refresh, and of a worker that starts, finds the connection, and prints its token.
async fn times(world: &TeamWorld, member: &Member, id: &ConnectionId) -> Result<Times> {
    let mut refreshes = Vec::new();
    for _ in 0..REFRESHES {
        let began = Instant::now();
        member.grapnel.refresh(id).await?;
        refreshes.push(began.elapsed());
    }
    let name = member.grapnel.connection(id)?.summary.name;
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let key = worker_key(world).await?;
        let (home, keys) = (TempDir::new()?, TempDir::new()?);
        let began = Instant::now();
        let worker = open(world, &home, &keys)?;
        let team = worker.become_worker(&world.server.socket_url().into(), &key).await?;
        let found = worker.take_in_shared(&team, &name).await?;
        worker.token(&found, Duration::ZERO).await?;
        workers.push(began.elapsed());
    }
    Ok(Times { refresh: median(refreshes), worker: median(workers) })
}

async fn worker_key(world: &TeamWorld) -> Result<SecretString> {
    let name = format!("worker {}", RecordId::random());
    let (role, opened_by) = (TeamRole::Worker, InviteOpener::WorkerKey);
    let invite = Invite { name, role, opened_by, database_url: InvitedUrl::Withheld };
    world.owner.invite(&world.team, invite).await?.1.context("no key")
}

/// Adds records that are copies of one, each with an ID and a name of its own.
async fn fill(world: &TeamWorld, id: &ConnectionId, count: usize) -> Result<()> {
    let identity = Identity::generate();
    let invitation = world.invite("a machine that fills", identity.public_key().to_string()).await?;
    let invitation = Invitation::open(&invitation, &identity)?;
    let url = DatabaseUrl::parse(&world.server.socket_url().into())?;
    let store = PostgresStore::new(url, SchemaName::parse(&invitation.schema)?);
    let team = Team::join(Arc::new(store), &invitation, identity).await?;
    let name = world.owner.connection(id)?.summary.name.to_ascii_lowercase();
    let original = team.find(&name).await?.context("no record")?;
    let app: &[u8] = original.app.as_deref().context("a member has no key")?;
    let mut document: serde_json::Value = serde_json::from_slice(&original.definition)?;
    for number in 0..count {
        let connection = &mut document["document"]["apps"][0]["connections"][0];
        ensure!(connection["id"].is_string(), "a record has another form");
        let name = format!("copy {number}");
        connection["id"] = ConnectionId::random().0.into();
        connection["name"] = name.as_str().into();
        let (record, write) = (RecordId::random(), WriteId::random());
        let update = Update {
            id: &record,
            replaces: None,
            write_id: &write,
            tokens: &original.tokens,
            definition: Some(Definition { name: &name, content: &serde_json::to_vec(&document)? }),
            app: Some(app),
        };
        let written = team.write(&update).await?;
        ensure!(written == Written::Stored, "a copy was not written: {written:?}");
    }
    Ok(())
}
