//! Limits the concurrent token requests per host, however many connections are due at once. Permits are given in order
//! of arrival, and background refreshes leave one slot free for requests that a person waits for.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// The most concurrent token requests to one host.
const MAX_REQUESTS: usize = 4;
/// The most of them that may be background refreshes.
const MAX_BACKGROUND_REQUESTS: usize = MAX_REQUESTS - 1;

/// One of a host's slots for token requests, until it is dropped.
#[derive(Debug)]
pub struct HostPermit(#[expect(dead_code, reason = "held, never read")] Option<OwnedSemaphorePermit>);

/// The slots of every host.
#[derive(Debug, Default)]
pub(super) struct HostPermits(Mutex<HashMap<String, Host>>);

#[derive(Debug, Clone)]
struct Host {
    all: Arc<Semaphore>,
    in_background: Arc<Semaphore>,
}

impl HostPermits {
    /// Waits for a slot.
    pub(super) async fn any(&self, url: &Url) -> HostPermit {
        HostPermit(self.host(url).all.acquire_owned().await.ok())
    }

    /// Waits for a slot that background refreshes may take.
    pub(super) async fn in_background(&self, url: &Url) -> HostPermit {
        HostPermit(self.host(url).in_background.acquire_owned().await.ok())
    }

    fn host(&self, url: &Url) -> Host {
        let mut hosts = self.0.lock();
        let new = || Host {
            all: Semaphore::new(MAX_REQUESTS).into(),
            in_background: Semaphore::new(MAX_BACKGROUND_REQUESTS).into(),
        };
        hosts.entry(url.origin().ascii_serialization()).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    /// The permit if it is available at once.
    async fn is_free(turn: impl Future<Output = HostPermit>) -> Option<HostPermit> {
        let mut turn = pin!(turn);
        poll_fn(|context| {
            Poll::Ready(match turn.as_mut().poll(context) {
                Poll::Ready(turn) => Some(turn),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn each_host_has_its_own_permits() {
        let (turns, busy, other) = (
            HostPermits::default(),
            Url::parse("https://a.example/token"),
            Url::parse("https://b.example/token"),
        );
        let (busy, other) = (busy.unwrap(), other.unwrap());
        let mut held = Vec::new();
        for _ in 0..MAX_REQUESTS {
            held.push(is_free(turns.any(&busy)).await.unwrap());
        }
        assert!(is_free(turns.any(&busy)).await.is_none());
        assert!(is_free(turns.any(&other)).await.is_some());
        held.pop();
        assert!(is_free(turns.any(&busy)).await.is_some());
    }

    #[tokio::test]
    async fn background_requests_leave_a_permit_for_a_person() {
        let (turns, url) = (HostPermits::default(), Url::parse("https://a.example/token").unwrap());
        let mut held = Vec::new();
        while let Some(turn) = is_free(turns.in_background(&url)).await {
            held.push((turn, is_free(turns.any(&url)).await.unwrap()));
        }
        assert!(is_free(turns.any(&url)).await.is_some());
    }
}
