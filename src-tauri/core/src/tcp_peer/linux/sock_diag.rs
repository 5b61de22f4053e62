//! Asks the kernel for the owner of one TCP socket (`sock_diag(7)`), which takes microseconds however many sockets the
//! computer can have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// The flag `NLM_F_REQUEST`. Without further ones, the request is for one socket.
const NLM_F_REQUEST: u16 = 1;
/// The lengths of `nlmsghdr` and `inet_diag_req_v2`.
const REQUEST_BYTES: u32 = 16 + 56;
const MAX_REPLY_BYTES: usize = 1024;

/// The account that owns the socket at `local` which is connected to `remote`; `None` if there is no such socket, if no
/// process has it, or if the kernel does not answer such questions.
pub(super) fn owner(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(SOCK_DIAG)).ok()?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &request(local, remote), SendFlags::empty(), &kernel).ok()?;
    let mut reply = [0; MAX_REPLY_BYTES];
    // The kernel replies before `sendto` returns.
    let (_, length) = recv(&socket, &mut reply, RecvFlags::DONTWAIT).ok()?;
    owner_in(reply.get(..length)?, local, remote)
}

/// `nlmsghdr` and `inet_diag_req_v2`.
fn request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut request = Vec::with_capacity(REQUEST_BYTES as usize);
    request.extend(REQUEST_BYTES.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(NLM_F_REQUEST.to_ne_bytes());
    // Sequence number and port, which the one reply on this socket does not need.
    request.extend([0; 8]);
    request.extend([family, IPPROTO_TCP, 0, 0]);
    // In any state.
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(local.port().to_be_bytes());
    request.extend(remote.port().to_be_bytes());
    request.extend(octets(local.ip()));
    request.extend(octets(remote.ip()));
    // Any interface, and any cookie.
    request.extend([0; 4]);
    request.extend([u8::MAX; 8]);
    request
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let mut all = [0; 16];
            all[..4].copy_from_slice(&address.octets());
            all
        }
        IpAddr::V6(address) => address.octets(),
    }
}

/// The owner in a reply: `nlmsghdr` and `inet_diag_msg`.
fn owner_in(reply: &[u8], local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let number = |at: usize| reply.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let is_socket = reply.get(4..6)? == SOCK_DIAG_BY_FAMILY.to_ne_bytes();
    let is_ipv4 = *reply.get(16)? == AF_INET;
    let end = |port: usize, address: usize| {
        let port = u16::from_be_bytes(reply.get(port..port + 2)?.try_into().ok()?);
        let octets: [u8; 16] = reply.get(address..address + 16)?.try_into().ok()?;
        let address = if is_ipv4 {
            Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into()
        } else {
            Ipv6Addr::from(octets).to_canonical()
        };
        Some(SocketAddr::new(address, port))
    };
    // Where there is no such connection, the kernel may find a socket that listens at this address.
    let is_meant = is_socket && end(20, 24)? == local && end(22, 40)? == remote;
    let (uid, inode) = (number(80)?, number(84)?);
    (is_meant && inode != 0).then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_kernel_names_the_owner_of_a_connection() {
        for place in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(place) else { continue };
            let server = listener.local_addr().unwrap();
            let stream = TcpStream::connect(server).unwrap();
            let client = stream.local_addr().unwrap();
            let own = rustix::process::geteuid().as_raw();
            assert_eq!(owner(client, server), Some(own), "{place}");
            assert_eq!(owner(server, client), None, "not accepted yet, so that no process has it");
            let elsewhere = SocketAddr::new(client.ip(), 1);
            assert_eq!(owner(server, elsewhere), None, "the kernel finds the listening socket");
        }
    }

    #[test]
    fn a_reply_about_another_socket_names_nobody() {
        let (local, remote): (SocketAddr, SocketAddr) =
            ("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:8080".parse().unwrap());
        let asked = request(local, remote);
        let reply = |family: u8, inode: u32| {
            let mut reply = asked[..16].to_vec();
            reply.extend([family, 1, 0, 0]);
            reply.extend(&asked[24..]);
            reply.extend([0; 12]);
            reply.extend(1001_u32.to_ne_bytes());
            reply.extend(inode.to_ne_bytes());
            reply
        };
        assert_eq!(owner_in(&reply(AF_INET, 9), local, remote), Some(1001));
        assert_eq!(owner_in(&reply(AF_INET, 0), local, remote), None, "closed by its process");
        assert_eq!(owner_in(&reply(AF_INET, 9), remote, local), None);
        assert_eq!(owner_in(&reply(AF_INET6, 9), local, remote), None);
        assert_eq!(owner_in(&reply(AF_INET, 9)[..87], local, remote), None);
        assert_eq!(owner_in(&[], local, remote), None);
        let mut error = reply(AF_INET, 9);
        error[4] = 2;
        assert_eq!(owner_in(&error, local, remote), None);
    }
}
