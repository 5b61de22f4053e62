//! Which proxy a request goes through: the one that is set, else that of the environment or the system. `NO_PROXY`
//! holds for both.

use grapnel_model::settings::Settings;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, NoProxy};
use url::Url;

use super::failure::Failure;

/// The proxies by the settings and the environment.
#[derive(Debug)]
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// Has a client go through them.
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

    /// Host and port of the proxy that requests to `url` go through.
    pub(super) fn of(&self, url: &Url) -> Option<Through> {
        let proxy = self.0.intercept(&url.as_str().parse().ok()?)?;
        let (host, scheme) = (proxy.uri().host()?.to_owned(), proxy.uri().scheme_str().unwrap_or("http"));
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => 1080,
        };
        let place = format!("{host}:{}", proxy.uri().port_u16().unwrap_or(usual));
        Some(Through { host, place, scheme: scheme.to_owned() })
    }
}

/// A proxy on the way of a request. Its user and password are no part of this.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Through {
    pub(super) host: String,
    /// Host and port.
    pub(super) place: String,
    pub(super) scheme: String,
}

/// Fails where the environment names a proxy for https that cannot be used: requests would go past it.
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
        });
    }
    Ok(())
}

/// The first of these variables that is set.
fn variable(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| std::env::var(name).ok())
}
