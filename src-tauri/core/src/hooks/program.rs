//! The program of a hook: found once, and safe to run only if no other account can replace it.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use grapnel_model::error::{Error, Result, io_error_text};
use grapnel_model::text::spell_out;

/// Finds a program: by its absolute path, or by its name in `PATH`.
///
/// # Errors
/// There is none, or another account can change it. The error names the field `command`.
pub(super) fn find(program: &str) -> Result<PathBuf> {
    let path = Path::new(program);
    let found = if path.is_absolute() {
        path.to_owned()
    } else if path.components().count() == 1 {
        let directories = std::env::var_os("PATH").unwrap_or_default();
        let found = find_in(&directories, program, EXE_SUFFIX);
        found.ok_or_else(|| {
            refused(&format!("There is no program “{}” in PATH.", spell_out(program)))
                .hint("Enter the program’s absolute path.")
        })?
    } else {
        return Err(refused("The program’s path is relative.").hint("Enter its absolute path."));
    };
    check(&found).map(|()| found).map_err(|reason| {
        refused(&format!("{} {reason}.", spell_out(&path.display().to_string()))).hint(
            "Use an executable file that belongs to you or to root, in directories that other accounts cannot write.",
        )
    })
}

/// The first executable file of that name in a list of directories. A system whose programs have a suffix lets people
/// leave it out, also after a dot (`python3.12`); there, a file without any extension is no program.
fn find_in(directories: &OsStr, program: &str, suffix: &str) -> Option<PathBuf> {
    let with_suffix = format!("{program}{suffix}");
    let has_extension = Path::new(program).extension().is_some();
    let names: &[&str] = if has_extension { &[program, &with_suffix] } else { &[&with_suffix] };
    std::env::split_paths(directories)
        .filter(|directory| directory.is_absolute())
        .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
        .find(|file| check(file).is_ok())
}

fn refused(message: &str) -> Error {
    Error::input("command", message.to_owned()).means("No hook was set.")
}

/// Checks that a program can be executed, and that no other account can change or replace it. Returns what is wrong,
/// such as "is not executable". Symbolic links are followed.
#[cfg(unix)]
pub(super) fn check(program: &Path) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    const EXECUTE: u32 = 0o111;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    let failed = |error: std::io::Error| format!("cannot be executed: {}", io_error_text(&error));
    let file = program.canonicalize().map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() || found.permissions().mode() & EXECUTE == 0 {
        return Err("is not an executable file".into());
    }
    let own = rustix::process::geteuid().as_raw();
    if found.uid() != own && found.uid() != 0 {
        return Err("belongs to another account".into());
    }
    if found.permissions().mode() & OTHERS_WRITE != 0 {
        return Err("can be changed by every account".into());
    }
    // The links on the way to it, and the file itself.
    for path in [program, &file] {
        for (depth, directory) in path.ancestors().skip(1).enumerate() {
            let mode = directory.metadata().map_err(failed)?.permissions().mode();
            // In a sticky directory, entries of one account cannot be replaced by another, except once they are gone.
            let is_sticky = mode & STICKY != 0 && depth > 0;
            if mode & OTHERS_WRITE != 0 && !is_sticky {
                return Err(format!("can be replaced by every account: {} is writable", directory.display()));
            }
        }
    }
    Ok(())
}

/// Checks that a program exists.
#[cfg(not(unix))]
pub(super) fn check(program: &Path) -> Result<(), String> {
    match program.metadata() {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err("is not an executable file".into()),
        Err(error) => Err(format!("cannot be executed: {}", io_error_text(&error))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_programs_suffix_may_be_left_out() {
        let home = tempfile::tempdir().unwrap();
        let paths = ["script", "later"].map(|name| home.path().join(name));
        let directories = std::env::join_paths(&paths).unwrap();
        for path in &paths {
            fs::create_dir(path).unwrap();
        }
        let [first, second] = &paths;
        for file in
            [first.join("git"), first.join("run.cmd"), second.join("git.exe"), second.join("python3.12.exe")]
        {
            fs::write(&file, "").unwrap();
            set_mode(&file, 0o755);
        }
        for (program, suffix, found) in [
            ("git", ".exe", Some(second.join("git.exe"))),
            ("git.exe", ".exe", Some(second.join("git.exe"))),
            ("python3.12", ".exe", Some(second.join("python3.12.exe"))),
            ("run.cmd", ".exe", Some(first.join("run.cmd"))),
            ("run", ".exe", None),
            ("git", "", Some(first.join("git"))),
            ("python3.12", "", None),
        ] {
            assert_eq!(find_in(&directories, program, suffix), found, "{program} {suffix}");
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_program_that_others_can_change_or_replace_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("hooks");
        fs::create_dir(&directory).unwrap();
        let program = directory.join("reload");
        fs::write(&program, "#!/bin/sh\n").unwrap();
        let wrong = |program: &Path| find(program.to_str().unwrap()).unwrap_err();
        set_mode(&program, 0o600);
        assert!(wrong(&program).message.ends_with("is not an executable file."));
        set_mode(&program, 0o755);
        assert_eq!(find(program.to_str().unwrap()).unwrap(), program);
        set_mode(&program, 0o757);
        assert!(wrong(&program).message.ends_with("can be changed by every account."));
        set_mode(&program, 0o755);
        for mode in [0o777, 0o1777] {
            set_mode(&directory, mode);
            assert!(wrong(&program).message.contains("can be replaced by every account"), "{mode:o}");
        }
        // Where the link is counts as well as where the file is.
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&program, &link).unwrap();
        assert!(wrong(&link).message.contains("can be replaced by every account"));
        set_mode(&directory, 0o755);
        assert_eq!(find(link.to_str().unwrap()).unwrap(), link);
        set_mode(home.path(), 0o777);
        assert!(wrong(&program).message.contains("can be replaced by every account"));
        assert!(wrong(&directory).message.ends_with("is not an executable file."));
        let missing = wrong(&home.path().join("gone"));
        assert_eq!(
            (missing.field.as_deref(), missing.code),
            (Some("command"), grapnel_model::error::Code::InvalidInput)
        );
    }

    #[test]
    fn a_name_becomes_an_absolute_path_and_a_relative_path_is_refused() {
        assert!(find("sh").unwrap().is_absolute());
        assert!(find("./reload").unwrap_err().message.contains("relative"));
        assert!(find("no-such-program-here").unwrap_err().message.contains("in PATH"));
    }
}
