//! What a flow works on, loaded once and passed down: an app, or a connection together with its app.

use grapnel_model::error::{Error, Result};
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::{Profile, ProviderConfig};
use grapnel_store::app::{self, AppRow};
use grapnel_store::connection::{self, ConnectionRow};

use crate::context::Context;

/// An app, and how its provider is spoken to.
#[derive(Clone)]
pub(crate) struct ConfiguredApp {
    pub(crate) row: AppRow,
    /// An error where this version cannot read the app's values. Tokens that are stored can be handed out all the same.
    config: Result<Box<ProviderConfig>>,
}

impl ConfiguredApp {
    /// Reads an app from the store.
    pub(crate) fn load(ctx: &Context, id: &AppId) -> Result<Self> {
        ctx.store.read(|c| app::get(c, id))?.map(Self::of).ok_or_else(Error::no_app)
    }

    pub(crate) fn of(row: AppRow) -> Self {
        let config = Profile::find(&row.provider).and_then(|profile| profile.config(&row.overrides));
        Self { row, config: config.map(Box::new) }
    }

    /// How its provider is spoken to: the profile's values and the app's own, without those that only the vault has.
    pub(crate) fn config(&self) -> Result<&ProviderConfig> {
        self.config.as_deref().map_err(Clone::clone)
    }

    /// What to call its provider.
    pub(crate) fn provider(&self) -> Result<String> {
        Ok(Profile::find(&self.row.provider)?.called(&self.row.overrides))
    }
}

/// A connection and its app, read in one snapshot: whether the tokens may go where the app says depends on both.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) connection: ConnectionRow,
    pub(crate) app: ConfiguredApp,
}

impl SignedIn {
    /// Reads a connection and its app from the store.
    pub(crate) fn load(ctx: &Context, id: &ConnectionId) -> Result<Box<Self>> {
        let (connection, app) =
            ctx.store.read(|c| connection::with_app(c, id))?.ok_or_else(Error::no_connection)?;
        Ok(Box::new(Self { connection, app: ConfiguredApp::of(app) }))
    }
}
