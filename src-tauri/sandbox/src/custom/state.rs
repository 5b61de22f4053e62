//! The state of Custom: what its endpoints share, and a request that waits for a decision.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::jwt::Signer;
use crate::provider::Provider;
use crate::random::Digest;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct Custom {
    pub(super) provider: Arc<Provider>,
    pub(super) signer: Signer,
    pub(super) tickets: Tickets<AuthorizeRequest>,
    /// The open pages for a user code.
    pub(super) device_tickets: Tickets<()>,
    /// The devices that wait for a decision.
    pub(super) devices: Mutex<Vec<Device>>,
}

impl Custom {
    /// The issuer is the origin, without a slash at its end.
    pub(super) fn issuer(&self) -> &str {
        &self.provider.origin
    }
}

/// A device that waits for a person (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) code: Digest,
    pub(super) user_code: String,
    pub(super) client_id: String,
    pub(super) scopes: Vec<&'static str>,
    pub(super) expires: Timestamp,
    /// When it polled last.
    pub(super) polled: Option<Timestamp>,
    pub(super) decision: Decision,
}

/// What the person decided.
#[derive(Clone, Debug)]
pub(super) enum Decision {
    Pending,
    Denied,
    /// With an authorization code for the tokens.
    Approved(String),
}

/// A valid request that waits for the person's decision.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) app_name: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    pub(super) scopes: Vec<&'static str>,
}
