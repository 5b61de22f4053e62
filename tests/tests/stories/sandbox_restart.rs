//! The sandbox of the window is used again the next day: its connections refresh after a restart, and a port that
//! another program has taken is told at once.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;

use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::process;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::window::Window;
use grapnel_tests::{Context, Result, ensure};

/// One for each provider of the sandbox; Grigora's is the first.
const PORTS: usize = 5;

#[tokio::test]
async fn sandbox_connections_survive_a_restart_and_a_taken_port_is_told_at_once() -> Result<()> {
    let scene = Scene::set("sandbox-restart", Keyring::Unlocked, Pictures::OfFailure).await?;
    let ports = free_ports()?;
    // The ports of an earlier start, so that stories can run side by side.
    let home = scene.desktop().data().join("sandbox");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
    fs::write(home.join("ports.json"), format!("{ports:?}"))?;
    let origins: Vec<String> = ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
    scene.allow(&origins).await?;

    let window = scene.open_grapnel().await?;
    scene.step("The sandbox is tried, and its app is connected", connect(&scene, &window, &origins)).await?;
    quit(&scene, window, &ports).await?;
    let window = scene.open_grapnel().await?;
    scene.step("After a restart, the connection refreshes", refreshes(&scene, &window.page(), 1)).await?;
    quit(&scene, window, &ports).await?;

    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0]))?;
    let window = scene.open_grapnel().await?;
    let page = window.page();
    let told = format!("The sandbox is not running: port {} is used by another program.", ports[0]);
    scene
        .step("A taken port is told at once, and the row says that the sandbox is not running", async {
            page.says(&told).await?;
            page.find_about(Role::Button, "Sandbox not running").await?;
            page.press(Role::Button, "Try again").await?;
            page.says(&told).await
        })
        .await?;
    scene
        .step("Once the port is free, the sandbox starts, and the connection refreshes", async {
            drop(taken);
            page.press(Role::Button, "Try again").await?;
            page.says_no_more(&told).await?;
            refreshes(&scene, &page, 2).await
        })
        .await
}

fn free_ports() -> Result<[u16; PORTS]> {
    let mut ports = [0; PORTS];
    let bound: Vec<TcpListener> =
        (0..PORTS).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<std::io::Result<_>>()?;
    for (port, listener) in ports.iter_mut().zip(&bound) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

async fn connect(scene: &Scene, window: &Window, origins: &[String]) -> Result<()> {
    let page = window.page();
    page.press(Role::Button, "Try the sandbox").await?;
    page.find(Role::Heading, "Add app").await?;
    page.send().await?;
    page.press(Role::Button, "Connect").await?;
    let consent = scene.page_at(&format!("{}/oauth/authorize", origins[0])).await?;
    consent.says("Connect Grapnel to Grigora").await?;
    consent.press(Role::Button, "Authorize").await?;
    page.says("Active. Expires in").await
}

async fn quit(scene: &Scene, window: Window, ports: &[u16]) -> Result<()> {
    scene
        .check("Grapnel quits", async {
            process::terminate(window.process().pid);
            scene.grapnel_is_gone().await?;
            // A process that is gone may still be closing its sockets.
            let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
            until("its ports to be free", async || Ok(ports.iter().all(is_free).then_some(()))).await
        })
        .await
}

/// Refreshes the only connection in the window until it was refreshed this often.
async fn refreshes(scene: &Scene, page: &Page, times: u64) -> Result<()> {
    page.press(Role::Button, "Refresh now").await?;
    let terminal = Terminal::on(scene.desktop());
    let name = terminal.json(&["list"])?[0]["name"].as_str().context("a name")?.to_owned();
    until("the refresh", async || {
        let status = terminal.json(&["status", &name])?;
        ensure!(status["state"] != "reconnect_needed", "{status}");
        Ok((status["tokens"]["renewals"] == times).then_some(()))
    })
    .await?;
    page.says("Active. Expires in").await
}
