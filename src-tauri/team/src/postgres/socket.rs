//! Whether the server behind a Unix socket may be trusted with the login. A server may ask for the password in the
//! clear, and TLS is off, so nobody else on this computer may be able to put a socket there.

use std::path::Path;

use crate::error::Result;
#[cfg(unix)]
use crate::error::TeamError;

/// Checks that the socket's directory and file belong to root, this user, or the user of the database server. A
/// directory in which everybody may write needs the sticky bit, so that nobody replaces the file of another.
#[cfg(unix)]
pub(super) fn check(folder: &Path, port: u16) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    let Ok(of_folder) = std::fs::metadata(folder) else {
        // Connecting says why.
        return Ok(());
    };
    let of_socket = std::fs::metadata(folder.join(format!(".s.PGSQL.{port}")));
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = rustix::process::geteuid().as_raw();
    let is_trusted = |uid: u32| uid == 0 || uid == own || is_server_user(&users, uid);
    let is_open = of_folder.mode() & 0o002 != 0 && of_folder.mode() & 0o1000 == 0;
    if is_open || !is_trusted(of_folder.uid()) {
        return Err(untrusted("other users of this computer can replace the socket in its directory"));
    }
    if of_socket.is_ok_and(|socket| !is_trusted(socket.uid())) {
        return Err(untrusted("the socket belongs to another user than root, postgres or you"));
    }
    Ok(())
}

/// There are no Unix sockets.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: u16) -> Result<()> {
    Ok(())
}

/// Whether a user ID is that of the account which PostgreSQL's packages make. `users` is the text of `/etc/passwd`.
#[cfg(unix)]
fn is_server_user(users: &str, uid: u32) -> bool {
    users.lines().any(|line| {
        let mut parts = line.split(':');
        let name = parts.next();
        matches!(name, Some("postgres" | "_postgres")) && parts.nth(1).is_some_and(|id| id.parse() == Ok(uid))
    })
}

#[cfg(unix)]
fn untrusted(cause: &str) -> TeamError {
    TeamError::Untrusted { cause: cause.to_owned() }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_account_is_trusted_by_name() {
        let users = "root:x:0:0::/root:/bin/sh\neve:x:1001:101::/:\n\
            postgres:x:101:104:,,,:/var/lib/postgresql:/bin/sh\n";
        assert!(is_server_user(users, 101));
        for uid in [0, 104, 1001] {
            assert!(!is_server_user(users, uid), "{uid}");
        }
    }
}
