//! Tests an app's endpoints and its issuer's metadata, before it is added or later. No credentials are sent.

use std::collections::BTreeMap;

use futures_util::future::{OptionFuture, join_all};
use grapnel_model::error::Result;
use grapnel_model::provider::{Overrides, Profile, ProviderConfig};
use grapnel_oauth::discovery::{self, NoteKind};
use grapnel_oauth::endpoint_check::{
    CheckOutcome, EndpointCheck, check_device_endpoint, check_endpoint, check_token_endpoint,
};
use url::Url;

use crate::context::Context;

/// Tests the endpoints that these settings of a provider lead to: the issuer's metadata, the token endpoint, and every
/// other one. All requests are sent at the same time.
///
/// # Errors
/// A setting is invalid; the error names its field. Nothing is sent then.
pub(crate) async fn check(
    ctx: &Context,
    provider: &str,
    overrides: BTreeMap<String, String>,
) -> Result<Vec<EndpointCheck>> {
    let profile = Profile::find(provider)?;
    let entered: Overrides =
        overrides.into_iter().map(|(key, value)| (key, value.trim().to_owned())).collect();
    let config = profile.check(&entered).map_err(|error| error.or_means("Nothing was tested."))?;
    let values = profile.values(&entered);
    let device = config.device_authorization_url();
    let (metadata, device, token, others) = tokio::join!(
        check_metadata(ctx, &config, &values),
        OptionFuture::from(device.map(|url| check_device_endpoint(&ctx.http, url, config.token_body))),
        check_token_endpoint(&ctx.http, &config.token_url, config.token_body),
        join_all(endpoints(&config).into_iter().map(|(key, url)| check_endpoint(&ctx.http, key, url)))
    );
    let mut checks: Vec<EndpointCheck> = metadata.into_iter().collect();
    let mut others = others.into_iter().peekable();
    checks.extend(others.next_if(|first| first.key == AUTHORIZE));
    checks.extend(device);
    checks.push(token);
    checks.extend(others);
    Ok(checks)
}

/// The key of the authorization endpoint, which a browser opens.
const AUTHORIZE: &str = "authorize_url";

/// The endpoints that are tested by a GET, the authorization endpoint first.
fn endpoints(config: &ProviderConfig) -> Vec<(&'static str, &Url)> {
    let others = [
        ("refresh_url", &config.refresh.url),
        ("revocation_url", &config.revocation_url),
        ("introspection_url", &config.introspection_url),
        ("userinfo_url", &config.userinfo_url),
        ("jwks_url", &config.jwks_url),
        ("api_base", &config.api_base),
    ];
    let others = others.into_iter().map(|(key, url)| (key, url.as_ref()));
    std::iter::once((AUTHORIZE, config.authorize_url()))
        .chain(others)
        .filter_map(|(key, url)| Some((key, url?)))
        .collect()
}

/// Compares the settings with the issuer's metadata, if there is an issuer.
async fn check_metadata(ctx: &Context, config: &ProviderConfig, values: &Overrides) -> Option<EndpointCheck> {
    const KEY: &str = "issuer";
    let discovery = match discovery::discover(&ctx.http, config.issuer.as_deref()?).await {
        Ok(discovery) => discovery,
        Err(error) => {
            let failed = EndpointCheck::new(KEY, CheckOutcome::Failed, error.message);
            return Some(EndpointCheck { hint: error.hint, ..failed });
        }
    };
    let differs = |(key, value): &(&String, &String)| {
        (key.ends_with("_url") || *key == KEY) && values.get(*key).is_some_and(|own| own != *value)
    };
    let differing: Vec<&str> = discovery.values.iter().filter(differs).map(|(key, _)| key.as_str()).collect();
    let unsupported: Vec<&str> = discovery
        .notes
        .iter()
        .filter(|note| note.kind == NoteKind::Unsupported)
        .map(|note| note.text.as_str())
        .collect();
    let grant = config.grant_type();
    let is_offered = discovery.grant_types.iter().any(|name| name == grant.name());
    Some(if !is_offered && !discovery.grant_types.is_empty() {
        let offered = discovery.grant_types.join(", ");
        let found = format!("The metadata announces no {} (announced: {offered}).", grant.title());
        EndpointCheck::new(KEY, CheckOutcome::Unclear, found)
            .hint("Set the grant type to one that is announced.")
    } else if !differing.is_empty() {
        let found = format!("The metadata was read, and differs in: {}.", differing.join(", "));
        EndpointCheck::new(KEY, CheckOutcome::Unclear, found).hint("Run discovery, or keep your own values.")
    } else if !unsupported.is_empty() {
        EndpointCheck::new(KEY, CheckOutcome::Unclear, unsupported.join(" "))
    } else {
        EndpointCheck::new(KEY, CheckOutcome::Passed, "The metadata was read, and the endpoints match it.")
    })
}
