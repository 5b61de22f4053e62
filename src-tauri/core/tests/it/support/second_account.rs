//! Tests that need a second account of this computer: root can be another one, also the root of a user namespace.

use std::process::{Command, Stdio};

use rustix::process::{Uid, geteuid};

/// The account that is nobody's.
pub(crate) fn nobody() -> Uid {
    Uid::from_raw(65_534)
}

/// What makes root of a program: a namespace with the accounts that are set aside for this one, or an administrator.
const WAYS: [&[&str]; 2] =
    [&["unshare", "--user", "--map-root-user", "--map-auto", "--"], &["sudo", "-n", "--"]];

/// Whether this process can be another account, so that the test goes on here. Where it cannot, the test has run in
/// one that can, or it is said aloud that it did not.
#[expect(clippy::print_stderr, reason = "a test that did not run must not look as if it had")]
pub(crate) fn can_be_another(test: &str) -> bool {
    if geteuid().is_root() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    for way in WAYS {
        let command = || {
            let mut command = Command::new(way[0]);
            command.args(&way[1..]).stdin(Stdio::null());
            command
        };
        if command().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            let ran = command().arg(&program).args(["--exact", test, "--nocapture"]).status().unwrap();
            assert!(ran.success(), "{test} fails through {}", way[0]);
            return false;
        }
    }
    eprintln!(
        "SKIPPED {test}: it needs a second account. Run it as root, or give this account ids of its own in /etc/subuid."
    );
    false
}
