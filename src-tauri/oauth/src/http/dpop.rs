//! DPoP proofs of requests (RFC 9449): the nonces that servers gave, and when a refused proof is made once more.

use std::collections::HashMap;
use std::sync::Arc;

use grapnel_model::secret::{ExposeSecret, SecretString};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use parking_lot::Mutex;
use url::Url;

use super::challenge;
use super::failure::Failure;
use super::response::Reply;
use super::server_clock::time_of_server;
use crate::dpop::{DpopKey, ProvenRequest};

/// The header of a proof.
pub(super) const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header of a nonce.
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The longest accepted nonce in bytes: it becomes part of a header.
const MAX_NONCE_BYTES: usize = 1024;
/// The maximum number of remembered nonces. Beyond it, all are forgotten, which costs each server one more request.
const MAX_NONCES: usize = 256;

/// What the proof of a request is made with. The client makes it when it sends the request, with the server's nonce.
#[derive(Clone)]
pub(super) struct Binding {
    key: Arc<DpopKey>,
    access_token: Option<SecretString>,
    /// The time of the proof, if it is not that of the client's clock.
    at: Option<Timestamp>,
}

/// Has the client send a proof with a request. `access_token` is the one in it, if it goes to a protected resource.
pub(super) fn bind(
    extensions: &mut Extensions,
    key: &Arc<DpopKey>,
    access_token: Option<&SecretString>,
    at: Option<Timestamp>,
) {
    extensions.insert(Binding { key: Arc::clone(key), access_token: access_token.cloned(), at });
}

impl Binding {
    /// The binding of a request, if it has one.
    pub(super) fn take(extensions: &mut Extensions) -> Option<Self> {
        extensions.remove()
    }

    /// The proof of a request.
    pub(super) fn prove(
        &self,
        nonces: &Nonces,
        method: &Method,
        url: &Url,
        now: Timestamp,
    ) -> Result<Sent, Failure> {
        let nonce = nonces.of(url, self.is_of_resource());
        let access_token = self.access_token.as_ref();
        let asked = ProvenRequest { method, url, access_token, nonce: nonce.as_deref() };
        let at = self.at.unwrap_or(now);
        let unsent = |reason: String| Failure::NotSent(reason);
        let proof = self.key.proof(&asked, at).map_err(|error| unsent(error.message))?;
        let value = HeaderValue::from_str(proof.expose_secret());
        let mut proof = value.map_err(|_| unsent("its proof cannot be sent".into()))?;
        proof.set_sensitive(true);
        Ok(Sent { proof, nonce, at })
    }

    /// The same for a server whose clock differs.
    pub(super) fn at(self, at: Timestamp) -> Self {
        Self { at: Some(at), ..self }
    }

    pub(super) fn is_of_resource(&self) -> bool {
        self.access_token.is_some()
    }
}

/// A proof that is sent.
pub(super) struct Sent {
    pub(super) proof: HeaderValue,
    nonce: Option<String>,
    at: Timestamp,
}

/// How to send a request once more whose proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofRetry {
    /// With the nonce that the server demands.
    Nonce,
    /// At the time of the server's clock; a client's JWT, too.
    Clock(Timestamp),
}

impl ProofRetry {
    /// The time of the next proof, if it is not that of the client's clock.
    pub(super) fn clock(self) -> Option<Timestamp> {
        match self {
            Self::Clock(at) => Some(at),
            Self::Nonce => None,
        }
    }
}

impl Sent {
    /// Whether a response refuses this proof so that another one may be accepted. A refused proof means that nothing in
    /// the request was used, so that a refresh token in it is still valid. `body` is that of the response, if it was
    /// read.
    pub(super) fn retry(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<ProofRetry> {
        match refusal(status, headers, body)? {
            ProofRefusal::Nonce => {
                nonce(headers).filter(|new| self.nonce.as_deref() != Some(new)).map(|_| ProofRetry::Nonce)
            }
            ProofRefusal::Proof => time_of_server(headers, self.at).map(ProofRetry::Clock),
        }
    }
}

/// The retries of one request: one with another nonce and one at another time, so that a server which refuses every
/// proof, and the client's JWT too, gets at most three requests.
#[derive(Default)]
pub struct ProofRetries {
    has_new_nonce: bool,
    has_new_time: bool,
}

impl ProofRetries {
    /// No retry: the caller makes the request anew.
    pub(super) fn none() -> Self {
        Self { has_new_nonce: true, has_new_time: true }
    }

    /// Whether this retry is allowed; counts it.
    pub fn allow(&mut self, retry: ProofRetry) -> bool {
        let done = match retry {
            ProofRetry::Nonce => &mut self.has_new_nonce,
            ProofRetry::Clock(_) => &mut self.has_new_time,
        };
        !std::mem::replace(done, true)
    }
}

/// Whether to make a request anew whose proof of this time was refused: a client's JWT in it must not be sent twice.
pub(super) fn retry_of(reply: &Reply, at: Timestamp) -> Option<ProofRetry> {
    let sent = Sent { proof: HeaderValue::from_static(""), nonce: None, at };
    sent.retry(reply.status, &reply.headers, &reply.body)
}

enum ProofRefusal {
    Nonce,
    Proof,
}

/// Why a response refuses a proof: by its body (RFC 9449 §5, §8) or its challenge (§7.1, §9).
fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<ProofRefusal> {
    if !matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
        return None;
    }
    let body = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let errors = [body["error"].as_str().map(str::to_owned), challenge::dpop_error(headers)];
    let says = |code: &str| errors.iter().flatten().any(|error| error == code);
    if says("use_dpop_nonce") {
        return Some(ProofRefusal::Nonce);
    }
    says("invalid_dpop_proof").then_some(ProofRefusal::Proof)
}

/// The last nonce of each server, which it demands in the next proof. A nonce is no secret.
#[derive(Default)]
pub(super) struct Nonces(Mutex<HashMap<Server, String>>);

/// An origin, as an authorization server or as a resource server: their nonces differ (RFC 9449 §9).
#[derive(PartialEq, Eq, Hash)]
struct Server {
    origin: String,
    is_resource: bool,
}

impl Server {
    fn of(url: &Url, is_resource: bool) -> Self {
        Self { origin: url.origin().ascii_serialization(), is_resource }
    }
}

impl Nonces {
    fn of(&self, url: &Url, is_resource: bool) -> Option<String> {
        self.0.lock().get(&Server::of(url, is_resource)).cloned()
    }

    /// Remembers the nonce of a response, if it has one.
    pub(super) fn remember(&self, url: &Url, is_resource: bool, headers: &HeaderMap) {
        let Some(nonce) = nonce(headers) else { return };
        let mut nonces = self.0.lock();
        if nonces.len() >= MAX_NONCES {
            nonces.clear();
        }
        nonces.insert(Server::of(url, is_resource), nonce.to_owned());
    }
}

/// The nonce of a response (RFC 9449 §8.1).
fn nonce(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(NONCE).iter();
    let nonce = all.next()?.to_str().ok()?;
    let is_usable = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let is_usable = !nonce.is_empty() && nonce.len() <= MAX_NONCE_BYTES && nonce.bytes().all(is_usable);
    (is_usable && all.next().is_none()).then_some(nonce)
}

#[cfg(test)]
mod tests;
