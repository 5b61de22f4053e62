//! A token as a JSON document.

use grapnel_core::api_request::ProvenToken;
use grapnel_core::id_token::IdToken;
use grapnel_core::token_exchange::DerivedToken;
use grapnel_model::access_token::AccessToken;
use grapnel_model::secret::ExposeSecret;
use jiff::Timestamp;
use serde::Serialize;

use crate::print::CommandResult;

/// The access token in the clear, because the person requested it.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// The kind of token that a token exchange issued, if the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'a str>,
    expires_at: Option<Timestamp>,
    /// The granted scopes; omitted if they were not looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
}

impl<'a> Document<'a> {
    pub(super) fn of(token: &'a AccessToken, scopes: Option<Vec<String>>) -> Self {
        let access_token = token.value.expose_secret();
        let (token_type, expires_at) = (token.token_type.name(), token.expires_at);
        Self { access_token, token_type, issued_token_type: None, expires_at, scopes }
    }

    pub(super) fn of_derived(derived: &'a DerivedToken) -> Self {
        let issued = &derived.issued;
        Self {
            token_type: if issued.is_bearer { derived.token.token_type.name() } else { "N_A" },
            issued_token_type: issued.token_type.as_deref(),
            ..Self::of(&derived.token, Some(issued.scopes.clone()))
        }
    }
}

/// The access token and the proof of one request in the clear, because the person requested them.
#[derive(Serialize)]
pub(super) struct ProofDocument<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// The value of the header `DPoP`.
    dpop: &'a str,
    expires_at: Option<Timestamp>,
}

impl<'a> ProofDocument<'a> {
    pub(super) fn of(proven: &'a ProvenToken) -> Self {
        let (token, dpop) = (&proven.token, proven.proof.expose_secret());
        let access_token = token.value.expose_secret();
        Self { access_token, token_type: token.token_type.name(), dpop, expires_at: token.expires_at }
    }
}

/// The ID token in the clear, because the person requested it.
#[derive(Serialize)]
pub(super) struct IdTokenDocument<'a> {
    id_token: &'a str,
    expires_at: Timestamp,
}

impl<'a> IdTokenDocument<'a> {
    pub(super) fn of(token: &'a IdToken) -> Self {
        Self { id_token: token.value.expose_secret(), expires_at: token.expires_at }
    }
}

impl CommandResult for IdTokenDocument<'_> {
    fn text(&self, _: Timestamp) -> String {
        self.id_token.to_owned()
    }
}

impl CommandResult for Document<'_> {
    fn text(&self, _: Timestamp) -> String {
        self.access_token.to_owned()
    }
}
