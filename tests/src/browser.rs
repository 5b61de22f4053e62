//! Chromium as the desktop's default browser, started by opening a link, and then driven.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use thirtyfour::WindowHandle;

use crate::desktop::Desktop;
use crate::driver::Driver;
use crate::page::Page;
use crate::wait::until;
use crate::window::drivable;

/// The MIME types that a browser opens.
const WEB: [&str; 2] = ["x-scheme-handler/http", "x-scheme-handler/https"];

/// No warnings (`--test-type` hides the one about `--no-sandbox`), no first-run questions, and no use of the story's
/// keyring.
const FLAGS: &str = "--no-sandbox --test-type --disable-gpu --disable-quic --no-first-run --no-default-browser-check \
    --disable-background-networking --disable-component-update --disable-sync --password-store=basic \
    --window-size=1100,820 --window-position=90,40 --remote-debugging-port=0";

/// No host name resolves: a request to another computer fails at once.
const NOWHERE: &str = "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'";

/// Permission for a page to open links of a private-use scheme without a prompt, as a person would grant it once.
#[derive(Debug, Clone)]
pub struct Allowed<'a> {
    /// The page's origin, such as `http://127.0.0.1:4000`.
    pub origin: &'a str,
    /// The scheme that it may open.
    pub scheme: &'a str,
}

/// The browser, once it is the default.
#[derive(Debug)]
pub struct Browser {
    profile: PathBuf,
    driver: Option<Driver>,
    /// The tabs that were found before.
    known: HashSet<WindowHandle>,
}

impl Browser {
    /// Makes Chromium the default browser, without starting it. A program that a page starts through a link of its
    /// scheme can be driven.
    pub async fn install(desktop: &Desktop, allowed: &[Allowed<'_>]) -> Result<Self> {
        // Outside of the home, since the browser's profile is not under test.
        let profile = desktop.root().join("browser");
        fs::create_dir_all(profile.join("Default"))?;
        fs::write(profile.join("Default/Preferences"), preferences(allowed).to_string())?;
        let launcher = desktop.root().join("open-browser");
        let log = desktop.log("browser");
        let drivable = drivable()?.map(|(name, value)| format!("{name}={value}")).join(" ");
        fs::write(
            &launcher,
            format!(
                "#!/bin/sh\nexec env {drivable} chromium {FLAGS} {NOWHERE} --user-data-dir='{}' \"$@\" >>'{}' 2>&1\n",
                profile.display(),
                log.display()
            ),
        )?;
        fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))?;
        desktop.register("story-browser", &WEB, &format!("{} %U", launcher.display())).await?;
        Ok(Self { profile, driver: None, known: HashSet::new() })
    }

    /// The page whose URL begins with `address`, once the browser shows it in a new tab.
    pub async fn page_at(&mut self, desktop: &Desktop, address: &str) -> Result<Page> {
        let driver = match self.driver.take() {
            Some(driver) => driver,
            None => self.attach(desktop).await?,
        };
        let session = self.driver.insert(driver).session();
        let page = Page::new(session.clone());
        let (tab, page) = until(&format!("a new page at {address} in the browser"), async || {
            for tab in session.windows().await?.into_iter().filter(|tab| !self.known.contains(tab)) {
                session.switch_to_window(tab.clone()).await?;
                if page.address().await?.starts_with(address) {
                    return Ok(Some((tab, page.clone())));
                }
            }
            Ok(None)
        })
        .await?;
        self.known.insert(tab);
        Ok(page)
    }

    /// Attaches to the running browser, whose profile contains its debugging port.
    async fn attach(&self, desktop: &Desktop) -> Result<Driver> {
        let told = self.profile.join("DevToolsActivePort");
        let port = until("the browser to open", async || {
            let Ok(text) = fs::read_to_string(&told) else { return Ok(None) };
            Ok(text.lines().next().and_then(|line| line.parse::<u16>().ok()))
        })
        .await?;
        let mut wishes = Map::new();
        wishes.insert("goog:chromeOptions".into(), json!({ "debuggerAddress": format!("127.0.0.1:{port}") }));
        Driver::start(desktop.command("chromedriver"), &desktop.log("chromedriver"), wishes)
            .await
            .context("driving the browser")
    }
}

fn preferences(allowed: &[Allowed<'_>]) -> Value {
    let mut pairs = Map::new();
    for Allowed { origin, scheme } in allowed {
        pairs.entry(*origin).or_insert_with(|| json!({}))[*scheme] = json!(true);
    }
    json!({ "protocol_handler": { "allowed_origin_protocol_pairs": pairs } })
}
