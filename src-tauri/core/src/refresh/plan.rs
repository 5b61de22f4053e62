//! A plan: what is due when, earliest first.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use jiff::Timestamp;

/// What is due when. Each thing is there once at most.
#[derive(Debug)]
pub(super) struct Plan<T> {
    queue: BTreeSet<(Timestamp, T)>,
    moments: HashMap<T, Timestamp>,
}

impl<T> Default for Plan<T> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), moments: HashMap::new() }
    }
}

impl<T: Clone + Ord + Hash> Plan<T> {
    /// Sets when a thing is due: never, for nothing.
    pub(super) fn set(&mut self, thing: T, at: Option<Timestamp>) {
        if let Some(before) = self.moments.remove(&thing) {
            self.queue.remove(&(before, thing.clone()));
        }
        if let Some(at) = at {
            self.moments.insert(thing.clone(), at);
            self.queue.insert((at, thing));
        }
    }

    /// When the next thing is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// When a thing is due.
    pub(super) fn when(&self, thing: &T) -> Option<Timestamp> {
        self.moments.get(thing).copied()
    }

    /// Takes out one thing that is due at `now`.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<T> {
        let (_, thing) = self.queue.first().filter(|(at, _)| *at <= now)?.clone();
        self.set(thing.clone(), None);
        Some(thing)
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.moments.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_in_order_and_only_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut plan = Plan::default();
        plan.set("late", Some(at(30)));
        plan.set("early", Some(at(10)));
        plan.set("moved", Some(at(5)));
        plan.set("moved", Some(at(20)));
        plan.set("gone", Some(at(1)));
        plan.set("gone", None);
        assert_eq!(plan.next(), Some(at(10)));
        let due: Vec<_> = std::iter::from_fn(|| plan.take_due(at(20))).collect();
        assert_eq!(due, ["early", "moved"]);
        assert_eq!(plan.next(), Some(at(30)));
    }
}
