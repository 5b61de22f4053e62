//! Takes in what a team's database has: new connections, and what other machines changed; and writes what it lacks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::team::LeftOutConnection;
use grapnel_store::connection;
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_team::port::RecordId;

use super::app::take_in_app;
use super::end_records::end_records;
use crate::archive::{Import, ImportOutcome, Imported, RecordKind, Source, import_and};
use crate::context::Context;
use crate::shared_record::{self, ManageDocument, Record};
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

/// Takes in all that the team has, and writes what it lacks. One connection that fails does not keep back the others:
/// returns those that could not be taken in.
pub(crate) async fn sync(ctx: &Arc<Context>, id: &TeamId) -> Result<Vec<LeftOutConnection>> {
    let team = shared_record::session(ctx, id).await?;
    team.renew_keys(ctx).await?;
    let _taking_in = team.taking_in.lock().await;
    end_records(ctx, &team).await?;
    let mut left_out = Vec::new();
    let listed = team.list(ctx).await?;
    let versions: HashMap<&str, i64> =
        listed.iter().map(|(record, version)| (record.0.as_str(), *version)).collect();
    let (known, pending, forgotten) = ctx.store.read(|c| {
        let pending = shared_connection::pending(c)?.into_iter().map(|row| row.connection_id);
        let known = shared_connection::of_team(c, id)?;
        Ok((known, pending.collect::<HashSet<_>>(), shared_connection::forgotten(c, id)?))
    })?;
    for known in &known {
        let is_pending = pending.contains(&known.connection_id);
        let there = versions.get(known.record_id.as_str()).copied().unwrap_or_default();
        // Also an older version, or none: that is an error, which is shown with the connection.
        let differs = there != known.record_version;
        if is_pending && known.record_version <= there {
            match shared_record::push_pending(ctx, &known.connection_id).await {
                // Kept, and told with the connection.
                Err(error) if error.code == Code::TeamUnreachable => return Err(error),
                _ => {}
            }
        } else if differs || known.conflict.is_some() {
            shared_record::pull_or_note(ctx, &team, known).await?;
        }
        take_in_app(ctx, &team, &known.connection_id).await?;
    }
    let known: HashSet<&str> = known.iter().map(|known| known.record_id.as_str()).collect();
    for (record, _) in &listed {
        if known.contains(record.0.as_str()) || forgotten.contains(&record.0) {
            continue;
        }
        match take_in(ctx, &team, record).await {
            Ok(()) => {}
            Err((_, error)) if error.code == Code::TeamUnreachable => return Err(error),
            Err((name, error)) => left_out.push(LeftOutConnection { name, error }),
        }
    }
    team.set_reached(ctx)?;
    ctx.emit(Event::Teams);
    Ok(left_out)
}

/// Takes in a record that another machine has written, unless it is not to be here.
pub(super) async fn take_in_new(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    record: &RecordId,
) -> Result<()> {
    let _taking_in = team.taking_in.lock().await;
    let is_known = ctx.store.read(|c| {
        Ok(shared_connection::is_forgotten(c, team.id(), &record.0)?
            || shared_connection::of_record(c, team.id(), &record.0)?.is_some())
    })?;
    if is_known {
        return Ok(());
    }
    match take_in(ctx, team, record).await {
        Ok(()) => {
            ctx.emit(Event::Teams);
            Ok(())
        }
        Err((_, error)) if error.code == Code::TeamUnreachable => Err(error),
        Err((_, error)) => {
            tracing::info!(%error, "a shared connection could not be taken in");
            Ok(())
        }
    }
}

/// Takes in the connection of this name, for a worker.
pub(crate) async fn take_in_named(ctx: &Arc<Context>, id: &TeamId, name: &str) -> Result<ConnectionId> {
    let team = shared_record::session(ctx, id).await?;
    let found = team.find(ctx, name).await?.ok_or_else(|| {
        Error::new(Code::NotFound, format!("The team shares no connection called “{}”.", name.trim()))
            .hint("List those that it shares: grapnel list")
    })?;
    if let Some(known) = ctx.store.read(|c| shared_connection::of_record(c, id, &found.inner.id.0))? {
        return Ok(known.connection_id);
    }
    let taken = add(ctx, &team, &found).await?;
    taken.ok_or_else(|| {
        Error::new(Code::NotFound, format!("The connection “{}” is not shared any more.", name.trim()))
    })
}

