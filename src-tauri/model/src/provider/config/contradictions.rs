//! Settings of a profile that contradict each other.

use super::{AssertionAudience, ClientAuth, Content, GrantType, Need, Pkce, ProviderConfig};
use crate::error::{Error, Result};

impl ProviderConfig {
    /// Refuses settings that contradict each other.
    pub(super) fn agree(self) -> Result<Self> {
        let contradiction = |key: &str, message: &str, hint: &str| Err(Error::input(key, message).hint(hint));
        if self.client_auth == ClientAuth::None && self.client_secret == Need::Required {
            return contradiction(
                "client_auth",
                "The profile asks for a client secret and never sends it.",
                "Set client_auth to body or basic, or client_secret to none.",
            );
        }
        if self.client_id == Need::Absent
            && matches!(self.client_auth, ClientAuth::Basic | ClientAuth::BasicRaw)
        {
            return contradiction(
                "client_auth",
                "The profile has no client ID, and HTTP Basic needs one.",
                "Set client_auth to none.",
            );
        }
        if self.grant_type() == GrantType::ClientCredentials
            && (self.client_auth == ClientAuth::None || self.client_secret == Need::Absent)
        {
            return contradiction(
                "client_auth",
                "The client credentials grant needs client authentication (RFC 6749 §4.4), and the app has none.",
                "Set client_auth to the method that your app is registered with.",
            );
        }
        if !self.require_state && self.pkce == Pkce::Never {
            // Nothing binds such a callback to its sign-in. The person was warned and decided so.
            tracing::warn!("callbacks without a state are accepted, and there is no PKCE");
        }
        if self.client_id == Need::Absent && self.client_auth.is_assertion() {
            return contradiction(
                "client_auth",
                "The profile has no client ID, which a client’s JWT must name.",
                "Set client_auth to none.",
            );
        }
        if self.client_id == Need::Absent && self.client_auth.is_certificate() {
            return contradiction(
                "client_auth",
                "The profile has no client ID, by which a server finds the certificate that is registered.",
                "Set client_id to required, or client_auth to none.",
            );
        }
        if self.client_auth == ClientAuth::SecretJwt && self.client_secret == Need::Absent {
            return contradiction(
                "client_auth",
                "The profile has no client secret to sign the client’s JWT with.",
                "Set client_secret to required, or client_auth to private_key_jwt.",
            );
        }
        if self.grant_type() == GrantType::JwtBearer && self.client_id == Need::Absent {
            return contradiction(
                "client_id",
                "The JWT bearer grant needs a client ID: it is the issuer of the assertion.",
                "Set client_id to required.",
            );
        }
        if self.assertion_audience == AssertionAudience::Issuer && self.issuer.is_none() {
            return contradiction(
                "assertion_audience",
                "The client’s JWT is for the issuer, and the profile does not say which that is.",
                "Set issuer, or assertion_audience to token_url.",
            );
        }
        if self.par && self.par_url.is_none() {
            return contradiction(
                "par_url",
                "Authorization requests are pushed (PAR), and the address to push them to is empty.",
                "Enter the pushed authorization request URL, or set par to false.",
            );
        }
        if self.require_iss && self.issuer.is_none() {
            return contradiction(
                "require_iss",
                "Callbacks must name their issuer, and the profile does not say which that is.",
                "Set issuer, or require_iss to false.",
            );
        }
        if self.response_mode.is_signed() && self.issuer.is_none() {
            return contradiction(
                "issuer",
                "Callbacks are signed by the issuer (JARM), and the profile does not say which that is.",
                "Set issuer, or response_mode to query.",
            );
        }
        if self.response_mode.is_signed() && self.jwks_url.is_none() {
            return contradiction(
                "jwks_url",
                "Callbacks are signed (JARM), and the address of the issuer’s keys is empty.",
                "Enter the JWKS URL, or set response_mode to query.",
            );
        }
        if self.content != Content::None && self.api_base.is_none() {
            return contradiction(
                "api_base",
                "The address is empty.",
                "Enter the whole address, or reset it to the default.",
            );
        }
        Ok(self)
    }
}
