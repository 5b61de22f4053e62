//! The proxy of a request: the one in the settings, otherwise that of the environment or the system. `NO_PROXY` applies
//! to both.

use grapnel_model::error::NextStep;
use grapnel_model::settings::Settings;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, NoProxy};
use url::Url;

use super::failure::Failure;

/// The proxies of the settings and the environment.
#[derive(Debug)]
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// Configures a client to use them.
    pub(super) fn apply(
        settings: &Settings,
        builder: ClientBuilder,
    ) -> Result<(Self, ClientBuilder), Failure> {
        let Some(url) = settings.proxy().map_err(|error| Failure::blocked(&error))? else {
            usable_environment()?;
            return Ok((Self(Matcher::from_system()), builder));
        };
        let unusable = |error: reqwest::Error| Failure::not_sent(&error);
        let proxy = reqwest::Proxy::all(url.as_str()).map_err(unusable)?.no_proxy(NoProxy::from_env());
        let matcher =
            Matcher::builder().all(url.as_str()).no(variable(["NO_PROXY", "no_proxy"]).unwrap_or_default());
        Ok((Self(matcher.build()), builder.proxy(proxy)))
    }

    /// The proxy for requests to `url`; `None` if they go directly.
    pub(super) fn of(&self, url: &Url) -> Option<RedactedProxy> {
        let proxy = self.0.intercept(&url.as_str().parse().ok()?)?;
        let (host, scheme) = (proxy.uri().host()?.to_owned(), proxy.uri().scheme_str().unwrap_or("http"));
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => 1080,
        };
        let place = format!("{host}:{}", proxy.uri().port_u16().unwrap_or(usual));
        Some(RedactedProxy { host, place, scheme: scheme.to_owned() })
    }
}

/// A proxy without its user name and password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RedactedProxy {
    pub(super) host: String,
    /// Host and port.
    pub(super) place: String,
    pub(super) scheme: String,
}

/// Checks the environment's proxy for `https`.
///
/// # Errors
/// It cannot be used; requests would otherwise bypass it silently.
fn usable_environment() -> Result<(), Failure> {
    for names in [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]] {
        let Some(value) = variable(names).filter(|value| !value.is_empty()) else { continue };
        let proxies = Proxies(Matcher::builder().all(value.clone()).build());
        let anywhere = Url::parse("https://provider.invalid/").ok();
        if anywhere.and_then(|url| proxies.of(&url)).is_some() {
            return Ok(());
        }
        let scheme = value
            .split_once("://")
            .map(|(scheme, _)| grapnel_model::provider_text::clean(scheme, &[]))
            .unwrap_or_default();
        return Err(Failure::Blocked {
            reason: format!("{} names a proxy that cannot be used ({scheme}://)", names[0]),
            advice: "Correct that variable of the environment, or set a proxy in the settings.".into(),
            next_step: Some(NextStep::OpenSettings),
        });
    }
    Ok(())
}

/// The first of these variables that is set.
fn variable(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| std::env::var(name).ok())
}
