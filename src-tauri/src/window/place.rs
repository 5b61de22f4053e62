//! Where the window was when it was last left, so that the next start has it there again.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use grapnel_core::store::{Store, write_private};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, Monitor, WebviewWindow, WebviewWindowBuilder, Wry};

use crate::shell::Shell;

/// In the data directory. It may be lost: then the window is as at first.
const FILE: &str = "window.json";
/// The size of the first window.
pub(super) const FIRST: (i32, i32) = (1180, 760);
/// So much of the window's upper edge must be on a screen: a person can move it by that.
const HANDLE: (i32, i32) = (120, 40);

/// A place, in pixels as the desktop scales them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    /// Whether the window fills its screen; the rest is then where it is otherwise.
    #[serde(default)]
    maximized: bool,
}

/// The place that is kept.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<Place>>);

/// Has a window come up where the last one was, as far as the screens of today allow.
pub(super) fn restore<'a>(
    app: &'a AppHandle,
    window: WebviewWindowBuilder<'a, Wry, AppHandle>,
) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    let Some(place) = read() else { return window };
    *app.state::<Kept>().0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    let screens: Vec<Place> = app.available_monitors().unwrap_or_default().iter().map(screen).collect();
    let Some((place, is_reachable)) = place.on(&screens) else { return window };
    let window = window.inner_size(place.width.into(), place.height.into()).maximized(place.maximized);
    if is_reachable { window.position(place.x.into(), place.y.into()) } else { window }
}

/// Keeps where the window is, while it is to be seen.
pub(super) fn keep(app: &AppHandle, window: &WebviewWindow) {
    // Nothing is written to a directory before it is known to be Grapnel's.
    if app.state::<Shell>().opened().is_none() {
        return;
    }
    let kept = app.state::<Kept>();
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let now = match of(window, *kept) {
        Ok(Some(now)) if *kept != Some(now) => now,
        Ok(_) => return,
        Err(error) => return tracing::debug!(%error, "where the window is, is not known"),
    };
    let written = path().zip(serde_json::to_vec(&now).ok()).map(|(path, text)| write_private(&path, &text));
    match written {
        Some(Ok(())) => *kept = Some(now),
        failed => tracing::warn!(?failed, "where the window is, is not kept"),
    }
}

/// Where a window is; nothing while it is not to be seen. Where a maximized one was before, nobody tells: it is what was
/// kept last.
fn of(window: &WebviewWindow, kept: Option<Place>) -> tauri::Result<Option<Place>> {
    if !window.is_visible()? || window.is_minimized()? {
        return Ok(None);
    }
    let scale = window.scale_factor()?;
    let (at, size) = (window.outer_position()?.to_logical(scale), window.inner_size()?.to_logical(scale));
    let now = Place { x: at.x, y: at.y, width: size.width, height: size.height, maximized: false };
    if !window.is_maximized()? {
        return Ok(Some(now));
    }
    let (width, height) = FIRST;
    Ok(Some(Place { maximized: true, ..kept.unwrap_or(Place { width, height, ..now }) }))
}

impl Place {
    /// The place on these screens, no larger than one of them, and whether the window can be reached there. Nothing
    /// where there is no screen, or it is no place for a window.
    fn on(self, screens: &[Self]) -> Option<(Self, bool)> {
        if self.width <= 0 || self.height <= 0 {
            return None;
        }
        let under = screens.iter().find(|screen| self.is_reachable_on(screen));
        let screen = under.or_else(|| screens.iter().max_by_key(|screen| screen.width))?;
        let fitting =
            Self { width: self.width.min(screen.width), height: self.height.min(screen.height), ..self };
        Some((fitting, under.is_some()))
    }

    fn is_reachable_on(&self, screen: &Self) -> bool {
        let inside = |at: i32, from: i32, length: i32, handle: i32| {
            at >= from && at.saturating_add(handle) <= from.saturating_add(length)
        };
        let right = self.x.saturating_add(self.width);
        let last = screen.x.saturating_add(screen.width);
        let seen = right.min(last).saturating_sub(self.x.max(screen.x));
        inside(self.y, screen.y, screen.height, HANDLE.1) && seen >= HANDLE.0
    }
}

fn screen(monitor: &Monitor) -> Place {
    let scale = monitor.scale_factor();
    let (at, size) = (monitor.position().to_logical(scale), monitor.size().to_logical(scale));
    Place { x: at.x, y: at.y, width: size.width, height: size.height, maximized: false }
}

fn path() -> Option<PathBuf> {
    Store::default_home().ok().map(|home| home.join(FILE))
}

fn read() -> Option<Place> {
    serde_json::from_slice(&fs::read(path()?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn at(x: i32, y: i32, width: i32, height: i32) -> Place {
        Place { x, y, width, height, maximized: false }
    }

    const LEFT: Place = Place { x: 0, y: 0, width: 1280, height: 900, maximized: false };
    const RIGHT: Place = Place { x: 1280, y: -100, width: 2560, height: 1440, maximized: false };

    #[test]
    fn a_place_is_used_where_the_window_can_be_reached_there() {
        let used =
            |place: Place, screens: &[Place]| place.on(screens).filter(|(_, is_reachable)| *is_reachable);
        for place in
            [at(40, 30, 800, 600), at(-600, 0, 800, 600), at(1100, 800, 800, 600), at(1700, -90, 800, 600)]
        {
            assert_eq!(used(place, &[LEFT, RIGHT]), Some((place, true)));
        }
        // The screen beside is gone; above and below all screens; too far to the left; at the end of all numbers.
        let lost =
            [at(1300, 40, 800, 600), at(40, -30, 800, 600), at(40, 890, 800, 600), at(-700, 40, 800, 600)];
        for place in lost.into_iter().chain([at(i32::MAX, i32::MIN, i32::MAX, 600)]) {
            assert_eq!(used(place, &[LEFT]), None);
        }
    }

    #[test]
    fn a_window_is_no_larger_than_its_screen() {
        let of = |place: Place| place.on(&[LEFT, RIGHT]).map(|(place, _)| (place.width, place.height));
        assert_eq!(of(at(0, 0, 2000, 2000)), Some((1280, 900)));
        assert_eq!(of(at(1300, 0, 2000, 2000)), Some((2000, 1440)));
        assert_eq!(of(at(9000, 0, 9000, 9000)), Some((2560, 1440)));
        assert_eq!(of(at(0, 0, 0, 600)), None);
        assert_eq!(at(0, 0, 800, 600).on(&[]), None);
    }
}
