//! Deep links on macOS: the bundle declares the scheme in its `Info.plist`, and Launch Services chooses one of the
//! bundles that declare it.

use std::fs::canonicalize;
use std::path::Path;

use objc2_app_kit::NSWorkspace;
use objc2_foundation::{NSString, NSURL};
use tauri::AppHandle;

use super::handler::{Owner, SCHEME};

/// Asks the system which application opens deep links.
pub(crate) fn owner() -> Owner {
    let Some(link) = NSURL::URLWithString(&NSString::from_str(&format!("{SCHEME}:/"))) else {
        return Owner::Unknown;
    };
    let Some(bundle) = NSWorkspace::sharedWorkspace().URLForApplicationToOpenURL(&link) else {
        return Owner::Nobody;
    };
    let Some(bundle) = bundle.path().map(|path| path.to_string()) else { return Owner::Unknown };
    let (Ok(found), Ok(this)) = (canonicalize(&bundle), std::env::current_exe().and_then(canonicalize))
    else {
        return Owner::Unknown;
    };
    if this.starts_with(&found) {
        return Owner::Own;
    }
    let name = Path::new(&bundle).file_name().map(|name| name.to_string_lossy().into_owned());
    name.map_or(Owner::Unknown, Owner::Other)
}

/// The system registers the bundle by itself when it sees it.
pub(crate) fn register(_: &AppHandle) {}
