//! `grapnel app check`: tests an app's endpoints and its issuer's metadata, without credentials.

use grapnel_core::endpoint_check::{CheckOutcome, EndpointCheck};
use grapnel_model::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::lookup;
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::table;

pub(super) async fn run(session: &mut Session<'_>, name: &str) -> Result<()> {
    let app = lookup::app(&session.grapnel, name)?;
    let checks = session.grapnel.check_endpoints(&app.provider, app.overrides).await?;
    let failed = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed).count();
    session.output.show(&Checked { app: &app.name, checks: &checks })?;
    if failed == 0 {
        return Ok(());
    }
    let what = if failed == 1 {
        "1 endpoint does not work.".to_owned()
    } else {
        format!("{failed} endpoints do not work.")
    };
    Err(Error::new(Code::ProviderError, what).means("The app is unchanged."))
}

#[derive(Serialize)]
struct Checked<'a> {
    app: &'a str,
    checks: &'a [EndpointCheck],
}

impl CommandResult for Checked<'_> {
    fn text(&self, _: Timestamp) -> String {
        let outcome = |outcome| match outcome {
            CheckOutcome::Passed => "ok",
            CheckOutcome::Unclear => "unclear",
            CheckOutcome::Failed => "failed",
        };
        let rows = self.checks.iter().map(|check| {
            let hint = check.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
            [check.key.clone(), outcome(check.outcome).to_owned(), check.found.clone() + &hint]
        });
        table(["SETTING", "RESULT", "FOUND"], rows)
    }
}
