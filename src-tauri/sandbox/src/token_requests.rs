//! The requests at a provider's token endpoints: how many are there at once, and how long each of them takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// How many token requests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenRequests {
    /// Those that are being answered right now.
    pub now: usize,
    /// The most that were so at once.
    pub most: usize,
    /// All that came.
    pub all: usize,
}

/// Counts them. A clone is the same gauge.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenRequestGauge(Arc<Mutex<GaugeState>>);

#[derive(Debug, Default)]
struct GaugeState {
    requests: TokenRequests,
    latency: Duration,
}

/// A request that is being answered, for as long as this is held.
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

    /// Counts anew, from those that are there now.
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
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl InFlightRequest {
    /// Takes the time that a provider takes which is farther away than this machine.
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
