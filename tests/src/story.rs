//! A story reports its steps as they happen, and takes pictures.

use std::cell::Cell;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::desktop::Desktop;
use crate::keyring::Keyring;
use crate::{artifacts, screenshot, session};

/// The background of the pictures.
const BACKGROUND: &str = "xc:#8a9a9c";

/// When pictures of the screen are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pictures {
    /// When a step fails: `target/stories/NAME.png`, with the logs beside it.
    OfFailure,
    /// After each step, numbered, in this directory, which is emptied first; and when a step fails.
    OfEachStep(PathBuf),
}

/// A story on its own desktop.
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    desktop: Desktop,
    pictures: Pictures,
    steps: Cell<usize>,
}

impl Story {
    /// Starts a story on a new desktop.
    pub async fn begin(name: &'static str, keyring: Keyring, pictures: Pictures) -> Result<Self> {
        if let Pictures::OfEachStep(dir) = &pictures {
            let _ = fs::remove_dir_all(dir);
            fs::create_dir_all(dir).with_context(|| format!("no place for pictures: {}", dir.display()))?;
        }
        let desktop = session::start(keyring).await?;
        if matches!(pictures, Pictures::OfEachStep(_)) {
            // It exits with 1 although it succeeds; without it the pictures only look worse.
            let _ = desktop.run("display", &["-window", "root", "-size", "1280x900", BACKGROUND]).await;
        }
        Ok(Self { name, desktop, pictures, steps: Cell::new(0) })
    }

    /// Its desktop.
    pub fn desktop(&self) -> &Desktop {
        &self.desktop
    }

    /// Runs a step and reports its result.
    pub async fn step<T>(&self, what: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        let done = self.check(what, doing).await?;
        if let Pictures::OfEachStep(dir) = &self.pictures {
            let picture = dir.join(format!("{:02}-{}.png", self.steps.get(), slug(what)));
            screenshot::take_still(&self.desktop, &picture).await?;
        }
        Ok(done)
    }

    /// Runs a step that changes nothing on the screen.
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

    /// A failure to save the pictures must not hide the step's failure.
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

/// The description of a step as a file name.
fn slug(what: &str) -> String {
    let letters = what
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}
