//! The built command line on a story's desktop, as a script uses it.

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
    /// Opens a terminal.
    pub fn on(desktop: &'a Desktop) -> Self {
        Self { desktop }
    }

    /// A `grapnel` command with these arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.desktop.command(artifacts::command_line());
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command until it exits, with any status.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = self.command(arguments).spawn().context("grapnel does not start")?;
        child.stdin.take().context("its input")?.write_all(input.as_bytes())?;
        Ok(child.wait_with_output()?)
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn print(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments, "")?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs a command that must succeed, and parses its JSON document.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.print(&[arguments, &["--json"]].concat())?)?)
    }

    /// Starts a sign-in with this app, and returns the authorization URL that it prints.
    pub fn connect(&self, app: &str, more: &[&str]) -> Result<(Child, String)> {
        let mut child = self.command(&[&["connect", app, "--no-browser"], more].concat()).spawn()?;
        let mut lines = BufReader::new(child.stdout.as_mut().context("its output")?);
        let mut address = String::new();
        lines.read_line(&mut address)?;
        Ok((child, address.trim_end().to_owned()))
    }
}
