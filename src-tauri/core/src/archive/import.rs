//! Imports an archive. Its records are added; existing ones are never replaced. A record that exists already is
//! skipped, one whose name is taken gets a new name, and an invalid one is left out with the reason.

use std::collections::HashMap;
use std::sync::Arc;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::annotations::Annotations;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::{Origins, OtherHost, Profile, ProviderConfig};
use grapnel_model::secret::TokenPreview;
use grapnel_model::text::clean_line;
use grapnel_store::app::AppRow;
use grapnel_store::connection::{ConnectionRow, SealedGrant};
use grapnel_store::{self as store, activity, connection};
use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::checks::{as_new_app, check_connection, cleaned, has_secrets, is_same, shown};
use crate::app::{self, ValidatedApp, shown_name};
use crate::archive_document::{Archive, ArchivedApp, ArchivedConnection, sealed_grant};
use crate::connection::cleaned_annotations;
use crate::context::Context;
use crate::unique_names::UniqueNames;

/// Options of an import.
#[derive(Debug, Clone, Copy)]
pub struct Import {
    /// Whether to import the tokens. Without them, each connection needs a new sign-in.
    pub with_tokens: bool,
    /// Whether to only report what would be imported.
    pub dry_run: bool,
}

/// The result of an import, or of a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Imported {
    /// When the file was written.
    pub exported_at: Timestamp,
    /// The result for each record of the file, each app before its connections.
    pub lines: Vec<ImportedRecord>,
    /// How many connections have a refresh token. It must no longer be used on another computer.
    #[serde(rename = "renewable")]
    pub refreshable: u32,
}

/// The result for one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ImportedRecord {
    /// The kind of record.
    pub what: RecordKind,
    /// Its name in the file.
    pub name: String,
    /// The result.
    pub outcome: ImportOutcome,
    /// Its name here.
    pub here: String,
    /// An explanation, if there is one.
    pub why: Option<String>,
    /// For an added app, the hosts that do not belong to its provider.
    pub other_hosts: Vec<OtherHost>,
}

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// An app.
    App,
    /// A connection.
    Connection,
}

/// The result for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// It was added.
    Added,
    /// It was added under a new name.
    Renamed,
    /// It exists already and was left unchanged.
    Same,
    /// It is invalid or unusable and was left out.
    LeftOut,
}

/// Imports an archive. All valid records are stored in one transaction.
pub(crate) async fn import(ctx: &Arc<Context>, archive: &Archive, how: Import) -> Result<Imported> {
    import_and(ctx, archive, how, Source::File, |_| Ok(())).await
}

/// Where an archive is from, for the activity.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A file.
    File,
    /// The team of this name, which shares its connection.
    Team(&'a str),
}

impl Source<'_> {
    fn of_app(self, name: &str) -> (Kind, String) {
        match self {
            Self::File => (Kind::Imported, format!("App “{name}” added from a file.")),
            Self::Team(team) => (
                Kind::TeamChanged,
                format!("App “{name}” added: the team “{team}” shared a connection of it."),
            ),
        }
    }

    fn of_connection(self, has_tokens: bool) -> (Kind, String) {
        let tokens = if has_tokens { "with its tokens" } else { "without tokens" };
        match self {
            Self::File => (Kind::Imported, format!("Added from a file, {tokens}.")),
            Self::Team(team) => (Kind::TeamChanged, format!("Shared by the team “{team}”, {tokens}.")),
        }
    }
}

/// Like [`import`]; `also` is written in the same transaction.
pub(crate) async fn import_and(
    ctx: &Arc<Context>,
    archive: &Archive,
    how: Import,
    source: Source<'_>,
    also: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send,
) -> Result<Imported> {
    let _working = ctx.begin_sealed_write().await?;
    let mut plan = ImportPlan::start(ctx, archive, how)?;
    for app in &archive.apps {
        plan.app(ctx, app).await?;
    }
    if !how.dry_run {
        plan.store(ctx, source, also)?;
    }
    Ok(plan.report)
}

/// The records to add, and the report about them.
struct ImportPlan {
    report: Imported,
    with_tokens: bool,
    apps: Vec<AppRow>,
    connections: Vec<New>,
    /// The index of each new connection by its ID in the file.
    in_file: HashMap<ConnectionId, usize>,
    /// The existing apps by provider and client ID.
    known_apps: HashMap<(String, String), Vec<AppRow>>,
    /// Those connections of the archive that exist already.
    known_connections: HashMap<ConnectionId, ConnectionRow>,
    app_names: UniqueNames,
    /// The names of the new connections.
    connection_names: UniqueNames,
}

