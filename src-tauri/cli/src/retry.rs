//! A provider that cannot answer now is asked again a few times, and then it is said.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use grapnel_model::error::{Code, Error, Result};

use crate::print::Messages;
use crate::session::Patience;

/// The first pause; each one after it is twice as long, and a random bit.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause.
const LAST: Duration = Duration::from_secs(4);

/// Asks, and asks again while the provider is unavailable and surely did nothing. An answer that was lost is not
/// asked for again: the provider may have acted on the request.
pub(crate) async fn retry<T, Asked>(
    patience: Patience,
    messages: &Messages,
    ask: impl FnMut() -> Asked,
) -> Result<T>
where
    Asked: Future<Output = Result<T>>,
{
    let start = Instant::now();
    let pauses = ExponentialBuilder::default()
        .with_min_delay(FIRST)
        .with_max_delay(LAST)
        .with_jitter()
        .without_max_times()
        .with_total_delay(Some(patience.provider));
    ask.retry(pauses)
        .when(|error: &Error| {
            // The request before the last took its time as well.
            error.code == Code::ProviderUnavailable && start.elapsed() + LAST < patience.provider
        })
        .notify(|error, pause| {
            messages.note(&format!("{} Trying again in {:.1} s.", error.message, pause.as_secs_f32()));
        })
        .await
}
