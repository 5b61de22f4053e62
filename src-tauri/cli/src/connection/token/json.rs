//! A token as a JSON document.

use grapnel_core::id_token::IdToken;
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
    expires_at: Option<Timestamp>,
    /// The granted scopes; omitted if they were not looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
}

impl<'a> Document<'a> {
    pub(super) fn of(token: &'a AccessToken, scopes: Option<Vec<String>>) -> Self {
        let access_token = token.value.expose_secret();
        Self { access_token, token_type: "Bearer", expires_at: token.expires_at, scopes }
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