async fn take_in(
    ctx: &Arc<Context>,
    team: &Arc<TeamSession>,
    record: &RecordId,
) -> Result<(), (Option<String>, Error)> {
    let record = team.read_new(ctx, record).await.map_err(|error| (None, error))?;
    let Some(record) = record else { return Ok(()) };
    if record.document.is_unshared() && record.inner.is_by_owner {
        // Nothing is to be looked for in it again.
        let noted = ctx.store.write(|tx| shared_connection::set_forgotten(tx, team.id(), &record.inner.id.0));
        return noted.map_err(|error| (None, error));
    }
    let name = record.document.name().to_owned();
    let added = add(ctx, team, &record).await;
    // Another process may have taken it in meanwhile.
    let known = ctx.store.read(|c| shared_connection::of_record(c, team.id(), &record.inner.id.0));
    match added {
        Err(error) if known.is_ok_and(|known| known.is_none()) => Err((Some(name), error)),
        _ => Ok(()),
    }
}

/// Adds the connection of a record, and links it in the same transaction. `None` if it is not shared any more.
async fn add(ctx: &Arc<Context>, team: &Arc<TeamSession>, record: &Record) -> Result<Option<ConnectionId>> {
    let document = &record.document;
    if document.is_unshared() && record.inner.is_by_owner {
        return Ok(None);
    }
    if document.tokens().is_none() {
        shared_record::check_ended(record)?;
    }
    let id = document.connection_id();
    let definition_counter = record.definition_counter()?;
    let linked = |grant_version| SharedRow {
        record_version: record.version,
        key_generation: record.generation(),
        definition_counter,
        app_counter: definition_counter,
        grant_number: document.grant_number(),
        sign_in_number: document.sign_in_number(),
        signed_in_at: document.tokens().and_then(|tokens| tokens.signed_in_at),
        grant_version,
        refreshed: Some(document.by().clone()),
        ..SharedRow::new(id.clone(), team.id().clone(), record.inner.id.0.clone())
    };
    if ctx.store.read(|c| connection::get(c, &id))?.is_some() {
        // It was shared from here, left before, or came by a file.
        let of = SignedIn::load(ctx, &id)?;
        if let Some(known) = ctx.store.read(|c| shared_connection::get(c, &id))? {
            // An owner has shared it anew, since its record was lost with a restored database.
            let is_lost = known.conflict.is_some_and(|error| error.code.is_of_team_content());
            if known.team_id != *team.id() || !is_lost {
                return Err(Error::new(Code::InvalidInput, "It is shared by another record already."));
            }
        } else if of.connection.grant.is_some() {
            return Err(has_own_tokens(&of.connection.name));
        }
        // Nothing of the record counts as seen before it is stored here, also if this process ends meanwhile.
        let new = SharedRow {
            record_version: 0,
            definition_counter: 0,
            grant_number: -1,
            ..SharedRow {
                grant_version: of.connection.version,
                ..SharedRow::new(id.clone(), team.id().clone(), record.inner.id.0.clone())
            }
        };
        ctx.store.write(|tx| shared_connection::put(tx, &new))?;
        shared_record::apply(ctx, &of, &new, record).await?;
        return Ok(Some(id));
    }
    let manage = match record.inner.app.as_deref() {
        Some(app) => Some(ManageDocument::parse(app)?),
        None => None,
    };
    let archive = document.archive(manage);
    let new = linked(i64::from(document.tokens().is_some()));
    let failure = record.failure(ctx.time.now());
    let (how, source) = (Import { with_tokens: true, dry_run: false }, Source::Team(team.name()));
    let imported = import_and(ctx, &archive, how, source, move |tx| {
        // The connection was left out if it is not there.
        let Some(row) = connection::get(tx, &new.connection_id)? else { return Ok(()) };
        if let Some((error, retry)) = &failure {
            connection::end_refresh(tx, &row.id, row.version, error, retry)?;
        }
        shared_connection::put(tx, &SharedRow { grant_version: row.version, ..new })
    });
    check_imported(&imported.await?)?;
    Ok(Some(id))
}

fn has_own_tokens(name: &str) -> Error {
    Error::new(
        Code::TeamConflict,
        format!("The connection “{name}” is here already, with tokens of its own."),
    )
    .means("They were kept, and those of the team were not taken in.")
    .hint("To use the team’s, disconnect or remove the connection here, then sync the team.")
}

/// Fails if the connection or its app was left out.
fn check_imported(imported: &Imported) -> Result<()> {
    let left_out = imported.lines.iter().find(|line| line.outcome == ImportOutcome::LeftOut);
    let Some(line) = left_out else { return Ok(()) };
    let what = match line.what {
        RecordKind::App => "app",
        RecordKind::Connection => "connection",
    };
    let why = line.why.as_deref().unwrap_or_default();
    Err(Error::new(Code::DataDamaged, format!("The {what} of the team cannot be taken in. {why}")))
}
