//! `prove`: tests the guarantees for tokens under load and failure with real components, and prints figures. Without an
//! argument it lists the proofs.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a proof is told to whoever runs it")]

mod child;
mod clock;
mod core_tests;
mod crash;
mod disk;
mod fingerprint;
mod idle;
mod locked;
mod point;
mod single_flight;
mod stopped;
mod storm;
mod team;
mod world;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "prove crash [KILLS] | flight [ROUNDS] | storm [CONNECTIONS] | disk [ROUNDS] | locked [ROUNDS] \
    | faults | asleep | idle [MINUTES] | team [PART [SIZES]]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new();
    let proved = runtime.context("no runtime").and_then(|runtime| runtime.block_on(run(&arguments)));
    match proved {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["crash", rest @ ..] => crash::prove(count(rest, 1000)?).await,
        ["flight", rest @ ..] => single_flight::prove(count(rest, 100)?).await,
        ["storm", rest @ ..] => storm::prove(count(rest, 1000)?).await,
        ["disk", rest @ ..] => disk::prove(count(rest, 3)?).await,
        [disk::HERE, rounds, mounts] => disk::here(rounds.parse()?, mounts.parse()?).await,
        [locked::HERE, rounds] => locked::here(rounds.parse()?).await,
        ["locked", rest @ ..] => locked::prove(count(rest, 3)?).await,
        ["faults"] => core_tests::prove(core_tests::FAULTS).await,
        ["asleep"] => core_tests::prove(core_tests::ASLEEP).await,
        ["idle", rest @ ..] => idle::prove(count(rest, 10)?).await,
        ["team", rest @ ..] => Box::pin(team::prove(rest)).await,
        ["child", rest @ ..] => child::run(rest).await,
        _ => bail!("{USAGE}"),
    }
}

fn count(arguments: &[&str], default: usize) -> Result<usize> {
    match arguments {
        [] => Ok(default),
        [number] => number.parse().with_context(|| format!("“{number}” is no number")),
        _ => bail!("{USAGE}"),
    }
}
