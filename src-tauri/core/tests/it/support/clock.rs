//! A clock that a test moves, and that tells what is waited for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use grapnel_core::clock::{Clock, Wait, Woken};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub(crate) struct TestClock {
    /// The machine's, which all programs on it share.
    moved: Arc<Mutex<Moved>>,
    /// By how much it was set before this program started.
    set_before: SignedDuration,
    /// How often it was moved.
    moves: watch::Sender<u64>,
    /// The moment that is waited for, and how many waits there were.
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
    /// The clock as a program sees it that starts now. Waits by it do not end when this one is moved.
    pub(crate) fn at_start(&self) -> Self {
        Self { moved: Arc::clone(&self.moved), set_before: self.moved().set_by, ..Self::default() }
    }

    /// Time passes.
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.change(|moved| moved.passed += by);
    }

    /// Time passes, and timers stand still.
    pub(crate) fn sleep(&self, by: SignedDuration) {
        self.change(|moved| {
            moved.passed += by;
            moved.jumps += 1;
        });
    }

    /// Someone sets the clock.
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

    /// Waits until whoever waits by this clock has done all that was due, and sleeps until something else is.
    pub(crate) async fn settled(&self) -> Timestamp {
        let mut waiting = self.waiting.subscribe();
        let settled = waiting.wait_for(|(at, _)| at.is_some_and(|at| at > self.now()));
        let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
        // In vain, where nothing is waited for.
        settled.unwrap().unwrap().0.unwrap()
    }

    /// Waits until something else is slept for than the moment `before`, and answers with that.
    pub(crate) async fn settled_anew(&self, before: Timestamp) -> Timestamp {
        let mut waiting = self.waiting.subscribe();
        let settled = waiting.wait_for(|(at, _)| at.is_some_and(|at| at > self.now() && at != before));
        let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
        settled.unwrap().unwrap().0.unwrap()
    }

    /// How many waits there were.
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
                    return Woken::Jumped;
                }
                let Ok(left) = Duration::try_from(self.now().duration_until(at)) else { return Woken::Due };
                if left.is_zero() {
                    return Woken::Due;
                }
                // Real time passes as well, if a little.
                let _ = tokio::time::timeout(left, moves.changed()).await;
            }
        })
    }
}

/// Ends a wait, also one that is given up.
struct Over<'a>(&'a TestClock);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|(at, _)| *at = None);
    }
}
