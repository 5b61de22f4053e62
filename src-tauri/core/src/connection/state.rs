//! Computes the status of a connection from the stored data and the current time.

use std::collections::HashMap;

use grapnel_model::connection::{Details, FailedRefreshes, State, Summary};
use grapnel_model::error::{Error, Result};
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::Profile;
use grapnel_model::team::SharedConnection;
use grapnel_store::app::AppRow;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::connection_status::ConnectionStatus;
use grapnel_store::{derived_token, shared_connection, team};
use jiff::Timestamp;

use super::scopes::{self, Issued};
use crate::app::{self, App};
use crate::context::Context;
use crate::grant;
use crate::refresh;

/// What every connection's status depends on, read once.
pub(super) struct StatusContext<'a> {
    ctx: &'a Context,
    apps: HashMap<AppId, App>,
    is_locked: bool,
    time: Timestamp,
}

impl<'a> StatusContext<'a> {
    pub(super) fn of(ctx: &'a Context, apps: Vec<App>) -> Self {
        let apps = apps.into_iter().map(|app| (app.id.clone(), app)).collect();
        Self { ctx, apps, is_locked: ctx.vault.error().is_some(), time: ctx.time.now() }
    }

    /// The list entries. A connection whose app was deleted between two reads is left out.
    pub(super) fn summaries(&self, all: Vec<ConnectionStatus>) -> Vec<Summary> {
        all.into_iter().filter_map(|one| self.summary(one)).collect()
    }

    pub(super) fn summary(&self, of: ConnectionStatus) -> Option<Summary> {
        let app = self.apps.get(&of.app_id)?;
        Some(Summary {
            state: self.state(&of, app),
            lacks_scopes: of.held.is_some() && lacks_scopes(&of, app),
            can_refresh: of.can_refresh(),
            id: of.id,
            name: of.name,
            app_id: of.app_id,
            app_name: app.name.clone(),
            environment: app.environment.clone(),
            provider: app.provider.clone(),
            provider_name: app.provider_name.clone(),
            expires_at: of.held.and_then(|held| held.expires_at),
            retry_at: of.retry_at,
            sign_in_due: of.notice.filter(|notice| notice.from <= self.time).map(|notice| notice.due),
            annotations: of.annotations,
            team: of.team,
        })
    }

    fn state(&self, of: &ConnectionStatus, app: &App) -> State {
        let Some(held) = &of.held else { return State::Disconnected };
        // While tokens only wait to be stored, no refresh is in progress.
        let is_unsaved = self.ctx.unsaved_of(&of.id, of.version).is_some();
        if self.ctx.is_refreshing(&of.id) && !is_unsaved {
            return State::Refreshing;
        }
        if self.is_locked {
            return State::Locked;
        }
        if error(self.ctx, of, app).is_some_and(|error| error.code.needs_person()) {
            return State::ReconnectNeeded;
        }
        if of.retry_at.is_some() || is_unsaved {
            return State::Retrying;
        }
        if held.expires_at.is_some_and(|end| end <= self.time) { State::Expired } else { State::Active }
    }
}

/// Whether requested scopes were not granted. Aliases are looked up only if the names differ, which is rare and needs
/// the profile.
fn lacks_scopes(of: &ConnectionStatus, app: &App) -> bool {
    if of.scopes.is_empty() || app.scopes.iter().all(|scope| of.scopes.contains(scope)) {
        return false;
    }
    let config = Profile::find(&app.provider).and_then(|profile| profile.config(&app.overrides));
    let aliases = config.map(|now| now.scope_aliases).unwrap_or_default();
    let issued = Issued { refresh_token: of.refreshes, id_token: of.has_id_token };
    !scopes::compare(app.scopes.clone(), of.scopes.clone(), &aliases, issued).missing.is_empty()
}

/// What is wrong with a connection: the app's endpoints include an origin that its tokens were not issued for, its new
/// tokens could not be stored, or the recorded error.
fn error(ctx: &Context, of: &ConnectionStatus, app: &App) -> Option<Error> {
    let config = || Profile::find(&app.provider)?.config(&app.overrides);
    let moved = of.allowed_origins.is_some() && of.held.is_some();
    let moved =
        moved.then(|| config().and_then(|now| grant::may_be_sent(of.allowed_origins.as_ref(), &now)).err());
    let unsaved = || ctx.unsaved_of(&of.id, of.version).map(|unsaved| unsaved.error);
    moved.flatten().or_else(unsaved).or_else(|| of.error.clone())
}

/// The details of a connection.
pub(super) fn details(ctx: &Context, row: ConnectionRow, app: AppRow) -> Result<Details> {
    let (standing, app) = (ConnectionStatus::from(&row), app::view(app)?);
    let error = error(ctx, &standing, &app);
    let issued = Issued { refresh_token: standing.refreshes, id_token: standing.has_id_token };
    let profile = Profile::find(&app.provider)?;
    let (requested, portal) = (app.scopes.clone(), profile.portal_of(&app.overrides).to_owned());
    let aliases = profile.config(&app.overrides).map(|now| now.scope_aliases).unwrap_or_default();
    let mut summary = StatusContext::of(ctx, vec![app]).summary(standing).ok_or_else(Error::no_app)?;
    let shared = shared(ctx, &row.id)?;
    summary.team = shared.as_ref().map(|shared| shared.team_name.clone());
    let retry = &row.refresh_status.retry;
    let failed_refreshes = (retry.failures > 0).then(|| FailedRefreshes {
        count: retry.failures,
        last_at: retry.failed_at,
        cause: error.as_ref().and_then(Error::short_cause),
    });
    let identity = row.identity;
    Ok(Details {
        summary,
        account: identity.account,
        identity_note: identity.note,
        application: identity.application,
        authorization: identity.authorization,
        error,
        failed_refreshes,
        scopes: scopes::compare(requested, row.scopes, &aliases, issued),
        project_ids: row.project_ids,
        refreshes_at: refresh::refreshes_at(ctx, &row.id)?,
        shared,
        authorization_details: row
            .grant
            .as_ref()
            .and_then(|grant| grant.metadata.authorization_details.view()),
        tokens: row.grant.map(|grant| grant.metadata),
        derived_tokens: ctx
            .store
            .read(|c| derived_token::all(c, &row.id))?
            .into_iter()
            .map(Into::into)
            .collect(),
        deviations: row.deviations,
        token_response: row.token_response,
        claims: identity.claims,
        id_claims: identity.id_claims,
        introspected_at: identity.introspected_at,
        created_at: row.created_at,
        browser: row.browser,
        portal,
    })
}

/// What is shared of a connection with a team.
fn shared(ctx: &Context, id: &ConnectionId) -> Result<Option<SharedConnection>> {
    let found = ctx.store.read(|c| {
        let Some(shared) = shared_connection::get(c, id)? else { return Ok(None) };
        Ok(team::get(c, &shared.team_id)?.map(|team| (shared, team)))
    })?;
    Ok(found.map(|(shared, team)| SharedConnection {
        team_id: team.id,
        team_name: team.name,
        role: team.role,
        refreshed: shared.refreshed,
        pending_since: shared.pending_since,
        conflict: shared.conflict,
        unreachable: team.unreachable,
    }))
}
