//! `grapnel`, the program: the command line with this machine's data, keyring, streams and browser.

use std::io::{BufReader, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use grapnel_cli::{Input, Patience, Surroundings};
use grapnel_core::clock::SystemClock;
use grapnel_core::store::Store;
use grapnel_core::{Grapnel, core_dumps, token_agent};

fn main() -> ExitCode {
    grapnel_cli::log();
    core_dumps::forbid();
    let work = match grapnel_cli::begin(std::env::args_os(), surroundings()) {
        ControlFlow::Break(exit) => return exit.into(),
        ControlFlow::Continue(work) => work,
    };
    // One thread: most commands only read, and none computes.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let exit = runtime.block_on(work.finish());
    // A keyring or a keyboard that still waits for a person must not hold up the end.
    runtime.shutdown_background();
    exit.into()
}

fn surroundings() -> Surroundings {
    let input = std::io::stdin();
    Surroundings {
        ask: Box::new(|question| token_agent::ask(&Store::default_home().ok()?, question)),
        open: Box::new(|| Grapnel::open(&Store::default_home()?)),
        clock: Arc::new(SystemClock::default()),
        input: Input {
            is_terminal: input.is_terminal(),
            is_in_background: is_in_background(),
            lines: Box::new(BufReader::new(input)),
        },
        output: Box::new(std::io::stdout()),
        messages: Box::new(std::io::stderr()),
        browser: Arc::new(|address, with| grapnel_core::browser::open(address, with, None)),
        patience: Patience::default(),
    }
}

/// Whether the terminal's foreground is another process group, as Linux tells it; elsewhere it is taken to be this one.
fn is_in_background() -> bool {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return false };
    // Behind the program's name, which may contain anything: state, parent, group, session, terminal, its foreground.
    let Some((_, behind)) = stat.rsplit_once(')') else { return false };
    let numbers: Vec<i64> =
        behind.split_whitespace().skip(1).map_while(|number| number.parse().ok()).collect();
    matches!(numbers.as_slice(), [_, group, _, _, foreground, ..] if *foreground > 0 && foreground != group)
}
