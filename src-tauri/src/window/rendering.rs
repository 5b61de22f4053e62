//! How `WebKit` renders the page: with the GPU if there is one, otherwise without compositing, because emulating a GPU
//! costs a third more memory and several times the CPU time.
//!
//! If the engine fails with the GPU, no page loads. Either the engine hangs, and Grapnel restarts itself, or the
//! process dies, and the next start finds the marker file. In both cases the next process takes the next safer
//! [`Renderer`]. One that works is kept for a month, for these graphics drivers of this computer.
//!
//! What counts is that the page's script runs. Whether something is painted cannot be told: a window on another
//! workspace paints nothing either.
//!
//! Only this engine needs it. `WebView2` (Windows) is Chromium, which restarts a failed GPU process, and then draws
//! without it. The web view of macOS draws with the system's own compositor, without which there is no desktop either.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use grapnel_core::doctor::{Check, CheckStatus};
use grapnel_core::{Store, write_private};
use grapnel_model::secret::{hex, sha256};
use gtk::glib;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager};

use crate::alert;
use crate::core_handle::CoreHandle;
use crate::restart::restart;
use crate::shutdown::Shutdown;

/// Environment variable of `WebKit`; a value set by the person wins.
const DISABLE_COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
/// Environment variable of `WebKit` for sharing buffers with the GPU.
const DISABLE_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// Environment variable by which a restart passes on the renderer to use.
const RENDERER: &str = "GRAPNEL_RENDERER";
/// File in the data directory that records which renderer works. It may be lost.
const REMEMBERED_FILE: &str = "renderer.json";
/// After this time the default is tried again: drivers and engines get fixed.
const REMEMBERED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// File in the session's directory that exists from the start of the engine until the page has loaded. It names the
/// renderer.
const MARKER_FILE: &str = "page-begins";
/// A page that has not loaded by then will not load.
const PAGE_LOAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What a person is told whose window stays empty.
const NO_RENDERER: &str = "WebKit, which draws the window, does not work with the graphics drivers of this computer, \
    also without their acceleration. Your tokens are kept and unchanged. Use “grapnel” in a terminal, and check the \
    drivers (libEGL, Mesa).";

/// The ways to draw, from the fastest to the safest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Renderer {
    Default,
    WithoutDmabuf,
    WithoutCompositing,
}

