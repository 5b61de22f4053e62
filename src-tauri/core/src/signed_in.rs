//! The input of a flow, loaded once and passed down: an app, or a connection with its app.

use grapnel_model::error::{Error, Result};
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::{Profile, ProviderConfig};
use grapnel_store::app::{self, AppRow};
use grapnel_store::connection::{self, ConnectionRow};

use crate::context::Context;

/// An app and its parsed provider settings.
#[derive(Clone)]
pub(crate) struct ConfiguredApp {
    pub(crate) row: AppRow,
    /// An error if this version cannot parse the app's settings. Stored tokens can be handed out anyway.
    config: Result<Box<ProviderConfig>>,
}

impl ConfiguredApp {
    /// Loads an app.
    pub(crate) fn load(ctx: &Context, id: &AppId) -> Result<Self> {
        ctx.store.read(|c| app::get(c, id))?.map(Self::of).ok_or_else(Error::no_app)
    }

    pub(crate) fn of(row: AppRow) -> Self {
        let config = Profile::find(&row.provider).and_then(|profile| profile.config(&row.overrides));
        Self { row, config: config.map(Box::new) }
    }

    /// The provider settings with the app's overrides, without the secret ones.
    pub(crate) fn config(&self) -> Result<&ProviderConfig> {
        self.config.as_deref().map_err(Clone::clone)
    }

    /// The provider's name for messages.
    pub(crate) fn provider(&self) -> Result<String> {
        Ok(Profile::find(&self.row.provider)?.name_in_sentence(&self.row.overrides))
    }
}

/// A connection and its app from one snapshot: the app's endpoints decide whether the tokens may be sent.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) connection: ConnectionRow,
    pub(crate) app: ConfiguredApp,
}

impl SignedIn {
    /// Loads a connection and its app.
    pub(crate) fn load(ctx: &Context, id: &ConnectionId) -> Result<Box<Self>> {
        let (connection, app) =
            ctx.store.read(|c| connection::with_app(c, id))?.ok_or_else(Error::no_connection)?;
        Ok(Box::new(Self { connection, app: ConfiguredApp::of(app) }))
    }
}
