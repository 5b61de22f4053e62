//! What a sign-in is for: a new connection of an app, or one that is there.

use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_core::authorize::Wanted;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;

use crate::named::{find_app, find_connection};
use crate::print::Messages;

/// The app to authorize, and what becomes of it.
pub(super) struct Target {
    pub(super) app: App,
    pub(super) wanted: Wanted,
    /// Whether it is authorized again because it bears the app's name.
    bears_its_name: bool,
}

impl Target {
    /// `asked` names an app, or a connection. The connection of an app is called `name`, or else like the app: one
    /// that is there under that name is authorized again.
    pub(super) fn find(grapnel: &Grapnel, asked: &str, name: Option<&str>) -> Result<Self> {
        let Some(app) = find_app(grapnel, asked)? else {
            return Self::of_connection(grapnel, asked, name);
        };
        let there = find_connection(grapnel, name.unwrap_or(&app.name))?;
        match there {
            Some(there) if there.app_id == app.id => {
                Ok(Self { wanted: again(there.id), bears_its_name: name.is_none(), app })
            }
            Some(there) if name.is_some() => Err(taken(&there)),
            _ => {
                let wanted = Wanted { name: name.map(str::to_owned), ..Wanted::default() };
                Ok(Self { app, wanted, bears_its_name: false })
            }
        }
    }

    fn of_connection(grapnel: &Grapnel, asked: &str, name: Option<&str>) -> Result<Self> {
        let there = find_connection(grapnel, asked)?.filter(|_| name.is_none_or(|name| name == asked));
        let there = there.ok_or_else(|| {
            Error::new(Code::NotFound, format!("There is no app and no connection called “{asked}”."))
                .hint("grapnel app list shows every app, and grapnel list every connection.")
        })?;
        let app = grapnel.apps()?.into_iter().find(|app| app.id == there.app_id);
        let app = app.ok_or_else(|| Error::new(Code::NotFound, "This connection’s app is gone."))?;
        Ok(Self { app, wanted: again(there.id), bears_its_name: false })
    }

    /// Says what a person may not expect.
    pub(super) fn announce(&self, messages: &Messages) {
        if self.bears_its_name {
            messages.note(&format!(
                "Authorizing the connection “{}” again. For another one of this app, add --name.",
                self.app.name
            ));
        }
    }

    /// Says what a browser's sign-in cannot protect.
    pub(super) fn warn(&self, messages: &Messages) {
        if !self.app.uses_pkce {
            messages.note(&format!(
                "{} takes no PKCE: whoever sees the code on its way back to Grapnel can use it. Sign in on a computer that you do not share.",
                self.app.provider_name
            ));
        }
    }
}

fn again(id: ConnectionId) -> Wanted {
    Wanted { again: Some(id), ..Wanted::default() }
}

fn taken(there: &Summary) -> Error {
    let message = format!("“{}” is a connection of another app, “{}”.", there.name, there.app_name);
    Error::input("name", message).hint("Choose another name.")
}
