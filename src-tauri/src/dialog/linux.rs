//! GTK's dialog, or that of the desktop's portal where GTK is told to use it.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use gtk::prelude::{FileChooserExt, NativeDialogExt};
use gtk::{FileChooserAction, FileChooserNative, ResponseType};
use tauri::WebviewWindow;
use tokio::sync::oneshot::Sender;

use super::Purpose;

pub(super) fn ask(
    window: Option<&WebviewWindow>,
    title: &str,
    purpose: Purpose,
    tell: Sender<Option<PathBuf>>,
) {
    let parent = window.and_then(|window| window.gtk_window().ok());
    let action = match purpose {
        Purpose::Save(_) => FileChooserAction::Save,
        Purpose::Open => FileChooserAction::Open,
    };
    let dialog = FileChooserNative::new(Some(title), parent.as_ref(), action, None, None);
    dialog.set_modal(true);
    if let Purpose::Save(name) = purpose {
        dialog.set_current_name(name);
        dialog.set_do_overwrite_confirmation(true);
    }
    let tell = Cell::new(Some(tell));
    // Nothing else holds it while it is open.
    let held = Rc::new(RefCell::new(None));
    let holder = Rc::clone(&held);
    dialog.connect_response(move |dialog, response| {
        let chosen = (response == ResponseType::Accept).then(|| dialog.filename()).flatten();
        if let Some(tell) = tell.take() {
            // Whoever asked may have given up.
            let _ = tell.send(chosen);
        }
        holder.take();
    });
    dialog.show();
    held.replace(Some(dialog));
}
