//! A WebDriver program and its session.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Map, Value};
use thirtyfour::common::command::{Command as Wire, ExtensionCommand};
use thirtyfour::{Capabilities, WebDriver, WebElement};

use crate::process::Running;
use crate::wait::{PATIENCE, until};

/// How often a driver is started: chromedriver chooses a port that is free for IPv6, and exits if it is in use for
/// IPv4.
const MAX_STARTS: u32 = 3;

/// A driver and its session. Dropping it ends the program without closing the session first.
pub(crate) struct Driver {
    session: WebDriver,
    process: Running,
}

impl Driver {
    /// Starts the driver on a free port, and a session with these capabilities.
    pub(crate) async fn start(mut command: Command, log: &Path, wishes: Map<String, Value>) -> Result<Self> {
        let mut process = Running::start(command.arg("--port=0"), log)?;
        let mut starts = 1;
        let port = until("the driver to listen", async || {
            if let Some(status) = process.ended()? {
                ensure!(starts < MAX_STARTS, "the driver ended with {status}; see {}", log.display());
                process = Running::start(&mut command, log)?;
                starts += 1;
            }
            process.listening_port()
        })
        .await?;
        let session = WebDriver::builder(format!("http://127.0.0.1:{port}"), Capabilities::from(wishes))
            .request_timeout(PATIENCE)
            .await
            .with_context(|| format!("no session; see {}", log.display()))?;
        Ok(Self { session, process })
    }

    pub(crate) fn session(&self) -> WebDriver {
        self.session.clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Otherwise dropping the last handle would block until the session is closed.
        let _ = self.session.clone().leak();
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("pid", &self.pid()).finish_non_exhaustive()
    }
}

/// The accessible name, as computed by the engine.
#[derive(Debug)]
struct ComputedLabel(String);

impl ExtensionCommand for ComputedLabel {
    fn parameters_json(&self) -> Option<Value> {
        None
    }

    fn method(&self) -> Method {
        Method::GET
    }

    fn endpoint(&self) -> Arc<str> {
        format!("/element/{}/computedlabel", self.0).into()
    }
}

/// The name by which a screen reader announces this element.
pub(crate) async fn accessible_name(element: &WebElement) -> Result<String> {
    let command = ComputedLabel(element.element_id().to_string());
    let answer = element.handle().cmd(Wire::ExtensionCommand(Box::new(command))).await?;
    Ok(answer.value::<Option<String>>()?.unwrap_or_default())
}