impl Renderer {
    fn safer(self) -> Option<Self> {
        match self {
            Self::Default => Some(Self::WithoutDmabuf),
            Self::WithoutDmabuf => Some(Self::WithoutCompositing),
            Self::WithoutCompositing => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::WithoutDmabuf => "without_dmabuf",
            Self::WithoutCompositing => "without_compositing",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Default, Self::WithoutDmabuf, Self::WithoutCompositing]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// A renderer that works where the default did not.
#[derive(Serialize, Deserialize)]
struct Remembered {
    renderer: Renderer,
    /// The computer and its graphics drivers.
    graphics: String,
}

/// How this process renders the page, and whether the page has loaded.
#[derive(Debug)]
pub(crate) struct Rendering {
    marker: Option<PathBuf>,
    renderer: Renderer,
    has_gpu: bool,
    has_loaded: AtomicBool,
}

impl Rendering {
    /// Decides by setting the environment of `WebKit`. Must run before `WebKit` starts and before a second thread
    /// exists. `session` is a directory for files of this session's instance.
    pub(crate) fn choose(session: Option<&Path>) -> Self {
        let marker = session.map(|session| session.join(MARKER_FILE));
        let passed_on = std::env::var(RENDERER).ok().and_then(|name| Renderer::named(&name));
        glib::unsetenv(RENDERER);
        let remembered = remembered_file().and_then(|file| remembered(&file, &graphics()));
        let failed = marker.as_deref().and_then(failed_renderer);
        let renderer = passed_on.unwrap_or_else(|| next(failed, remembered));
        let has_gpu = has_graphics_processor(Path::new("/dev/dri"));
        if renderer >= Renderer::WithoutDmabuf {
            set(DISABLE_DMABUF);
        }
        if renderer == Renderer::WithoutCompositing || !has_gpu {
            set(DISABLE_COMPOSITING);
        }
        Self { marker, renderer, has_gpu, has_loaded: AtomicBool::new(false) }
    }

    /// Writes the marker, before the engine starts.
    pub(crate) fn mark_starting(&self) {
        let written =
            self.marker.as_ref().map(|marker| write_private(marker, self.renderer.name().as_bytes()));
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

    /// What the diagnostics say.
    pub(crate) fn check(&self) -> Check {
        let (verdict, found) = match self.renderer {
            Renderer::Default if self.has_gpu => (CheckStatus::Fine, "The default."),
            Renderer::Default => {
                (CheckStatus::Fine, "Without a graphics processor: this account can use none.")
            }
            Renderer::WithoutDmabuf => {
                (CheckStatus::Attention, "Without DMABUF, since no page loaded with the default.")
            }
            Renderer::WithoutCompositing => (
                CheckStatus::Attention,
                "Without compositing, since no page loaded with the graphics processor.",
            ),
        };
        let is_fine = verdict == CheckStatus::Fine;
        Check {
            name: "Renderer of the window".into(),
            code: None,
            verdict,
            found: found.into(),
            meaning: (!is_fine)
                .then(|| "The window may scroll less smoothly. Your tokens are not affected.".into()),
            hint: (!is_fine).then(|| {
                format!(
                    "Grapnel tries the default again within 30 days. To try it now, delete the file \
                     “{REMEMBERED_FILE}” in its data folder, and start it again."
                )
            }),
        }
    }
}

/// Restarts Grapnel with a safer renderer if its page does not load, and remembers one that helped.
pub(super) fn watch(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PAGE_LOAD_TIMEOUT).await;
        let rendering = app.state::<Rendering>();
        if rendering.has_loaded.load(Ordering::Relaxed) {
            // Nothing is written to a directory before it is known to be Grapnel's.
            if rendering.renderer > Renderer::Default && app.state::<CoreHandle>().opened().is_some() {
                remember(rendering.renderer);
            }
        } else if app.state::<Shutdown>().has_begun() {
            // Nothing is to be shown any more.
        } else if let Some(safer) = rendering.renderer.safer() {
            tracing::warn!(
                renderer = safer.name(),
                "the page did not load; Grapnel restarts with a safer renderer"
            );
            restart(&app, (RENDERER, safer.name()));
        } else {
            tracing::error!("the page did not load with any renderer");
            // A page may load slowly while a computer starts, and a hidden window is missed by nobody.
            tokio::time::sleep(PAGE_LOAD_TIMEOUT * 2).await;
            let is_seen =
                app.webview_windows().values().any(|window| window.is_visible().unwrap_or_default());
            let has_ended =
                rendering.has_loaded.load(Ordering::Relaxed) || app.state::<Shutdown>().has_begun();
            if is_seen && !has_ended {
                let show = || alert::show("Grapnel’s window stays empty", NO_RENDERER);
                if let Err(error) = app.run_on_main_thread(show) {
                    tracing::debug!(%error, "nobody was told");
                }
            }
        }
    });
}

/// The renderer of a start that did not load its page.
fn failed_renderer(marker: &Path) -> Option<Renderer> {
    let name = fs::read_to_string(marker).ok()?;
    Some(Renderer::named(&name).unwrap_or(Renderer::Default))
}

/// The renderer for a start after a failed one, if there was one.
fn next(failed: Option<Renderer>, remembered: Option<Renderer>) -> Renderer {
    let after_failure = failed.map(|failed| failed.safer().unwrap_or(failed));
    after_failure.max(remembered).unwrap_or(Renderer::Default)
}