/// A connection to be added.
struct New {
    id: ConnectionId,
    app_id: AppId,
    name: String,
    created_at: Timestamp,
    account: Option<Account>,
    allowed_origins: Option<Origins>,
    annotations: Annotations,
    /// `None` if the connection needs a new sign-in.
    grant: Option<SealedGrant>,
}

impl ImportPlan {
    fn start(ctx: &Context, archive: &Archive, how: Import) -> Result<Self> {
        // Of the connections, only what the archive names: a team's machine takes in very many, one by one.
        let (apps, known_connections) = ctx.store.read(|c| {
            let mut known = HashMap::new();
            for one in archive.apps.iter().flat_map(|app| &app.connections) {
                let id = ConnectionId(one.id.clone());
                if let Some(row) = connection::get(c, &id)? {
                    known.insert(id, row);
                }
            }
            Ok((store::app::all(c)?, known))
        })?;
        let mut app_names = UniqueNames::default();
        for app in &apps {
            app_names.take(&app.name);
        }
        let mut known_apps: HashMap<_, Vec<AppRow>> = HashMap::new();
        for app in apps {
            known_apps.entry((app.provider.clone(), app.client_id.clone())).or_default().push(app);
        }
        Ok(Self {
            report: Imported { exported_at: archive.exported_at, lines: Vec::new(), refreshable: 0 },
            with_tokens: how.with_tokens,
            apps: Vec::new(),
            connections: Vec::new(),
            in_file: HashMap::new(),
            known_apps,
            known_connections,
            app_names,
            connection_names: UniqueNames::default(),
        })
    }

    async fn app(&mut self, ctx: &Context, app: &ArchivedApp) -> Result<()> {
        let possible = match app::validate(as_new_app(app), ctx.now()) {
            Ok(possible) => possible,
            Err(error) => {
                self.left_out(RecordKind::App, &app.name, &error);
                for one in &app.connections {
                    self.line(
                        RecordKind::Connection,
                        &one.name,
                        ImportOutcome::LeftOut,
                        "",
                        Some("Its app cannot be taken in.".into()),
                    );
                }
                return Ok(());
            }
        };
        let config = Profile::find(&possible.row.provider)?.config(&possible.row.overrides)?;
        let id = self.same_or_new(ctx, app, possible).await?;
        for one in &app.connections {
            self.connection(ctx, &id, &config, one).await?;
        }
        Ok(())
    }

    /// The existing app that equals this one in everything but perhaps name and environment, or else a new one.
    async fn same_or_new(
        &mut self,
        ctx: &Context,
        out: &ArchivedApp,
        mut possible: ValidatedApp,
    ) -> Result<AppId> {
        let key = (possible.row.provider.clone(), possible.row.client_id.clone());
        for known in self.known_apps.get(&key).into_iter().flatten() {
            if is_same(known, &possible.row) && has_secrets(ctx, known, &possible).await? {
                let (id, here) = (known.id.clone(), known.name.clone());
                self.line(RecordKind::App, &out.name, ImportOutcome::Same, &here, None);
                return Ok(id);
            }
        }
        possible.row.name = self.app_names.unique(&possible.row.name);
        let review = Profile::find(&possible.row.provider)?.review(&possible.row.overrides);
        let told: Vec<String> = review.sentences().collect();
        let why = Some(told.join(" ")).filter(|why| !why.is_empty());
        self.added(RecordKind::App, &out.name, &possible.row.name, why);
        if let Some(line) = self.report.lines.last_mut() {
            line.other_hosts = review.other_hosts;
        }
        let mut row = app::sealed(ctx, possible).await?;
        let token = out.registration_token.as_ref().map(|token| &token.0);
        app::restore_registration(ctx, &mut row, out.registration.as_ref(), token).await?;
        let id = row.id.clone();
        self.apps.push(row);
        Ok(id)
    }

