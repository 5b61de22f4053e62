//! How the page is drawn: by the graphics processor where there is one, else without its way of drawing, which
//! software would only imitate, at a third more memory and several times the work.

use std::path::Path;

use gtk::glib;

/// What `WebKit` reads when it starts; whoever sets it has the last word.
const WITHOUT: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// To be called before `WebKit` starts, and before there is a second thread.
pub(crate) fn choose() {
    if Path::new("/dev/dri").exists() {
        return;
    }
    if let Err(error) = glib::setenv(WITHOUT, "1", false) {
        tracing::warn!(%error, "the page is drawn as for a graphics processor");
    }
}
