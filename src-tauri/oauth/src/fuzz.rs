//! Fuzz targets: each reads hostile bytes with the program's own parsers, and asserts what must hold of whatever they
//! accept. `tests/fuzz` runs them under libFuzzer; a test replays the checked-in inputs.

pub(crate) mod checks;
#[cfg(test)]
mod replay;

/// A directory's name, and the function that its inputs are given to.
#[cfg(test)]
type Target = (&'static str, fn(&[u8]));

/// The targets by the name of their directory in `tests/fuzz/seeds`.
#[cfg(test)]
const TARGETS: [Target; 2] = [("token_response", token_response), ("discovery", discovery)];

/// A reply of a token endpoint: a line with its status and the provider's id, header lines, an empty line, the body.
pub fn token_response(data: &[u8]) {
    crate::http::fuzz::token_response(data);
}

/// A line with the issuer that a person types, then the document at each address of its metadata, separated by lines
/// of `---`.
pub fn discovery(data: &[u8]) {
    crate::discovery::fuzz::discovery(data);
}
