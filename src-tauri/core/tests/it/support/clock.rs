//! A clock that a test controls, and that reports what is waited for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use grapnel_core::clock::{Clock, Wait, WakeReason};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub(crate) struct TestClock {
    /// The system clock, which all processes share.
    moved: Arc<Mutex<Moved>>,
    /// How far it was set forward before this process started.
    set_before: SignedDuration,
    /// How often it was moved.
    moves: watch::Sender<u64>,
    /// The time that is waited for, and the number of waits.
    waiting: watch::Sender<(Option<Timestamp>, u32)>,
}

#[derive(Clone, Copy, Default)]
struct Moved {
    passed: SignedDuration,
    set_by: SignedDuration,
    jumps: u32,
}

impl Default for TestClock {
    fn default() -> Self {
        Self {
            moved: Arc::default(),
            set_before: SignedDuration::ZERO,
            moves: watch::Sender::default(),
            waiting: watch::Sender::new((None, 0)),
        }
    }
}

impl TestClock {
    /// The clock as a process sees it that starts now. Moving this one does not end waits by that one.
    pub(crate) fn at_start(&self) -> Self {
        Self { moved: Arc::clone(&self.moved), set_before: self.moved().set_by, ..Self::default() }
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.change(|moved| moved.passed += by);
    }

    /// Lets time pass without waking timers, as during suspend.
    pub(crate) fn sleep(&self, by: SignedDuration) {
        self.change(|moved| {
            moved.passed += by;
            moved.jumps += 1;
        });
    }

    /// Sets the clock.
    pub(crate) fn set(&self, by: SignedDuration) {
        self.change(|moved| {
            moved.set_by += by;
            moved.jumps += 1;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Moved)) {
        let jumps = self.moved().jumps;
        change(&mut self.moved.lock().unwrap());
        if self.moved().jumps > jumps {
            self.waiting.send_modify(|(at, _)| *at = None);
        }
        self.moves.send_modify(|count| *count += 1);
    }

    /// Waits until everything due is done and a later time is waited for; returns that time.
    pub(crate) async fn settled(&self) -> Timestamp {
        let mut waiting = self.waiting.subscribe();
        let settled = waiting.wait_for(|(at, _)| at.is_some_and(|at| at > self.now()));
        let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
        // Times out if nothing is waited for.
        settled.unwrap().unwrap().0.unwrap()
    }

    /// Waits until a time other than `before` is waited for, and returns it.
    pub(crate) async fn settled_anew(&self, before: Timestamp) -> Timestamp {
        let mut waiting = self.waiting.subscribe();
        let settled = waiting.wait_for(|(at, _)| at.is_some_and(|at| at > self.now() && at != before));
        let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
        settled.unwrap().unwrap().0.unwrap()
    }

    /// The number of waits.
    pub(crate) fn waits(&self) -> u32 {
        self.waiting.borrow().1
    }

    fn moved(&self) -> Moved {
        *self.moved.lock().unwrap()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let moved = self.moved();
        Timestamp::now() + moved.passed + moved.set_by
    }

    fn set_by(&self) -> SignedDuration {
        self.moved().set_by - self.set_before
    }

    fn wait_until(&self, at: Timestamp) -> Wait<'_> {
        Box::pin(async move {
            let mut moves = self.moves.subscribe();
            let jumps = self.moved().jumps;
            self.waiting.send_modify(|(waiting, count)| (*waiting, *count) = (Some(at), *count + 1));
            let _over = Over(self);
            loop {
                if self.moved().jumps > jumps {
                    return WakeReason::Jumped;
                }
                let Ok(left) = Duration::try_from(self.now().duration_until(at)) else {
                    return WakeReason::Due;
                };
                if left.is_zero() {
                    return WakeReason::Due;
                }
                // Real time passes as well, if only a little.
                let _ = tokio::time::timeout(left, moves.changed()).await;
            }
        })
    }
}

/// Ends a wait, including one that is dropped.
struct Over<'a>(&'a TestClock);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|(at, _)| *at = None);
    }
}
