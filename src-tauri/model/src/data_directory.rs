//! Where the data is.

use std::path::PathBuf;

use crate::error::{Code, Error, Result};
use crate::text::clean_line;

/// The data directory: `GRAPNEL_HOME`, or else the platform's default.
///
/// # Errors
/// `GRAPNEL_HOME` is not an absolute path, or the account has no home directory.
pub fn default() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("GRAPNEL_HOME").filter(|home| !home.is_empty()) {
        return absolute(home.into());
    }
    let dirs = directories::ProjectDirs::from("dev", "grapnel", "Grapnel");
    dirs.map(|dirs| dirs.data_dir().to_owned()).ok_or_else(|| {
        Error::new(Code::DataUnwritable, "This account has no home directory to keep data in.")
            .hint("Set GRAPNEL_HOME to a directory that you can write to.")
    })
}

/// How a directory is named on this system.
const HINT: &str = if cfg!(windows) {
    "Set it to a path that begins with a drive, such as GRAPNEL_HOME=%USERPROFILE%\\grapnel."
} else {
    "Set it to a path that begins with /, such as GRAPNEL_HOME=\"$PWD/data\"."
};

/// Refuses a relative directory: a program that is started by a link may have another working directory.
fn absolute(home: PathBuf) -> Result<PathBuf> {
    if home.is_absolute() {
        return Ok(home);
    }
    let message = format!(
        "GRAPNEL_HOME is “{}”, which depends on the current directory.",
        clean_line(&home.to_string_lossy())
    );
    Err(Error::input("GRAPNEL_HOME", message)
        .means("Nothing was opened: each directory would have its own data.")
        .hint(HINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_data_directory_is_refused() {
        for home in ["data", "./data", "../data", "~/data"] {
            let error = absolute(home.into()).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("GRAPNEL_HOME")));
        }
        let data = std::env::temp_dir().join("data");
        assert_eq!(absolute(data.clone()).unwrap(), data);
    }

    #[cfg(windows)]
    #[test]
    fn the_default_is_in_the_accounts_application_data() {
        if std::env::var_os("GRAPNEL_HOME").is_some() {
            println!("skipped: GRAPNEL_HOME is set");
            return;
        }
        let application_data = PathBuf::from(std::env::var_os("APPDATA").unwrap());
        assert_eq!(default().unwrap(), application_data.join(r"grapnel\Grapnel\data"));
    }
}
