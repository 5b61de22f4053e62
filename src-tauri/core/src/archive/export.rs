//! Exports apps and connections to an encrypted file, while no refresh is running. If the person moves to another
//! computer, the tokens here are deleted once the file is safely written.

use std::path::PathBuf;
use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::provider::is_secret;
use grapnel_model::secret::SecretString;
use grapnel_store::app::AppRow;
use grapnel_store::connection::{ConnectionRow, StoredGrant};
use grapnel_store::sealed::Sealed;
use grapnel_store::vault::check_passphrase;
use grapnel_store::{activity, app, connection};
use serde::{Deserialize, Serialize};

use super::document::{Archive, ArchivedApp, ArchivedConnection, ArchivedTokens, PlaintextSecret};
use super::{document, encryption, file};
use crate::app::registration_associated_data;
use crate::context::Context;
use crate::dpop_key;
use crate::grant::{
    access_associated_data, id_token_associated_data, newest, refresh_associated_data, secret_associated_data,
};
use crate::secret_parameters;

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
    let (apps, connections) = ctx.store.read(|c| Ok((app::all(c)?, connection::all(c)?)))?;
    let connections: Vec<_> = connections.into_iter().map(|row| newest(ctx, row)).collect();
    let mut out = Vec::new();
    for app in &apps {
        let own = connections.iter().filter(|connection| connection.app_id == app.id);
        out.push(app_out(ctx, app, own, asked.with_tokens).await?);
    }
    let archive = Archive::new(ctx.now(), out);
    let exported = count(&archive, asked.moves);
    let (file, passphrase, force) = (asked.file, asked.passphrase, asked.force);
    let written = tokio::task::spawn_blocking(move || {
        let sealed = encryption::seal(&document::write(&archive)?, &passphrase)?;
        file::write(&file, &sealed, force)
    });
    written.await.map_err(interrupted)??;
    let moving = connections.into_iter().filter(|row| {
        // Tokens that were not exported are kept.
        asked.moves && asked.with_tokens && !row.holds_another_account()
    });
    log_export(ctx, &exported, &moving.collect::<Vec<_>>())?;
    Ok(exported)
}

async fn app_out(
    ctx: &Context,
    app: &AppRow,
    connections: impl Iterator<Item = &ConnectionRow>,
    with_tokens: bool,
) -> Result<ArchivedApp> {
    let mut out = Vec::new();
    for row in connections {
        out.push(ArchivedConnection {
            id: row.id.0.clone(),
            name: row.name.clone(),
            created_at: row.created_at,
            scopes: row.scopes.clone(),
            project_ids: row.project_ids.clone(),
            account: row.identity.account.clone(),
            allowed_origins: row.allowed_origins.clone(),
            annotations: row.annotations.clone(),
            // Another computer could not know whose tokens these are.
            tokens: if with_tokens && !row.holds_another_account() {
                tokens_out(ctx, row).await?
            } else {
                None
            },
        });
    }
    let copied = |(key, value): (&String, &String)| (key.clone(), value.clone());
    let mut secrets = secret_parameters::open(ctx, app).await?;
    let clear = app.overrides.iter().filter(|(key, _)| is_secret(key));
    secrets.extend(clear.map(|(key, value)| (key.clone(), value.as_str().into())));
    Ok(ArchivedApp {
        name: app.name.clone(),
        provider: app.provider.clone(),
        client_id: app.client_id.clone(),
        client_secret: plaintext(ctx, &secret_associated_data(&app.id), app.sealed_secret.as_ref()).await?,
        redirect_uri: app.redirect_uri.clone(),
        scopes: app.scopes.clone(),
        projects: app.projects.clone(),
        overrides: app.overrides.iter().filter(|(key, _)| !is_secret(key)).map(copied).collect(),
        secrets: secrets.into_iter().map(|(key, value)| (key, PlaintextSecret(value))).collect(),
        discovered: app.discovered.clone(),
        environment: app.environment.clone(),
        registration: app.registration.as_deref().cloned(),
        registration_token: plaintext(
            ctx,
            &registration_associated_data(&app.id),
            app.sealed_registration.as_ref(),
        )
        .await?,
        connections: out,
    })
}

async fn tokens_out(ctx: &Context, row: &ConnectionRow) -> Result<Option<ArchivedTokens>> {
    let Some(StoredGrant { access, refresh, id_token, dpop, metadata }) = &row.grant else { return Ok(None) };
    Ok(Some(ArchivedTokens {
        access: PlaintextSecret(ctx.vault.open(&access_associated_data(&row.id), access).await?),
        refresh: plaintext(ctx, &refresh_associated_data(&row.id), refresh.as_ref()).await?,
        issued_at: metadata.issued_at,
        expires_at: metadata.expires_at,
        refresh_count: metadata.refresh_count,
        expiry_source: metadata.expiry_source,
        refresh_expires_at: metadata.refresh_expires_at,
        refresh_end_is_fixed: metadata.refresh_end_is_fixed,
        signed_in_at: metadata.signed_in_at,
        id_token: plaintext(ctx, &id_token_associated_data(&row.id), id_token.as_ref()).await?,
        dpop_key: plaintext(ctx, &dpop_key::associated_data(&row.id), dpop.as_ref()).await?,
        is_bound: metadata.dpop.is_some(),
        certificate: metadata.certificate.clone(),
        grant_type: metadata.grant_type,
        authorization_details: metadata.authorization_details.clone(),
    }))
}

async fn plaintext(ctx: &Context, place: &str, sealed: Option<&Sealed>) -> Result<Option<PlaintextSecret>> {
    match sealed {
        Some(sealed) => ctx.vault.open(place, sealed).await.map(|secret| Some(PlaintextSecret(secret))),
        None => Ok(None),
    }
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
