//! `grapnel token` with a good token, as a script has it: the whole process, beside what such a process is made of.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox};
use grapnel_tests::desktop::Desktop;
use grapnel_tests::place;
use std::io::{BufRead, BufReader, Write};

use crate::figures::{Figures, Took, load, timed};

const ROUNDS: usize = 201;
const SECRET: [&str; 4] = ["grapnel", "bench", "what", "floor"];

pub(crate) async fn run() -> Result<()> {
    let sandbox =
        Sandbox::start(Options { consent: Consent::Authorize, ..Options::only(ProviderId::Grigora) })?;
    let desktop = Desktop::start().await?;
    let program =
        place::program().with_file_name("grapnel").canonicalize().context("grapnel is not built")?;
    let grapnel = |arguments: &[&str]| {
        let mut command = desktop.command(&program);
        command.args(arguments);
        command
    };
    add_app(grapnel(&["app", "add", "Acme", "--provider", "grigora", "--redirect", "loopback"]), &sandbox)?;
    connect(grapnel(&["connect", "Acme", "--name", "Acme", "--no-browser"])).await?;
    let other = |program: &str, arguments: &[&str]| {
        let mut command = desktop.command(program);
        command.args(arguments);
        command
    };
    let mut store =
        other("secret-tool", &["store", "--label=floor", SECRET[0], SECRET[1], SECRET[2], SECRET[3]]);
    let mut child = store.stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("no input")?.write_all(b"thirty-two bytes of key material")?;
    ensure!(child.wait()?.success(), "the keyring keeps nothing");
    let database = desktop.data().join("grapnel.db");
    let sql = "SELECT sealed_access FROM connection WHERE name = 'Acme'";
    let database = database.to_str().context("a strange path")?;
    let mut subjects = [
        ("floor: a process that does nothing", other("true", &[]), Vec::new()),
        ("floor: grapnel --version", grapnel(&["--version"]), Vec::new()),
        ("floor: sqlite3, the same row", other("sqlite3", &["-readonly", database, sql]), Vec::new()),
        (
            "floor: secret-tool, one key of the keyring",
            other("secret-tool", &[&["lookup"], &SECRET[..]].concat()),
            Vec::new(),
        ),
        ("grapnel token", grapnel(&["token", "Acme"]), Vec::new()),
    ];
    println!("{ROUNDS} runs of each, in turn; {}", load());
    for round in 0..ROUNDS + 5 {
        for (what, command, times) in &mut subjects {
            let time = once(command).with_context(|| format!("{what} fails"))?;
            if round >= 5 {
                times.push(time);
            }
        }
    }
    for (what, _, times) in subjects {
        println!("{what:<44}{}", Figures::from(times));
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

fn add_app(mut command: Command, sandbox: &Sandbox) -> Result<()> {
    let told = sandbox.registration(ProviderId::Grigora);
    command.args(["--client-id", told.client_id, "--client-secret-stdin"]);
    for (key, address) in told.addresses {
        command.args(["--set", &format!("{key}={address}")]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let secret = told.client_secret.context("no secret")?;
    child.stdin.take().context("no input")?.write_all(secret.as_bytes())?;
    ensure!(child.wait()?.success(), "the app is not added");
    Ok(())
}

/// Signs in by the port of this computer; the sandbox agrees to everything.
async fn connect(mut command: Command) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().context("no output")?).read_line(&mut address)?;
    let browser = reqwest::Client::builder().no_proxy().build()?;
    browser.get(address.trim_end()).send().await?.error_for_status()?;
    ensure!(child.wait()?.success(), "the sign-in fails");
    Ok(())
}
