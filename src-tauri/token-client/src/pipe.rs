//! The named pipe of the token agent on Windows: its name, the accounts that may open it, and how a request ends.

/// The file in the data directory with the ID of the pipe at which a running agent listens. A name that nobody can
/// guess cannot be taken before the agent starts.
pub const ID_FILE: &str = "agent.pipe";
/// The length of an ID, in hexadecimal digits.
const ID_DIGITS: usize = 32;
/// The first byte of a request on a pipe.
const FRAMED: u8 = 2;
/// The bytes before the request: [`FRAMED`], and the request's length.
pub const FRAME_HEAD_BYTES: usize = 1 + 2;

/// The pipe with this ID, on this computer. `None` if it is not an ID: a file that somebody else has written must not
/// lead to another computer.
pub fn path(id: &str) -> Option<String> {
    let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!(r"\\.\pipe\dev.grapnel.desktop.agent.{id}"))
}

/// The security descriptor of the pipe (SDDL): it belongs to this user, and only this user may open it, or add an
/// instance. `None` if it is not the security identifier of a user.
pub fn security_descriptor(user: &str) -> Option<String> {
    let is_sid = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    user.strip_prefix("S-1-").filter(|rest| !rest.is_empty() && is_sid(rest))?;
    Some(format!("O:{user}D:P(A;;GA;;;{user})"))
}

/// A request with its length before it, since a client cannot shut down one side of a pipe. `None` if it is too long.
pub fn framed(request: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(request.len()).ok()?;
    Some([&[FRAMED][..], &length.to_le_bytes(), request].concat())
}

/// The request that these bytes begin with; `None` if it is not whole yet, or not framed.
pub fn unframed(bytes: &[u8]) -> Option<&[u8]> {
    let (&[FRAMED, low, high], rest) = bytes.split_first_chunk()? else { return None };
    rest.get(..usize::from(u16::from_le_bytes([low, high])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_framed_request_is_whole_with_its_last_byte(request in prop::collection::vec(any::<u8>(), 0..600)) {
            let framed = framed(&request).unwrap();
            prop_assert_eq!(framed.len(), FRAME_HEAD_BYTES + request.len());
            prop_assert_eq!(unframed(&framed), Some(&*request));
            for cut in 0..framed.len() {
                prop_assert_eq!(unframed(&framed[..cut]), None);
            }
        }
    }

    #[test]
    fn a_request_of_the_other_protocols_is_not_framed() {
        assert_eq!(unframed(b"{\"get\":\"token\"}\n"), None);
        assert_eq!(unframed(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(framed(&vec![0; 1 << 16]), None);
    }

    #[test]
    fn only_an_id_leads_to_a_pipe() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(path(id).unwrap(), format!(r"\\.\pipe\dev.grapnel.desktop.agent.{id}"));
        for other in ["", "0123", r"\\evil.example\pipe\x", &format!("{id}\n"), &id.replace('f', "\\")] {
            assert_eq!(path(other), None, "{other}");
        }
    }

    #[test]
    fn the_pipe_belongs_to_one_user() {
        let user = "S-1-5-21-1004336348-1177238915-682003330-1000";
        let descriptor = security_descriptor(user).unwrap();
        // A protected list (P) with one entry (A): everything (GA) to this user.
        assert_eq!(descriptor, format!("O:{user}D:P(A;;GA;;;{user})"));
        for other in ["", "S-1-", "WD", "S-1-1-0)(A;;GA;;;WD", "administrator"] {
            assert_eq!(security_descriptor(other), None, "{other}");
        }
    }
}
