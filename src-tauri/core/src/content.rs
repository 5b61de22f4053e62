//! The content that a connection gives access to, and the facts about its account and authorization.

mod account;
mod api;
pub mod export;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod grigora;
mod grindery;
mod grovestreams;
pub(crate) mod id_token;
mod identity;
pub(crate) mod jwt;
mod lenient_json;
mod posts;
mod read_cache;
pub(crate) mod signed_response;
mod standard;
mod the_grid;
mod write_cache;

use std::sync::Arc;

use grapnel_model::account::{Account, Application, Claims, Unverified};
use grapnel_model::content::{Collection, Items, Project, Projects};
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::Content;
use grapnel_model::secret::{ExposeSecret, SecretString};

use grapnel_oauth::http::Limits;
use grapnel_oauth::http::api::ApiToken;
use grapnel_oauth::http::token::Grant;
use grapnel_store::connection::{self, ConnectionRow};
use serde_json::json;

pub(crate) use id_token::{Asked as AskedIdToken, IdToken, check as check_id_token};
pub(crate) use posts::{load, posts};
pub use read_cache::CachedContent;

use crate::context::Context;
use crate::grant;
use crate::signed_in::ConfiguredApp;
use api::{Api, grigora_api, no_such};
use identity::Identity;
use read_cache::{count_posts, list_of};
use write_cache::{keep, named, of_project};

/// Why a connection by the client's own credentials has no account.
const NO_PERSON: &str = "The token is the app’s own: no person signed in.";

/// Fetches the account and the authorization, and stores each result independently of the others. `id_token` is the one
/// of the sign-in, which may not be stored, and must be masked in the responses.
pub(crate) async fn identify(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    id_token: Option<SecretString>,
) -> Result<()> {
    let api = Api::of(ctx, id)?.masking(id_token);
    let row = ctx.store.read(|c| connection::get(c, id))?.ok_or_else(Error::no_connection)?;
    let id_account = row.identity.id_claims.as_ref().and_then(account::of_claims);
    let claims = claims_of(&api).await?;
    ctx.store.write(|tx| connection::set_claims(tx, id, claims.as_ref()))?;
    verify_id_token(&api, &row).await?;
    let version = api.version().await?;
    let introspected = introspect(&api).await;
    let identity = if row.grant_type().has_person() {
        fetch_identity(&api, id_account, introspected.as_ref().ok(), claims.as_ref()).await
    } else {
        Ok(Identity { account: None, note: Some(NO_PERSON.to_owned()) })
    };
    if let Ok(Identity { account, note }) = &identity {
        ctx.store.write(|tx| connection::set_identity(tx, id, account.as_ref(), note.as_deref()))?;
    }
    if let Ok(Introspection { application, told: Some(told) }) = &introspected {
        let now = ctx.now();
        ctx.store.write(|tx| {
            if let Some(end) = told.authorization.expires_at.filter(|_| told.authorization.is_active) {
                connection::set_introspected_end(tx, id, version, end)?;
            }
            connection::set_introspection(tx, id, application.as_ref(), &told.authorization, now)
        })?;
    }
    ctx.emit(Event::Connection(id.clone()));
    identity.and(introspected.map(drop))
}

/// The account of a grant that is not stored yet, fetched with its own access token. `None` if no endpoint returns it.
pub(crate) async fn account_of_new(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    app: &ConfiguredApp,
    granted: (&Grant, ApiToken),
) -> Option<Account> {
    let api = Api::of_new(ctx, id, app, granted).ok()?;
    let claims = claims_of(&api).await.ok()?;
    let introspected = introspect(&api).await.ok();
    fetch_identity(&api, None, introspected.as_ref(), claims.as_ref()).await.ok()?.account
}

/// Verifies the signature of an ID token that came without a moment to do so. A wrong one is not kept.
async fn verify_id_token(api: &Api<'_>, row: &ConnectionRow) -> Result<()> {
    let claims = row.identity.id_claims.as_ref();
    let reason = claims.and_then(|claims| claims.signature.as_ref()?.unverified.as_ref());
    if reason != Some(&Unverified::KeysNotFetched) {
        return Ok(());
    }
    let Some(token) = grant::id_token(api.ctx, row).await? else { return Ok(()) };
    let Some(jwt) = jwt::Jwt::parse(token.expose_secret()) else { return Ok(()) };
    let verified = jwt.verify(&api.keys().await);
    let claims = jwt.view(&verified, &api.mask());
    let is_kept = verified != Err(Unverified::BadSignature);
    api.ctx.store.write(|tx| connection::set_verified_id_claims(tx, (&row.id, row.version), &claims, is_kept))
}

