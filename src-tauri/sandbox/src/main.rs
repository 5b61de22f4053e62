//! `grapnel-sandbox`: providers on this computer, to try a connection with and to test against.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use grapnel_sandbox::{Consent, Options, Planned, Sandbox, grigora};
use serde_json::json;

/// OAuth 2.0 providers on 127.0.0.1, as their pages describe them. Nothing here is real.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Port of Grigora; 0 for any free one.
    #[arg(long, default_value_t = 4780)]
    port: u16,
    /// How many posts the largest project has.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    posts: usize,
    /// A fault to come: ENDPOINT:FAULT[=VALUE][*TIMES], as in token-refresh:lost-reply, api:429=30*2 or
    /// token-exchange:html*always. Endpoints: token-exchange, token-refresh, api. An unknown fault lists all.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Planned>,
    /// Who answers the consent page: a person, or nobody.
    #[arg(long, value_enum, default_value_t = Answer::Ask)]
    consent: Answer,
    /// Print one line of JSON when ready, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Answer {
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
        // Before "ready" is said: who waits for that may well end it in the next moment.
        let end = End::listen()?;
        let sandbox = start(args)?;
        print_departures(&sandbox);
        if args.json {
            print_json(&sandbox)?;
        } else {
            print_text(&sandbox)?;
        }
        end.comes().await?;
        sandbox.shutdown().await;
        Ok(())
    })
}

fn start(args: &Args) -> io::Result<Sandbox> {
    let options = Options {
        grigora_port: args.port,
        posts: args.posts,
        consent: args.consent.into(),
        ..Options::default()
    };
    let named = |error: io::Error| io::Error::new(error.kind(), format!("port {}: {error}", args.port));
    let sandbox = Sandbox::start(options).map_err(named)?;
    for planned in &args.faults {
        sandbox.faults().plan(planned.clone()).map_err(io::Error::other)?;
    }
    Ok(sandbox)
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

fn print_text(sandbox: &Sandbox) -> io::Result<()> {
    let url = sandbox.grigora();
    let redirects = grigora::REDIRECT_URIS.join("\n                  ");
    let scopes = grigora::SCOPES.join(" ");
    writeln!(
        io::stdout(),
        "Grigora sandbox. Made-up people, sites and posts, on this computer only.

  authorize_url   {url}{}
  token_url       {url}{}
  api_base        {url}{}
  client id       {}
  client secret   {}
  redirect URIs   {redirects}
                  (the last one with any port)
  scopes          {scopes}
  control         {url}/_sandbox

Departures from the provider's page appear below. Ctrl-C ends it.",
        grigora::AUTHORIZE_PATH,
        grigora::TOKEN_PATH,
        grigora::API_BASE,
        grigora::CLIENT_ID,
        grigora::CLIENT_SECRET,
    )
}

fn print_json(sandbox: &Sandbox) -> io::Result<()> {
    let url = sandbox.grigora();
    let ready = json!({
        "grigora": {
            "url": url,
            "authorize_url": format!("{url}{}", grigora::AUTHORIZE_PATH),
            "token_url": format!("{url}{}", grigora::TOKEN_PATH),
            "api_base": format!("{url}{}", grigora::API_BASE),
            "control_url": format!("{url}/_sandbox"),
            "client_id": grigora::CLIENT_ID,
            "client_secret": grigora::CLIENT_SECRET,
            "redirect_uris": grigora::REDIRECT_URIS,
            "scopes": grigora::SCOPES,
        },
    });
    let mut out = io::stdout();
    writeln!(out, "{ready}")?;
    out.flush()
}

/// Ctrl-C, or what `kill` sends.
struct End {
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
}

impl End {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminated: signal(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn comes(mut self) -> io::Result<()> {
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
    async fn comes(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

impl From<Answer> for Consent {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Ask => Self::Ask,
            Answer::Authorize => Self::Authorize,
            Answer::Cancel => Self::Cancel,
        }
    }
}
