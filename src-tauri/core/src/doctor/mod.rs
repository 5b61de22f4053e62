//! The doctor: looks at everything that has to work, and tells of each thing whether it does, what that means and
//! what to do. What it tells is safe to show to anyone.

mod checks;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod report;

#[cfg(not(target_os = "linux"))]
use elsewhere as desktop;
#[cfg(target_os = "linux")]
use linux as desktop;
use std::path::Path;
use std::sync::Arc;

use grapnel_model::error::Error;
use serde::{Deserialize, Serialize};

use crate::connection::Grapnel;
use crate::env::Env;
use crate::store::{Store, connection, settings};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Diagnosis {
    /// Grapnel's version.
    pub version: String,
    /// The operating system and desktop.
    pub system: String,
    /// Each thing that was looked at.
    pub checks: Vec<Check>,
    /// Apps and connections, without their names.
    pub held: Vec<String>,
    /// What kinds of things happened last, newest first.
    pub recent: Vec<String>,
}

/// One thing that has to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What it means, where something is wrong.
    pub meaning: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Fine,
    /// It works, and something should be done about it; or it does not, and can be done without.
    Attention,
    /// It does not work.
    Broken,
}

impl Check {
    fn fine(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Fine, found: found.into(), meaning: None, hint: None }
    }

    fn wrong(name: &str, verdict: Verdict, error: Error) -> Self {
        Self { name: name.into(), verdict, found: error.message, meaning: error.meaning, hint: error.hint }
    }
}

/// What opens addresses, as far as persons chose it: for all, and for single connections.
#[derive(Debug, Default)]
struct Browsers {
    usual: String,
    own: Vec<String>,
}

/// Looks at everything.
pub(crate) async fn examine(grapnel: &Grapnel, env: &Arc<Env>, program: Option<&Path>) -> Diagnosis {
    let mut checks = vec![checks::vault(grapnel).await];
    let (beside, program) = (Arc::clone(env), program.map(Path::to_owned));
    // A store that cannot be read is told by its own check.
    let browsers =
        env.store.read(|c| Ok(Browsers { usual: settings::get(c)?.browser, own: connection::browsers(c)? }));
    let browsers = browsers.unwrap_or_default();
    let slow = tokio::task::spawn_blocking(move || {
        let store = &beside.store;
        let data = [checks::data(store), checks::database(store)];
        let all = data.into_iter().chain(checks::room(store));
        all.chain(desktop::checks(program.as_deref(), &browsers)).collect::<Vec<_>>()
    });
    checks.splice(0..0, slow.await.unwrap_or_default());
    checks.push(checks::connections(grapnel));
    let home = Some(env.store.home());
    report::diagnosis(checks, report::held(grapnel), report::recent(grapnel), home)
}

/// What can be told where the data could not even be opened.
pub fn unopened(error: Error) -> Diagnosis {
    let data = Check::wrong("Data directory", Verdict::Broken, error);
    let checks = std::iter::once(data).chain(desktop::checks(None, &Browsers::default()));
    let home = Store::default_home().ok();
    report::diagnosis(checks.collect(), Vec::new(), Vec::new(), home.as_deref())
}
