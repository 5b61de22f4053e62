//! Fuzz targets: each reads hostile bytes with the program's own parsers, and asserts what must hold of whatever they
//! accept. `tests/fuzz` runs them under libFuzzer; a test replays the checked-in inputs.

pub(crate) mod checks;
mod profile_file;
#[cfg(test)]
mod replay;
pub(crate) mod world;

/// A callback address, as a browser or another program hands it over.
pub fn callback(data: &[u8]) {
    crate::authorize::fuzz::callback(data);
}

/// What a token endpoint answers: a line with its status and the provider's id, header lines, an empty line, the body.
pub fn token_response(data: &[u8]) {
    crate::http::fuzz::token_response(data);
}

/// A line with the issuer that a person types, then what is at each address of its metadata, separated by lines of `---`.
pub fn discovery(data: &[u8]) {
    crate::discovery::fuzz::discovery(data);
}

/// A JWT: lines with its header, its claims and its signature, then the issuer's keys.
pub fn jwt(data: &[u8]) {
    crate::content::fuzz::jwt(data);
}

/// The text of a profile file.
pub fn profile_file(data: &[u8]) {
    profile_file::profile_file(data);
}

/// An archive: the document inside (it begins with `{`), a whole file (`age-encryption.org/`), or changes to a file that
/// was sealed here (anything else).
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
