//! Registers an app's client anew, such as after the provider has deleted it. The app and its connections stay; the
//! tokens were issued to the old client, so each connection needs a new sign-in.

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::secret::SecretInput;
use grapnel_oauth::http::registration;
use grapnel_store::app::AppRow;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::{activity, app, connection};
use url::Url;

use super::accept::{SealedClient, current, notes, undo, usable_method};
use super::client_metadata::{PublicKeys, client_metadata};
use super::configuration::{changed_meanwhile, deletable, delete};
use super::explain::not_registered;
use super::register::{initial_token, no_endpoint};
use super::registered_app::RegisteredApp;
use crate::app::errors::being_connected;
use crate::app::view::{App, view};
use crate::context::Context;
use crate::signed_in::ConfiguredApp;
use crate::{authorize, secret_parameters};

/// Registers an app's client anew.
pub(crate) async fn renew(ctx: &Context, id: &AppId, token: Option<SecretInput>) -> Result<RegisteredApp> {
    accept(ctx, id, token).await.map_err(|error| error.or_means("The app is unchanged."))
}

async fn accept(ctx: &Context, id: &AppId, token: Option<SecretInput>) -> Result<RegisteredApp> {
    let app = ConfiguredApp::load(ctx, id)?;
    let (provider, config) = (app.provider()?, app.config()?);
    let endpoint = config.registration_url.clone().ok_or_else(|| no_endpoint(&provider))?;
    let Some(own) = current(&app.row, config) else { return Err(not_own(&app.row.name)) };
    let method = own.auth_method.clone();
    let values = secret_parameters::open(ctx, &app.row).await?;
    let keys = PublicKeys::of(config, &values)?;
    let metadata = client_metadata(&app.row, config, &method, &keys);
    let old = deletable(ctx, id).await?;
    let token = initial_token(token);
    let client = registration::register(&ctx.http, &endpoint, token.as_ref(), &metadata).await;
    let client = client.map_err(|failure| not_registered(&provider, failure))?;
    let told = notes(&client, &app.row.redirect_uri);
    match keep(ctx, &app, &client, (&provider, &endpoint, &method)).await {
        Ok(app) => {
            // Usually it is gone, which is why this was asked for.
            if let Some(old) = old {
                let _ = delete(ctx, &old).await;
            }
            Ok(RegisteredApp { app, changes: client.changes, notes: told })
        }
        Err(error) => Err(undo(ctx, &client.client_id, client.configuration.as_ref(), error).await),
    }
}

async fn keep(
    ctx: &Context,
    before: &ConfiguredApp,
    client: &registration::RegisteredClient,
    (provider, endpoint, method): (&str, &Url, &str),
) -> Result<App> {
    let method = usable_method(provider, client, method)?;
    let _working = ctx.begin_sealed_write().await?;
    let ConfiguredApp { row: AppRow { id, client_id: old_id, .. }, .. } = before;
    if !authorize::clear(ctx, Some(id), None)? {
        return Err(being_connected());
    }
    let origins = before.config()?.origins();
    let sealed = SealedClient::seal(ctx, id, client, (endpoint.as_str(), method)).await?;
    let asked = Error::new(Code::ReconnectNeeded, "The app was registered anew, as another client.")
        .means("The tokens held here were issued to the client that the app was before. They are kept.")
        .hint("Reconnect in the browser.");
    let changed = ctx.store.write(|tx| {
        // The row of now: the person may have changed the app while the provider answered.
        let Some(now) = app::get(tx, id)?.map(ConfiguredApp::of) else { return Ok(None) };
        let is_same = now.config().is_ok_and(|config| config.origins() == origins);
        if !is_same || now.row.client_id != *old_id {
            return Ok(None);
        }
        let mut row = now.row;
        sealed.put_into(&mut row);
        app::update(tx, &row)?;
        let mut ids: Vec<ConnectionId> = Vec::new();
        let all = connection::all(tx)?.into_iter();
        for one in all.filter(|one: &ConnectionRow| one.app_id == row.id && one.grant.is_some()) {
            connection::set_refused(tx, &one.id, one.version, &asked)?;
            ids.push(one.id);
        }
        let text = format!("App “{}” registered anew, as client {}.", row.name, row.client_id);
        activity::add(tx, ctx.now(), Kind::AppChanged, &text, (None, Some(&row.id)))?;
        Ok(Some((row, ids)))
    })?;
    let Some((row, ids)) = changed else { return Err(changed_meanwhile()) };
    ctx.emit(Event::Apps);
    for id in ids {
        ctx.emit(Event::Connection(id));
    }
    view(row)
}

fn not_own(name: &str) -> Error {
    Error::input(
        "app",
        format!("Grapnel did not register the client of “{name}”, so it cannot register it anew."),
    )
    .hint(
        "Register a client on the provider’s page and enter its client ID, or add an app that is registered.",
    )
}
