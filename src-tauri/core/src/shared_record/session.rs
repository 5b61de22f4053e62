//! Opens the teams' databases at the first need, reads and writes records, and records whether they could be asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use grapnel_model::team::{TeamRefresh, TeamRole, TeamUnreachable};
use grapnel_store::shared_connection::SharedRow;
use grapnel_store::team::TeamRow;
use grapnel_store::{activity, team};
use grapnel_team::port::{
    Change, Locking, MachineId, MemberId, RecordId, RecordLock, Version, WriteId, Written,
};
use grapnel_team::postgres::schema_version;
use grapnel_team::{Definition, Identity, Membership, SeenRecord, Team, TeamError, Update};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, broadcast};

use super::definition::ManageDocument;
use super::document::SharedDocument;
use super::errors::{told, vanished};
use super::identity;
use super::machine::machine_name;
use super::record::{Record, stored_version};
use super::shown_members::shown_members;
use super::unusable::note_read;
use crate::context::Context;
use crate::team_session::TeamSession;

/// How long callers get the error of a team that cannot be reached, instead of another attempt.
const QUIET_PERIOD: Duration = Duration::from_secs(2);

/// The session of a team; opens it if it is not open.
pub(crate) async fn session(ctx: &Context, id: &TeamId) -> Result<Arc<TeamSession>> {
    let mut open = ctx.teams.open.lock().await;
    let row = ctx.store.read(|c| team::get(c, id))?.ok_or_else(no_team)?;
    if let Some(session) = open.get(id) {
        if session.sealed_url == row.sealed_url {
            return Ok(Arc::clone(session));
        }
        // Its URL was changed, here or by another process.
        let _ = session.team.store().close().await;
        open.remove(id);
        ctx.teams.failed.lock().remove(id);
    }
    let failed = ctx.teams.failed.lock().get(id).cloned();
    if let Some((at, error)) = failed
        && at.elapsed() < QUIET_PERIOD
    {
        return Err(error);
    }
    let opened = TeamSession::open(ctx, &row).await;
    match opened {
        Ok(session) => {
            let session = Arc::new(session);
            open.insert(id.clone(), Arc::clone(&session));
            Ok(session)
        }
        Err(error) => {
            ctx.teams.failed.lock().insert(id.clone(), (Instant::now(), error.clone()));
            Err(error)
        }
    }
}

/// Keeps a team that was just created or joined open.
pub(crate) async fn keep_session(ctx: &Context, row: &TeamRow, team: Team) -> Result<Arc<TeamSession>> {
    let session = Arc::new(TeamSession::of(ctx, row, team).await?);
    ctx.teams.open.lock().await.insert(row.id.clone(), Arc::clone(&session));
    Ok(session)
}

/// Closes the session of a team that was left.
pub(crate) async fn forget_session(ctx: &Context, id: &TeamId) {
    ctx.teams.failed.lock().remove(id);
    let Some(session) = ctx.teams.open.lock().await.remove(id) else { return };
    let _ = session.team.store().close().await;
}

fn no_team() -> Error {
    Error::new(Code::NotFound, "This team is not here any more.").hint("Join it again with a new invitation.")
}

/// Checks that a team can be read by another URL of its database. Nothing is stored.
pub(crate) async fn check_url(ctx: &Context, row: &TeamRow, url: &SecretString) -> Result<()> {
    let team = team_at(ctx, row, url).await?;
    let read = team.membership().await;
    let _ = team.store().close().await;
    read.map(drop).map_err(|error| told(&error))
}

/// The team at this URL.
async fn team_at(ctx: &Context, row: &TeamRow, url: &SecretString) -> Result<Team> {
    let own = match &row.sealed_identity {
        Some(sealed) => {
            let text = ctx.vault.open(&identity::associated_data_in(&row.id), sealed).await?;
            Identity::parse(&text).map_err(|error| told(&error))?
        }
        None => identity::own(ctx).await?,
    };
    let seen = serde_json::from_str(&row.seen).map_err(|_| damaged())?;
    let store = identity::open_store(url, &row.schema_name).map_err(|error| told(&error))?;
    let id = grapnel_team::port::TeamId(row.id.0.clone());
    Ok(Team::open(store, id, MemberId(row.member_id.clone()), own, seen))
}

