//! The named points of a refresh, as logged.

use tracing::field::{Field, Visit};

/// Whether this log event reports that a refresh is at `point`.
pub(crate) fn is_at(event: &tracing::Event<'_>, point: &str) -> bool {
    let mut reached = Reached { point, is_there: false };
    event.record(&mut reached);
    reached.is_there
}

struct Reached<'a> {
    point: &'a str,
    is_there: bool,
}

impl Visit for Reached<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.is_there |= field.name() == "message" && format!("{value:?}") == self.point;
    }
}
