//! A story is told step by step, as it happens, and leaves pictures.

use std::cell::Cell;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::desktop::Desktop;
use crate::keyring::Keyring;
use crate::{artifacts, screenshot, session};

/// What is behind the windows in pictures.
const BACKGROUND: &str = "xc:#8a9a9c";

/// When a picture of the screen is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pictures {
    /// When a step fails: `target/stories/NAME.png`, with the logs beside it.
    OfFailure,
    /// After each step, numbered, in this directory, which is emptied first; and when a step fails.
    OfEachStep(PathBuf),
}

/// A story on a desktop of its own.
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    desktop: Desktop,
    pictures: Pictures,
    steps: Cell<usize>,
}

impl Story {
    /// Begins with a fresh desktop.
    pub async fn begin(name: &'static str, keyring: Keyring, pictures: Pictures) -> Result<Self> {
        if let Pictures::OfEachStep(dir) = &pictures {
            let _ = fs::remove_dir_all(dir);
            fs::create_dir_all(dir).with_context(|| format!("no place for pictures: {}", dir.display()))?;
        }
        let desktop = session::start(keyring).await?;
        if matches!(pictures, Pictures::OfEachStep(_)) {
            // It answers 1 though it has done it; and without it the pictures are only less pretty.
            let _ = desktop.run("display", &["-window", "root", "-size", "1280x900", BACKGROUND]).await;
        }
        Ok(Self { name, desktop, pictures, steps: Cell::new(0) })
    }

    /// Where it takes place.
    pub fn desktop(&self) -> &Desktop {
        &self.desktop
    }

    /// Does one step, and tells how it went.
    pub async fn step<T>(&self, what: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        let done = self.check(what, doing).await?;
        if let Pictures::OfEachStep(dir) = &self.pictures {
            let picture = dir.join(format!("{:02}-{}.png", self.steps.get(), slug(what)));
            screenshot::take_still(&self.desktop, &picture).await?;
        }
        Ok(done)
    }

    /// Does one step that is not to be seen on the screen.
    pub async fn check<T>(&self, what: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let number = self.steps.get() + 1;
        self.steps.set(number);
        match doing.await {
            Ok(done) => {
                tell(&format!("✓ {what} ({:.1} s)", began.elapsed().as_secs_f32()));
                Ok(done)
            }
            Err(error) => {
                tell(&format!("✗ {what}"));
                self.leave_evidence().await;
                Err(error.context(format!("step {number} of the story {:?}: {what}", self.name)))
            }
        }
    }

    /// What a failure leaves must not hide the failure.
    async fn leave_evidence(&self) {
        let picture = artifacts::stories().join(format!("{}.png", self.name));
        let logs = artifacts::stories().join(self.name);
        for (what, left) in [
            (&picture, screenshot::take(&self.desktop, &picture).await),
            (&logs, self.desktop.keep_logs(&logs)),
        ] {
            match left {
                Ok(()) => tell(&format!("  see {}", what.display())),
                Err(error) => tell(&format!("  {} could not be kept: {error:#}", what.display())),
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "a story is told to whoever runs it")]
fn tell(line: &str) {
    println!("{line}");
}

/// A step's words as a file name.
fn slug(what: &str) -> String {
    let letters = what
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}
