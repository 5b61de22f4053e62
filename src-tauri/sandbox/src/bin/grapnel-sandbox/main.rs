//! `grapnel-sandbox`: runs the sandbox's providers until interrupted.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use grapnel_sandbox::{Consent, Options, PlannedFault, ProviderId, Sandbox, Switch};

mod startup;

/// OAuth 2.0 providers on 127.0.0.1 that follow the providers’ documentation, with made-up accounts and content
#[derive(Parser)]
#[command(version, after_help = switches_in_words())]
struct Args {
    /// Port of Grigora; Grindery, The Grid, GroveStreams and Custom use the next four. 0 selects free ports
    #[arg(long, default_value_t = 4780)]
    port: u16,
    /// Run only this provider: grigora, grindery, the-grid, grovestreams or custom. Can be repeated
    #[arg(long = "provider", value_name = "NAME")]
    providers: Vec<ProviderId>,
    /// Number of posts in Grigora’s largest project
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    posts: usize,
    /// Inject a fault: [PROVIDER/]ENDPOINT:FAULT[=VALUE][*TIMES], as in token-refresh:lost-reply, api:429=30*2 or
    /// grindery/token-exchange:html*always. Endpoints: token-exchange, token-refresh, api. An unknown fault lists all
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<PlannedFault>,
    /// Enable a provider’s alternative behavior (listed below). Can be repeated
    #[arg(long = "switch", value_name = "NAME")]
    switches: Vec<Switch>,
    /// Show the consent pages, or skip them and authorize or cancel
    #[arg(long, value_enum, default_value_t = ConsentArg::Ask)]
    consent: ConsentArg,
    /// Print one line of JSON when ready, for scripts
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ConsentArg {
    Ask,
    Authorize,
    Cancel,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the startup message: a script may send the signal as soon as it reads that.
        let shutdown = ShutdownSignal::listen()?;
        let sandbox = start(args)?;
        print_departures(&sandbox);
        if args.json {
            startup::print_json(&sandbox)?;
        } else {
            startup::print_text(&sandbox)?;
        }
        shutdown.received().await?;
        sandbox.shutdown().await;
        Ok(())
    })
}

fn start(args: &Args) -> io::Result<Sandbox> {
    let mut options = Options { posts: args.posts, consent: args.consent.into(), ..Options::default() };
    if !args.providers.is_empty() {
        options.providers.clone_from(&args.providers);
    }
    let options = options
        .from_port(args.port)
        .ok_or_else(|| io::Error::other(format!("port {}: five consecutive ports are needed", args.port)))?;
    let sandbox = Sandbox::start(options)?;
    for planned in &args.faults {
        sandbox.faults().plan(planned.clone()).map_err(io::Error::other)?;
    }
    for switch in &args.switches {
        sandbox.switches().set(*switch, true);
    }
    Ok(sandbox)
}

fn switches_in_words() -> String {
    let lines = Switch::all().map(|(_, name, words)| format!("  {name:<26}{words}"));
    format!("Switches:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Departures go to standard error, one line each, so that standard output stays for scripts.
fn print_departures(sandbox: &Sandbox) {
    let departures = sandbox.departures().listen();
    std::thread::spawn(move || {
        for departure in departures {
            let _ = writeln!(io::stderr(), "departure: {departure}");
        }
    });
}

/// SIGINT or SIGTERM.
struct ShutdownSignal {
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
}

impl ShutdownSignal {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminated: signal(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn received(mut self) -> io::Result<()> {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = self.terminated.recv() => Ok(()),
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn received(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

impl From<ConsentArg> for Consent {
    fn from(answer: ConsentArg) -> Self {
        match answer {
            ConsentArg::Ask => Self::Ask,
            ConsentArg::Authorize => Self::Authorize,
            ConsentArg::Cancel => Self::Cancel,
        }
    }
}
