//! Diagnostics: checks everything that has to work, with the meaning of each problem and what to do. The results are
//! safe to publish.

mod check;
mod checks;
#[cfg(target_os = "linux")]
mod linux;
mod report;
mod teams;
#[cfg(not(target_os = "linux"))]
mod unsupported;
mod wording;

use std::path::Path;
use std::sync::Arc;

use grapnel_model::error::Error;
use grapnel_store::{Store, connection, settings};

pub use check::{Check, CheckStatus};
pub use report::Diagnosis;

use crate::context::Context;
use check::Browsers;
#[cfg(target_os = "linux")]
use linux as desktop;
#[cfg(not(target_os = "linux"))]
use unsupported as desktop;

/// Runs all checks.
pub(crate) async fn examine(ctx: &Arc<Context>, program: Option<&Path>) -> Diagnosis {
    let mut checks = vec![checks::vault(ctx).await];
    checks.extend(checks::proxy(ctx).await);
    let (beside, program) = (Arc::clone(ctx), program.map(Path::to_owned));
    // A store that cannot be read is reported by its own check.
    let browsers =
        ctx.store.read(|c| Ok(Browsers { usual: settings::get(c)?.browser, own: connection::browsers(c)? }));
    let browsers = browsers.unwrap_or_default();
    let slow = tokio::task::spawn_blocking(move || {
        let store = &beside.store;
        let data = [checks::data(store), checks::database(store)];
        let all = data.into_iter().chain(checks::disk_space(store));
        all.chain(desktop::checks(program.as_deref(), &browsers)).collect::<Vec<_>>()
    });
    checks.splice(0..0, slow.await.unwrap_or_default());
    checks.push(checks::connections(ctx));
    checks.extend(teams::checks(ctx).await);
    let home = Some(ctx.store.home());
    report::diagnosis(checks, report::held(ctx), report::recent(ctx), home)
}

/// The diagnostics if the data could not be opened.
pub fn diagnose_unopened(error: Error) -> Diagnosis {
    let data = Check::wrong("Data directory", CheckStatus::Broken, error);
    let checks = std::iter::once(data).chain(desktop::checks(None, &Browsers::default()));
    let home = Store::default_home().ok();
    report::diagnosis(checks.collect(), Vec::new(), Vec::new(), home.as_deref())
}
