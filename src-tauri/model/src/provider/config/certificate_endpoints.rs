//! The endpoints for clients that present a TLS certificate (`mtls_endpoint_aliases`, RFC 8705 §5).

use url::Url;

use super::{ClientAuth, GrantConfig, ProviderConfig};
use crate::error::{Error, Result};
use crate::provider::endpoint::endpoint;

/// The setting with pairs such as `token_endpoint=https://mtls.example/token`, separated by spaces.
pub(in crate::provider) const KEY: &str = "mtls_endpoint_aliases";

/// The names of the endpoints with their URLs; `None` for a URL that is missing.
pub(in crate::provider) fn pairs(value: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    value.split_whitespace().map(|pair| match pair.split_once('=') {
        Some((name, url)) => (name, Some(url)),
        None => (pair, None),
    })
}

/// Replaces the endpoints that a client with a certificate reaches at another URL. Other clients keep the usual ones.
///
/// # Errors
/// A pair names no endpoint that may have an alias, or its URL is not `https`.
pub(super) fn apply(mut config: ProviderConfig, value: &str) -> Result<ProviderConfig> {
    let uses = |config: &ProviderConfig, own: Option<ClientAuth>| {
        config.presents_certificate(own.unwrap_or(config.client_auth))
    };
    for (name, text) in pairs(value) {
        let text = text.ok_or_else(|| wrong(name))?;
        let url = endpoint(KEY, text)?;
        let is_used = match name {
            "revocation_endpoint" => uses(&config, config.revocation_auth),
            "introspection_endpoint" => uses(&config, config.introspection_auth),
            "userinfo_endpoint" => config.certificate_bound,
            _ => uses(&config, None),
        };
        let place = match name {
            "token_endpoint" => {
                if is_used {
                    config.token_url = url;
                }
                continue;
            }
            "device_authorization_endpoint" => match &mut config.grant {
                GrantConfig::DeviceCode { device_authorization_url } => {
                    if is_used {
                        *device_authorization_url = url;
                    }
                    continue;
                }
                GrantConfig::AuthorizationCode { device_authorization_url, .. } => device_authorization_url,
                GrantConfig::ClientCredentials | GrantConfig::JwtBearer(_) => continue,
            },
            "revocation_endpoint" => &mut config.revocation_url,
            "introspection_endpoint" => &mut config.introspection_url,
            "userinfo_endpoint" => &mut config.userinfo_url,
            "pushed_authorization_request_endpoint" => &mut config.par_url,
            _ => return Err(wrong(&format!("{name}={text}"))),
        };
        replace(place, url, is_used);
    }
    Ok(config)
}

/// An endpoint that the person has removed stays removed.
fn replace(place: &mut Option<Url>, url: Url, is_used: bool) {
    if is_used && place.is_some() {
        *place = Some(url);
    }
}

fn wrong(pair: &str) -> Error {
    Error::input(KEY, format!("“{pair}” is no endpoint with its address for clients with a certificate.")).hint(
        "Enter pairs such as token_endpoint=https://mtls.example.com/token, with spaces between them. The names are \
         those of the metadata (RFC 8414).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Profile;

    const ALIASES: &str = "token_endpoint=https://m.example/t revocation_endpoint=https://m.example/r \
        introspection_endpoint=https://m.example/i userinfo_endpoint=https://m.example/u \
        device_authorization_endpoint=https://m.example/d \
        pushed_authorization_request_endpoint=https://m.example/p";

    fn config(set: &[(&str, &str)]) -> Result<ProviderConfig> {
        let plain = [
            ("authorize_url", "https://a.example/a"),
            ("device_authorization_url", "https://a.example/d"),
            ("token_url", "https://a.example/t"),
            ("revocation_url", "https://a.example/r"),
            ("userinfo_url", "https://a.example/u"),
            ("par_url", "https://a.example/p"),
        ];
        let all = plain.iter().chain(set).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Profile::find("custom")?.config(&all.collect())
    }

    fn hosts(config: &ProviderConfig) -> Vec<String> {
        let optional =
            [&config.revocation_url, &config.introspection_url, &config.userinfo_url, &config.par_url];
        let all = [Some(&config.token_url), config.device_authorization_url()];
        let all = all.into_iter().chain(optional.map(Option::as_ref));
        all.map(|url| url.map_or("-".into(), |url| url.host_str().unwrap_or_default()[..1].to_owned()))
            .collect()
    }

    #[test]
    fn only_a_client_with_a_certificate_uses_the_aliases() {
        let with =
            |set: &[(&str, &str)]| hosts(&config(&[&[(KEY, ALIASES)], set].concat()).unwrap()).concat();
        assert_eq!(with(&[]), "aaa-aa");
        assert_eq!(with(&[("client_auth", "private_key_jwt")]), "aaa-aa");
        // Userinfo is for tokens: only bound ones need the certificate there.
        assert_eq!(with(&[("client_auth", "tls_client_auth")]), "mmm-am");
        assert_eq!(with(&[("client_auth", "self_signed_tls_client_auth")]), "mmm-am");
        assert_eq!(with(&[("client_auth", "body"), ("certificate_bound", "true")]), "mmm-mm");
        assert_eq!(with(&[("client_auth", "tls_client_auth"), ("revocation_auth", "basic")]), "mma-am");
        assert_eq!(with(&[("revocation_auth", "tls_client_auth")]), "aam-aa");
    }

    #[test]
    fn an_alias_is_an_endpoint_and_safe() {
        for wrong in
            ["https://m.example/t", "jwks_uri=https://m.example/j", "token_endpoint=http://m.example/t"]
        {
            let error = config(&[(KEY, wrong), ("client_auth", "tls_client_auth")]).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(KEY), "{wrong}");
        }
    }
}
