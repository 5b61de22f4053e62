//! `grapnel api` and `grapnel proxy` compared with plain curl: a request that takes 10 ms at the server, and a long
//! response.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox};
use grapnel_tests::artifacts;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::terminate;
use grapnel_tests::session;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::figures::{Figures, load, timed};
use crate::token::{Subject, add_app, connect, time};

/// How long the server takes for a short response.
const DELAY: Duration = Duration::from_millis(10);
/// The length of the long response.
const LENGTH: u64 = 1 << 30;
const ROUNDS: usize = 5;

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
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener));
    let app = ["app", "add", "Acme", "--provider", "grigora", "--redirect", "loopback"];
    add_app(grapnel(&app), &sandbox, &[("api_base", &origin)])?;
    connect(grapnel(&["connect", "Acme", "--name", "Acme", "--no-browser"])).await?;
    let (mut proxy, base) = start_proxy(grapnel(&["proxy", "Acme"]))?;
    let curl = |url: &str| {
        let mut command = desktop.command("curl");
        command.args(["--silent", "--fail", "--noproxy", "*", "--output", "/dev/null", url]);
        command
    };
    println!("A request that takes {} ms:", DELAY.as_millis());
    let url = |base: &str, path: &str| format!("{base}/{path}");
    let subjects: Vec<Subject> = vec![
        ("floor: curl", curl(&url(&origin, "short")), Vec::new()),
        ("curl through grapnel proxy", curl(&url(&base, "short")), Vec::new()),
        ("grapnel api", grapnel(&["api", "Acme", "short"]), Vec::new()),
    ];
    time(subjects)?;
    println!("{ROUNDS} times a response of {} MiB, in turn; {}", LENGTH >> 20, load());
    let mut subjects: Vec<Subject> = vec![
        ("floor: curl", curl(&url(&origin, "long")), Vec::new()),
        ("curl through grapnel proxy", curl(&url(&base, "long")), Vec::new()),
        ("grapnel api", grapnel(&["api", "Acme", "long"]), Vec::new()),
    ];
    for _ in 0..ROUNDS {
        for (what, command, times) in &mut subjects {
            let mut status = None;
            times.push(timed(|| status = Some(command.stdout(Stdio::null()).stdin(Stdio::null()).status())));
            ensure!(status.is_some_and(|status| status.is_ok_and(|status| status.success())), "{what} fails");
        }
    }
    for (what, _, times) in subjects {
        println!("{what:<44}{}", Figures::from(times));
    }
    terminate(proxy.id());
    proxy.wait()?;
    Ok(())
}

fn start_proxy(mut command: Command) -> Result<(Child, String)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut base = String::new();
    BufReader::new(child.stdout.as_mut().context("no output")?).read_line(&mut base)?;
    Ok((child, base.trim_end().to_owned()))
}

/// A server that answers `/short` after a delay, and `/long` with many bytes at once.
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream));
    }
}

async fn converse(mut stream: TcpStream) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            (stream.read_buf(&mut head).await.ok()? > 0).then_some(())?;
        }
        let is_long = head.windows(5).any(|path| path == b"/long");
        let length = if is_long { LENGTH } else { 2 };
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        if is_long {
            stream.write_all(answer.as_bytes()).await.ok()?;
            let piece = vec![b' '; 256 << 10];
            for _ in 0..LENGTH / piece.len() as u64 {
                stream.write_all(&piece).await.ok()?;
            }
        } else {
            tokio::time::sleep(DELAY).await;
            stream.write_all(format!("{answer}{{}}").as_bytes()).await.ok()?;
        }
    }
}
