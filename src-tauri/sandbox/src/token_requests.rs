//! Counts concurrent token requests at a provider, and delays them by a configurable latency.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

/// The numbers of token requests at a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenRequests {
    /// Requests in flight.
    pub now: usize,
    /// The highest number in flight at once.
    pub most: usize,
    /// Requests in total.
    pub all: usize,
}

/// The counters and the latency. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenRequestGauge(Arc<Mutex<GaugeState>>);

#[derive(Debug, Default)]
struct GaugeState {
    requests: TokenRequests,
    latency: Duration,
}

/// Counts one request as in flight until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlightRequest(TokenRequestGauge);

impl TokenRequestGauge {
    pub(crate) fn enter(&self) -> InFlightRequest {
        self.with(|GaugeState { requests, .. }| {
            requests.all += 1;
            requests.now += 1;
            requests.most = requests.most.max(requests.now);
        });
        InFlightRequest(self.clone())
    }

    pub(crate) fn read(&self) -> TokenRequests {
        self.with(|measured| measured.requests)
    }

    /// Resets the counters to the requests in flight.
    pub(crate) fn reset(&self) {
        self.with(|GaugeState { requests, .. }| {
            *requests = TokenRequests { now: requests.now, most: requests.now, all: requests.now };
        });
    }

    pub(crate) fn latency(&self) -> Duration {
        self.with(|measured| measured.latency)
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.with(|measured| measured.latency = latency);
    }

    fn with<T>(&self, act: impl FnOnce(&mut GaugeState) -> T) -> T {
        act(&mut self.0.lock())
    }
}

impl InFlightRequest {
    /// Waits for the configured latency, which stands for a distant provider.
    pub(crate) async fn delay(&self) {
        let latency = self.0.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        self.0.with(|measured| measured.requests.now -= 1);
    }
}
