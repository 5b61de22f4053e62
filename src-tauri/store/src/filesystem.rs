//! Names the file system of the data directory in an error if it may lack what a database needs.

use std::path::{Path, PathBuf};

use grapnel_model::error::{Code, Error};

/// Prefixes of the types of network and user-space file systems, where locks and shared memory may not work.
const SHARED: [&str; 10] = ["9p", "afs", "ceph", "cifs", "davfs", "drvfs", "fuse", "nfs", "smb", "vboxsf"];
/// The hint if files cannot be locked.
pub(crate) const NO_LOCKS: &str = "The file system of the data directory does not lock files as a database needs. \
    Set GRAPNEL_HOME to a directory on a disk of this computer.";

/// Adds the file system's type to an error about writing, if it may be the cause.
pub(crate) fn name(error: Error, home: &Path) -> Error {
    if error.code != Code::DataUnwritable {
        return error;
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let path = std::fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
    match kind(&mounts, &path) {
        Some(kind) => name_as(error, kind),
        None => error,
    }
}

fn name_as(error: Error, kind: &str) -> Error {
    let fault = if error.hint.as_deref() == Some(NO_LOCKS) {
        "does not lock files as a database needs"
    } else if SHARED.iter().any(|shared| kind.starts_with(shared)) {
        "may not do all that a database needs"
    } else {
        return error;
    };
    error.hint(format!(
        "The data directory is on a file system of the type “{kind}”, which {fault}. Set GRAPNEL_HOME to a directory \
         on a disk of this computer."
    ))
}

/// The type of the file system of `path`, from `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).
fn kind<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let (before, after) = line.split_once(" - ")?;
        let point = PathBuf::from(before.split(' ').nth(4)?.replace("\\040", " "));
        Some((point, after.split(' ').next()?))
    };
    // Of two mounts at the same point, the later one hides the other.
    let under = mounts.lines().filter_map(mount).filter(|(point, _)| path.starts_with(point));
    under.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /home rw shared:2 - nfs4 server:/home rw
31 22 0:27 / /media/my\\040disk rw - fuse.sshfs ada@host: rw
32 22 0:28 / /homely rw - tmpfs tmpfs rw";

    #[test]
    fn the_mount_of_a_directory_determines_its_type() {
        for (path, expected) in [
            ("/var/lib/grapnel", "ext4"),
            ("/home/ada/.local/share/grapnel", "nfs4"),
            ("/homely/grapnel", "tmpfs"),
            ("/media/my disk/grapnel", "fuse.sshfs"),
        ] {
            assert_eq!(kind(MOUNTS, Path::new(path)), Some(expected), "{path}");
        }
        assert_eq!(kind("", Path::new("/home")), None);
    }

    #[test]
    fn an_unsuitable_file_system_is_named_with_a_hint() {
        let unwritable = || Error::new(Code::DataUnwritable, "…").hint("Look whether the disk is full.");
        for kind in ["nfs4", "9p", "fuse.sshfs", "cifs"] {
            let hint = name_as(unwritable(), kind).hint.unwrap();
            assert!(hint.contains(kind) && hint.contains("GRAPNEL_HOME"), "{hint}");
        }
        assert_eq!(name_as(unwritable(), "ext4"), unwritable());
        let hint = name_as(unwritable().hint(NO_LOCKS), "ext4").hint.unwrap();
        assert!(
            hint.contains("“ext4”, which does not lock files") && hint.contains("GRAPNEL_HOME"),
            "{hint}"
        );
        let home = tempfile::tempdir().unwrap();
        let other = Error::new(Code::DataBusy, "…").hint("Close that program.");
        assert_eq!(name(other.clone(), home.path()), other);
    }
}
