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
}

fn copied(body: &[u8]) -> Option<Vec<u8>> {
    (body.len() <= MAX_OBSERVED_BYTES).then(|| body.to_vec())
}
