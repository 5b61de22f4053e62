//! Retrying a request while the provider is unavailable.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use grapnel_model::error::{Code, Error, Result};

use crate::print::Messages;
use crate::session::Timeouts;

/// The first pause. Each later one is twice as long, with jitter.
const MIN_DELAY: Duration = Duration::from_millis(500);
/// The longest pause.
const MAX_DELAY: Duration = Duration::from_secs(4);

/// Retries while the provider is unavailable and certainly did not act on the request. A request whose response was
/// lost is not repeated.
pub(crate) async fn retry<T, Fut>(
    timeouts: Timeouts,
    messages: &Messages,
    ask: impl FnMut() -> Fut,
) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    let start = Instant::now();
    let pauses = ExponentialBuilder::default()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY)
        .with_jitter()
        .without_max_times()
        .with_total_delay(Some(timeouts.provider));
    ask.retry(pauses)
        .when(|error: &Error| {
            // The time spent in requests counts too.
            error.code == Code::ProviderUnavailable && start.elapsed() + MAX_DELAY < timeouts.provider
        })
        .notify(|error, pause| {
            messages.note(&format!("{} Retrying in {:.1} s.", error.message, pause.as_secs_f32()));
        })
        .await
}
