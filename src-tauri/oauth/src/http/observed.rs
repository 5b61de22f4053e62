//! Every exchange of a client, for an observer.

use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use http::{HeaderMap, Method, Request, StatusCode};

use super::failure::Failure;
use super::response::Reply;

/// The largest body that an observer receives, in bytes. Long lists are not copied for it.
pub(super) const MAX_OBSERVED_BYTES: usize = 256 << 10;

/// Observes the exchanges of a [`super::Client`]. It is called between the response and the caller that waits for it,
/// so it must be quick.
pub trait Observer: Send + Sync {
    /// Takes an exchange that has ended.
    fn observe(&self, exchange: ObservedExchange);

    /// Takes why the response of the last exchange of this kind cannot be used.
    fn reject(&self, kind: ExchangeKind, reason: &str);
}

/// An exchange with its secrets. It can be neither printed nor serialized: what is kept or shown of it is
/// [`Self::masked`].
pub struct ObservedExchange {
    pub(super) kind: ExchangeKind,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    /// `None` if it is too large.
    pub(super) body: Option<Vec<u8>>,
    pub(super) response: Option<ObservedResponse>,
    /// Why no usable response arrived.
    pub(super) failure: Option<Failure>,
    /// Why the response, whose status is no error, cannot be used.
    pub(super) rejection: Option<String>,
    /// The time until the response had arrived, or until the failure.
    pub(super) duration: Duration,
}

/// A response, as far as it arrived.
#[derive(Default)]
pub(super) struct ObservedResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The size of the body; `None` if it did not arrive whole.
    pub(super) size: Option<usize>,
    /// `None` if it did not arrive whole, or is too large.
    pub(super) body: Option<Vec<u8>>,
}

impl ObservedExchange {
    /// A request that is about to be sent.
    pub(super) fn begin(kind: ExchangeKind, request: &Request<Vec<u8>>) -> Self {
        Self {
            kind,
            method: request.method().clone(),
            url: request.uri().to_string(),
            headers: request.headers().clone(),
            body: copied(request.body()),
            response: None,
            failure: None,
            rejection: None,
            duration: Duration::ZERO,
        }
    }

    /// The exchange with its result. `head` is the head of a response whose body did not arrive whole.
    pub(super) fn end(
        self,
        result: &Result<Reply, Failure>,
        head: Option<ObservedResponse>,
        duration: Duration,
    ) -> Self {
        let (response, failure) = match result {
            Ok(reply) => {
                let (size, body) = (Some(reply.body.len()), copied(&reply.body));
                let (status, headers) = (reply.status, reply.headers.clone());
                (Some(ObservedResponse { status, headers, size, body }), None)
            }
            Err(failure) => (head, Some(failure.clone())),
        };
        Self { response, failure, duration, ..self }
    }

    /// What it was for.
    pub fn kind(&self) -> ExchangeKind {
        self.kind
    }

    /// Whether its response was rejected although its status is no error.
    pub fn is_rejected(&self) -> bool {
        self.rejection.is_some()
    }

    /// Records why its response cannot be used, unless its status says so.
    pub fn reject(&mut self, reason: &str) {
        if self.response.as_ref().is_some_and(|response| response.status.as_u16() < 400) {
            self.rejection.get_or_insert_with(|| reason.to_owned());
        }
    }
}

fn copied(body: &[u8]) -> Option<Vec<u8>> {
    (body.len() <= MAX_OBSERVED_BYTES).then(|| body.to_vec())
}
