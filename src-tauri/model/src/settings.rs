//! The settings that apply to all of Grapnel.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};

/// The supported proxy schemes. With `socks5h`, the proxy resolves host names.
const PROXY_SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The settings. An empty value selects the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct Settings {
    /// The command that opens sign-in pages, such as `firefox -P work`; empty for the system's browser.
    pub browser: String,
    /// The proxy for requests to providers, such as `http://proxy.example:3128`; empty for the system's.
    pub proxy: String,
    /// A PEM or DER file with additional certificate authorities; empty for none.
    pub certificates: String,
    /// Whether notifications about connections that need attention are off.
    pub quiet: bool,
    /// Whether Grapnel has a tray icon, and keeps running when its window is closed.
    pub tray: bool,
    /// How long before their expiry tokens are refreshed.
    pub margin: Margin,
    /// When a vault with a passphrase is locked because nobody uses the window.
    pub auto_lock: AutoLock,
    /// Whether a vault with a passphrase is locked when the computer suspends.
    pub lock_on_suspend: bool,
    /// How callbacks of a new app return, unless its provider needs another method.
    pub redirect_method: UsualRedirect,
}

/// Changes to the settings. `None` leaves a setting as it is.
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
    /// See [`Settings::auto_lock`].
    pub auto_lock: Option<AutoLock>,
    /// See [`Settings::lock_on_suspend`].
    pub lock_on_suspend: Option<bool>,
    /// See [`Settings::redirect_method`].
    pub redirect_method: Option<UsualRedirect>,
}

impl Changes {
    /// Applies the changes.
    pub fn to(&self, settings: Settings) -> Settings {
        let changes = self.clone();
        Settings {
            browser: changes.browser.unwrap_or(settings.browser),
            proxy: changes.proxy.unwrap_or(settings.proxy),
            certificates: changes.certificates.unwrap_or(settings.certificates),
            quiet: changes.quiet.unwrap_or(settings.quiet),
            tray: changes.tray.unwrap_or(settings.tray),
            margin: changes.margin.unwrap_or(settings.margin),
            auto_lock: changes.auto_lock.unwrap_or(settings.auto_lock),
            lock_on_suspend: changes.lock_on_suspend.unwrap_or(settings.lock_on_suspend),
            redirect_method: changes.redirect_method.unwrap_or(settings.redirect_method),
        }
    }
}

/// How long before its expiry a token is refreshed automatically; limited to a fraction of its lifetime.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Margin {
    /// Depends on the lifetime.
    #[default]
    Usual,
    /// A minute.
    OneMinute,
    /// Five minutes, if the lifetime is long enough.
    FiveMinutes,
    /// Fifteen minutes, if the lifetime is long enough.
    FifteenMinutes,
    /// An hour, if the lifetime is long enough.
    OneHour,
}

/// The redirect method that the window suggests for a new app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum UsualRedirect {
    /// The system opens Grapnel with the callback URL.
    #[default]
    DeepLink,
    /// The browser sends it to a port of this computer.
    Loopback,
}

/// After which time without a key press or click in the window a vault with a passphrase is locked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum AutoLock {
    /// It is not locked.
    #[default]
    Never,
    /// Five minutes.
    FiveMinutes,
    /// Fifteen minutes.
    FifteenMinutes,
    /// An hour.
    OneHour,
}

impl AutoLock {
    /// That time, if there is one.
    pub fn duration(self) -> Option<Duration> {
        let minutes = match self {
            Self::Never => return None,
            Self::FiveMinutes => 5,
            Self::FifteenMinutes => 15,
            Self::OneHour => 60,
        };
        Some(Duration::from_secs(minutes * 60))
    }
}

impl Settings {
    /// The proxy, if one is set.
    ///
    /// # Errors
    /// It is not a URL of a supported proxy.
    pub fn proxy(&self) -> Result<Option<Url>> {
        if self.proxy.is_empty() {
            return Ok(None);
        }
        let wrong = |message: &str| {
            Error::input("proxy", message)
                .hint("It looks like http://proxy.example:3128 or socks5://127.0.0.1:1080.")
        };
        let Some((scheme, rest)) = self.proxy.split_once("://") else {
            return Err(wrong(
                "The proxy’s address does not begin with http://, https://, socks5:// or socks5h://.",
            ));
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
