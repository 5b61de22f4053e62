//! The log on standard error. It has messages of Grapnel's crates only: those of others could contain secrets.

use grapnel_model::text::CleanLog;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Starts the log. `GRAPNEL_LOG` sets its level: `error`, `warn`, `info` (the default) or `debug`.
pub(crate) fn start() {
    let level =
        std::env::var("GRAPNEL_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let own = Targets::new().with_targets(
        [
            "grapnel_core",
            "grapnel_model",
            "grapnel_oauth",
            "grapnel_store",
            "grapnel_token_client",
            "grapnel_desktop",
        ]
        .map(|name| (name, level)),
    );
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| CleanLog(std::io::stderr()));
    tracing_subscriber::registry().with(lines).with(own).init();
}
