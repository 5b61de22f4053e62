//! The size and position of the window, saved for the next start.

use std::fs;
use std::path::PathBuf;

use grapnel_core::{Store, write_private};
#[cfg(target_os = "linux")]
use gtk::prelude::GtkWindowExt;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, Monitor, WebviewWindow, WebviewWindowBuilder, Wry};

use crate::core_handle::CoreHandle;

/// File in the data directory. Without it the window has its default size.
const FILE: &str = "window.json";
/// The size at the first start, in logical pixels.
pub(super) const DEFAULT_SIZE: (i32, i32) = (1180, 760);
/// How much of the window's upper edge must be on a screen, in logical pixels, so that the window can be moved.
const MIN_REACHABLE: (i32, i32) = (120, 40);

/// A rectangle in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Geometry {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    /// Whether the window is maximized; the other fields then describe the restored window.
    #[serde(default)]
    maximized: bool,
}

/// The geometry that was saved last.
#[derive(Default)]
pub(crate) struct SavedGeometry(Mutex<Option<Geometry>>);

/// Applies the saved geometry, as far as the current screens allow.
pub(super) fn restore<'a>(
    app: &'a AppHandle,
    window: WebviewWindowBuilder<'a, Wry, AppHandle>,
) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    let Some(geometry) = read() else { return window };
    *app.state::<SavedGeometry>().0.lock() = Some(geometry);
    let screens: Vec<Geometry> = app.available_monitors().unwrap_or_default().iter().map(screen).collect();
    let Some((geometry, is_reachable)) = geometry.on(&screens) else { return window };
    let window =
        window.inner_size(geometry.width.into(), geometry.height.into()).maximized(geometry.maximized);
    if is_reachable { window.position(geometry.x.into(), geometry.y.into()) } else { window }
}

/// Saves the geometry of a visible window.
pub(super) fn save(app: &AppHandle, window: &WebviewWindow) {
    // Nothing is written to a directory before it is known to be Grapnel's.
    if app.state::<CoreHandle>().opened().is_none() {
        return;
    }
    let saved = app.state::<SavedGeometry>();
    let mut saved = saved.0.lock();
    let now = match of(window, *saved) {
        Ok(Some(now)) if *saved != Some(now) => now,
        Ok(_) => return,
        Err(error) => return tracing::debug!(%error, "the window reports no geometry"),
    };
    let written = path().zip(serde_json::to_vec(&now).ok()).map(|(path, text)| write_private(&path, &text));
    match written {
        Some(Ok(())) => *saved = Some(now),
        failed => tracing::warn!(?failed, "the window geometry could not be saved"),
    }
}

/// The geometry of a visible window. The desktop does not report the restored geometry of a maximized one, so the
/// previously saved one is kept.
fn of(window: &WebviewWindow, saved: Option<Geometry>) -> tauri::Result<Option<Geometry>> {
    if !window.is_visible()? || window.is_minimized()? {
        return Ok(None);
    }
    let at = window.outer_position()?.to_logical(window.scale_factor()?);
    let (width, height) = inner_size(window)?;
    let now = Geometry { x: at.x, y: at.y, width, height, maximized: false };
    if !window.is_maximized()? {
        return Ok(Some(now));
    }
    let (width, height) = DEFAULT_SIZE;
    Ok(Some(Geometry { maximized: true, ..saved.unwrap_or(Geometry { width, height, ..now }) }))
}

/// The size of the page in logical pixels. With decorations of its own (on Wayland), GTK's window also has a title bar
/// and a shadow, with which it would grow at each start.
#[cfg(target_os = "linux")]
fn inner_size(window: &WebviewWindow) -> tauri::Result<(i32, i32)> {
    Ok(window.gtk_window()?.size())
}

#[cfg(not(target_os = "linux"))]
fn inner_size(window: &WebviewWindow) -> tauri::Result<(i32, i32)> {
    let size = window.inner_size()?.to_logical(window.scale_factor()?);
    Ok((size.width, size.height))
}

impl Geometry {
    /// The geometry limited to the size of a screen, and whether the window is reachable at its position. `None`
    /// without a screen, or for an empty rectangle.
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
        inside(self.y, screen.y, screen.height, MIN_REACHABLE.1) && seen >= MIN_REACHABLE.0
    }
}

fn screen(monitor: &Monitor) -> Geometry {
    let scale = monitor.scale_factor();
    let (at, size) = (monitor.position().to_logical(scale), monitor.size().to_logical(scale));
    Geometry { x: at.x, y: at.y, width: size.width, height: size.height, maximized: false }
}

fn path() -> Option<PathBuf> {
    Store::default_home().ok().map(|home| home.join(FILE))
}

fn read() -> Option<Geometry> {
    serde_json::from_slice(&fs::read(path()?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Geometry;

    fn at(x: i32, y: i32, width: i32, height: i32) -> Geometry {
        Geometry { x, y, width, height, maximized: false }
    }

    const LEFT: Geometry = Geometry { x: 0, y: 0, width: 1280, height: 900, maximized: false };
    const RIGHT: Geometry = Geometry { x: 1280, y: -100, width: 2560, height: 1440, maximized: false };

    #[test]
    fn a_position_is_used_if_the_window_can_be_reached_there() {
        let used = |place: Geometry, screens: &[Geometry]| {
            place.on(screens).filter(|(_, is_reachable)| *is_reachable)
        };
        for place in
            [at(40, 30, 800, 600), at(-600, 0, 800, 600), at(1100, 800, 800, 600), at(1700, -90, 800, 600)]
        {
            assert_eq!(used(place, &[LEFT, RIGHT]), Some((place, true)));
        }
        // The other screen is gone; above and below all screens; too far to the left; at the limits of the integer
        // type.
        let lost =
            [at(1300, 40, 800, 600), at(40, -30, 800, 600), at(40, 890, 800, 600), at(-700, 40, 800, 600)];
        for place in lost.into_iter().chain([at(i32::MAX, i32::MIN, i32::MAX, 600)]) {
            assert_eq!(used(place, &[LEFT]), None);
        }
    }

    #[test]
    fn a_window_is_no_larger_than_its_screen() {
        let of = |place: Geometry| place.on(&[LEFT, RIGHT]).map(|(place, _)| (place.width, place.height));
        assert_eq!(of(at(0, 0, 2000, 2000)), Some((1280, 900)));
        assert_eq!(of(at(1300, 0, 2000, 2000)), Some((2000, 1440)));
        assert_eq!(of(at(9000, 0, 9000, 9000)), Some((2560, 1440)));
        assert_eq!(of(at(0, 0, 0, 600)), None);
        assert_eq!(at(0, 0, 800, 600).on(&[]), None);
    }
}
