//! The system's own dialogs for files. The window's page asks for one, and neither names the file nor can press its
//! buttons: only the person does.

#[cfg(target_os = "linux")]
#[path = "dialog/linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
#[path = "dialog/elsewhere.rs"]
mod platform;

use std::path::PathBuf;

use grapnel_core::error::{Code, Error, Result};
use tauri::AppHandle;
use tokio::sync::{Mutex, oneshot};

/// What a file is asked for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    /// To be written, under this name unless the person has another. Whether one that is there is replaced, is asked.
    Save(&'static str),
    /// To be read.
    Open,
}

/// A second dialog waits for the first.
static ONE: Mutex<()> = Mutex::const_new(());

/// Asks the person where to write a file; nothing where they think better of it.
pub(crate) async fn save(
    app: &AppHandle,
    title: &'static str,
    name: &'static str,
) -> Result<Option<PathBuf>> {
    ask(app, title, Purpose::Save(name)).await
}

/// Asks the person which file to read; nothing where they think better of it.
pub(crate) async fn open(app: &AppHandle, title: &'static str) -> Result<Option<PathBuf>> {
    ask(app, title, Purpose::Open).await
}

async fn ask(app: &AppHandle, title: &'static str, purpose: Purpose) -> Result<Option<PathBuf>> {
    let _one = ONE.lock().await;
    let (tell, chosen) = oneshot::channel();
    let window = crate::window::get(app);
    let failed = || {
        Error::new(Code::Internal, "The system shows no dialog to choose a file in.")
            .means("Nothing was changed.")
            .hint("Use grapnel export and grapnel import in a terminal.")
    };
    let asked = app.run_on_main_thread(move || platform::ask(window.as_ref(), title, purpose, tell));
    asked.map_err(|_| failed())?;
    chosen.await.map_err(|_| failed())
}
