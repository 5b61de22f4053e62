//! The command line as it is built, on a story's desktop: what a script sees.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::artifacts;
use crate::desktop::Desktop;

/// A terminal on a desktop.
#[derive(Debug, Clone, Copy)]
pub struct Terminal<'a> {
    desktop: &'a Desktop,
}

impl<'a> Terminal<'a> {
    /// Opens it.
    pub fn on(desktop: &'a Desktop) -> Self {
        Self { desktop }
    }

    /// `grapnel` with these arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.desktop.command(artifacts::target().join("debug/grapnel"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end, whatever that is.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = self.command(arguments).spawn().context("grapnel does not start")?;
        child.stdin.take().context("its input")?.write_all(input.as_bytes())?;
        Ok(child.wait_with_output()?)
    }

    /// Runs a command that succeeds, and answers with what it printed.
    pub fn print(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments, "")?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs a command that succeeds, and reads its document.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.print(&[arguments, &["--json"]].concat())?)?)
    }

    /// Starts a sign-in through this app, and answers with the address that it prints.
    pub fn connect(&self, app: &str, more: &[&str]) -> Result<(Child, String)> {
        let mut child = self.command(&[&["connect", app, "--no-browser"], more].concat()).spawn()?;
        let mut lines = BufReader::new(child.stdout.as_mut().context("its output")?);
        let mut address = String::new();
        lines.read_line(&mut address)?;
        Ok((child, address.trim_end().to_owned()))
    }
}
