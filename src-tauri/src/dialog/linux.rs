//! GTK's dialogs. For files, the desktop's portal if GTK is configured to use it.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use grapnel_model::secret::{ExposeSecret, SecretString};
use gtk::atk::prelude::AtkObjectExt;
use gtk::glib::object::Cast;
use gtk::prelude::{
    ContainerExt, DialogExt, FileChooserExt, GtkWindowExt, LabelExt, MessageDialogExt, NativeDialogExt,
    ObjectExt, WidgetExt,
};
use gtk::{
    ButtonsType, Container, FileChooserAction, FileChooserNative, Label, MessageDialog, MessageType,
    PolicyType, ResponseType, ScrolledWindow, glib, pango,
};
use tauri::WebviewWindow;
use tokio::sync::oneshot::{Receiver, Sender};

use super::purpose::Purpose;
use crate::confirm::Confirmation;

/// How long the confirming button is disabled, so that a click that was meant for the page under the dialog does
/// nothing.
const SETTLING: Duration = Duration::from_millis(600);
/// How long a secret is shown.
const REVEALED_FOR: Duration = Duration::from_secs(30);
/// The height of a secret in pixels beyond which it scrolls.
const MAX_SECRET_HEIGHT: i32 = 320;

pub(super) fn confirmation(window: Option<&WebviewWindow>, confirmation: &Confirmation, tell: Sender<bool>) {
    let text = format!("{}\n\n{}", confirmation.what, confirmation.meaning);
    let dialog = MessageDialog::builder()
        .title(confirmation.title)
        .text(confirmation.title)
        .secondary_text(&text)
        .message_type(MessageType::Warning)
        .buttons(ButtonsType::None)
        .modal(true)
        .build();
    dialog.set_transient_for(window.and_then(|window| window.gtk_window().ok()).as_ref());
    // GTK's accessible name would be the kind of dialog, "Warning".
    if let Some(accessible) = dialog.accessible() {
        accessible.set_name(confirmation.title);
    }
    break_anywhere(&dialog, &text);
    dialog.add_button("_Cancel", ResponseType::Cancel);
    dialog.add_button(confirmation.action, ResponseType::Accept);
    dialog.set_default_response(ResponseType::Cancel);
    dialog.set_response_sensitive(ResponseType::Accept, false);
    dialog.connect_map(|dialog| {
        let seen = dialog.downgrade();
        glib::timeout_add_local_once(SETTLING, move || {
            if let Some(dialog) = seen.upgrade() {
                dialog.set_response_sensitive(ResponseType::Accept, true);
            }
        });
    });
    let tell = Cell::new(Some(tell));
    dialog.connect_response(move |dialog, response| {
        if let Some(tell) = tell.take() {
            // The caller may have given up.
            let _ = tell.send(response == ResponseType::Accept);
            dialog.close();
        }
    });
    dialog.show();
}

/// Allows breaking long words in this text, so that the dialog is not wider than the screen.
fn break_anywhere(dialog: &MessageDialog, text: &str) {
    let Ok(area) = dialog.message_area().downcast::<Container>() else { return };
    let labels = area.children().into_iter().filter_map(|child| child.downcast::<Label>().ok());
    labels.filter(|label| label.text() == text).for_each(|label| break_words(&label, ""));
}

/// Allows breaking the words of a label, without hyphens. `attributes`: others of its text, as in Pango's markup.
fn break_words(label: &Label, attributes: &str) {
    label.set_line_wrap_mode(pango::WrapMode::WordChar);
    let text = glib::markup_escape_text(&label.text());
    let markup = format!("<span insert_hyphens='false' {attributes}>{text}</span>");
    if let Ok((attributes, ..)) = pango::parse_markup(&markup, '\0') {
        label.set_attributes(Some(&attributes));
    }
}

/// The text cannot be selected: what is copied from a label would stay in the clipboard.
pub(super) fn reveal(
    window: Option<&WebviewWindow>,
    title: &str,
    secret: &SecretString,
    closing: Receiver<()>,
    closed: Sender<()>,
) {
    let dialog = MessageDialog::builder()
        .title(title)
        .text(title)
        .secondary_text("This window closes after 30 seconds. To copy the token, use Copy.")
        .message_type(MessageType::Other)
        .buttons(ButtonsType::None)
        .modal(true)
        .build();
    dialog.set_transient_for(window.and_then(|window| window.gtk_window().ok()).as_ref());
    if let Some(accessible) = dialog.accessible() {
        accessible.set_name(title);
    }
    if let Ok(area) = dialog.message_area().downcast::<Container>() {
        area.add(&secret_view(secret));
    }
    dialog.add_button("_Close", ResponseType::Close);
    dialog.set_default_response(ResponseType::Close);
    dialog.connect_map(|dialog| {
        let seen = dialog.downgrade();
        glib::timeout_add_local_once(REVEALED_FOR, move || {
            if let Some(dialog) = seen.upgrade() {
                dialog.response(ResponseType::Close);
            }
        });
    });
    let seen = dialog.downgrade();
    glib::spawn_future_local(async move {
        if closing.await.is_ok()
            && let Some(dialog) = seen.upgrade()
        {
            dialog.response(ResponseType::Close);
        }
    });
    let closed = Cell::new(Some(closed));
    dialog.connect_response(move |dialog, _| {
        if let Some(closed) = closed.take() {
            // The caller may have given up.
            let _ = closed.send(());
            dialog.close();
        }
    });
    dialog.show_all();
}

/// A long secret scrolls.
fn secret_view(secret: &SecretString) -> ScrolledWindow {
    let label =
        Label::builder().label(secret.expose_secret()).wrap(true).max_width_chars(64).xalign(0.0).build();
    break_words(&label, "font_family='monospace'");
    let view = ScrolledWindow::builder()
        .hscrollbar_policy(PolicyType::Never)
        .propagate_natural_height(true)
        .propagate_natural_width(true)
        .max_content_height(MAX_SECRET_HEIGHT)
        .build();
    view.add(&label);
    view
}

pub(super) fn file(
    window: Option<&WebviewWindow>,
    title: &str,
    purpose: &Purpose,
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
    // Keeps the dialog alive while it is open.
    let held = Rc::new(RefCell::new(None));
    let holder = Rc::clone(&held);
    dialog.connect_response(move |dialog, response| {
        let chosen = (response == ResponseType::Accept).then(|| dialog.filename()).flatten();
        if let Some(tell) = tell.take() {
            // The caller may have given up.
            let _ = tell.send(chosen);
        }
        holder.take();
    });
    dialog.show();
    held.replace(Some(dialog));
}
