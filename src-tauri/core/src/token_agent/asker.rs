//! Which process a token is for: the one that started `grapnel`, which only passes it on; else whichever asks.

use std::fs::read_to_string;

use tokio::net::unix::UCred;

use crate::activity::Asker;

/// What the file of the command line's program is called.
const COMMAND_LINE: &str = "grapnel";

/// As the system tells it, while the one at the other end waits for its answer. Nothing that this one says counts.
pub(super) fn behind(peer: &UCred) -> Option<Asker> {
    let pid = u32::try_from(peer.pid()?).ok()?;
    let passes_on =
        read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == COMMAND_LINE);
    Some(Asker::process(passes_on.then(|| parent(pid)).flatten().unwrap_or(pid)))
}

fn parent(pid: u32) -> Option<u32> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything. After it: state, parent.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_the_parent_that_it_knows_of() {
        assert_eq!(parent(std::process::id()), Some(std::os::unix::process::parent_id()));
        assert_eq!(parent(u32::MAX), None);
    }
}
