//! `grapnel export` and `grapnel import`: apps and connections in a file encrypted with a passphrase.

use std::path::PathBuf;

use clap::Args;
use grapnel_core::archive::{self, Exported, ImportOutcome, Imported, ImportedRecord, RecordKind};
use grapnel_model::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::format::{counted, relative_time, wire_name, words};
use crate::print::CommandResult;
use crate::session::Session;
use crate::table::table;
use crate::vault::{new_passphrase, read_passphrase};

/// A refresh token that rotates works on one computer only.
const ONE_COMPUTER: &str = "Only one computer can use these tokens: as soon as one of them refreshes, the other’s copy \
    stops working, and the provider may then revoke both.";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Export {
    /// The file to write
    file: PathBuf,
    /// Exclude tokens: each connection must be reconnected after import
    #[arg(long)]
    no_tokens: bool,
    /// Include tokens (default)
    #[arg(long, conflicts_with = "no_tokens")]
    tokens: bool,
    /// Delete the exported tokens here once the file is written, for use on another computer
    #[arg(long = "move", conflicts_with = "no_tokens")]
    moves: bool,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Import {
    /// The file to read
    file: PathBuf,
    /// Exclude tokens: each connection must be reconnected
    #[arg(long)]
    no_tokens: bool,
    /// Include tokens if the file has them (default)
    #[arg(long, conflicts_with = "no_tokens")]
    tokens: bool,
    /// Show what would be added, without adding it
    #[arg(long)]
    dry_run: bool,
    /// Don't ask whether the tokens are in use elsewhere
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn export(session: &mut Session<'_>, asked: Export) -> Result<()> {
    let passphrase = new_passphrase(session, "file")?;
    let file = asked.file.display().to_string();
    let exported = session.grapnel.export(archive::Export {
        file: asked.file,
        passphrase,
        with_tokens: !asked.no_tokens,
        moves: asked.moves,
        force: asked.force,
    });
    let exported = exported.await?;
    if exported.refreshable > 0 && !exported.moved {
        session.output.messages.note(&format!(
            "warning: {ONE_COMPUTER} Before you import the file with its tokens elsewhere, stop using them here: \
             grapnel export --move does that. Or import it with --no-tokens."
        ));
    }
    session.output.show(&ExportReport { file, exported })
}

pub(crate) async fn import(session: &mut Session<'_>, asked: Import) -> Result<()> {
    let passphrase = read_passphrase(session, "Passphrase of the file (not shown): ")?;
    let archive = session.grapnel.open_archive(&asked.file, &passphrase).await?;
    let how = archive::Import { with_tokens: !asked.no_tokens, dry_run: true };
    let plan = session.grapnel.import(&archive, how).await?;
    if asked.dry_run {
        return session.output.show(&ImportReport { imported: plan, is_plan: true });
    }
    if plan.refreshable > 0 && !asked.yes {
        confirm_sole_use(session)?;
    }
    let imported = session.grapnel.import(&archive, archive::Import { dry_run: false, ..how }).await?;
    session.output.show(&ImportReport { imported, is_plan: false })
}

/// Has the person confirm that no other computer uses the refresh tokens.
fn confirm_sole_use(session: &mut Session<'_>) -> Result<()> {
    let instead = "Or import with --no-tokens and reconnect here.";
    if !session.can_ask() {
        return Err(Error::input("yes", format!("The file contains refresh tokens. {ONE_COMPUTER}"))
            .means("Nothing was imported.")
            .hint(format!("If the other computer no longer uses them, add --yes. {instead}")));
    }
    session.output.messages.note(&format!("{ONE_COMPUTER} {instead}"));
    session.output.messages.ask("Has the other computer stopped using them? [y/N]");
    if session.input.confirms()? {
        Ok(())
    } else {
        Err(Error::new(Code::Cancelled, "Not imported.").means("Nothing was changed.").hint(instead))
    }
}

#[derive(Serialize)]
struct ExportReport {
    file: String,
    #[serde(flatten)]
    exported: Exported,
}

impl CommandResult for ExportReport {
    fn text(&self, _: Timestamp) -> String {
        let Exported { apps, connections, with_tokens, moved, .. } = self.exported;
        let gone = if moved {
            "\nThe tokens were deleted from this computer. Keep the file until it is imported."
        } else {
            ""
        };
        format!(
            "Wrote {}: {}, {} ({with_tokens} with tokens).{gone}",
            self.file,
            counted(apps, "app"),
            counted(connections, "connection"),
        )
    }
}

#[derive(Serialize)]
struct ImportReport {
    #[serde(flatten)]
    imported: Imported,
    #[serde(rename = "dry_run")]
    is_plan: bool,
}

impl CommandResult for ImportReport {
    fn text(&self, now: Timestamp) -> String {
        let lines = &self.imported.lines;
        let rows = lines.iter().map(|line| {
            let kind =
                if line.what == RecordKind::App { line.name.clone() } else { format!("  {}", line.name) };
            [wire_name(&line.what), kind, outcome(line, self.is_plan), line.why.clone().unwrap_or_default()]
        });
        let written = relative_time(self.imported.exported_at, now);
        format!("Exported {written}.\n{}", table(["TYPE", "NAME", "RESULT", "NOTE"], rows))
    }
}

fn outcome(line: &ImportedRecord, is_plan: bool) -> String {
    match line.outcome {
        ImportOutcome::Added if is_plan => "would be added".into(),
        ImportOutcome::Renamed if is_plan => format!("would be added as “{}”", line.here),
        ImportOutcome::Renamed => format!("added as “{}”", line.here),
        ImportOutcome::Same if line.here == line.name => "already here".into(),
        ImportOutcome::Same => format!("already here as “{}”", line.here),
        ImportOutcome::Added | ImportOutcome::LeftOut => words(&line.outcome),
    }
}
