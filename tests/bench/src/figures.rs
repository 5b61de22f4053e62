//! The measured times of repeated runs (median and maximum), and the load of the machine.

use std::fmt;
use std::time::{Duration, Instant};

/// The duration of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) time: Duration,
    /// The CPU time of this process: other processes on a busy machine do not add to it.
    at_work: Duration,
}

/// A measurement in progress.
pub(crate) struct Timed {
    start: Instant,
    at_work: Duration,
}

impl Timed {
    pub(crate) fn begin() -> Self {
        Self { at_work: at_work(), start: Instant::now() }
    }

    pub(crate) fn end(&self) -> Took {
        Took { time: self.start.elapsed(), at_work: at_work().saturating_sub(self.at_work) }
    }
}

/// The durations of all runs.
#[derive(Debug)]
pub(crate) struct Figures(Vec<Took>);

impl Figures {
    /// Runs `work` this number of times, after one run to warm up.
    pub(crate) fn of<T>(times: usize, mut work: impl FnMut() -> T) -> Self {
        drop(work());
        Self::from((0..times).map(|_| timed(&mut work)).collect::<Vec<_>>())
    }

    /// The median, in milliseconds.
    pub(crate) fn median(&self) -> f64 {
        self.at(50, |one| one.time)
    }

    fn at(&self, percent: usize, of: impl Fn(&Took) -> Duration) -> f64 {
        let mut times: Vec<Duration> = self.0.iter().map(of).collect();
        times.sort_unstable();
        let at = times.get(times.len() * percent / 100).copied().unwrap_or_default();
        at.as_secs_f64() * 1_000.0
    }
}

impl From<Vec<Took>> for Figures {
    fn from(all: Vec<Took>) -> Self {
        Self(all)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, slow] = [50, 95].map(|percent| self.at(percent, |one| one.time));
        let at_work = self.at(50, |one| one.at_work);
        write!(f, "{median:9.2} ms  (95 %: {slow:.2}; at work {at_work:.2}; of {})", self.0.len())
    }
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [time, at_work] = [self.time, self.at_work].map(|time| time.as_secs_f64() * 1_000.0);
        write!(f, "{time:9.0} ms  (at work {at_work:.0})")
    }
}

/// The duration of one run.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Took {
    let timed = Timed::begin();
    std::hint::black_box(work());
    timed.end()
}

/// The recent load average and the number of processors.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let of_late = load.split(' ').next().unwrap_or("?");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("load {of_late} on {cores} cores")
}

/// The CPU time of this process's threads.
fn at_work() -> Duration {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let told = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        told.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}
