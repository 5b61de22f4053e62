//! Where a connection stands, worked out from what is kept and what time it is.

use super::view::{Details, Scopes, State, Summary};
use crate::app::App;
use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::grant;
use crate::provider::Profile;
use crate::refresh;
use crate::store::connection::ConnectionRow;

/// The state of a connection now.
fn state(env: &Env, row: &ConnectionRow, app: &App) -> State {
    let Some(held) = &row.held else { return State::Disconnected };
    // Tokens that only wait to be written are asked of nobody.
    let is_unsaved = env.unsaved_of(row).is_some();
    if env.is_renewing(&row.id) && !is_unsaved {
        return State::Renewing;
    }
    if env.vault.trouble().is_some() {
        return State::Locked;
    }
    if trouble(env, row, app).is_some_and(|trouble| trouble.code == Code::ReconnectNeeded) {
        return State::ReconnectNeeded;
    }
    if row.retry.at.is_some() || is_unsaved {
        return State::Retrying;
    }
    if held.expires_at.is_some_and(|end| end <= env.time.now()) { State::Expired } else { State::Active }
}

/// What is wrong with a connection: that its app's hosts are others than its tokens were saved for, that its new tokens
/// are in memory alone, or what was noted.
fn trouble(env: &Env, row: &ConnectionRow, app: &App) -> Option<Error> {
    let conventions = || Profile::find(&app.provider)?.conventions(&app.overrides);
    let moved = row.kept_for.is_some() && row.held.is_some();
    let moved = moved.then(|| conventions().and_then(|now| grant::may_be_sent(row, &now)).err());
    moved
        .flatten()
        .or_else(|| env.unsaved_of(row).map(|unsaved| unsaved.trouble))
        .or_else(|| row.trouble.clone())
}

/// A line of the list. Nothing where the connection's app is gone between two reads.
pub(super) fn summary(env: &Env, row: &ConnectionRow, apps: &[App]) -> Option<Summary> {
    let app = apps.iter().find(|app| app.id == row.app_id)?;
    Some(Summary {
        id: row.id.clone(),
        name: row.name.clone(),
        app_id: app.id.clone(),
        app_name: app.name.clone(),
        provider: app.provider.clone(),
        provider_name: app.provider_name.clone(),
        state: state(env, row, app),
        expires_at: row.held.as_ref().and_then(|held| held.expires_at),
        retry_at: row.retry.at,
    })
}

/// Everything about a connection.
pub(super) fn details(env: &Env, row: ConnectionRow, apps: &[App]) -> Result<Details> {
    let summary = summary(env, &row, apps).ok_or_else(Error::no_app)?;
    let app = apps.iter().find(|app| app.id == row.app_id);
    let trouble = app.and_then(|app| trouble(env, &row, app));
    let renews = row.sealed_refresh.is_some();
    let portal = Profile::find(&summary.provider)?.portal.clone();
    Ok(Details {
        summary,
        account: row.account,
        application: row.application,
        authorization: row.authorization,
        trouble,
        scopes: scopes(app, row.scopes, renews),
        project_ids: row.project_ids,
        renews_at: refresh::renews_at(env, &row.id)?,
        tokens: row.held,
        deviations: row.deviations,
        seen: row.seen,
        claims: row.claims,
        introspected_at: row.introspected_at,
        created_at: row.created_at,
        browser: row.browser,
        portal,
    })
}

/// A provider that says nothing of scopes granted what was asked for (RFC 6749 §5.1).
fn scopes(app: Option<&App>, granted: Vec<String>, renews: bool) -> Scopes {
    let requested = app.map(|app| app.scopes.clone()).unwrap_or_default();
    if granted.is_empty() {
        return Scopes { granted: requested.clone(), requested, missing: Vec::new() };
    }
    // A refresh token is what this scope asks for (OpenID Connect Core §11); some providers do not name it again.
    let is_held =
        |scope: &str| granted.iter().any(|one| one == scope) || (renews && scope == "offline_access");
    let missing = requested.iter().filter(|scope| !is_held(scope)).cloned().collect();
    Scopes { requested, granted, missing }
}
