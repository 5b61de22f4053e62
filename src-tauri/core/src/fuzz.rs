//! Fuzz targets: each reads hostile bytes with the program's own parsers, and asserts what must hold of whatever they
//! accept. `tests/fuzz` runs them under libFuzzer; a test replays the checked-in inputs.

// Shared with `grapnel-oauth` as a file: as a crate feature, it would have the tests build that crate twice.
#[allow(dead_code, reason = "each crate uses some of the checks")]
#[path = "../../oauth/src/fuzz/checks.rs"]
pub(crate) mod checks;
mod profile_file;
#[cfg(test)]
#[path = "../../oauth/src/fuzz/replay.rs"]
mod replay;
pub(crate) mod world;

/// A directory's name, and the function that its inputs are given to.
#[cfg(test)]
type Target = (&'static str, fn(&[u8]));

/// The targets by the name of their directory in `tests/fuzz/seeds`.
#[cfg(test)]
const TARGETS: [Target; 5] = [
    ("callback", callback),
    ("jwt", jwt),
    ("profile_file", profile_file),
    ("archive", archive),
    ("agent", agent),
];

/// A callback address, as a browser or another program hands it over.
pub fn callback(data: &[u8]) {
    crate::authorize::fuzz::callback(data);
}

/// A JWT: lines with its header, its claims and its signature, then the issuer's keys.
pub fn jwt(data: &[u8]) {
    crate::content::fuzz::jwt(data);
}

/// The text of a profile file.
pub fn profile_file(data: &[u8]) {
    profile_file::profile_file(data);
}

/// An archive: the document inside (it begins with `{`), a whole file (`age-encryption.org/`), or changes to a file
/// that was sealed here (anything else).
pub fn archive(data: &[u8]) {
    crate::archive::fuzz::archive(data);
}

/// The token agent's protocol: `q` and the pieces in which a question arrives, or `a` and an answer.
#[cfg(target_os = "linux")]
pub fn agent(data: &[u8]) {
    crate::token_agent::fuzz::agent(data);
}

/// There is no token agent elsewhere.
#[cfg(not(target_os = "linux"))]
pub fn agent(_data: &[u8]) {}
