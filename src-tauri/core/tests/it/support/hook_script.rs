//! Scripts for hooks, which report to the test through named pipes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use grapnel_core::Grapnel;
use grapnel_core::hooks::check;
use grapnel_model::connection_event::ConnectionEventKind;
use grapnel_model::id::HookId;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// A directory with scripts and pipes.
pub(crate) struct Scripts(TempDir);

impl Scripts {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).into_os_string().into_string().unwrap()
    }

    /// A shell script, executable by its owner.
    pub(crate) fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// A new named pipe.
    pub(crate) fn pipe(&self, name: &str) -> String {
        let path = self.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// A hook that runs this script.
    pub(crate) async fn hook(&self, grapnel: &Grapnel, event: ConnectionEventKind, words: &[&str]) -> HookId {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        grapnel.add_hook(&check(event, words).unwrap()).await.unwrap()
    }

    /// What is written to a pipe, from when its writer opens it until it closes it.
    pub(crate) async fn read(&self, pipe: &str) -> Vec<u8> {
        let path = PathBuf::from(pipe);
        tokio::task::spawn_blocking(move || fs::read(path).unwrap()).await.unwrap()
    }

    /// Lets a script go on that reads this pipe.
    pub(crate) async fn release(&self, pipe: &str) {
        let mut pipe = tokio::fs::OpenOptions::new().write(true).open(pipe).await.unwrap();
        pipe.write_all(b"go\n").await.unwrap();
        pipe.flush().await.unwrap();
    }

    /// How many lines a file has; none if it does not exist.
    pub(crate) fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.path(name)).map_or(0, |text| text.lines().count())
    }
}