impl TeamSession {
    async fn open(ctx: &Context, row: &TeamRow) -> Result<Self> {
        let url = ctx.vault.open(&identity::url_associated_data(&row.id), &row.sealed_url).await?;
        let team = team_at(ctx, row, &url).await?;
        let opened = Self::of(ctx, row, team).await?;
        let membership = opened.team.membership().await;
        opened.checked_membership(ctx, membership)?;
        opened.remember(ctx).await?;
        let (_, database) = identity::database_name(&url).map_err(|error| told(&error))?;
        let now = (Some(database.as_str()), Some(schema_version()));
        if (row.database_name.as_deref(), row.schema_version) != now {
            // It is only shown.
            match ctx.store.write(|tx| team::set_opened(tx, &row.id, (&database, schema_version()))) {
                Ok(()) => ctx.emit(Event::Teams),
                Err(error) => tracing::warn!(%error, "the name of a team’s database could not be stored"),
            }
        }
        Ok(opened)
    }

    async fn of(ctx: &Context, row: &TeamRow, team: Team) -> Result<Self> {
        let own = row.members.iter().find(|member| member.is_self);
        Ok(Self {
            id: row.id.clone(),
            name: row.name.clone(),
            team,
            sealed_url: row.sealed_url.clone(),
            machine: MachineId(identity::row(ctx).await?.machine_id),
            is_reached: AtomicBool::new(row.unreachable.is_none()),
            stored: Mutex::new(0),
            member: Mutex::new((own.map(|own| own.name.clone()).unwrap_or_default(), row.role)),
            logging: AsyncMutex::new(()),
            taking_in: AsyncMutex::new(()),
        })
    }

