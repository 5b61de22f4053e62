//! Which browser opens a connection's sign-in page: its own, or else the one in the settings. A browser profile is
//! usually signed in to one account of a provider, so each connection may need another.

use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_store::{attempt, connection, settings};

use super::Grapnel;
use crate::authorize::no_attempt;
use crate::browser;

impl Grapnel {
    /// The browser of a connection; empty for the system's browser.
    pub fn browser(&self, id: &ConnectionId) -> Result<String> {
        let found = self.0.store.read(|c| Ok((connection::get(c, id)?, settings::get(c)?.browser)))?;
        let (row, usual) = found;
        let own = row.ok_or_else(Error::no_connection)?.browser;
        Ok(if own.is_empty() { usual } else { own })
    }

    /// Sets the browser of a connection; empty for the one in the settings.
    ///
    /// # Errors
    /// It is not a valid command.
    pub fn set_browser(&self, id: &ConnectionId, command: &str) -> Result<()> {
        let command = browser::parse_entered(command)?;
        if !self.0.store.write(|tx| connection::set_browser(tx, id, &command))? {
            return Err(Error::no_connection());
        }
        self.0.emit(Event::Connection(id.clone()));
        Ok(())
    }

    /// The browser of an attempt: the one chosen for it, or else that of the connection to be reconnected; empty for
    /// the system's browser.
    pub fn attempt_browser(&self, id: &AttemptId) -> Result<String> {
        let row = self.0.store.read(|c| attempt::get(c, id))?.ok_or_else(no_attempt)?;
        match (row.browser, row.connection_id) {
            (Some(chosen), _) if !chosen.is_empty() => Ok(chosen),
            (None, Some(of)) => self.browser(&of),
            _ => self.settings().map(|settings| settings.browser),
        }
    }

    /// Sets the browser of an attempt, which is stored with the resulting connection. An empty command selects the one
    /// in the settings; `None` clears the choice. Returns the previous choice.
    ///
    /// # Errors
    /// It is not a valid command.
    pub fn choose_browser(&self, id: &AttemptId, command: Option<&str>) -> Result<Option<String>> {
        let command = command.map(browser::parse_entered).transpose()?;
        let before = self.0.store.write(|tx| {
            let before = attempt::get(tx, id)?.map(|row| row.browser);
            attempt::set_browser(tx, id, command.as_deref())?;
            Ok(before)
        })?;
        before.ok_or_else(no_attempt)
    }
}
