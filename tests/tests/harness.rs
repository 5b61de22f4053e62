//! Tests of the harness itself, with real components.

use std::fs;
use std::path::PathBuf;

use grapnel_tests::artifacts;
use grapnel_tests::browser::{Allowed, Browser};
use grapnel_tests::keyring::{self, Keyring};
use grapnel_tests::page::Role;
use grapnel_tests::process::{self, Running, Seen};
use grapnel_tests::story::{Pictures, Story};
use grapnel_tests::wait::until;
use grapnel_tests::window::{self, Window};
use grapnel_tests::{Context, Result, bail, screenshot, session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SCHEME: &str = "dev.grapnel.story";

/// A page with one link; following it leads, through a redirect, to a private-use scheme.
async fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                let length = socket.read(&mut request).await.unwrap_or_default();
                let answer = if request[..length].starts_with(b"GET /leave") {
                    format!("HTTP/1.1 302 Found\r\nLocation: {SCHEME}:/home?answer=42\r\n")
                } else {
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n".to_owned()
                };
                let body = "<title>There</title><h1>You are there</h1><a href='/leave'>Go home</a>";
                let answer =
                    format!("{answer}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    Ok(origin)
}

#[tokio::test]
async fn the_default_browser_follows_a_link_to_a_private_use_scheme() -> Result<()> {
    let origin = serve().await?;
    let desktop = session::start(Keyring::Unlocked).await?;
    let mut browser = Browser::install(&desktop, &[Allowed { origin: &origin, scheme: SCHEME }]).await?;
    let came = desktop.root().join("came");
    let handler = desktop.root().join("handler");
    fs::write(&handler, format!("#!/bin/sh\nprintf '%s' \"$1\" >'{}'\n", came.display()))?;
    let scheme = format!("x-scheme-handler/{SCHEME}");
    desktop.register("story-handler", &[&scheme], &format!("sh {} %u", handler.display())).await?;

    desktop.open(&format!("{origin}/"))?;
    let page = browser.page_at(&desktop, &origin).await?;
    page.says("You are there").await?;
    assert!(page.has(Role::Heading, "You are there").await?);
    let picture = desktop.root().join("screen.png");
    screenshot::take(&desktop, &picture).await?;
    assert!(fs::read(&picture)?.starts_with(b"\x89PNG"));

    page.press(Role::Link, "Go home").await?;
    let link = until("the link to come home", async || {
        Ok(fs::read_to_string(&came).ok().filter(|link| !link.is_empty()))
    })
    .await?;
    assert_eq!(link, format!("{SCHEME}:/home?answer=42"));
    Ok(())
}

#[tokio::test]
async fn the_keyring_is_open_locked_or_absent() -> Result<()> {
    let desktop = session::start(Keyring::Unlocked).await?;
    keyring::round_trip(&desktop).await?;
    drop(desktop);
    let desktop = session::start(Keyring::Locked).await?;
    assert!(keyring::round_trip(&desktop).await.is_err(), "it should be locked");
    drop(desktop);
    let desktop = session::start(Keyring::Absent).await?;
    assert!(keyring::round_trip(&desktop).await.is_err(), "it should be absent");
    Ok(())
}

#[tokio::test]
async fn a_desktop_leaves_no_process_or_file_behind() -> Result<()> {
    let origin = serve().await?;
    let desktop = session::start(Keyring::Unlocked).await?;
    let mut browser = Browser::install(&desktop, &[]).await?;
    desktop.open(&origin)?;
    browser.page_at(&desktop, &origin).await?.says("You are there").await?;
    let root = desktop.root().to_owned();
    assert!(desktop.processes().len() > 5, "{:?}", desktop.processes());
    drop((browser, desktop));
    let left: Vec<String> = process::of(&root).iter().map(Seen::line).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert!(!root.exists());
    Ok(())
}

#[tokio::test]
async fn a_story_saves_pictures_and_names_its_failed_step() -> Result<()> {
    let pictures = tempfile::tempdir()?;
    let evidence = artifacts::stories().join("evidence");
    let story =
        Story::begin("evidence", Keyring::Absent, Pictures::OfEachStep(pictures.path().join("p"))).await?;
    story.step("An empty screen: nothing", async { Ok(()) }).await?;
    assert!(pictures.path().join("p/01-an-empty-screen-nothing.png").exists());

    let failed =
        story.step("What cannot be", async { bail!("it cannot be") as Result<()> }).await.unwrap_err();
    assert_eq!(format!("{failed:#}"), "step 2 of the story \"evidence\": What cannot be: it cannot be");
    assert!(evidence.with_extension("png").exists());
    assert!(evidence.join("bus.log").exists());
    fs::remove_file(evidence.with_extension("png"))?;
    fs::remove_dir_all(evidence)?;
    Ok(())
}

/// The engine's own minimal browser replaces Grapnel here.
#[tokio::test]
async fn a_window_is_driven_and_found_again_when_a_link_starts_it() -> Result<()> {
    let origin = serve().await?;
    let desktop = session::start(Keyring::Unlocked).await?;
    let program = small_browser()?;
    let window = Window::open(&desktop, &program, &["--automation"]).await?;
    let page = window.page();
    page.driver().goto(&origin).await?;
    page.says("You are there").await?;
    page.find(Role::Link, "Go home").await?;

    let killed = window.process().pid;
    window.kill();
    let mut again = desktop.command(&program);
    let _again = Running::start(again.arg("--automation").envs(window::drivable()?), &desktop.log("again"))?;
    let window = Window::find(&desktop, &program).await?;
    assert_ne!(window.process().pid, killed);
    window.page().driver().goto(&origin).await?;
    window.page().says("You are there").await
}

fn small_browser() -> Result<PathBuf> {
    fs::read_dir("/usr/lib")?
        .filter_map(|entry| Some(entry.ok()?.path().join("webkit2gtk-4.1/MiniBrowser")))
        .find(|path| path.exists())
        .context("the engine's own browser, which comes with its library")
}
