//! The target of a sign-in: a new connection of an app, or an existing connection.

use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::GrantType;

use crate::lookup::{find_app, find_connection, similar};
use crate::print::Messages;

/// The app, and the connection to create or reconnect.
pub(super) struct Target {
    pub(super) app: App,
    pub(super) wanted: SignInRequest,
    /// Whether an existing connection was chosen because it has the app's name.
    is_implicit: bool,
}

impl Target {
    /// Finds the target by the name of an app or a connection. The connection of an app is called `name`, or like the
    /// app; an existing one is reconnected.
    pub(super) fn find(grapnel: &Grapnel, asked: &str, name: Option<&str>) -> Result<Self> {
        let Some(app) = find_app(grapnel, asked)? else {
            return Self::of_connection(grapnel, asked, name);
        };
        let there = find_connection(grapnel, name.unwrap_or(&app.name))?;
        match there {
            Some(there) if there.app_id == app.id => {
                Ok(Self { wanted: again(there.id), is_implicit: name.is_none(), app })
            }
            Some(there) if name.is_some() => Err(taken(&there)),
            _ => {
                let wanted = SignInRequest { name: name.map(str::to_owned), ..SignInRequest::default() };
                Ok(Self { app, wanted, is_implicit: false })
            }
        }
    }

    fn of_connection(grapnel: &Grapnel, asked: &str, name: Option<&str>) -> Result<Self> {
        let there = find_connection(grapnel, asked)?.filter(|_| name.is_none_or(|name| name == asked));
        let apps = grapnel.apps()?;
        let there = there.ok_or_else(|| {
            let similar = similar(asked, apps.iter().map(|app| app.name.as_str()));
            Error::new(Code::NotFound, format!("No app or connection is called “{asked}”."))
                .hint(format!("{similar}List apps: grapnel app list. List connections: grapnel list"))
        })?;
        let app = apps.into_iter().find(|app| app.id == there.app_id);
        let app =
            app.ok_or_else(|| Error::new(Code::NotFound, "The app of this connection no longer exists."))?;
        Ok(Self { app, wanted: again(there.id), is_implicit: false })
    }

    /// Prints that an existing connection is reconnected.
    pub(super) fn announce(&self, messages: &Messages) {
        if self.is_implicit {
            messages.note(&format!(
                "Reconnecting “{}”. To add another connection of this app, use --name.",
                self.app.name
            ));
        }
    }

    /// Whether the browser returns with a callback.
    pub(super) fn has_callback(&self) -> bool {
        !self.wanted.by_device && self.app.grant_type == GrantType::AuthorizationCode
    }

    /// Warns about a provider without PKCE.
    pub(super) fn warn(&self, messages: &Messages) {
        if !self.app.uses_pkce {
            messages.note(&format!(
                "{} does not support PKCE: anyone who sees the authorization code on its way to Grapnel can use it. \
                 Sign in on a computer that you do not share.",
                self.app.provider_name
            ));
        }
    }
}

fn again(id: ConnectionId) -> SignInRequest {
    SignInRequest { again: Some(id), ..SignInRequest::default() }
}

fn taken(there: &Summary) -> Error {
    let message = format!("“{}” is a connection of another app, “{}”.", there.name, there.app_name);
    Error::input("name", message).hint("Choose another name.")
}
