//! Grapnel's window, driven through the engine's WebDriver.

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, json};

use crate::desktop::Desktop;
use crate::driver::Driver;
use crate::page::Page;
use crate::process::{self, Seen};
use crate::wait::until;

/// The environment variable for where the window's engine listens for its driver.
const INSPECTOR: &str = "WEBKIT_INSPECTOR_SERVER";
/// The environment variable that makes Grapnel's toolkit drivable.
const AUTOMATION: &str = "TAURI_WEBVIEW_AUTOMATION";

/// The environment for a program that is started indirectly and found by `Window::find`. The port is new each time,
/// since that of a killed window stays in use for a minute.
pub fn drivable() -> Result<[(&'static str, String); 2]> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    Ok([(INSPECTOR, format!("127.0.0.1:{port}")), (AUTOMATION, "true".to_owned())])
}

/// The window and its driver. Dropping it ends the program.
#[derive(Debug)]
pub struct Window {
    driver: Driver,
    process: Seen,
}

impl Window {
    /// Starts the program and waits for its window.
    pub async fn open(desktop: &Desktop, program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = desktop.command("WebKitWebDriver");
        command.env(AUTOMATION, "true");
        let wishes = json!({ "binary": program, "args": arguments });
        let driver = Self::drive(desktop, command, wishes).await?;
        let process = running(desktop, program).await?;
        Ok(Self { driver, process })
    }

    /// Attaches to a program that was started indirectly in a `drivable` environment, such as by a link in the browser.
    pub async fn find(desktop: &Desktop, program: &Path) -> Result<Self> {
        // An engine that is contacted too early may never respond.
        until("Grapnel's window", async || {
            let pid = running(desktop, program).await?.pid;
            Ok(desktop.shows_window_of(pid).await.then_some(()))
        })
        .await?;
        let process = running(desktop, program).await?;
        let target =
            process.variable(INSPECTOR).context("this program was not started in a drivable environment")?;
        let mut command = desktop.command("WebKitWebDriver");
        command.arg(format!("--target={target}"));
        let driver = Self::drive(desktop, command, json!({})).await?;
        Ok(Self { driver, process })
    }

    /// The window's page.
    pub fn page(&self) -> Page {
        Page::new(self.driver.session())
    }

    /// The program's process, as it was when the window opened.
    pub fn process(&self) -> &Seen {
        &self.process
    }

    /// Kills the program, as a crash would, and everything the driver has started.
    pub fn kill(self) {
        process::kill(self.process.pid);
    }

    async fn drive(
        desktop: &Desktop,
        command: std::process::Command,
        options: serde_json::Value,
    ) -> Result<Driver> {
        let mut wishes = Map::new();
        wishes.insert("webkitgtk:browserOptions".into(), options);
        Driver::start(command, &desktop.log("grapnel"), wishes).await.context("driving Grapnel's window")
    }
}

/// The only remaining process of the program.
async fn running(desktop: &Desktop, program: &Path) -> Result<Seen> {
    let program = program.canonicalize().with_context(|| format!("{} is not built", program.display()))?;
    until("Grapnel to run", async || Ok(desktop.processes().into_iter().find(|seen| seen.runs(&program))))
        .await
}
