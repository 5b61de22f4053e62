//! Dialogs with an error of the whole program, which has no page to show it. Only the main thread may open them.

#[cfg(target_os = "linux")]
use gtk::prelude::{DialogExt, GtkWindowExt, WidgetExt};

/// Shows an error until the person closes it. Without a display, shows nothing. Events of the program wait meanwhile.
#[cfg(target_os = "linux")]
pub(crate) fn wait(title: &str, what: &str) {
    if gtk::init().is_ok() {
        let dialog = dialog(title, what);
        dialog.run();
        dialog.close();
    }
}

/// Shows an error beside what the program does.
#[cfg(target_os = "linux")]
pub(crate) fn show(title: &str, what: &str) {
    let dialog = dialog(title, what);
    dialog.connect_response(|dialog, _| dialog.close());
    dialog.show();
}

#[cfg(target_os = "linux")]
fn dialog(title: &str, what: &str) -> gtk::MessageDialog {
    use gtk::atk::prelude::AtkObjectExt;

    let dialog = gtk::MessageDialog::builder()
        .title(title)
        .text(title)
        .secondary_text(what)
        .message_type(gtk::MessageType::Error)
        .buttons(gtk::ButtonsType::Close)
        .build();
    // GTK's accessible name would be the kind of dialog, "Error".
    if let Some(accessible) = dialog.accessible() {
        accessible.set_name(title);
    }
    dialog
}

/// Shows an error until the person closes it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn wait(title: &str, what: &str) {
    use rfd::{MessageDialog, MessageLevel};

    MessageDialog::new().set_level(MessageLevel::Error).set_title(title).set_description(what).show();
}
