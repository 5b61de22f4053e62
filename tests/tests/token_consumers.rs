//! Tokens for other programs, with those programs: git, kubectl and docker against a local server. Programs that are
//! not installed are skipped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use grapnel_tests::artifacts;
use grapnel_tests::desktop::Desktop;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::script::Script;
use grapnel_tests::{Result, ensure};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What git prints for [`REFS`].
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A server that requires the token with either scheme, and records what it was sent.
struct Server {
    address: SocketAddr,
    authorizations: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// With TLS, or without.
    fn start(token: &str, tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self { address: listener.local_addr()?, authorizations: Arc::default() };
        let basic = BASE64_STANDARD.encode(format!("oauth2:{token}"));
        let accepted = [format!("Bearer {token}"), format!("Basic {basic}")];
        let heard = Arc::clone(&server.authorizations);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that disconnects early has sent enough.
                let _ = stream.and_then(|stream| match tls.clone().map(ServerConnection::new) {
                    Some(Ok(tls)) => answer(StreamOwned::new(tls, stream), &accepted, &heard),
                    Some(Err(error)) => Err(std::io::Error::other(error)),
                    None => answer(stream, &accepted, &heard),
                });
            }
        });
        Ok(server)
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.authorizations.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn answer(
    mut stream: impl Read + Write,
    accepted: &[String],
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let lines = BufReader::new(&mut stream).lines();
    let lines: Vec<String> =
        lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).flatten().collect();
    let mut headers = lines.iter().filter_map(|line| line.split_once(": "));
    let sent = headers
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map(|(_, value)| value.to_owned());
    let is_accepted = sent.as_ref().is_some_and(|sent| accepted.contains(sent));
    heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(sent);
    let (kind, body) = if lines.first().is_some_and(|line| line.contains("/info/refs")) {
        let line = format!("{COMMIT} refs/heads/main\0agent=x\n");
        let service = "001e# service=git-upload-pack\n0000";
        ("application/x-git-upload-pack-advertisement", format!("{service}{:04x}{line}0000", line.len() + 4))
    } else {
        ("application/json", r#"{"gitVersion":"v1.30.0"}"#.to_owned())
    };
    let status = if is_accepted {
        "200 OK"
    } else {
        "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"x\"\r\nWWW-Authenticate: Basic realm=\"x\""
    };
    let length = body.len();
    let status =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close");
    stream.write_all(format!("{status}\r\n\r\n{body}").as_bytes())
}

/// A self-signed certificate.
fn tls() -> Result<Arc<ServerConfig>> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der());
    let key = key.map_err(|message| anyhow::anyhow!(message))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key)?))
}

fn grapnel() -> PathBuf {
    artifacts::command_line()
}

/// Whether a program is installed; says so if not.
#[expect(clippy::print_stderr, reason = "what is skipped is said aloud")]
fn is_installed(desktop: &Desktop, program: &str) -> bool {
    let found = desktop.command(program).arg("--help").output().is_ok();
    if !found {
        eprintln!("skipped: there is no {program}");
    }
    found
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Makes a program request the token and send it to the server.
type Consume = fn(&Desktop, &Server) -> Result<()>;

#[tokio::test]
async fn git_kubectl_and_docker_get_their_token() -> Result<()> {
    let script = Script::connected(Keyring::Unlocked).await?;
    let token = script.terminal().print(&["token", "acme"])?.trim_end().to_owned();
    let (http, https) = (Server::start(&token, None)?, Server::start(&token, Some(tls()?))?);
    // kubectl sends no token over plain HTTP.
    let consumers: [(&str, Consume, &Server); 3] =
        [("git", git, &http), ("kubectl", kubectl, &https), ("docker", docker, &http)];
    for (program, consume, server) in consumers {
        if is_installed(script.desktop(), program) {
            consume(script.desktop(), server)?;
        }
    }
    script.find_no_secret()
}

fn git(desktop: &Desktop, server: &Server) -> Result<()> {
    let url = format!("http://{}/site.git", server.address);
    let ls_remote = |helper: &str| -> Result<Output> {
        let helper = format!("credential.helper=!'{}' token acme --format git {helper}", grapnel().display());
        let mut git = desktop.command("git");
        git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1");
        Ok(git.args(["-c", "credential.helper=", "-c", &helper, "ls-remote", &url]).output()?)
    };
    let refused = ls_remote("")?;
    ensure!(!refused.status.success(), "{}", said(&refused));
    ensure!(server.heard().is_empty(), "a host that nobody allowed was sent something");
    let listed = ls_remote(&format!("--allow {}", server.address))?;
    ensure!(said(&listed) == format!("{COMMIT}\trefs/heads/main\n"), "{}", said(&listed));
    Ok(())
}

fn kubectl(desktop: &Desktop, server: &Server) -> Result<()> {
    let config = desktop.home().join("kubeconfig");
    let text = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": {
            "server": format!("https://{}", server.address), "insecure-skip-tls-verify": true,
        } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "acme" } }],
        "users": [{ "name": "acme", "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": "Never",
            "command": grapnel(), "args": ["token", "acme", "--format", "exec-credential"],
        } } }],
    });
    fs::write(&config, text.to_string())?;
    let mut kubectl = desktop.command("kubectl");
    let got = kubectl.args(["get", "--raw", "/version", "--kubeconfig"]).arg(&config).output()?;
    ensure!(got.status.success() && said(&got).contains("v1.30.0"), "{}", said(&got));
    Ok(())
}

fn docker(desktop: &Desktop, server: &Server) -> Result<()> {
    let (config, programs) = (desktop.home().join("docker"), desktop.home().join("programs"));
    fs::create_dir_all(&config)?;
    fs::create_dir_all(&programs)?;
    let address = server.address.to_string();
    fs::write(
        config.join("config.json"),
        serde_json::json!({ "credHelpers": { &address: "acme" } }).to_string(),
    )?;
    let helper = programs.join("docker-credential-acme");
    let line = format!("exec '{}' token acme --format docker --allow {address} \"$@\"", grapnel().display());
    fs::write(&helper, format!("#!/bin/sh\n{line}\n"))?;
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o700))?;
    let mut docker = desktop.command("docker");
    let path = std::env::var("PATH").unwrap_or_default();
    docker.env("PATH", format!("{}:{path}", programs.display()));
    // The client itself requests a manifest from the registry, without a daemon. The server has none, which does not
    // matter.
    docker
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .env("DOCKER_CLI_EXPERIMENTAL", "enabled")
        .arg("--config")
        .arg(&config);
    let asked = docker.args(["manifest", "inspect", "--insecure", &format!("{address}/site:1")]).output()?;
    ensure!(!said(&asked).contains("unauthorized"), "{}", said(&asked));
    ensure!(!server.heard().is_empty(), "{}", said(&asked));
    Ok(())
}
