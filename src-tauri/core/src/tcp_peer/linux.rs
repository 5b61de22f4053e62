//! Finds the account that owns a TCP connection. Linux tells the owner of one socket, and lists the sockets of this
//! computer with their owners.

mod sock_diag;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The state of a listening socket.
const LISTENING: &str = "0A";

/// How often the list is read if a socket is missing: it may skip entries while sockets open and close.
const ATTEMPTS: usize = 3;

/// Whether another account of this computer owns the client end of a connection from `client` to `server`.
///
/// Root does not count: it can read everything anyway, and on WSL it owns the connections of Windows browsers. If the
/// list cannot be read, or is not of this computer, no connection is refused.
pub(crate) async fn is_another_account(client: SocketAddr, server: SocketAddr) -> bool {
    if let Some(uid) = sock_diag::owner(client, server) {
        return is_another(uid);
    }
    // The kernel visits every socket that the computer could have for a list, which takes milliseconds.
    tokio::task::spawn_blocking(move || is_another_in_list(client, server)).await.unwrap_or(true)
}

fn is_another(uid: u32) -> bool {
    uid != 0 && uid != rustix::process::geteuid().as_raw()
}

fn is_another_in_list(client: SocketAddr, server: SocketAddr) -> bool {
    for _ in 0..ATTEMPTS {
        let mut tables = String::new();
        let mut found = Holder::Unknown;
        for path in tables_of(client) {
            tables.push_str(&std::fs::read_to_string(path).unwrap_or_default());
            found = holder(&tables, client, server);
            if let Holder::Account(uid) = found {
                return is_another(uid);
            }
        }
        if found == Holder::Unknown {
            return false;
        }
    }
    true
}

/// The lists of sockets, the likelier one first. An IPv6 socket can connect to an IPv4 address.
fn tables_of(client: SocketAddr) -> [&'static str; 2] {
    const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
    if client.is_ipv4() { TABLES } else { [TABLES[1], TABLES[0]] }
}

/// The owner of the client end of a connection.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    /// The list does not tell.
    Unknown,
    /// The socket is closed already, so nobody waits for a response, and its owner is unknown.
    Nobody,
    Account(u32),
}

fn holder(tables: &str, client: SocketAddr, server: SocketAddr) -> Holder {
    let sockets = || tables.lines().filter_map(Socket::read);
    if let Some(socket) = sockets().find(|socket| socket.local == client && socket.remote == server) {
        return if socket.inode == 0 { Holder::Nobody } else { Holder::Account(socket.uid) };
    }
    // A complete list contains the listening socket.
    let is_complete = sockets().any(|socket| socket.state == LISTENING && socket.local == server);
    if is_complete { Holder::Nobody } else { Holder::Unknown }
}

struct Socket<'t> {
    local: SocketAddr,
    remote: SocketAddr,
    state: &'t str,
    uid: u32,
    inode: u64,
}

impl<'t> Socket<'t> {
    /// Parses one line of the list.
    fn read(line: &'t str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, state, _, _, _, uid, _, inode, ..] = fields.as_slice() else { return None };
        Some(Self {
            local: address(local)?,
            remote: address(remote)?,
            state,
            uid: uid.parse().ok()?,
            inode: inode.parse().ok()?,
        })
    }
}

/// Parses `0100007F:1F90`: the address in words of the native byte order, the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let mut bytes = Vec::with_capacity(16);
    for word in address.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let address = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn row(local: &str, remote: &str, state: &str, uid: u32, inode: u32) -> String {
        format!(
            "   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  {uid}        0 {inode} 1 0000\n"
        )
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_socket_list_names_the_owner_of_the_other_end() {
        let (client, server) = (at("127.0.0.1:40000"), at("127.0.0.1:8080"));
        let listens = row("0100007F:1F90", "00000000:0000", LISTENING, 1000, 7);
        let own_end = row("0100007F:1F90", "0100007F:9C40", "01", 1000, 8);
        let other_end = |uid, inode| row("0100007F:9C40", "0100007F:1F90", "01", uid, inode);
        let all = |end: String| format!("{HEAD}{listens}{own_end}{end}");
        assert_eq!(holder(&all(other_end(1001, 9)), client, server), Holder::Account(1001));
        assert_eq!(holder(&all(other_end(0, 0)), client, server), Holder::Nobody, "closed by the client");
        assert_eq!(holder(&all(String::new()), client, server), Holder::Nobody);
        assert_eq!(holder(HEAD, client, server), Holder::Unknown);
        assert_eq!(holder("", client, server), Holder::Unknown);
        let mapped =
            row("0000000000000000FFFF00000100007F:9C40", "0000000000000000FFFF00000100007F:1F90", "01", 5, 9);
        assert_eq!(holder(&all(mapped), client, server), Holder::Account(5));
        let sixth =
            row("00000000000000000000000001000000:9C40", "00000000000000000000000001000000:1F90", "01", 6, 9);
        assert_eq!(holder(&all(sixth), at("[::1]:40000"), at("[::1]:8080")), Holder::Account(6));
    }

    #[tokio::test]
    async fn a_connection_of_this_account_is_recognized() {
        for place in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = std::net::TcpListener::bind(place) else { continue };
            let server = listener.local_addr().unwrap();
            let stream = std::net::TcpStream::connect(server).unwrap();
            let client = stream.local_addr().unwrap();
            assert!(!is_another_account(client, server).await);
            assert!(!is_another_in_list(client, server));
        }
    }
}
