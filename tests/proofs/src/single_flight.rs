//! Many threads of many processes need a new token at the same moment: one refresh is sent, and all of them get its
//! token.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::world::World;

const PROCESSES: usize = 8;
const THREADS: usize = 64;
/// Longer than a token's lifetime.
const HOUR: i64 = 3700;

struct RequestingProcess {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

pub(crate) async fn prove(rounds: usize) -> Result<()> {
    let world = World::new()?;
    let id = {
        let grapnel = world.open()?;
        let app = world.add_app(&grapnel).await?;
        world.sign_in(&grapnel, &app, None).await?
    };
    let mut askers = Vec::new();
    for _ in 0..PROCESSES {
        askers.push(start(&world, &id.0)?);
    }
    let (mut refreshes, mut slowest) = (0, Duration::ZERO);
    for round in 1..=rounds {
        world.sandbox.clock().advance(Duration::from_secs(HOUR.unsigned_abs()));
        let before = world.rotations();
        let began = Instant::now();
        let ahead = format!("{}\n", HOUR * i64::try_from(round)?);
        for asker in &mut askers {
            asker.input.write_all(ahead.as_bytes()).await?;
        }
        let mut got = Vec::new();
        for asker in &mut askers {
            let line = asker.output.next_line().await?.context("a process ended")?;
            got.extend(serde_json::from_str::<Vec<String>>(&line)?);
        }
        slowest = slowest.max(began.elapsed());
        let made = world.rotations() - before;
        refreshes += made;
        ensure!(got.len() == PROCESSES * THREADS, "round {round}: {} answers", got.len());
        ensure!(made == 1, "round {round}: {made} refreshes");
        let different: HashSet<&String> = got.iter().collect();
        ensure!(different.len() == 1, "round {round}: {} different tokens", different.len());
    }
    drop(askers);
    println!(
        "{rounds} rounds, {THREADS} threads in each of {PROCESSES} processes: {refreshes} refreshes; everybody got the \
         new token; slowest round {} ms",
        slowest.as_millis()
    );
    println!("secrets looked for in every file, and not found: {}", world.scan()?);
    Ok(())
}

fn start(world: &World, id: &str) -> Result<RequestingProcess> {
    let mut command = world.child("ask", &[id, &THREADS.to_string()])?;
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let input = process.stdin.take().context("no standard input")?;
    let output = process.stdout.take().context("no standard output")?;
    Ok(RequestingProcess { _process: process, input, output: BufReader::new(output).lines() })
}
