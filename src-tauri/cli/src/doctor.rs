//! `grapnel doctor`: checks of the installation, with what to do about each failure.

use grapnel_core::doctor::{self, CheckStatus, Diagnosis};
use grapnel_model::error::{Error, Result};
use jiff::Timestamp;

use crate::exit::Exit;
use crate::print::{CommandResult, Output};
use crate::session::Session;

/// Prints the diagnosis. Exits with [`Exit::Done`] if nothing is broken.
pub(crate) async fn run(session: &mut Session<'_>) -> Result<Exit> {
    let diagnosis = session.grapnel.examine(None).await;
    show(session.output, &diagnosis)
}

/// The same if the data cannot be opened.
pub(crate) fn diagnose_unopened(output: &mut Output, error: Error) -> Result<Exit> {
    show(output, &doctor::diagnose_unopened(error))
}

fn show(output: &mut Output, diagnosis: &Diagnosis) -> Result<Exit> {
    output.show(diagnosis)?;
    let is_broken = diagnosis.checks.iter().any(|check| check.verdict == CheckStatus::Broken);
    Ok(if is_broken { Exit::Failed } else { Exit::Done })
}

impl CommandResult for Diagnosis {
    fn text(&self, _: Timestamp) -> String {
        self.report()
    }
}
