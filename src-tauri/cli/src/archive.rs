//! `grapnel export` and `grapnel import`: apps and connections in a file that a passphrase opens.

use std::path::PathBuf;

use clap::Args;
use grapnel_core::archive::{self, Exported, Imported, Line, Outcome, What};
use grapnel_model::error::{Code, Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::print::Shown;
use crate::session::Session;
use crate::table::table;
use crate::vault::{chosen, given};
use crate::words::{moment, wire_name, words};

/// A rotating refresh token is good for one computer. Said before it is taken in at a second.
const ONE_COMPUTER: &str = "Only one computer can go on using these tokens: as soon as one renews, the other’s copy \
    stops working, and the provider may then end both.";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Export {
    /// The file to write
    file: PathBuf,
    /// Leave the tokens out: each connection is to be signed in anew where the file is imported
    #[arg(long)]
    no_tokens: bool,
    /// With the tokens (as it is without this)
    #[arg(long, conflicts_with = "no_tokens")]
    tokens: bool,
    /// Delete the exported tokens here once the file is written: another computer goes on with them
    #[arg(long = "move", conflicts_with = "no_tokens")]
    moves: bool,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Import {
    /// The file to read
    file: PathBuf,
    /// Leave the tokens out: each connection waits for a sign-in of its own
    #[arg(long)]
    no_tokens: bool,
    /// With the tokens, if the file has them (as it is without this)
    #[arg(long, conflicts_with = "no_tokens")]
    tokens: bool,
    /// Only tell what would be added
    #[arg(long)]
    dry_run: bool,
    /// Do not ask whether the tokens are in use elsewhere
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn export(session: &mut Session<'_>, asked: Export) -> Result<()> {
    let passphrase = chosen(session, "file")?;
    let file = asked.file.display().to_string();
    let exported = session.grapnel.export(archive::Export {
        file: asked.file,
        passphrase,
        with_tokens: !asked.no_tokens,
        moves: asked.moves,
        force: asked.force,
    });
    let exported = exported.await?;
    if exported.renewable > 0 && !exported.moved {
        session.output.messages.note(&format!(
            "warning: {ONE_COMPUTER} Before you import the file elsewhere with its tokens, stop using them here; \
             grapnel export --move does so. Or import it with --no-tokens."
        ));
    }
    session.output.show(&Written { file, exported })
}

pub(crate) async fn import(session: &mut Session<'_>, asked: Import) -> Result<()> {
    let passphrase = given(session, "Passphrase of the file (not shown): ")?;
    let archive = session.grapnel.open_archive(&asked.file, &passphrase).await?;
    let how = archive::Import { with_tokens: !asked.no_tokens, dry_run: true };
    let plan = session.grapnel.import(&archive, how).await?;
    if asked.dry_run {
        return session.output.show(&Report { imported: plan, is_plan: true });
    }
    if plan.renewable > 0 && !asked.yes {
        agree(session)?;
    }
    let imported = session.grapnel.import(&archive, archive::Import { dry_run: false, ..how }).await?;
    session.output.show(&Report { imported, is_plan: false })
}

/// Lets tokens that can be renewed in only if the person says that no other computer uses them.
fn agree(session: &mut Session<'_>) -> Result<()> {
    let instead = "Or import with --no-tokens, and sign in here.";
    if !session.can_ask() {
        return Err(Error::input("yes", format!("The file has tokens that can be renewed. {ONE_COMPUTER}"))
            .means("Nothing was imported.")
            .hint(format!(
                "If the computer they come from does not use them any more, add --yes. {instead}"
            )));
    }
    session.output.messages.note(&format!("{ONE_COMPUTER} {instead}"));
    session.output.messages.ask("Has the computer they come from stopped using them? [y/N]");
    if session.input.agrees()? {
        Ok(())
    } else {
        Err(Error::new(Code::Cancelled, "Not imported.").means("Nothing was changed.").hint(instead))
    }
}

#[derive(Serialize)]
struct Written {
    file: String,
    #[serde(flatten)]
    exported: Exported,
}

impl Shown for Written {
    fn text(&self, _: Timestamp) -> String {
        let Exported { apps, connections, with_tokens, moved, .. } = self.exported;
        let gone =
            if moved { "\nThe tokens were deleted here. Keep the file until it is imported." } else { "" };
        format!(
            "Wrote {}: {}, {}, {with_tokens} of them with tokens.{gone}",
            self.file,
            counted(apps, "app"),
            counted(connections, "connection"),
        )
    }
}

fn counted(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    imported: Imported,
    #[serde(rename = "dry_run")]
    is_plan: bool,
}

impl Shown for Report {
    fn text(&self, now: Timestamp) -> String {
        let lines = &self.imported.lines;
        let rows = lines.iter().map(|line| {
            let kind = if line.what == What::App { line.name.clone() } else { format!("  {}", line.name) };
            [wire_name(&line.what), kind, became(line, self.is_plan), line.why.clone().unwrap_or_default()]
        });
        let written = moment(self.imported.exported_at, now);
        format!("From a file written {written}.\n{}", table(["", "IN THE FILE", "HERE", ""], rows))
    }
}

fn became(line: &Line, is_plan: bool) -> String {
    match line.outcome {
        Outcome::Added if is_plan => "would be added".into(),
        Outcome::Renamed if is_plan => format!("would be added as “{}”", line.here),
        Outcome::Renamed => format!("added as “{}”", line.here),
        Outcome::Same if line.here == line.name => "here already".into(),
        Outcome::Same => format!("here already as “{}”", line.here),
        Outcome::Added | Outcome::LeftOut => words(&line.outcome),
    }
}
