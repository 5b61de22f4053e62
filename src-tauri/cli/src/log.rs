//! The log, on standard error. It is off unless `GRAPNEL_LOG` is set.

use std::io::Write;

use grapnel_model::text::CleanLog;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// Starts the log if `GRAPNEL_LOG` sets its level: `error`, `warn`, `info` or `debug`. Events of other crates are left
/// out: they could contain secrets.
pub fn start() {
    let level = std::env::var("GRAPNEL_LOG").ok().and_then(|level| level.parse::<LevelFilter>().ok());
    let Some(level) = level else { return };
    tracing_subscriber::registry().with(lines(std::io::stderr, level)).init();
}

fn lines<S, W>(stream: impl Fn() -> W + Send + Sync + 'static, level: LevelFilter) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    let own = Targets::new().with_targets(
        [
            "grapnel_core",
            "grapnel_model",
            "grapnel_oauth",
            "grapnel_store",
            "grapnel_token_client",
            "grapnel_cli",
        ]
        .map(|name| (name, level)),
    );
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    lines.with_writer(move || CleanLog(stream())).with_filter(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared_buffer::SharedBuffer;

    #[test]
    fn an_event_is_one_line_without_control_characters() {
        let stream = SharedBuffer::default();
        let to = stream.clone();
        let log = tracing_subscriber::registry().with(lines(move || to.clone(), LevelFilter::INFO));
        tracing::subscriber::with_default(log, || {
            tracing::info!(said = %"a\u{1b}[2Jb\nWARN forged\u{202e}\u{9b}1m", "heard");
        });
        let told = stream.text();
        assert_eq!(told.lines().count(), 1, "{told:?}");
        assert!(told.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{told:?}");
        assert!(told.contains("heard") && told.contains("forged"), "{told:?}");
    }
}
