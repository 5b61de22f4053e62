//! The named points of the program, which it reports as trace events.

use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Does something whenever this thread passes a point, as long as the result lives.
pub(crate) fn at_point(name: &'static str, action: impl Fn() + Send + Sync + 'static) -> DefaultGuard {
    tracing::subscriber::set_default(tracing_subscriber::registry().with(AtPoint { name, action }))
}

struct AtPoint<A> {
    name: &'static str,
    action: A,
}

impl<S: Subscriber, A: Fn() + Send + Sync + 'static> Layer<S> for AtPoint<A> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if event.metadata().target() == "grapnel_core::point" && message.0 == self.name {
            (self.action)();
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