/// The claims of the access token, if it is a JWT.
async fn claims_of(api: &Api<'_>) -> Result<Option<Claims>> {
    let token = api.token().await?;
    let Some(jwt) = jwt::Jwt::parse(token.expose_secret()) else { return Ok(None) };
    Ok(Some(jwt.view(&jwt.verify(&api.keys().await), &api.mask())))
}

async fn fetch_identity(
    api: &Api<'_>,
    id_account: Option<Account>,
    introspected: Option<&Introspection>,
    claims: Option<&Claims>,
) -> Result<Identity> {
    let account = match api.config.content {
        Content::Grigora => grigora::fetch_account(api).await.map(Some)?,
        Content::Grindery => grindery::fetch_account(api, claims).await?,
        Content::TheGrid => the_grid::fetch_account(api).await.map(Some)?,
        Content::GroveStreams => grovestreams::fetch_account(api).await?,
        Content::None => {
            let told = introspected.and_then(|all| all.told.as_ref());
            return Ok(standard::fetch_identity(api, id_account, told, claims).await);
        }
    };
    let note = account.is_none().then(|| "The provider has no way to tell it.".to_owned());
    Ok(Identity { account, note })
}

/// The result of introspection: the application and the authorization.
struct Introspection {
    application: Option<Application>,
    told: Option<standard::Introspected>,
}

async fn introspect(api: &Api<'_>) -> Result<Introspection> {
    match api.config.content {
        Content::Grigora => {
            let (application, authorization) = grigora::introspect(api).await?;
            let told = standard::Introspected { authorization, account: None };
            Ok(Introspection { application, told: Some(told) })
        }
        _ => Ok(Introspection { application: None, told: standard::introspect(api).await }),
    }
}

/// The projects of the connection.
pub(crate) async fn projects(ctx: &Arc<Context>, id: &ConnectionId) -> Result<Projects> {
    let api = grigora_api(ctx, id)?;
    let reply = api.get("project/list", Limits::LIST).await?;
    let (as_of, mut projects) = (ctx.now(), api.understand(grigora::projects(reply))?);
    keep(ctx, list_of(id, "projects", ""), as_of, projects.iter().map(of_project)).await;
    // The list is complete without the number of cached posts.
    let _ = count_posts(ctx, id, &mut projects).await;
    Ok(Projects { as_of, projects })
}

/// The details of a project.
pub(crate) async fn project(ctx: &Arc<Context>, id: &ConnectionId, project_id: &str) -> Result<Project> {
    let api = grigora_api(ctx, id)?;
    let reply = api.post("project/details", json!({ "project_id": project_id })).await?;
    let project = api.understand(grigora::project(reply))?;
    keep(ctx, list_of(id, "project", project_id), ctx.now(), [of_project(&project)].into_iter()).await;
    Ok(project)
}

/// The collections of the connection, for APIs without projects.
pub(crate) fn collections(ctx: &Arc<Context>, id: &ConnectionId) -> Result<Vec<Collection>> {
    Ok(match Api::of(ctx, id)?.config.content {
        Content::Grindery => grindery::collections(),
        Content::TheGrid => the_grid::collections(),
        Content::GroveStreams => grovestreams::collections(),
        Content::Grigora | Content::None => Vec::new(),
    })
}

/// The items of a collection: all, or those of one parent.
pub(crate) async fn items(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    collection: &str,
    within: Option<&str>,
) -> Result<Items> {
    let api = Api::of(ctx, id)?;
    let items = match api.config.content {
        Content::Grindery => grindery::items(&api, collection, within).await?,
        Content::TheGrid => the_grid::items(&api, collection, within).await?,
        Content::GroveStreams => grovestreams::items(&api, collection).await?,
        Content::Grigora | Content::None => return Err(no_such(collection)),
    };
    let as_of = ctx.now();
    let entries = items.iter().map(|item| named((&item.id, &item.name, item.note.clone()), None, item));
    keep(ctx, list_of(id, collection, within.unwrap_or_default()), as_of, entries).await;
    Ok(Items { as_of, items })
}
