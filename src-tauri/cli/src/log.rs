//! The log, for those who look for a fault: on standard error, and silent unless asked for.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Starts the log if `GRAPNEL_LOG` sets its level: `error`, `warn`, `info` or `debug`. Only Grapnel's own words reach
/// it: other crates' could hold what passes through them.
pub fn start() {
    let level = std::env::var("GRAPNEL_LOG").ok().and_then(|level| level.parse::<LevelFilter>().ok());
    let Some(level) = level else { return };
    let own = Targets::new().with_target("grapnel_core", level).with_target("grapnel_cli", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(own).init();
}
