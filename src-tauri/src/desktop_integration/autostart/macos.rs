//! A launch agent of macOS.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use tauri::{AppHandle, Manager};

use super::program::program;
use crate::arguments::HIDDEN;
use crate::deep_link::SCHEME;

/// Where the entry is.
pub(super) const PLACE: &str =
    "It is dev.grapnel.desktop.plist in the folder Library/LaunchAgents of your home.";

pub(super) fn is_on(app: &AppHandle) -> bool {
    entry(app).is_ok_and(|path| path.exists())
}

pub(super) fn set(app: &AppHandle, on: bool) -> io::Result<()> {
    let path = entry(app)?;
    if on {
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        return std::fs::write(&path, text(&program()?));
    }
    std::fs::remove_file(&path)
        .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn entry(app: &AppHandle) -> io::Result<PathBuf> {
    let home = app.path().home_dir().map_err(io::Error::other)?;
    Ok(home.join("Library/LaunchAgents").join(format!("{SCHEME}.plist")))
}

/// The launch agent (launchd.plist(5)) that starts this program. The settings of macOS list it under the application.
fn text(program: &str) -> String {
    let program = program.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{SCHEME}</string>
  <key>AssociatedBundleIdentifiers</key>
  <string>{SCHEME}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{program}</string>
    <string>{HIDDEN}</string>
  </array>
  <key>RunAtLoad</key>
  <true/>
</dict>
</plist>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_launch_agent_starts_this_program_hidden() {
        let text = text("/Applications/R&D <1>/Grapnel.app/Contents/MacOS/grapnel-desktop");
        let program =
            "<string>/Applications/R&amp;D &lt;1&gt;/Grapnel.app/Contents/MacOS/grapnel-desktop</string>";
        let arguments = format!(
            "{program}\n    <string>--hidden</string>\n  </array>\n  <key>RunAtLoad</key>\n  <true/>\n"
        );
        assert!(text.contains(&arguments), "{text}");
        assert!(text.contains("<key>Label</key>\n  <string>dev.grapnel.desktop</string>\n"), "{text}");
    }
}