    async fn connection(
        &mut self,
        ctx: &Context,
        app_id: &AppId,
        config: &ProviderConfig,
        out: &ArchivedConnection,
    ) -> Result<()> {
        let id = ConnectionId(out.id.clone());
        let named = check_connection(out).and_then(|()| shown_name(&out.name));
        let name = match named {
            Ok(name) => name,
            Err(error) => {
                self.left_out(RecordKind::Connection, &out.name, &error);
                return Ok(());
            }
        };
        if let Some(known) = self.known_connections.get(&id) {
            let (here, why) = (known.name.clone(), why_same(known, out));
            self.line(RecordKind::Connection, &out.name, ImportOutcome::Same, &here, why);
            return Ok(());
        }
        if let Some(new) = self.in_file.get(&id).map(|at| &self.connections[*at]) {
            let (here, why) = (new.name.clone(), "It is in the file twice.".to_owned());
            self.line(RecordKind::Connection, &out.name, ImportOutcome::Same, &here, Some(why));
            return Ok(());
        }
        let grant = match out.tokens.as_ref().filter(|_| self.with_tokens) {
            Some(tokens) => Some(sealed_grant(ctx, &id, config, (out, tokens)).await?),
            None => None,
        };
        let is_taken = |name: &str| ctx.store.read(|c| connection::name_is_taken(c, name));
        let name = self.connection_names.unique_also(&name, is_taken)?;
        let waits = grant.is_none().then(|| "It waits for a sign-in.".to_owned());
        self.added(RecordKind::Connection, &out.name, &name, waits);
        self.report.refreshable += u32::from(grant.as_ref().is_some_and(|grant| grant.refresh.is_some()));
        self.in_file.insert(id.clone(), self.connections.len());
        // Without its browser: the programs on this computer are its own business, and a file must not start any.
        self.connections.push(New {
            id,
            app_id: app_id.clone(),
            name,
            created_at: out.created_at,
            account: out.account.as_ref().and_then(cleaned),
            allowed_origins: out.allowed_origins.clone(),
            annotations: cleaned_annotations(&out.annotations),
            grant,
        });
        Ok(())
    }

    fn store(
        &self,
        ctx: &Context,
        source: Source<'_>,
        also: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let now = ctx.now();
        ctx.store.write(|tx| {
            for app in &self.apps {
                let environment = store::app::known_environment(tx, app)?;
                store::app::insert(tx, &AppRow { environment, ..app.clone() })?;
                let (kind, text) = source.of_app(&app.name);
                activity::add(tx, now, kind, &text, (None, Some(&app.id)))?;
            }
            for new in &self.connections {
                connection::insert(tx, &new.id, &new.app_id, &new.name, new.created_at)?;
                if let Some(grant) = &new.grant {
                    connection::set_grant(tx, &new.id, 0, grant)?;
                }
                connection::set_annotations(tx, &new.id, &new.annotations)?;
                if let Some(origins) = &new.allowed_origins {
                    connection::set_allowed_origins(tx, &new.id, origins)?;
                }
                if let Some(account) = &new.account {
                    connection::set_account(tx, &new.id, account)?;
                }
                let (kind, text) = source.of_connection(new.grant.is_some());
                activity::add(tx, now, kind, &text, (Some(&new.id), Some(&new.app_id)))?;
            }
            also(tx)
        })?;
        ctx.emit(Event::Apps);
        for new in &self.connections {
            ctx.emit(Event::Connection(new.id.clone()));
        }
        Ok(())
    }

    fn left_out(&mut self, what: RecordKind, name: &str, error: &Error) {
        let hint = error.hint.as_deref().map(|hint| format!(" {hint}")).unwrap_or_default();
        self.line(what, name, ImportOutcome::LeftOut, "", Some(format!("{}{hint}", error.message)));
    }

    fn added(&mut self, what: RecordKind, name: &str, here: &str, why: Option<String>) {
        let outcome = if name.trim() == here { ImportOutcome::Added } else { ImportOutcome::Renamed };
        self.line(what, name, outcome, here, why);
    }

    fn line(
        &mut self,
        what: RecordKind,
        name: &str,
        outcome: ImportOutcome,
        here: &str,
        why: Option<String>,
    ) {
        // A reason may quote the file.
        let (name, why) = (shown(name), why.map(|why| clean_line(&why)));
        self.report.lines.push(ImportedRecord {
            what,
            name,
            outcome,
            here: here.into(),
            why,
            other_hosts: Vec::new(),
        });
    }
}

fn why_same(known: &ConnectionRow, out: &ArchivedConnection) -> Option<String> {
    let here = known.token_metadata().map(|held| &held.access.fingerprint);
    let there = out.tokens.as_ref().map(|tokens| TokenPreview::of(&tokens.access.0, "").fingerprint);
    match (here, there) {
        (Some(here), Some(there)) if *here != there => Some("It has other tokens here, which were kept.".into()),
        (None, Some(_)) => Some(
            "It is disconnected here, and stays so. To take the tokens of the file, remove it from the list first."
                .into(),
        ),
        _ => None,
    }
}
