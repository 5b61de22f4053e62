//! The configuration that a client needs to use the sandbox's app at a provider: credentials and endpoints.

use std::collections::BTreeMap;

use crate::provider::ProviderId;
use crate::sandbox::Sandbox;
use crate::{custom, grigora, grindery, grovestreams, the_grid};

/// The client configuration for one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The client ID; empty where the provider has none, or the client chooses it.
    pub client_id: &'static str,
    /// The client secret, if the provider issues one.
    pub client_secret: Option<&'static str>,
    /// Endpoint URLs by key, such as `token_url`.
    pub addresses: BTreeMap<&'static str, String>,
}

impl Sandbox {
    /// The client configuration of the app that is registered at a provider.
    ///
    /// # Panics
    /// If that provider does not run.
    #[must_use]
    pub fn registration(&self, provider: ProviderId) -> Registration {
        let (client_id, client_secret) = match provider {
            ProviderId::Grigora => (grigora::CLIENT_ID, Some(grigora::CLIENT_SECRET)),
            ProviderId::TheGrid => (the_grid::CLIENT_ID, Some(the_grid::CLIENT_SECRET)),
            ProviderId::Custom => (custom::CLIENT_ID, Some(custom::CLIENT_SECRET)),
            ProviderId::Grindery | ProviderId::GroveStreams => ("", None),
        };
        let origin = self.origin(provider);
        let addresses = paths(provider).iter().map(|(name, path)| (*name, format!("{origin}{path}")));
        Registration { client_id, client_secret, addresses: addresses.collect() }
    }
}

fn paths(provider: ProviderId) -> &'static [(&'static str, &'static str)] {
    match provider {
        ProviderId::Grigora => &[
            ("authorize_url", grigora::AUTHORIZE_PATH),
            ("token_url", grigora::TOKEN_PATH),
            ("api_base", grigora::API_BASE),
        ],
        ProviderId::Grindery => &[
            ("authorize_url", grindery::AUTHORIZE_PATH),
            ("token_url", grindery::TOKEN_PATH),
            ("api_base", grindery::API_PATH),
            ("jwks_url", grindery::KEYS_PATH),
        ],
        ProviderId::TheGrid => &[
            ("authorize_url", the_grid::AUTHORIZE_PATH),
            ("token_url", the_grid::TOKEN_PATH),
            ("refresh_url", the_grid::REFRESH_PATH),
            ("api_base", the_grid::API_BASE),
        ],
        ProviderId::GroveStreams => &[
            ("authorize_url", grovestreams::SIGN_IN_ADDRESS),
            ("token_url", grovestreams::TOKEN_PATH),
            ("login_url", grovestreams::LOGIN_PATH),
            ("api_base", grovestreams::API_BASE),
        ],
        ProviderId::Custom => &[
            ("issuer", ""),
            ("authorize_url", custom::AUTHORIZE_PATH),
            ("device_authorization_url", custom::DEVICE_AUTHORIZATION_PATH),
            ("token_url", custom::TOKEN_PATH),
            ("introspection_url", custom::INTROSPECTION_PATH),
            ("revocation_url", custom::REVOCATION_PATH),
            ("userinfo_url", custom::USERINFO_PATH),
            ("jwks_url", custom::KEYS_PATH),
        ],
    }
}
