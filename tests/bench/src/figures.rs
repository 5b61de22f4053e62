//! Figures: what each run took, in the middle and at its worst, and how busy the machine was with other things.

use std::fmt;
use std::time::{Duration, Instant};

/// How long something took, each time.
#[derive(Debug, Clone)]
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    /// Does something so many times, once more before that to warm up.
    pub(crate) fn of<T>(times: usize, mut work: impl FnMut() -> T) -> Self {
        drop(work());
        Self::from((0..times).map(|_| timed(&mut work)).collect::<Vec<_>>())
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> Duration {
        self.at(50)
    }

    fn at(&self, percent: usize) -> Duration {
        self.0.get(self.0.len() * percent / 100).or(self.0.last()).copied().unwrap_or_default()
    }
}

impl From<Vec<Duration>> for Figures {
    fn from(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, slow] = [self.median(), self.at(95)].map(|time| time.as_secs_f64() * 1_000.0);
        write!(f, "{median:9.2} ms  (95 %: {slow:.2}, of {})", self.0.len())
    }
}

/// How long one piece of work takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// How many processes wanted to run of late, beside how many can.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let of_late = load.split(' ').next().unwrap_or("?");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("load {of_late} on {cores} cores")
}
