//! What a person sets for all of Grapnel. A setting is here only where something acts on it.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};

/// The kinds of proxies that requests can go through. `socks5h` leaves it to the proxy to look up host names.
const PROXY_SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The settings. Each is the usual where it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct Settings {
    /// The program that opens sign-in pages, with its arguments, such as `firefox -P work`; empty for the system's.
    pub browser: String,
    /// The proxy that requests to providers go through, such as `http://proxy.example:3128`; empty for the system's.
    pub proxy: String,
    /// A PEM or DER file with certificate authorities that are trusted besides the usual ones; empty for none.
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
    /// The proxy, where one is set. Fails where requests cannot go through it.
    pub fn proxy(&self) -> Result<Option<Url>> {
        if self.proxy.is_empty() {
            return Ok(None);
        }
        let wrong = |message: &str| {
            Error::input("proxy", message)
                .hint("It looks like http://proxy.example:3128 or socks5://127.0.0.1:1080.")
        };
        let Some((scheme, rest)) = self.proxy.split_once("://") else {
            return Err(wrong("The proxy’s address does not begin with http:// or socks5://."));
        };
        if !PROXY_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(wrong(
                "A proxy of this kind cannot be used: its address begins with http://, https://, socks5:// or \
                 socks5h://.",
            ));
        }
        if let Some((_, host)) = rest.rsplit_once('@') {
            let hint = format!(
                "Leave this empty, and start Grapnel with HTTPS_PROXY={scheme}://USER:PASSWORD@{host} in its \
                 environment."
            );
            return Err(Error::input(
                "proxy",
                "A proxy’s user and password are not kept here, where they would be in the clear.",
            )
            .hint(hint));
        }
        let url =
            Url::parse(&self.proxy).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
        url.map(Some).ok_or_else(|| wrong("That is not the address of a proxy."))
    }
}
