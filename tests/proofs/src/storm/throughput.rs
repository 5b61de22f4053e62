//! How fast a provider's refreshes were, compared with those of the others.

use std::time::Duration;

use anyhow::{Result, ensure};
use grapnel_sandbox::{ProviderId, TokenRequests};

/// The maximum number of concurrent background token requests to a host, as guaranteed in the architecture
/// documentation.
pub(super) const MAX_BACKGROUND_REQUESTS: usize = 3;

/// The result of a round at one provider.
pub(super) struct Pace {
    pub(super) provider: ProviderId,
    /// When the first try of each connection ended, in ascending order.
    ended: Vec<Duration>,
    /// The provider's counters when the last first try ended.
    pub(super) requests: TokenRequests,
}

impl Pace {
    pub(super) fn new(provider: ProviderId, mut ended: Vec<Duration>, requests: TokenRequests) -> Self {
        ended.sort_unstable();
        Self { provider, ended, requests }
    }

    /// When all were tried.
    pub(super) fn took(&self) -> Duration {
        self.ended.last().copied().unwrap_or_default()
    }

    /// The percentage tried by then.
    fn share_by(&self, moment: Duration) -> usize {
        self.ended.partition_point(|end| *end <= moment) * 100 / self.ended.len().max(1)
    }
}

/// Prints a round next to the time that a plain client takes for the same number of requests, by provider.
pub(super) fn report(paces: &[Pace], floor: &[Duration]) {
    println!(
        "provider       due  requests  at once  tried by, ms  bare client, ms  ratio  by the first’s end"
    );
    let earliest = first_end(paces);
    for (pace, floor) in paces.iter().zip(floor) {
        let TokenRequests { all, most, .. } = pace.requests;
        let due = pace.ended.len();
        let share = format!("{} %", pace.share_by(earliest));
        row(pace.provider.title(), [due, all], &most.to_string(), pace.took(), *floor, &share);
    }
    let due = paces.iter().map(|pace| pace.ended.len()).sum();
    let all = paces.iter().map(|pace| pace.requests.all).sum();
    let took = paces.iter().map(Pace::took).max().unwrap_or_default();
    row("in all", [due, all], "", took, floor.iter().max().copied().unwrap_or_default(), "");
}

fn row(name: &str, [due, all]: [usize; 2], most: &str, took: Duration, floor: Duration, share: &str) {
    let ratio = took.as_secs_f64() / floor.as_secs_f64();
    let (took, floor) = (took.as_millis(), floor.as_millis());
    println!("{name:<12} {due:>5} {all:>9} {most:>8} {took:>13} {floor:>16} {ratio:>6.2} {share:>19}");
}

/// When the first provider was done.
fn first_end(paces: &[Pace]) -> Duration {
    paces.iter().map(Pace::took).min().unwrap_or_default()
}

/// Asserts that no provider got more concurrent requests than guaranteed, and that when the first was done, the others
/// had made good progress.
pub(super) fn ensure_promised(paces: &[Pace]) -> Result<()> {
    for pace in paces {
        let (name, most) = (pace.provider.title(), pace.requests.most);
        ensure!(most <= MAX_BACKGROUND_REQUESTS, "{name} saw {most} token requests at once");
        let share = pace.share_by(first_end(paces));
        ensure!(share >= STARVED, "{name} had {share} % of its own when another had all");
    }
    Ok(())
}

/// A provider with less than this percentage done when another is complete was delayed by it.
const STARVED: usize = 20;
