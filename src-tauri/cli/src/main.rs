//! The program `grapnel-cli`, which `grapnel` executes: the command line with this machine's data, keyring, streams and
//! browser.

use std::io::{BufReader, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use grapnel_cli::{Environment, Input, Timeouts, Worker};
use grapnel_core::clock::SystemClock;
use grapnel_core::{Grapnel, Store, core_dumps, token_agent};

pub(crate) fn main() -> ExitCode {
    grapnel_cli::log();
    grapnel_cli::complete();
    core_dumps::forbid();
    let work = match grapnel_cli::begin(std::env::args_os(), environment()) {
        ControlFlow::Break(exit) => return exit.into(),
        ControlFlow::Continue(work) => work,
    };
    // A single thread suffices: most commands only read, and none computes.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let exit = runtime.block_on(work.finish());
    // A keyring prompt or a read of the terminal that is still waiting must not delay the exit.
    runtime.shutdown_background();
    exit.into()
}

fn environment() -> Environment {
    let input = std::io::stdin();
    Environment {
        ask: Box::new(|question| token_agent::ask(&Store::default_home().ok()?, question)),
        open: Box::new(|| Grapnel::open(&Store::default_home()?)),
        clock: Arc::new(SystemClock::default()),
        input: Input {
            is_terminal: input.is_terminal(),
            is_in_background: is_in_background(),
            lines: Box::new(BufReader::new(input)),
        },
        output: Box::new(std::io::stdout()),
        output_is_terminal: std::io::stdout().is_terminal(),
        messages: Box::new(std::io::stderr()),
        browser: Arc::new(|address, with| grapnel_core::browser::open(address, with, None)),
        timeouts: Timeouts::default(),
        worker: Worker::of_environment(),
    }
}

/// Whether another process group has the terminal. Known on Linux only; assumed to be this one elsewhere.
fn is_in_background() -> bool {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return false };
    // The fields after the program's name, which may contain any character: state, parent, group, session, terminal,
    // foreground group.
    let Some((_, behind)) = stat.rsplit_once(')') else { return false };
    let numbers: Vec<i64> =
        behind.split_whitespace().skip(1).map_while(|number| number.parse().ok()).collect();
    matches!(numbers.as_slice(), [_, group, _, _, foreground, ..] if *foreground > 0 && foreground != group)
}
