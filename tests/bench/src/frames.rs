//! The frames of the real window: how long each took, beside those of a page at rest, which come at the display's rate.

use std::fmt;

use anyhow::Result;
use grapnel_tests::page::Page;
use serde_json::{Value, json};

/// Frames that take longer are noticed by a person, at 60 a second.
const LATE: f64 = 25.0;

/// Measures frames in which nothing changes.
const REST: &str = "
    const [frames, done] = arguments;
    const times = [];
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
        times.push(now - last);
        last = now;
        if (times.length < frames) requestAnimationFrame(frame);
        else done({ times: times.slice(1) });
    });";

/// The times of consecutive frames, in milliseconds, sorted.
pub(crate) struct Frames(Vec<f64>);

impl Frames {
    /// Those that a script returned as `times`.
    pub(crate) fn of(run: &Value) -> Self {
        let mut times: Vec<f64> =
            run["times"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// Those of a page in which nothing changes.
    pub(crate) async fn at_rest(page: &Page) -> Result<Self> {
        Ok(Self::of(&script(page, REST, vec![json!(120)]).await?))
    }

    fn at(&self, percent: usize) -> f64 {
        self.0.get(self.0.len() * percent / 100).copied().unwrap_or_default()
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, most, nearly_all) = (self.at(50), self.at(95), self.at(99));
        let longest = self.0.last().copied().unwrap_or_default();
        let late = self.0.iter().filter(|time| **time > LATE).count();
        write!(
            f,
            "median {median:.1} ms, 95 % {most:.1} ms, 99 % {nearly_all:.1} ms, longest {longest:.1} ms; "
        )?;
        write!(f, "{late} of {} frames over {LATE} ms", self.0.len())
    }
}

/// Runs a script in the page, and returns what it passes to its last argument.
pub(crate) async fn script(page: &Page, script: &str, arguments: Vec<Value>) -> Result<Value> {
    Ok(page.driver().execute_async(script, arguments).await?.json().clone())
}
