//! How the page is drawn: by the graphics processor where there is one, else without its way of drawing, which
//! software would only imitate, at a third more memory and several times the work.
//!
//! Where the engine fails at the graphics processor, no page begins: the engine waits, and Grapnel starts itself anew,
//! or it ends the program, and the next start knows. Either draws without the graphics processor, which is remembered
//! for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use grapnel_core::store::{Store, write_private};
use gtk::glib;
use tauri::{AppHandle, Manager};

use crate::ending::Ending;
use crate::leaving;
use crate::shell::Shell;

/// What `WebKit` reads when it starts; whoever sets it has the last word.
const WITHOUT: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
/// The same for handing over what the graphics processor has drawn.
const WITHOUT_BUFFERS: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// In the data directory: that a page did not begin. It may be lost.
const FAILED: &str = "software-drawing";
/// Drivers and engines are mended; after so long it is tried again.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// In the directory of the one Grapnel of the session: that a page is about to begin.
const BEGINS: &str = "page-begins";
/// When a page that has not begun is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the page of this start is drawn.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// There until the page has begun.
    begins: Option<PathBuf>,
    /// Whether the engine failed before, and is spared the graphics processor for that.
    is_spared: bool,
}

impl Drawing {
    /// To be called before `WebKit` starts, and before there is a second thread. `session` is a directory for files of
    /// the one Grapnel of the session.
    pub(crate) fn choose(session: Option<&Path>) -> Self {
        let begins = session.map(|session| session.join(BEGINS));
        let is_lost = begins.as_ref().is_some_and(|begins| begins.exists());
        let is_spared = is_lost || file().is_some_and(|file| is_recent(&file));
        if is_spared {
            set(WITHOUT_BUFFERS);
        }
        if is_spared || !has_processor(Path::new("/dev/dri")) {
            set(WITHOUT);
        }
        Self { begins, is_spared }
    }

    /// Notes that the page is about to begin: who finds that note at the next start knows that it never did.
    pub(crate) fn begins(&self) {
        let written = self.begins.as_ref().map(|begins| write_private(begins, b""));
        if let Some(Err(error)) = written {
            tracing::debug!(%error, "the next start will not know whether the page began");
        }
    }

    /// Notes that the page has begun, or that it is not wanted any more.
    pub(crate) fn began(&self) {
        if let Some(begins) = &self.begins {
            let _ = fs::remove_file(begins);
        }
    }
}

/// Starts Grapnel anew where its page has not begun after a while, and remembers how it can.
pub(super) fn watch(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        let (has_begun, is_spared) = (app.state::<Shell>().is_asked(), app.state::<Drawing>().is_spared);
        if has_begun && is_spared && app.state::<Shell>().opened().is_some() {
            // Nothing is written to a directory before it is known to be Grapnel's.
            remember();
        }
        if !has_begun && !is_spared && !app.state::<Ending>().has_begun() {
            tracing::warn!("the page did not begin; Grapnel starts anew, without the graphics processor");
            leaving::restart(&app);
        }
    });
}

fn remember() {
    let file = file().filter(|file| !is_recent(file));
    if let Some(Err(error)) = file.map(|file| write_private(&file, b"")) {
        tracing::warn!(%error, "the next session tries the graphics processor again");
    }
}

/// Whether there is a graphics processor that this account may use.
fn has_processor(directory: &Path) -> bool {
    let Ok(nodes) = fs::read_dir(directory) else { return false };
    nodes.flatten().any(|node| fs::File::options().read(true).write(true).open(node.path()).is_ok())
}

fn is_recent(file: &Path) -> bool {
    let changed = file.metadata().and_then(|found| found.modified());
    let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
    age.is_some_and(|age| age < REMEMBERED)
}

fn file() -> Option<PathBuf> {
    Store::default_home().ok().map(|home| home.join(FAILED))
}

fn set(variable: &str) {
    if let Err(error) = glib::setenv(variable, "1", false) {
        tracing::warn!(%error, "the page is drawn as for a graphics processor");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_one_that_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_processor(&folder.path().join("none")));
        fs::create_dir(folder.path().join("by-path")).unwrap();
        assert!(!has_processor(folder.path()), "a directory draws nothing");
        fs::write(folder.path().join("renderD128"), "").unwrap();
        assert!(has_processor(folder.path()));
    }

    #[test]
    fn a_page_that_did_not_begin_is_known_to_the_next_start_alone() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Drawing::choose(Some(folder.path()));
        // What ends before it has a window says nothing of the page.
        assert!(!start().is_spared);
        start().begins();
        let after = start();
        assert!(after.is_spared);
        after.begins();
        after.began();
        assert!(!start().is_spared);
    }

    #[test]
    fn a_failure_is_remembered_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FAILED);
        assert!(!is_recent(&file));
        write_private(&file, b"").unwrap();
        assert!(is_recent(&file));
        let long_ago = SystemTime::now() - REMEMBERED - Duration::from_secs(60);
        fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        assert!(!is_recent(&file));
    }
}
