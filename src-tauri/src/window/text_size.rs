//! The page's text size follows the desktop's: GNOME's text scaling factor, or the resolution of X11's `Xft.dpi`. GTK
//! has both as one setting, and its own widgets follow it; `WebKit` does not. All sizes of the page depend on its
//! default font size.

use gtk::prelude::GtkSettingsExt as _;
use tauri::WebviewWindow;
use webkit2gtk::{SettingsExt as _, WebViewExt as _};

/// `gtk-xft-dpi` without scaling: 96 dots per inch, in 1024ths.
const UNSCALED: i32 = 96 * 1024;
/// The page's default font size without scaling, in CSS pixels.
const FONT_SIZE: i32 = 16;
/// The smallest and the largest scaling, in percent.
const LIMITS: (i32, i32) = (50, 300);

/// Applies the desktop's text size to the page, now and whenever it changes.
pub(super) fn follow(window: &WebviewWindow) {
    let followed = window.with_webview(|page| {
        let (Some(desktop), page) = (gtk::Settings::default(), page.inner()) else { return };
        let apply = move |desktop: &gtk::Settings| {
            if let Some(settings) = page.settings() {
                settings.set_default_font_size(font_size(desktop.gtk_xft_dpi()));
            }
        };
        apply(&desktop);
        desktop.connect_gtk_xft_dpi_notify(apply);
    });
    if let Err(error) = followed {
        tracing::warn!(%error, "the page does not follow the desktop's text size");
    }
}

/// The page's default font size for a value of `gtk-xft-dpi`, which is -1 if the desktop sets none.
fn font_size(dpi: i32) -> u32 {
    let percent = if dpi <= 0 { 100 } else { (dpi.saturating_mul(100) / UNSCALED).clamp(LIMITS.0, LIMITS.1) };
    u32::try_from((FONT_SIZE * percent + 50) / 100).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::{UNSCALED, font_size};

    #[test]
    fn the_font_follows_the_desktops_text_scaling() {
        for (dpi, size) in [
            (-1, 16),
            (0, 16),
            (UNSCALED, 16),
            (UNSCALED * 5 / 4, 20),
            (UNSCALED * 2, 32),
            (i32::MAX, 48),
            (1, 8),
        ] {
            assert_eq!(font_size(dpi), size, "{dpi}");
        }
    }
}
