//! How fast a provider's refreshes were, and how they fared beside those of the others.

use std::time::Duration;

use anyhow::{Result, ensure};
use grapnel_sandbox::{ProviderId, TokenRequests};

/// How many background token requests a host may see at once: what the architecture page promises.
pub(super) const MAX_BACKGROUND_REQUESTS: usize = 3;

/// What a round was at one provider.
pub(super) struct Pace {
    pub(super) provider: ProviderId,
    /// When the first try of each connection was over, earliest first.
    ended: Vec<Duration>,
    /// What the provider had counted when the first try of the last was.
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

    /// How many of a hundred were tried by then.
    fn share_by(&self, moment: Duration) -> usize {
        self.ended.partition_point(|end| *end <= moment) * 100 / self.ended.len().max(1)
    }
}

/// Tells a round beside its floor: how long the same number of requests takes a bare client, by provider.
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

/// No provider saw more at once than was promised, and when the first was done, the others were well on their way.
pub(super) fn ensure_promised(paces: &[Pace]) -> Result<()> {
    for pace in paces {
        let (name, most) = (pace.provider.title(), pace.requests.most);
        ensure!(most <= MAX_BACKGROUND_REQUESTS, "{name} saw {most} token requests at once");
        let share = pace.share_by(first_end(paces));
        ensure!(share >= STARVED, "{name} had {share} % of its own when another had all");
    }
    Ok(())
}

/// Who has less than this share, in percent, when another has all, was made to wait for it.
const STARVED: usize = 20;