fn remember(renderer: Renderer) {
    let graphics = graphics();
    let file = remembered_file().filter(|file| remembered(file, &graphics) != Some(renderer));
    let written = file.map(|file| -> std::io::Result<()> {
        write_private(&file, &serde_json::to_vec(&Remembered { renderer, graphics })?)
    });
    if let Some(Err(error)) = written {
        tracing::warn!(%error, "the next session will try the default renderer again");
    }
}

/// The renderer that works on this computer, if a recent file says so.
fn remembered(file: &Path, graphics: &str) -> Option<Renderer> {
    let changed = file.metadata().and_then(|found| found.modified()).ok()?;
    let is_recent = SystemTime::now().duration_since(changed).is_ok_and(|age| age < REMEMBERED_FOR);
    let remembered: Remembered = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (is_recent && remembered.graphics == graphics).then_some(remembered.renderer)
}

/// Whether there is a GPU that this account may use.
fn has_graphics_processor(directory: &Path) -> bool {
    let Ok(nodes) = fs::read_dir(directory) else { return false };
    nodes.flatten().any(|node| fs::File::options().read(true).write(true).open(node.path()).is_ok())
}

/// Changes with the computer, its graphics drivers and their versions, and tells nothing of them.
fn graphics() -> String {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let mut drivers: Vec<String> = fs::read_dir("/sys/class/drm")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|card| fs::read_link(card.path().join("device/driver")).ok())
        .filter_map(|driver| Some(driver.file_name()?.to_string_lossy().into_owned()))
        .map(|name| format!("{name} {}", read(&Path::new("/sys/module").join(&name).join("version"))))
        .collect();
    drivers.sort();
    drivers.dedup();
    let text = format!("{}\n{}", read(Path::new("/etc/machine-id")), drivers.join("\n"));
    hex(&sha256(text.as_bytes()))
}

fn remembered_file() -> Option<PathBuf> {
    Store::default_home().ok().map(|home| home.join(REMEMBERED_FILE))
}

fn set(variable: &str) {
    if let Err(error) = glib::setenv(variable, "1", false) {
        tracing::warn!(%error, "the renderer could not be set");
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
    fn each_start_after_one_whose_page_did_not_load_is_safer() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Rendering::choose(Some(folder.path()));
        // A process that exits before it has a window leaves no marker.
        assert_eq!(start().renderer, Renderer::Default);
        for expected in [Renderer::WithoutDmabuf, Renderer::WithoutCompositing, Renderer::WithoutCompositing]
        {
            start().mark_starting();
            assert_eq!(start().renderer, expected);
        }
        start().page_loaded();
        assert_eq!(start().renderer, Renderer::Default);
    }

    #[test]
    fn a_failed_start_is_followed_by_nothing_less_safe_than_what_worked() {
        let [default, second, last] =
            [Renderer::Default, Renderer::WithoutDmabuf, Renderer::WithoutCompositing].map(Some);
        assert_eq!(next(None, None), Renderer::Default);
        assert_eq!(next(None, second), Renderer::WithoutDmabuf);
        assert_eq!(next(default, last), Renderer::WithoutCompositing);
        assert_eq!(next(second, second), Renderer::WithoutCompositing);
    }

    #[test]
    fn a_renderer_is_remembered_for_a_month_and_for_the_same_graphics() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(REMEMBERED_FILE);
        assert_eq!(remembered(&file, "a"), None);
        write_private(&file, br#"{"renderer":"without_dmabuf","graphics":"a"}"#).unwrap();
        assert_eq!(remembered(&file, "a"), Some(Renderer::WithoutDmabuf));
        assert_eq!(remembered(&file, "b"), None, "another driver, or another computer");
        let long_ago = SystemTime::now() - REMEMBERED_FOR - Duration::from_secs(60);
        fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(remembered(&file, "a"), None);
        write_private(&file, b"").unwrap();
        assert_eq!(remembered(&file, "a"), None);
    }
}
