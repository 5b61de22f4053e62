//! Tasks that panic: no caller waits forever, and the connection keeps working.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};

use grapnel_model::connection::State;
use grapnel_model::error::Code;
use jiff::SignedDuration;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use crate::support::keep_alive::Kept;
use crate::support::world::{World, again};

/// Panics once, at the trace event with this message on this thread.
fn break_off_at(words: &'static str) -> tracing::subscriber::DefaultGuard {
    tracing::subscriber::set_default(
        Registry::default().with(Defect { words, is_over: AtomicBool::default() }),
    )
}

struct Defect {
    words: &'static str,
    is_over: AtomicBool,
}

impl<S: tracing::Subscriber> Layer<S> for Defect {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut said = Said(String::new());
        event.record(&mut said);
        assert!(
            said.0 != self.words || self.is_over.swap(true, Ordering::SeqCst),
            "a defect, made for a test"
        );
    }
}

struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[tokio::test]
async fn callers_continue_after_a_refresh_panics() {
    let world = World::new();
    let id = world.connect().await;
    let _defect = break_off_at("before-send");
    let (broken, waited, waited_too) =
        tokio::join!(world.grapnel.refresh(&id), world.grapnel.refresh(&id), world.grapnel.refresh(&id));
    assert_eq!(broken.unwrap_err().code, Code::Internal);
    waited.unwrap();
    waited_too.unwrap();
    // The first sent no request, and the third got the second's tokens.
    assert_eq!(world.tokens_given(), 2);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
    world.grapnel.idle().await;
}

/// The provider has rotated, and its response is lost: that is reported, nothing is deleted, and a new sign-in
/// succeeds.
#[tokio::test]
async fn a_refresh_that_panics_after_its_response_is_reported_as_a_lost_response() {
    let world = World::new();
    let id = world.connect().await;
    let _defect = break_off_at("after-answer");
    let (broken, waited) = tokio::join!(world.grapnel.refresh(&id), world.grapnel.refresh(&id));
    assert_eq!(broken.unwrap_err().code, Code::Internal);
    let refused = waited.unwrap_err();
    assert_eq!(refused.code, Code::ReconnectNeeded);
    assert!(refused.meaning.unwrap().contains("did not arrive"));
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!(details.summary.state, State::ReconnectNeeded);
    assert!(details.tokens.is_some());
    let attempt = world.grapnel.start_attempt(&details.summary.app_id, &again(&id)).await.unwrap();
    let callback = world.visit(&attempt.id).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
}

#[tokio::test]
async fn an_automatic_refresh_that_panics_is_repeated() {
    let kept = Kept::new().await;
    let _defect = break_off_at("before-send");
    kept.pass_until_due().await;
    assert_eq!(kept.refresh_count(), 0);
    let waited = kept.pass_until_due().await;
    assert!(waited <= SignedDuration::from_secs(10), "{waited}");
    assert_eq!((kept.refresh_count(), kept.details().summary.state), (1, State::Active));
}

/// A panicked job is no longer running: it runs the next time it is due.
#[tokio::test]
async fn a_job_that_panics_at_its_end_runs_when_next_due() {
    let kept = Kept::new().await;
    let _defect = break_off_at("refreshed automatically");
    kept.pass_until_due().await;
    assert_eq!(kept.refresh_count(), 1);
    kept.pass_until_due().await;
    assert_eq!(kept.refresh_count(), 2);
}
