//! How `WebKit` renders the page: with the GPU if there is one, otherwise without compositing, because emulating a GPU
//! costs a third more memory and several times the CPU time.
//!
//! If the engine fails with the GPU, no page loads. Either the engine hangs, and Grapnel restarts itself, or the
//! process dies, and the next start finds the marker file. In both cases the next process renders without the GPU, and
//! that choice is kept for a month.
//!
//! Only this engine needs it. `WebView2` (Windows) is Chromium, which restarts a failed GPU process, and then draws
//! without it. The web view of macOS draws with the system's own compositor, without which there is no desktop either.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use grapnel_core::{Store, write_private};
use gtk::glib;
use tauri::{AppHandle, Manager};

use crate::core_handle::CoreHandle;
use crate::restart::restart;
use crate::shutdown::Shutdown;

/// Environment variable of `WebKit`; a value set by the person wins.
const DISABLE_COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
/// Environment variable of `WebKit` for sharing buffers with the GPU.
const DISABLE_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// File in the data directory that records a failure. It may be lost.
const FAILURE_FILE: &str = "software-drawing";
/// After this time the GPU is tried again: drivers and engines get fixed.
const FAILURE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// File in the session's directory that exists from the start of the engine until the page has loaded.
const MARKER_FILE: &str = "page-begins";
/// A page that has not loaded by then will not load.
const PAGE_LOAD_TIMEOUT: Duration = Duration::from_secs(20);

/// How this process renders the page, and whether the page has loaded.
#[derive(Debug)]
pub(crate) struct Rendering {
    marker: Option<PathBuf>,
    /// Whether the GPU is not used because of an earlier failure.
    is_fallback: bool,
    has_loaded: AtomicBool,
}

impl Rendering {
    /// Decides by setting the environment of `WebKit`. Must run before `WebKit` starts and before a second thread
    /// exists. `session` is a directory for files of this session's instance.
    pub(crate) fn choose(session: Option<&Path>) -> Self {
        let marker = session.map(|session| session.join(MARKER_FILE));
        let did_not_load = marker.as_ref().is_some_and(|marker| marker.exists());
        let is_fallback = did_not_load || failure_file().is_some_and(|file| is_recent(&file));
        if is_fallback {
            set(DISABLE_DMABUF);
        }
        if is_fallback || !has_graphics_processor(Path::new("/dev/dri")) {
            set(DISABLE_COMPOSITING);
        }
        Self { marker, is_fallback, has_loaded: AtomicBool::new(false) }
    }

    /// Writes the marker, before the engine starts.
    pub(crate) fn mark_starting(&self) {
        let written = self.marker.as_ref().map(|marker| write_private(marker, b""));
        if let Some(Err(error)) = written {
            tracing::debug!(%error, "the next start cannot tell whether the page loaded");
        }
    }

    /// Records that the page has loaded.
    pub(crate) fn page_loaded(&self) {
        self.has_loaded.store(true, Ordering::Relaxed);
        self.clear_marker();
    }

    /// Deletes the marker: the page has loaded, or is no longer wanted.
    pub(crate) fn clear_marker(&self) {
        if let Some(marker) = &self.marker {
            let _ = fs::remove_file(marker);
        }
    }
}

/// Restarts Grapnel if its page does not load, and records that the fallback helped.
pub(super) fn watch(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PAGE_LOAD_TIMEOUT).await;
        let rendering = app.state::<Rendering>();
        let has_loaded = rendering.has_loaded.load(Ordering::Relaxed);
        if has_loaded && rendering.is_fallback && app.state::<CoreHandle>().opened().is_some() {
            // Nothing is written to a directory before it is known to be Grapnel's.
            remember_failure();
        }
        if !has_loaded && !rendering.is_fallback && !app.state::<Shutdown>().has_begun() {
            tracing::warn!("the page did not load; Grapnel restarts without the graphics processor");
            restart(&app);
        }
    });
}

fn remember_failure() {
    let file = failure_file().filter(|file| !is_recent(file));
    if let Some(Err(error)) = file.map(|file| write_private(&file, b"")) {
        tracing::warn!(%error, "the next session will try the graphics processor again");
    }
}

/// Whether there is a GPU that this account may use.
fn has_graphics_processor(directory: &Path) -> bool {
    let Ok(nodes) = fs::read_dir(directory) else { return false };
    nodes.flatten().any(|node| fs::File::options().read(true).write(true).open(node.path()).is_ok())
}

fn is_recent(file: &Path) -> bool {
    let changed = file.metadata().and_then(|found| found.modified());
    let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
    age.is_some_and(|age| age < FAILURE_LIFETIME)
}

fn failure_file() -> Option<PathBuf> {
    Store::default_home().ok().map(|home| home.join(FAILURE_FILE))
}

fn set(variable: &str) {
    if let Err(error) = glib::setenv(variable, "1", false) {
        tracing::warn!(%error, "the rendering mode could not be set");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_counts_only_if_it_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_graphics_processor(&folder.path().join("none")));
        fs::create_dir(folder.path().join("by-path")).unwrap();
        assert!(!has_graphics_processor(folder.path()), "a directory draws nothing");
        fs::write(folder.path().join("renderD128"), "").unwrap();
        assert!(has_graphics_processor(folder.path()));
    }

    #[test]
    fn only_the_next_start_sees_that_a_page_did_not_load() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Rendering::choose(Some(folder.path()));
        // A process that exits before it has a window leaves no marker.
        assert!(!start().is_fallback);
        start().mark_starting();
        let after = start();
        assert!(after.is_fallback);
        after.mark_starting();
        after.page_loaded();
        assert!(!start().is_fallback);
    }

    #[test]
    fn a_rendering_failure_is_remembered_for_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FAILURE_FILE);
        assert!(!is_recent(&file));
        write_private(&file, b"").unwrap();
        assert!(is_recent(&file));
        let long_ago = SystemTime::now() - FAILURE_LIFETIME - Duration::from_secs(60);
        fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        assert!(!is_recent(&file));
    }
}
