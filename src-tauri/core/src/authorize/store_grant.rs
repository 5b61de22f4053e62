//! Stores a new grant in the connection that was reconnected, unless another account signed in. Tokens of one account
//! never silently replace those of another.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::attempt::Phase;
use grapnel_model::authorization_details::DetailsComparison;
use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::token_response::Deviation;
use grapnel_oauth::http::api::ApiToken;
use grapnel_oauth::http::token::Grant;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::{self as store, activity, connection, derived_token};

use super::attempts::emit_attempt;
use super::exchange::Exchanged;
use crate::content::{self, IdToken};
use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::ExchangeLog;
use crate::grant;
use crate::revoke;
use crate::shared_record;
use crate::signed_in::ConfiguredApp;
use crate::unique_names::UniqueNames;

/// Stores the grant of a sign-in: the connection, its tokens and the attempt's progress, in one transaction.
pub(super) async fn store_grant(
    ctx: &Arc<Context>,
    row: &AttemptRow,
    app: &ConfiguredApp,
    Exchanged { client, mut grant, id_token }: Exchanged,
    log: &ExchangeLog,
) -> Result<GrantTarget> {
    log.mask(grant.secrets());
    if row.authorization_details.is_some() && grant.authorization_details.is_none() {
        grant.deviations.push(details_not_reported());
    }
    if dpop_key::lacks_binding(&client.config, &grant, false) {
        let error = dpop_key::not_bound(&client.provider, &client.config).means(
            "The app requires that. The tokens were not kept, and are revoked if the provider offers it.",
        );
        log.reject(ExchangeKind::Token, &error);
        Box::pin(revoke::revoke_unwanted(ctx, (&app.row, &client.config), &grant)).await?;
        return Err(error);
    }
    let target = choose_target(ctx, row, app, (&grant, client.token_of(&grant)), id_token.as_ref()).await?;
    if id_token.is_none() {
        grant.id_token = None;
    }
    let app = &app.row;
    let id = target.id().clone();
    let mut sealed = grant::seal(ctx, &id, &client, grant, (row.grant_type, None)).await?;
    let details = &mut sealed.metadata.authorization_details;
    details.requested.clone_from(&row.authorization_details);
    let differ = details.comparison() == DetailsComparison::Different;
    let (now, exchange) = (ctx.now(), log.last_of(ExchangeKind::Token));
    let exchange = exchange.map(|exchange| exchange.view.summary.id);
    ctx.store.write(|tx| {
        let new_name = match &target {
            GrantTarget::Again(..) => None,
            GrantTarget::New(_) => Some(row.name.as_ref().unwrap_or(&app.name)),
            GrantTarget::Beside { name, .. } => Some(name),
        };
        let version = match new_name {
            None => connection::get(tx, &id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.version,
            Some(name) => {
                connection::insert(tx, &id, &app.id, &unique_name(tx, name)?, now)?;
                0
            }
        };
        connection::set_grant(tx, &id, version, &sealed)?;
        derived_token::clear(tx, &id)?;
        ctx.save_clock_offset(tx)?;
        connection::clear_identity(tx, &id)?;
        if let Some(IdToken { account, claims }) = &id_token {
            connection::set_identity(tx, &id, Some(account), None)?;
            connection::set_id_claims(tx, &id, claims)?;
        }
        // Read again, since the browser choice may have been withdrawn after the attempt was claimed.
        if let Some(browser) = store::attempt::get(tx, &row.id)?.and_then(|row| row.browser) {
            connection::set_browser(tx, &id, &browser)?;
        }
        store::attempt::set_connection(tx, &row.id, &id)?;
        store::attempt::set_exchange(tx, &row.id, &row.exchange)?;
        if let GrantTarget::Beside { intended_connection, .. } = &target {
            store::attempt::set_intended_connection(tx, &row.id, Some(intended_connection))?;
            let text =
                "Another account signed in. It is a connection of its own, and nothing was changed here.";
            activity::add(tx, now, Kind::OtherAccount, text, (Some(intended_connection), Some(&app.id)))?;
        }
        store::attempt::advance(tx, &row.id, Phase::Exchanging, Phase::Identifying)?;
        let text = if row.grant_type.has_person() { "Signed in." } else { "Connected as the app itself." };
        let text = if differ { format!("{text} {OTHER_DETAILS}") } else { text.to_owned() };
        activity::add(tx, now, Kind::SignedIn, &text, (Some(&id), Some(&app.id)))?;
        exchange.as_ref().map_or(Ok(()), |exchange| activity::link_last(tx, exchange))
    })?;
    ctx.emit(Event::Connection(id.clone()));
    emit_attempt(ctx, &row.id)?;
    // The other computers of a team get a new sign-in at once; later, if their database cannot be reached now.
    let pushed = tokio::time::timeout(TEAM_TIMEOUT, Box::pin(shared_record::push_pending(ctx, &id))).await;
    if !matches!(pushed, Ok(Ok(()))) {
        tracing::info!("the team does not have the new sign-in yet");
    }
    Ok(target)
}

/// How long a sign-in waits for the team's database. A browser waits for its last page meanwhile.
const TEAM_TIMEOUT: Duration = Duration::from_secs(3);

/// What the activity says if they differ.
const OTHER_DETAILS: &str = "The provider granted other authorization details than were requested.";

/// RFC 9396 §7: the response has what was granted.
fn details_not_reported() -> Deviation {
    let found = "were missing, so that it is unknown what was granted of those requested";
    Deviation { member: "authorization_details".into(), found: found.into() }
}

fn unique_name(tx: &rusqlite::Connection, wanted: &str) -> rusqlite::Result<String> {
    let mut names = UniqueNames::default();
    connection::names(tx)?.iter().for_each(|name| names.take(name));
    Ok(names.unique(wanted))
}

/// The connection to store a grant in.
pub(super) enum GrantTarget {
    /// A new connection.
    New(ConnectionId),
    /// The connection that was reconnected, with its previous account, if known.
    Again(ConnectionId, Option<Account>),
    /// A new connection, since the one to be reconnected belongs to another account.
    Beside { new: ConnectionId, intended_connection: ConnectionId, name: String },
}

impl GrantTarget {
    pub(super) fn id(&self) -> &ConnectionId {
        match self {
            Self::New(id) | Self::Again(id, _) | Self::Beside { new: id, .. } => id,
        }
    }
}

/// Chooses the connection for a grant. If accounts must be compared and no ID token names the account, it is fetched
/// with the new access token; a failure of that is ignored.
async fn choose_target(
    ctx: &Arc<Context>,
    row: &AttemptRow,
    app: &ConfiguredApp,
    (granted, token): (&Grant, ApiToken),
    id_token: Option<&IdToken>,
) -> Result<GrantTarget> {
    let Some(id) = row.connection_id.clone() else { return Ok(GrantTarget::New(ConnectionId::random())) };
    let Some(there) = ctx.store.read(|c| connection::get(c, &id))? else {
        return Ok(GrantTarget::Again(id, None));
    };
    let Some(before) = there.identity.account else { return Ok(GrantTarget::Again(id, None)) };
    let now = match id_token {
        Some(id_token) => Some(id_token.account.clone()),
        None if row.replaces_account || !row.grant_type.has_person() => None,
        None => content::account_of_new(ctx, &id, app, (granted, token)).await,
    };
    match now {
        Some(now) if !row.replaces_account && !now.is_same(&before) => {
            Ok(GrantTarget::Beside { new: ConnectionId::random(), intended_connection: id, name: there.name })
        }
        _ => Ok(GrantTarget::Again(id, Some(before))),
    }
}
