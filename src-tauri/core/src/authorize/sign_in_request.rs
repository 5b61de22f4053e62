//! What a sign-in is for, and the attempt that it becomes.

use grapnel_model::activity::Kind;
use grapnel_model::attempt::Phase;
use grapnel_model::authorization_details::AuthorizationDetails;
use grapnel_model::error::{Error, Result};
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::provider::{GrantType, ProviderConfig};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::random;
use grapnel_oauth::authorization_request::Authentication;
use grapnel_oauth::http::challenge::is_scope;
use grapnel_store::app::AppRow;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::{self as store, activity, connection};
use jiff::SignedDuration;

use super::attempt_timeout::watch;
use crate::context::Context;
use std::sync::Arc;

/// How long an attempt waits for its callback.
const ATTEMPT_TIMEOUT: SignedDuration = SignedDuration::from_mins(10);
/// How long finished attempts are kept, so that a late callback can be explained.
const ENDED_ATTEMPT_RETENTION: SignedDuration = SignedDuration::from_hours(24 * 7);

/// What a sign-in is for.
#[derive(Debug, Clone, Default)]
pub struct SignInRequest {
    /// The connection to reconnect; `None` for a new one.
    pub again: Option<ConnectionId>,
    /// The name of a new connection; by default the app's name.
    pub name: Option<String>,
    /// Whether another account than the connection's replaces it without confirmation.
    pub replaces_account: bool,
    /// The account to sign in with, such as an email address; by default the connection's account, if it is known.
    pub login_hint: Option<String>,
    /// Whether the provider should let the person choose an account.
    pub another_account: bool,
    /// How the account authenticates.
    pub authentication: Authentication,
    /// Whether the person signs in on another device (RFC 8628), even if the app's grant is another.
    pub by_device: bool,
    /// Scopes to ask for besides those of the app and those that the connection has, such as after an API refused a
    /// request for want of them (RFC 6750 §3.1). Empty: the app's scopes alone.
    pub more_scopes: Vec<String>,
    /// The authorization details of this sign-in (RFC 9396), instead of those of the app.
    pub authorization_details: Option<AuthorizationDetails>,
}

impl SignInRequest {
    /// The grant by which the tokens are obtained.
    pub(super) fn grant_type(&self, config: &ProviderConfig) -> GrantType {
        if self.by_device { GrantType::DeviceCode } else { config.grant_type() }
    }

    /// Refuses more scopes that are none by RFC 6749 §3.3.
    pub(crate) fn check_more_scopes(&self) -> Result<()> {
        let Some(wrong) = self.more_scopes.iter().find(|scope| !is_scope(scope)) else { return Ok(()) };
        Err(Error::input("scope", format!("“{}” is not a scope.", clean(wrong, &[])))
            .means("Nothing was sent."))
    }

    /// The scopes to ask for. A step-up keeps what was granted before.
    pub(super) fn scopes(&self, app: &AppRow, again: Option<&ConnectionRow>) -> Result<Vec<String>> {
        if self.more_scopes.is_empty() {
            return Ok(app.scopes.clone());
        }
        self.check_more_scopes()?;
        let granted = again.map(|row| row.scopes.as_slice()).unwrap_or_default();
        let mut all: Vec<String> = Vec::new();
        for scope in app.scopes.iter().chain(granted).chain(&self.more_scopes) {
            if !all.contains(scope) {
                all.push(scope.clone());
            }
        }
        Ok(all)
    }

    /// Refuses a request for another app's connection, or with a name that is taken. Returns the connection to
    /// reconnect.
    pub(super) fn check(&self, ctx: &Context, app_id: &AppId) -> Result<Option<ConnectionRow>> {
        if let Some(id) = &self.again {
            let row = ctx.store.read(|c| connection::get(c, id))?.filter(|row| row.app_id == *app_id);
            return row.ok_or_else(Error::no_connection).map(Some);
        }
        if let Some(name) = &self.name
            && ctx.store.read(|c| connection::name_is_taken(c, name))?
        {
            return Err(Error::input("name", format!("There is already a connection called “{name}”."))
                .hint("Choose another name."));
        }
        Ok(None)
    }

    /// Refuses an account choice, which a grant without an authorization request has no parameter for.
    pub(super) fn check_no_account(&self, grant_type: GrantType) -> Result<()> {
        let (field, what) = match (&self.login_hint, self.another_account) {
            (Some(_), _) => ("login_hint", "name the account"),
            (None, true) => ("another_account", "name the account"),
            (None, false) if self.authentication != Authentication::default() => {
                ("prompt", "say how the account authenticates")
            }
            (None, false) => return Ok(()),
        };
        Err(Error::input(field, format!("The {} has no way to {what}.", grant_type.title()))
            .means("Nothing was sent."))
    }

    /// Refuses more scopes for a grant without a person.
    pub(super) fn check_no_scopes(&self) -> Result<()> {
        if self.more_scopes.is_empty() {
            return Ok(());
        }
        Err(Error::input("scope", "An app that connects as itself asks for its own scopes.")
            .means("Nothing was sent.")
            .hint(format!("Add to the app’s scopes: {}.", self.more_scopes.join(" "))))
    }

    /// Refuses authorization details for a grant without a person.
    pub(super) fn check_no_details(&self) -> Result<()> {
        if self.authorization_details.is_none() {
            return Ok(());
        }
        let message = "An app that connects as itself asks for its own authorization details.";
        Err(Error::input("authorization_details", message)
            .means("Nothing was sent.")
            .hint("Set authorization_details for the app: each new token is asked for with them."))
    }

    /// A waiting attempt without secrets.
    pub(super) fn attempt(&self, ctx: &Context, app_id: &AppId, grant_type: GrantType) -> AttemptRow {
        let now = ctx.now();
        AttemptRow {
            id: AttemptId::random(),
            app_id: app_id.clone(),
            grant_type,
            connection_id: self.again.clone(),
            name: self.name.clone(),
            // No callback has this state.
            state_hash: random::<32>().to_vec(),
            sealed_verifier: None,
            sealed_url: None,
            sealed_dpop: None,
            redirect_uri: String::new(),
            phase: Phase::Waiting,
            started_at: now,
            expires_at: now + ATTEMPT_TIMEOUT,
            exchange: Vec::new(),
            error: None,
            browser: None,
            refused: None,
            max_age: None,
            authorization_details: None,
            nonce_hash: None,
            replaces_account: self.replaces_account,
            intended_connection: None,
        }
    }
}

/// Stores a new attempt, and times it out if it waits too long.
pub(super) fn store_attempt(ctx: &Arc<Context>, row: &AttemptRow) -> Result<()> {
    // Locked before other processes can see the attempt.
    let waits = ctx.store.try_attempt_lock(&row.id)?;
    ctx.store.write(|tx| {
        store::attempt::forget_before(tx, row.started_at - ENDED_ATTEMPT_RETENTION)?;
        store::attempt::insert(tx, row)?;
        let text =
            if row.grant_type.has_person() { "Sign-in started." } else { "An access token is requested." };
        let of = (row.connection_id.as_ref(), Some(&row.app_id));
        activity::add(tx, row.started_at, Kind::SignInStarted, text, of)
    })?;
    watch(ctx, row, waits);
    Ok(())
}
