//! `grapnel agent` with a real keyring: programs without access to the keyring get tokens from it until the keyring is
//! locked or the agent is stopped; and systemd starts it at the first request.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Output, Stdio};

use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::terminate;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure, sign_in};
use serde_json::Value;

const REQUEST: &str = "{\"get\":\"token\",\"connection\":\"acme\"}\n";

#[tokio::test]
async fn an_agent_serves_programs_without_a_window() -> Result<()> {
    let scene = Scene::set("agent", Keyring::Unlocked, Pictures::OfFailure).await?;
    let terminal = Terminal::on(scene.desktop());
    scene
        .step("An app is added and connected from a terminal", sign_in::from_terminal(&scene, terminal))
        .await?;
    let token = terminal.print(&["token", "acme"])?;
    let socket = scene.desktop().data().join("agent.sock");
    let mut agent = start(terminal)?;
    scene
        .step(
            "grapnel token and a program that speaks the line protocol get the token from the agent",
            async {
                // It notices the unlocked keyring after a moment.
                let given =
                    until("a token", async || Ok(ask(&socket)?["access_token"].as_str().map(str::to_owned)));
                ensure!(given.await? == token.trim_end(), "another token");
                ensure!(String::from_utf8(at_hand(terminal)?.stdout)? == token, "another token");
                Ok(())
            },
        )
        .await?;
    scene
        .step("Who locks the keyring locks the agent as well", async {
            scene.desktop().lock_keyring().await?;
            until("the agent to give no token", async || {
                Ok((ask(&socket)?["error"]["code"] == "keyring_locked").then_some(()))
            })
            .await?;
            ensure!(at_hand(terminal)?.status.code() == Some(5), "grapnel token got one");
            Ok(())
        })
        .await?;
    scene
        .step("A signal ends it, with success", async {
            terminate(agent.id());
            let ended = agent.wait()?;
            ensure!(ended.success(), "{ended}");
            ensure!(UnixStream::connect(&socket).is_err(), "it still answers");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn systemd_starts_the_agent_at_the_first_request() -> Result<()> {
    let scene = Scene::set("agent-activation", Keyring::Unlocked, Pictures::OfFailure).await?;
    let terminal = Terminal::on(scene.desktop());
    let installed =
        scene.desktop().command("systemd-socket-activate").arg("--version").stdout(Stdio::null()).status();
    if installed.is_err() {
        println!("skipped: systemd-socket-activate is not installed");
        return Ok(());
    }
    scene
        .step("An app is added and connected from a terminal", sign_in::from_terminal(&scene, terminal))
        .await?;
    let socket = scene.desktop().data().join("agent-activation.sock");
    let mut systemd = scene.desktop().command("systemd-socket-activate");
    systemd.arg("--listen").arg(&socket);
    for name in ["GRAPNEL_HOME", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME"] {
        systemd.args(["--setenv", name]);
    }
    let program = terminal.command(&[]).get_program().to_owned();
    systemd.arg("--").arg(program).args(["agent", "--systemd"]).stdin(Stdio::null()).stderr(Stdio::null());
    let mut agent = systemd.spawn()?;
    scene
        .step("The first request starts it, and is answered", async {
            until("systemd's socket", async || Ok(socket.exists().then_some(()))).await?;
            until("a token", async || Ok(ask(&socket)?["access_token"].is_string().then_some(()))).await?;
            ensure!(at_hand(terminal)?.status.success(), "grapnel token gets none from it");
            terminate(agent.id());
            ensure!(agent.wait()?.success(), "it fails");
            Ok(())
        })
        .await
}

/// Starts the agent, and returns when it is ready.
fn start(terminal: Terminal<'_>) -> Result<Child> {
    let mut agent = terminal.command(&["agent", "--json"]).spawn()?;
    let mut ready = String::new();
    BufReader::new(agent.stdout.as_mut().context("its output")?).read_line(&mut ready)?;
    ensure!(ready == "{\"answering\":true}\n", "{ready:?}");
    Ok(agent)
}

/// A token from a terminal without access to the keyring: only the agent can supply it.
fn at_hand(terminal: Terminal<'_>) -> Result<Output> {
    let mut command = terminal.command(&["token", "acme"]);
    Ok(command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").output()?)
}

fn ask(socket: &Path) -> Result<Value> {
    let mut agent = UnixStream::connect(socket)?;
    agent.write_all(REQUEST.as_bytes())?;
    let mut response = String::new();
    BufReader::new(agent).read_line(&mut response)?;
    Ok(serde_json::from_str(&response)?)
}
