//! A queue of jobs by due time.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use jiff::Timestamp;

/// The jobs and when they are due. Each job is in it at most once.
#[derive(Debug)]
pub(super) struct JobQueue<T> {
    queue: BTreeSet<(Timestamp, T)>,
    moments: HashMap<T, Timestamp>,
}

impl<T> Default for JobQueue<T> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), moments: HashMap::new() }
    }
}

impl<T: Clone + Ord + Hash> JobQueue<T> {
    /// Sets when a job is due; `None` removes it.
    pub(super) fn set(&mut self, job: T, at: Option<Timestamp>) {
        if let Some(before) = self.moments.remove(&job) {
            self.queue.remove(&(before, job.clone()));
        }
        if let Some(at) = at {
            self.moments.insert(job.clone(), at);
            self.queue.insert((at, job));
        }
    }

    /// When the next job is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// When a job is due.
    pub(super) fn when(&self, job: &T) -> Option<Timestamp> {
        self.moments.get(job).copied()
    }

    /// Removes and returns one job that is due at `now`.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<T> {
        let (_, job) = self.queue.first().filter(|(at, _)| *at <= now)?.clone();
        self.set(job.clone(), None);
        Some(job)
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
    fn jobs_are_taken_in_order_and_only_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut queue = JobQueue::default();
        queue.set("late", Some(at(30)));
        queue.set("early", Some(at(10)));
        queue.set("moved", Some(at(5)));
        queue.set("moved", Some(at(20)));
        queue.set("gone", Some(at(1)));
        queue.set("gone", None);
        assert_eq!(queue.next(), Some(at(10)));
        let due: Vec<_> = std::iter::from_fn(|| queue.take_due(at(20))).collect();
        assert_eq!(due, ["early", "moved"]);
        assert_eq!(queue.next(), Some(at(30)));
    }
}
