//! Commands for the desktop: folders in the file manager, and the clipboard.

use grapnel_core::Store;
use grapnel_model::error::{Code, Error, Result};
use tauri::{AppHandle, State};

use crate::browser;
use crate::clipboard::Clipboard;
use crate::save_file::LastSavedFile;

/// Opens the data directory in the file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_folder(app: AppHandle) -> Result<()> {
    let folder = Store::default_home()?.display().to_string();
    crate::browser::open(&app, folder.into(), String::new()).await.map_err(|_| {
        Error::new(Code::Internal, "The system did not open the data folder.")
            .hint("Copy its path, and open it yourself.")
    })
}

/// Opens the folder of the file that was saved last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_saved_folder(app: AppHandle, saved: State<'_, LastSavedFile>) -> Result<()> {
    let folder = saved.folder().ok_or_else(|| Error::new(Code::NotFound, "No file was saved yet."))?;
    let folder = folder.display().to_string();
    let opened = browser::open(&app, folder.as_str().into(), String::new()).await;
    opened.map_err(|error| {
        Error::new(error.code, "The folder could not be opened.").hint(format!("It is {folder}."))
    })
}

/// Copies text that is not secret.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_text(clipboard: State<'_, Clipboard>, text: String) -> Result<()> {
    clipboard.copy(&text)
}
