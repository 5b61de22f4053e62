//! The file of this program, for what starts it again: a restart, the start at login, a deep link.

use std::io;
use std::path::PathBuf;

/// Its path. That of an `AppImage` is the image: what is mounted of it goes when this process ends.
pub(crate) fn path() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    #[cfg(target_os = "linux")]
    if let Some(image) = linux::image(&own, |name| std::env::var_os(name).map(PathBuf::from)) {
        return Ok(image);
    }
    Ok(own)
}

#[cfg(target_os = "linux")]
pub(crate) use linux::is_flatpak;

#[cfg(target_os = "linux")]
mod linux {
    use std::path::{Path, PathBuf};

    /// The `AppImage` that holds this program. One that another `AppImage` has started inherits its variables.
    pub(super) fn image(own: &Path, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        let mounted =
            variable("APPDIR").filter(|mounted| mounted.is_absolute() && own.starts_with(mounted))?;
        variable("APPIMAGE").filter(|image| image.is_absolute() && *image != mounted)
    }

    /// Whether this program runs in the sandbox of Flatpak.
    pub(crate) fn is_flatpak() -> bool {
        Path::new("/.flatpak-info").exists()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_image_is_that_of_this_program_only() {
            let image = |own: &str, mounted: &str, image: &str| {
                super::image(Path::new(own), |name| {
                    let value = if name == "APPDIR" { mounted } else { image };
                    (!value.is_empty()).then(|| value.into())
                })
            };
            let own = "/tmp/.mount_GrapneAbC/usr/bin/grapnel-desktop";
            let file = "/home/me/Grapnel.AppImage";
            assert_eq!(image(own, "/tmp/.mount_GrapneAbC", file).as_deref(), Some(Path::new(file)));
            for (own, mounted, file) in [
                ("/usr/bin/grapnel-desktop", "/tmp/.mount_EditorXyZ", file),
                (own, "/tmp/.mount_Grapne", file),
                (own, "", file),
                (own, "/tmp/.mount_GrapneAbC", ""),
                (own, "/tmp/.mount_GrapneAbC", "Grapnel.AppImage"),
            ] {
                assert_eq!(image(own, mounted, file), None, "{own} in {mounted} of {file}");
            }
        }
    }
}
