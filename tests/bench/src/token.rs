//! `grapnel token` with a valid token, as a script runs it: the whole process, compared with another token agent and
//! with the parts of such a process.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox};
use grapnel_tests::artifacts;
use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::Running;
use grapnel_tests::session;
use grapnel_tests::wait::until;

use crate::figures::{Figures, Took, load, timed};
use crate::oidc_agent::OidcAgent;

const ROUNDS: usize = 201;
const SECRET: [&str; 4] = ["grapnel", "bench", "what", "floor"];

const OIDC_TOKEN: &str = "oidc-token";
const BESIDE_WINDOW: &str = "grapnel token, beside the window";

/// A name, the command to time, and its figures.
pub(crate) type Subject = (&'static str, Command, Vec<Took>);

pub(crate) async fn run() -> Result<()> {
    let sandbox =
        Sandbox::start(Options { consent: Consent::Authorize, ..Options::only(ProviderId::Grigora) })?;
    let desktop = session::start(Keyring::Unlocked).await?;
    let program =
        artifacts::program().with_file_name("grapnel").canonicalize().context("grapnel is not built")?;
    let grapnel = |arguments: &[&str]| {
        let mut command = desktop.command(&program);
        command.args(arguments);
        command
    };
    add_app(
        grapnel(&["app", "add", "Acme", "--provider", "grigora", "--redirect", "loopback"]),
        &sandbox,
        &[],
    )?;
    connect(grapnel(&["connect", "Acme", "--name", "Acme", "--no-browser"])).await?;
    store_secret(&desktop)?;
    let alone = beside(&desktop.data())?;
    let _window = window(&desktop).await?;
    let mut without_window = grapnel(&["token", "Acme"]);
    without_window.env("GRAPNEL_HOME", &alone);
    let mut subjects = floors(&desktop)?;
    subjects.push(("floor: grapnel --version", grapnel(&["--version"]), Vec::new()));
    let agent = OidcAgent::start(&desktop).await;
    match &agent {
        Ok(agent) => subjects.push((OIDC_TOKEN, agent.token(&desktop), Vec::new())),
        Err(error) => println!("skipped: oidc-agent, because {error:#}"),
    }
    subjects.push((BESIDE_WINDOW, grapnel(&["token", "Acme"]), Vec::new()));
    subjects.push(("grapnel token, without it", without_window, Vec::new()));
    time(subjects)
}

pub(crate) fn time(mut subjects: Vec<Subject>) -> Result<()> {
    println!("{ROUNDS} runs of each, in turn; {}", load());
    for round in 0..ROUNDS + 5 {
        for (what, command, times) in &mut subjects {
            let time = once(command).with_context(|| format!("{what} fails"))?;
            if round >= 5 {
                times.push(time);
            }
        }
    }
    let figures: Vec<_> = subjects.into_iter().map(|(what, _, times)| (what, Figures::from(times))).collect();
    for (what, figures) in &figures {
        println!("{what:<44}{figures}");
    }
    let median = |of: &str| figures.iter().find(|(what, _)| *what == of).map(|(_, figures)| figures.median());
    if let (Some(grapnel), Some(other)) = (median(BESIDE_WINDOW), median(OIDC_TOKEN)) {
        println!("{BESIDE_WINDOW} / {OIDC_TOKEN}: {:.2} (goal: 0.9 at most)", grapnel / other);
    }
    println!("at the end: {}", load());
    Ok(())
}

fn once(command: &mut Command) -> Result<Took> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut output = None;
    let time = timed(|| output = Some(command.output()));
    let output = output.context("it did not run")??;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(time)
}

/// The lower bounds: the parts of such a process.
fn floors(desktop: &Desktop) -> Result<Vec<Subject>> {
    let floor = |program: &str, arguments: &[&str]| {
        let mut command = desktop.command(program);
        command.args(arguments);
        command
    };
    let sql = "SELECT sealed_access FROM connection WHERE name = 'Acme'";
    let database = desktop.data().join("grapnel.db");
    let database = database.to_str().context("a strange path")?;
    let lookup = [&["lookup"], &SECRET[..]].concat();
    Ok(vec![
        ("floor: a process that does nothing", floor("true", &[]), Vec::new()),
        ("floor: sqlite3, the same row", floor("sqlite3", &["-readonly", database, sql]), Vec::new()),
        ("floor: secret-tool, one key of the keyring", floor("secret-tool", &lookup), Vec::new()),
    ])
}

fn store_secret(desktop: &Desktop) -> Result<()> {
    let mut store = desktop.command("secret-tool");
    store.args([&["store", "--label=floor"], &SECRET[..]].concat());
    let mut child = store.stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("no input")?.write_all(b"thirty-two bytes of key material")?;
    ensure!(child.wait()?.success(), "the keyring keeps nothing");
    Ok(())
}

/// A copy of the data in another directory, which no window uses.
fn beside(data: &Path) -> Result<PathBuf> {
    let alone = data.with_extension("alone");
    fs::create_dir(&alone)?;
    for file in fs::read_dir(data)? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), alone.join(file.file_name()))?;
        }
    }
    Ok(alone)
}

/// The window, once its token agent's socket answers.
pub(crate) async fn window(desktop: &Desktop) -> Result<Running> {
    let program = artifacts::program().canonicalize().context("Grapnel is not built")?;
    let window = Running::start(&mut desktop.command(program), &desktop.log("grapnel"))?;
    let socket = desktop.data().join("agent.sock");
    until("the window to answer", async || Ok(socket.exists().then_some(()))).await?;
    Ok(window)
}

/// Adds an app of the sandbox with these endpoints.
pub(crate) fn add_app(mut command: Command, sandbox: &Sandbox, others: &[(&str, &str)]) -> Result<()> {
    let told = sandbox.registration(ProviderId::Grigora);
    command.args(["--client-id", told.client_id, "--client-secret-stdin"]);
    for (key, address) in told.addresses {
        let other = others.iter().find(|(other, _)| *other == key).map(|(_, address)| *address);
        command.args(["--set", &format!("{key}={}", other.unwrap_or(&address))]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let secret = told.client_secret.context("no secret")?;
    child.stdin.take().context("no input")?.write_all(secret.as_bytes())?;
    ensure!(child.wait()?.success(), "the app is not added");
    Ok(())
}

/// Signs in over loopback; the sandbox authorizes every request.
pub(crate) async fn connect(mut command: Command) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().context("no output")?).read_line(&mut address)?;
    let browser = reqwest::Client::builder().no_proxy().build()?;
    browser.get(address.trim_end()).send().await?.error_for_status()?;
    ensure!(child.wait()?.success(), "the sign-in fails");
    Ok(())
}
