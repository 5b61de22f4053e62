//! Exports apps and connections to an encrypted file, while no refresh is running. If the person moves to another
//! computer, the tokens here are deleted once the file is safely written.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::SecretString;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::vault::check_passphrase;
use grapnel_store::{activity, app, connection, shared_connection};
use serde::{Deserialize, Serialize};

use super::{encryption, file};
use crate::archive_document::{self, Archive, ArchivedConnection, archived_app, archived_connection};
use crate::context::Context;
use crate::grant::newest;

/// What to export, and where to.
#[derive(Debug, Clone)]
pub struct Export {
    /// The file to write.
    pub file: PathBuf,
    /// The passphrase of the file.
    pub passphrase: SecretString,
    /// Whether to include the tokens.
    pub with_tokens: bool,
    /// Whether to delete the exported tokens here, since another computer will use them.
    pub moves: bool,
    /// Whether an existing file may be replaced.
    pub force: bool,
}

/// The result of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Exported {
    /// The number of apps, including their client secrets.
    pub apps: u32,
    /// The number of connections.
    pub connections: u32,
    /// How many of them include tokens.
    pub with_tokens: u32,
    /// How many of those have a refresh token. If it rotates, only one copy can be used.
    #[serde(rename = "renewable")]
    pub refreshable: u32,
    /// Whether the exported tokens were deleted here.
    pub moved: bool,
}

/// Exports everything.
pub(crate) async fn export(ctx: &Arc<Context>, asked: Export) -> Result<Exported> {
    check_passphrase(&asked.passphrase)?;
    file::is_free(&asked.file, asked.force)?;
    // While no refresh can store tokens: the file has the newest ones, and exactly the exported ones are deleted.
    let store = ctx.store.clone();
    let interrupted = |_| Error::new(Code::Internal, "The export was interrupted.");
    let _alone =
        tokio::task::spawn_blocking(move || store.vault_exclusive_lock()).await.map_err(interrupted)??;
    let (apps, connections, shared) = ctx.store.read(|c| {
        let shared: HashSet<ConnectionId> = shared_connection::all(c)?.into_iter().collect();
        Ok((app::all(c)?, connection::all(c)?, shared))
    })?;
    let connections: Vec<_> = connections.into_iter().map(|row| newest(ctx, row)).collect();
    let mut out = Vec::new();
    for app in &apps {
        let mut own = Vec::new();
        for row in connections.iter().filter(|connection| connection.app_id == app.id) {
            // Another computer gets the tokens of a shared connection from its team.
            let with_tokens = asked.with_tokens && !shared.contains(&row.id);
            own.push(archived_connection(ctx, row, with_tokens).await?);
        }
        out.push(archived_app(ctx, app, own).await?);
    }
    let archive = Archive::new(ctx.now(), out);
    let exported = count(&archive, asked.moves);
    let (file, passphrase, force) = (asked.file, asked.passphrase, asked.force);
    let written = tokio::task::spawn_blocking(move || {
        let sealed = encryption::seal(&archive_document::write(&archive)?, &passphrase)?;
        file::write(&file, &sealed, force)
    });
    written.await.map_err(interrupted)??;
    let moving = connections.into_iter().filter(|row| {
        // Tokens that were not exported are kept.
        asked.moves && asked.with_tokens && !row.holds_another_account() && !shared.contains(&row.id)
    });
    log_export(ctx, &exported, &moving.collect::<Vec<_>>())?;
    Ok(exported)
}

fn count(archive: &Archive, moves: bool) -> Exported {
    let counted = |is_counted: &dyn Fn(&ArchivedConnection) -> bool| {
        let all = archive.apps.iter().flat_map(|app| &app.connections);
        u32::try_from(all.filter(|one| is_counted(one)).count()).unwrap_or(u32::MAX)
    };
    let with_tokens = counted(&|one| one.tokens.is_some());
    Exported {
        apps: u32::try_from(archive.apps.len()).unwrap_or(u32::MAX),
        connections: counted(&|_| true),
        with_tokens,
        refreshable: counted(&|one| one.tokens.as_ref().is_some_and(|tokens| tokens.refresh.is_some())),
        moved: moves && with_tokens > 0,
    }
}

/// Logs the export and deletes the moved tokens.
fn log_export(ctx: &Context, exported: &Exported, moving: &[ConnectionRow]) -> Result<()> {
    let text = format!(
        "Exported to a file: {} apps and {} connections, {} of them with their tokens.",
        exported.apps, exported.connections, exported.with_tokens
    );
    let gone = "Moved to a file. The tokens were deleted here, and stay good for whoever imports it.";
    ctx.store.write(|tx| {
        activity::add(tx, ctx.now(), Kind::Exported, &text, (None, None))?;
        for row in moving {
            if connection::clear_grant(tx, &row.id, row.version)? {
                let of = (Some(&row.id), Some(&row.app_id));
                activity::add(tx, ctx.now(), Kind::Disconnected, gone, of)?;
            }
        }
        Ok(())
    })?;
    for row in moving {
        ctx.drop_unsaved(&row.id);
        ctx.emit(Event::Connection(row.id.clone()));
    }
    Ok(())
}
