//! Which process asks: not `grapnel`, which only passes the token on, but the one that started it.

use tokio::net::unix::UCred;

use crate::activity::Asker;

/// The process that started the one at the other end, as the system tells it; or else the one that the other end says
/// did, of which no more is told.
pub(super) fn behind(peer: &UCred, said: u32) -> Asker {
    match peer.pid().and_then(parent) {
        Some(pid) => Asker::process(pid),
        None => Asker { name: None, pid: said },
    }
}

/// Linux tells it; elsewhere nothing does that is to be had here.
fn parent(pid: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything. After it: state, parent.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_the_parent_that_it_knows_of() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert_eq!(parent(own), Some(std::os::unix::process::parent_id()));
        assert_eq!(parent(-1), None);
    }
}
