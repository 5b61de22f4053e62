//! For tests that need a second account of this computer: root can act as another account, even the root of a user
//! namespace.

use std::process::{Command, Stdio};

use rustix::process::{Uid, geteuid};

/// The account `nobody`.
pub(crate) fn nobody() -> Uid {
    Uid::from_raw(65_534)
}

/// Commands that run a program as root: in a user namespace with this account's subordinate IDs, or by `sudo`.
const WAYS: [&[&str]; 2] =
    [&["unshare", "--user", "--map-root-user", "--map-auto", "--"], &["sudo", "-n", "--"]];

/// Whether this process can act as another account, so that the test continues. If not, the test has run in a child
/// process that can, or a message says that it did not run.
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
