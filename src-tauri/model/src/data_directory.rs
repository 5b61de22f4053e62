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
        .hint("Set it to a path that begins with /, such as GRAPNEL_HOME=\"$PWD/data\"."))
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
        assert_eq!(absolute("/data".into()).unwrap(), PathBuf::from("/data"));
    }
}
