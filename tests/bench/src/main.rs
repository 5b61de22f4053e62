//! `bench NAME`: how fast Grapnel is, each figure next to a lower bound or another program's in the same run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "figures are told to whoever runs it")]

mod api;
mod browse;
mod connections;
mod figures;
mod fleet;
mod frames;
mod oidc_agent;
mod posts;
mod response;
mod response_window;
mod screen;
mod signed_in;
mod start;
mod token;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "bench api | browse | connections | posts | response | start | token";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new();
    let done = runtime.context("no runtime").and_then(|runtime| runtime.block_on(run(&arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["api"] => api::run().await,
        ["browse"] => browse::run().await,
        ["connections"] => connections::run().await,
        ["posts"] => posts::run().await,
        ["response"] => {
            response::run()?;
            response_window::run().await
        }
        ["start"] => start::run().await,
        ["token"] => token::run().await,
        _ => bail!("{USAGE}"),
    }
}
