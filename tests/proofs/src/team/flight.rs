//! Many threads on many machines need new tokens of the same connections at the same moment: one refresh of each is
//! sent, and all of them get its token. The time is printed beside that of bare advisory locks on the same server.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::{Client, NoTls};

use super::figures::{each, millis, ratio};
use super::machine::{Ask, Machine, Reply};
use super::world::TeamWorld;

pub(super) async fn prove(machines: usize, threads: usize, connections: usize) -> Result<()> {
    println!(
        "{machines} machines with {threads} threads each ask for {connections} connections that have expired"
    );
    let (mut world, ids) = TeamWorld::new(connections).await?;
    let mut old = HashSet::new();
    for id in &ids {
        old.insert(world.token(id).await?);
    }
    let began = Instant::now();
    let mut members = join(&world, machines).await?;
    println!("all machines joined, each with {connections} connections, after {:?}", began.elapsed());
    world.expire();
    for member in &mut members {
        member.set_ahead(world.ahead).await?;
    }
    let (rotations, requests) = (world.world.rotations(), world.requests());
    let began = Instant::now();
    for member in &mut members {
        member.say(&Ask::All { threads }).await?;
    }
    let mut got = vec![HashSet::new(); connections];
    for (number, member) in members.iter_mut().enumerate() {
        let Reply::All(answered) = member.hear().await? else { bail!("another reply") };
        let answered = answered.map_err(|error| anyhow::anyhow!("machine {number}: {error:?}"))?;
        ensure!(answered.len() == threads, "machine {number}: {} threads", answered.len());
        for tokens in answered {
            ensure!(tokens.len() == connections, "machine {number}: {} tokens", tokens.len());
            for (got, token) in got.iter_mut().zip(tokens) {
                got.insert(token);
            }
        }
    }
    let took = began.elapsed();
    let (rotations, requests) = (world.world.rotations() - rotations, world.requests() - requests);
    let asked = machines * threads * connections;
    println!("{asked} tokens handed out, {rotations} refreshes, {requests} requests, in {took:?}");
    ensure!(
        rotations == connections && requests == connections,
        "one refresh was needed for each connection"
    );
    for tokens in &got {
        ensure!(tokens.len() == 1, "{} different tokens of one connection", tokens.len());
        ensure!(tokens.is_disjoint(&old), "somebody got an old token");
    }
    let floor = bare_locks(&world, machines, connections).await?;
    println!(
        "for each connection {}; a bare advisory lock and its release on every machine {}: {:.1} times that",
        millis(each(took, connections)),
        millis(each(floor, connections)),
        ratio(took, floor)
    );
    let first = members.iter_mut().next().context("no machine")?;
    let sample = ids.first().context("no connection")?;
    world.is_alive(sample, &mut [first]).await?;
    world.scan(&members.iter().collect::<Vec<_>>())
}

/// All at the same time; each invitation changes the list of members.
async fn join(world: &TeamWorld, machines: usize) -> Result<Vec<Machine>> {
    let mut members = Vec::new();
    for number in 0..machines {
        let mut machine = Machine::start()?;
        let invitation = world.invite(&format!("member {number}"), machine.key().await?).await?;
        machine.say(&Ask::Join { invitation, url: world.server.socket_url() }).await?;
        members.push(machine);
    }
    for member in &mut members {
        let Reply::Joined(joined) = member.hear().await? else { bail!("another reply") };
        joined.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    }
    Ok(members)
}

/// Every machine takes the lock of each connection and releases it, and nothing else.
async fn bare_locks(world: &TeamWorld, machines: usize, connections: usize) -> Result<Duration> {
    let mut clients = Vec::new();
    for _ in 0..machines {
        clients.push(bare_client(world).await?);
    }
    let began = Instant::now();
    let locking = clients.into_iter().map(|client| tokio::spawn(lock_all(client, connections)));
    for client in locking.collect::<Vec<_>>() {
        client.await??;
    }
    Ok(began.elapsed())
}

async fn bare_client(world: &TeamWorld) -> Result<Client> {
    let socket = world.server.socket();
    let mut config = tokio_postgres::Config::new();
    config.host_path(socket.parent().context("no folder")?).port(world.server.port());
    let (client, connection) = config.user("postgres").connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn lock_all(client: Client, connections: usize) -> Result<()> {
    for number in 0..i64::try_from(connections)? {
        let locked: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&number]).await?.get(0);
        if locked {
            client.query_one("SELECT pg_advisory_unlock($1)", &[&number]).await?;
        }
    }
    Ok(())
}
