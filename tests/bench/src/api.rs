//! `grapnel api` and `grapnel proxy` compared with plain curl, and with nginx as the proxy: a request that takes 10 ms
//! at the server, and a long response.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{Consent, Options, ProviderId, Sandbox};
use grapnel_tests::artifacts;
use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::{Running, terminate};
use grapnel_tests::session;
use grapnel_tests::wait::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::figures::{Figures, load, timed};
use crate::token::{Subject, add_app, connect, time, window};

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
    let peer = start_nginx(&desktop, &origin).await;
    let _window = window(&desktop).await?;
    let subjects = |path: &str| {
        let curl = |base: &str| {
            let mut command = desktop.command("curl");
            let url = format!("{base}/{path}");
            command.args(["--silent", "--fail", "--noproxy", "*", "--output", "/dev/null", &url]);
            command
        };
        let mut subjects: Vec<Subject> = vec![("floor: curl", curl(&origin), Vec::new())];
        match &peer {
            Ok((_, base)) => subjects.push(("curl through nginx", curl(base), Vec::new())),
            Err(error) => println!("skipped: nginx, because {error:#}"),
        }
        subjects.push(("curl through grapnel proxy", curl(&base), Vec::new()));
        subjects.push(("grapnel api, beside the window", grapnel(&["api", "Acme", path]), Vec::new()));
        subjects
    };
    println!("A request that takes {} ms:", DELAY.as_millis());
    time(subjects("short"))?;
    println!("{ROUNDS} times a response of {} MiB, in turn; {}", LENGTH >> 20, load());
    let mut subjects = subjects("long");
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

/// nginx as a reverse proxy to `origin`, and its URL.
async fn start_nginx(desktop: &Desktop, origin: &str) -> Result<(Running, String)> {
    let home = desktop.home().join("nginx");
    fs::create_dir(&home)?;
    // Chosen by the system, and free again when nginx binds it.
    let address = net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let configuration = format!(
        "daemon off; master_process off; pid {home}/pid; error_log {home}/errors; events {{}}
         http {{
             access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
             fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
             server {{
                 listen {address};
                 location / {{
                     proxy_pass {origin}; proxy_http_version 1.1; proxy_set_header Connection \"\";
                     proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 256k;
                     proxy_max_temp_file_size 0;
                 }}
             }}
         }}",
        home = home.display()
    );
    let file = home.join("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = desktop.command("/usr/sbin/nginx");
    let running = Running::start(command.arg("-c").arg(file), &desktop.log("nginx"))?;
    let answers = async || Ok(TcpStream::connect(address).await.ok());
    until("nginx to answer", answers).await?;
    Ok((running, format!("http://{address}")))
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
