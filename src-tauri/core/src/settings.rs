//! What a person sets for all of Grapnel. A setting is here only where something acts on it.

use std::path::Path;

use reqwest::{Certificate, Proxy};
use serde::{Deserialize, Serialize};

use crate::browser;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::store;

/// The settings. Each is the usual where it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct Settings {
    /// The program that opens sign-in pages, with its arguments, such as `firefox -P work`; empty for the system's.
    pub browser: String,
    /// The proxy that requests to providers go through, such as `http://proxy.example:3128`; empty for the system's.
    pub proxy: String,
    /// A PEM file with certificate authorities that are trusted besides the usual ones; empty for none.
    pub certificates: String,
    /// Whether no notification is sent when a connection needs the person.
    pub quiet: bool,
    /// Whether Grapnel is in the tray, and goes on there when its window is closed.
    pub tray: bool,
    /// How long before their end tokens are renewed.
    pub margin: Margin,
}

/// What of the settings is to be otherwise; the rest stays as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// See [`Settings::browser`].
    pub browser: Option<String>,
    /// See [`Settings::proxy`].
    pub proxy: Option<String>,
    /// See [`Settings::certificates`].
    pub certificates: Option<String>,
    /// See [`Settings::quiet`].
    pub quiet: Option<bool>,
    /// See [`Settings::tray`].
    pub tray: Option<bool>,
    /// See [`Settings::margin`].
    pub margin: Option<Margin>,
}

impl Changes {
    /// These settings with the changes made.
    pub fn to(&self, settings: Settings) -> Settings {
        let changes = self.clone();
        Settings {
            browser: changes.browser.unwrap_or(settings.browser),
            proxy: changes.proxy.unwrap_or(settings.proxy),
            certificates: changes.certificates.unwrap_or(settings.certificates),
            quiet: changes.quiet.unwrap_or(settings.quiet),
            tray: changes.tray.unwrap_or(settings.tray),
            margin: changes.margin.unwrap_or(settings.margin),
        }
    }
}

/// How long before its end a token is renewed by itself. Never longer than a share of its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Margin {
    /// As suits its life.
    #[default]
    Usual,
    /// A minute.
    OneMinute,
    /// Five minutes, where the life has room for them.
    FiveMinutes,
    /// Fifteen minutes, likewise.
    FifteenMinutes,
    /// An hour, likewise.
    OneHour,
}

impl Settings {
    /// The proxy, where one is set. Fails where the address is none.
    pub(crate) fn proxy(&self) -> Result<Option<Proxy>> {
        let wrong = |message: &str| {
            Error::input("proxy", message).hint("It looks like http://proxy.example:3128, or socks5://….")
        };
        match self.proxy.as_str() {
            "" => Ok(None),
            address if !address.contains("://") => {
                Err(wrong("The proxy’s address does not begin with http:// or socks5://."))
            }
            address if address.contains('@') => {
                Err(wrong("A proxy’s user and password are not kept here, where they would be in the clear."))
            }
            address => {
                Proxy::all(address).map(Some).map_err(|_| wrong("That is not the address of a proxy."))
            }
        }
    }

    /// The certificate authorities to trust besides. Fails where the file cannot be read, or holds none.
    pub(crate) fn certificates(&self) -> Result<Vec<Certificate>> {
        if self.certificates.is_empty() {
            return Ok(Vec::new());
        }
        let wrong =
            |message: String| Error::input("certificates", message).hint("It is a file in PEM format.");
        let path = Path::new(&self.certificates);
        let pem = std::fs::read(path)
            .map_err(|error| wrong(format!("“{}” cannot be read: {error}.", path.display())))?;
        match Certificate::from_pem_bundle(&pem) {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            _ => Err(wrong(format!("“{}” holds no certificate.", path.display()))),
        }
    }

    /// These settings as they would be kept in place of those. An error names the one that cannot be. A program that was
    /// chosen before and is gone since hinders no other change.
    pub fn in_place_of(self, kept: &Self) -> Result<Self> {
        let settings = self.checked()?;
        if settings.browser != kept.browser {
            browser::entered(&settings.browser)?;
        }
        Ok(settings)
    }

    fn checked(mut self) -> Result<Self> {
        for text in [&mut self.proxy, &mut self.certificates] {
            text.truncate(text.trim_end().len());
            text.drain(..text.len() - text.trim_start().len());
        }
        self.browser = browser::kept(&self.browser)?;
        self.proxy()?;
        self.certificates()?;
        Ok(self)
    }
}

/// What is set.
pub(crate) fn get(env: &Env) -> Result<Settings> {
    env.store.read(store::settings::get)
}

/// Keeps settings, and acts on them from the next request on. What cannot be names its field, and changes nothing.
pub(crate) fn change(env: &Env, settings: Settings) -> Result<Settings> {
    let settings = settings.in_place_of(&get(env)?)?;
    env.store.write(|tx| store::settings::set(tx, &settings))?;
    env.http.set(settings.clone());
    env.tell(Event::Settings);
    Ok(settings)
}