    pub(crate) fn id(&self) -> &TeamId {
        &self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn role(&self) -> TeamRole {
        self.member.lock().1
    }

    pub(crate) fn machine(&self) -> &MachineId {
        &self.machine
    }

    pub(crate) fn team(&self) -> &Team {
        &self.team
    }

    /// This member on this machine, now.
    pub(crate) fn by(&self, ctx: &Context) -> TeamRefresh {
        TeamRefresh { at: ctx.time.now(), member: self.member.lock().0.clone(), machine: machine_name() }
    }

    /// The result of a request; records whether the database could be asked.
    pub(crate) fn checked<T>(&self, ctx: &Context, result: Result<T, TeamError>) -> Result<T> {
        match result {
            Ok(done) => {
                if !self.is_reached.swap(true, Ordering::Relaxed)
                    && let Err(error) = self.set_reached(ctx)
                {
                    tracing::warn!(%error, "it could not be stored that a team was reached");
                }
                Ok(done)
            }
            Err(error) => {
                let error_told = told(&error);
                if error.is_unreachable() {
                    self.is_reached.store(false, Ordering::Relaxed);
                    set_unreachable(ctx, &self.id, &error_told);
                }
                Err(error_told)
            }
        }
    }

    /// The result of reading the membership: a member who was removed, or who cannot trust the list, cannot use the
    /// team, although its database answers.
    fn checked_membership(&self, ctx: &Context, read: Result<Membership, TeamError>) -> Result<()> {
        self.checked(ctx, read).map(drop).inspect_err(|error| set_unreachable(ctx, &self.id, error))
    }

    /// Records that the database was reached.
    pub(crate) fn set_reached(&self, ctx: &Context) -> Result<()> {
        let now = ctx.now();
        let was_unreachable = ctx.store.write(|tx| {
            let was_unreachable = team::set_reached(tx, &self.id, now)?;
            if was_unreachable {
                let text = format!("The database of the team “{}” can be reached again.", self.name);
                activity::add(tx, now, Kind::TeamMembers, &text, (None, None))?;
            }
            Ok(was_unreachable)
        })?;
        if was_unreachable {
            ctx.emit(Event::Teams);
        }
        Ok(())
    }

    /// Stores the membership and what was seen of it, if it has changed.
    pub(crate) async fn remember(&self, ctx: &Context) -> Result<()> {
        let seen = self.team.seen();
        if *self.stored.lock() == seen.version {
            return Ok(());
        }
        let membership = self.team.membership().await;
        let membership = self.checked(ctx, membership)?;
        let (role, name, members) = shown_members(&membership, self.team.member_id());
        let text = serde_json::to_string(&seen).map_err(|_| damaged())?;
        let version = stored_version(seen.version)?;
        *self.member.lock() = (name, role);
        let before =
            ctx.store.read(|c| team::get(c, &self.id))?.map(|row| (row.membership_version, row.members));
        if before.as_ref().is_none_or(|(known, shown)| *known < version || *shown != members) {
            ctx.store.write(|tx| {
                team::set_membership(tx, &self.id, (version, &text), (role, &members)).map(drop)
            })?;
            ctx.emit(Event::Teams);
        }
        *self.stored.lock() = seen.version;
        Ok(())
    }

    /// Reads the membership, and the keys if they were changed.
    pub(crate) async fn renew_keys(&self, ctx: &Context) -> Result<()> {
        let read = self.team.reload().await;
        self.checked_membership(ctx, read)?;
        self.remember(ctx).await?;
        // Such as a list of members that was too old, and is not any more.
        let was_unusable =
            ctx.store.read(|c| team::get(c, &self.id))?.is_some_and(|row| row.unreachable.is_some());
        if was_unusable { self.set_reached(ctx) } else { Ok(()) }
    }

    /// Takes the lock of a record, unless it has a version above the one that is known here.
    pub(crate) async fn lock(&self, ctx: &Context, of: &SharedRow, within: Duration) -> Result<Locking> {
        let known = Version::try_from(of.record_version).ok();
        let locked = self.team.store().lock(&RecordId(of.record_id.clone()), known, within).await;
        self.checked(ctx, locked)
    }

    /// Takes the lock of a record, whatever its version.
    pub(crate) async fn lock_any_version(
        &self,
        ctx: &Context,
        id: &RecordId,
        within: Duration,
    ) -> Result<Box<dyn RecordLock>> {
        let locked = self.team.store().lock(id, None, within).await;
        match self.checked(ctx, locked)? {
            Locking::Held(lock) => Ok(lock),
            Locking::Newer(_) => Err(Error::new(Code::Internal, "The team’s database locks nothing.")),
        }
    }

    /// Reads the record of a connection. One that is older than what was seen is an error, and is noted.
    pub(crate) async fn read(&self, ctx: &Context, of: &SharedRow) -> Result<Record> {
        let read = self.read_checked(ctx, of).await;
        note_read(ctx, of, &read);
        read
    }

    async fn read_checked(&self, ctx: &Context, of: &SharedRow) -> Result<Record> {
        let seen = SeenRecord {
            version: Version::try_from(of.record_version).unwrap_or_default(),
            generation: u32::try_from(of.key_generation).unwrap_or_default(),
            definition: u64::try_from(of.definition_counter).unwrap_or_default(),
        };
        let read = self.team.read(&RecordId(of.record_id.clone()), seen).await;
        let record = self.checked(ctx, read)?.ok_or_else(vanished)?;
        self.remember(ctx).await?;
        let record = Record::new(record)?;
        if record.document.grant_number() < of.grant_number {
            // Its version has caught up since the database was restored.
            return Err(told(&TeamError::RolledBack {
                what: "the grant in the connection’s record".to_owned(),
            }));
        }
        Ok(record)
    }

    /// Reads a record of which nothing was seen; `None` if there is none.
    pub(crate) async fn read_new(&self, ctx: &Context, id: &RecordId) -> Result<Option<Record>> {
        let read = self.team.read(id, SeenRecord::default()).await;
        self.checked(ctx, read)?.map(Record::new).transpose()
    }

    /// Finds the record of a connection by its name in the team.
    pub(crate) async fn find(&self, ctx: &Context, name: &str) -> Result<Option<Record>> {
        let found = self.team.find(&lookup_name(name)).await;
        self.checked(ctx, found)?.map(Record::new).transpose()
    }

    /// Every record with its version.
    pub(crate) async fn list(&self, ctx: &Context) -> Result<Vec<(RecordId, i64)>> {
        let listed = self.team.store().list().await;
        let listed = self.checked(ctx, listed)?;
        listed.into_iter().map(|record| Ok((record.id, stored_version(record.version)?))).collect()
    }

    /// Adds the record of a connection.
    pub(crate) async fn insert(
        &self,
        ctx: &Context,
        of: &SharedRow,
        document: &SharedDocument,
        manage: &ManageDocument,
    ) -> Result<Written> {
        let (tokens, definition, app) =
            (document.write_tokens()?, document.write_definition()?, manage.write()?);
        // The same ID for each attempt: an answer that was lost does no harm.
        let (id, write_id) = (RecordId(of.record_id.clone()), WriteId(of.record_id.clone()));
        let update = Update {
            id: &id,
            replaces: None,
            write_id: &write_id,
            tokens: &tokens,
            definition: Some(Definition { name: &lookup_name(document.name()), content: &definition }),
            app: Some(&app),
        };
        let written = self.team.write(&update).await;
        self.checked(ctx, written)
    }

    /// Replaces a record that was read; with `manage`, the app with its other secrets, too.
    pub(crate) async fn write(
        &self,
        ctx: &Context,
        record: &Record,
        document: &SharedDocument,
        manage: Option<&ManageDocument>,
    ) -> Result<Written> {
        let (tokens, definition) = (document.write_tokens()?, document.write_definition()?);
        // Once it is not shared any more, the name is free for another record, and no secret is left.
        let (name, app) = if document.is_unshared() {
            (&record.inner.id.0, Some(ManageDocument::default().write()?))
        } else {
            (&record.inner.name, manage.map(ManageDocument::write).transpose()?)
        };
        let is_same = app.is_none() && document.has_definition_of(&record.document)?;
        let update = Update {
            id: &record.inner.id,
            replaces: Some(&record.inner),
            write_id: &WriteId::random(),
            tokens: &tokens,
            definition: (!is_same).then_some(Definition { name, content: &definition }),
            app: app.as_ref().map(|app| app.as_slice()),
        };
        let written = self.team.write(&update).await;
        self.checked(ctx, written)
    }

    /// The changes of the team's records from now on.
    pub(crate) async fn watch(&self, ctx: &Context) -> Result<broadcast::Receiver<Change>> {
        let watched = self.team.store().watch().await;
        self.checked(ctx, watched)
    }

    /// Asks the database whether it is there.
    pub(crate) async fn check(&self, ctx: &Context) -> Result<()> {
        let asked = self.team.store().team().await;
        self.checked(ctx, asked).map(drop)
    }
}

/// Names are found without regard to ASCII case and surrounding spaces, as here.
fn lookup_name(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

/// Records that a team's database cannot be used.
pub(crate) fn set_unreachable(ctx: &Context, id: &TeamId, error: &Error) {
    let now = TeamUnreachable { since: ctx.now(), error: error.clone() };
    let stored = ctx.store.write(|tx| {
        let is_new = team::set_unreachable(tx, id, &now)?;
        if is_new && let Some(team) = team::get(tx, id)? {
            let text = format!("The team “{}” cannot be used. {}", team.name, error.message);
            activity::add(tx, now.since, Kind::TeamFailed, &text, (None, None))?;
        }
        Ok(is_new)
    });
    match stored {
        Ok(true) => ctx.emit(Event::Teams),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "it could not be stored that a team cannot be reached"),
    }
}

fn damaged() -> Error {
    Error::new(Code::DataDamaged, "What is stored of this team cannot be read.")
        .means("The tokens held here are kept as they are.")
        .hint("Leave the team, and join it again with a new invitation.")
}
