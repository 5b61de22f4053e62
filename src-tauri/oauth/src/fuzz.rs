//! Fuzz targets: each gives hostile bytes to the program's own parsers and asserts what must hold for whatever they
//! accept. `tests/fuzz` runs them under libFuzzer; a test replays the checked-in inputs.

pub(crate) mod checks;
#[cfg(test)]
mod replay;

/// The name of a seed directory and the function that takes its inputs.
#[cfg(test)]
type Target = (&'static str, fn(&[u8]));

/// The targets, by the name of their directory in `tests/fuzz/seeds`.
#[cfg(test)]
const TARGETS: [Target; 2] = [("token_response", token_response), ("discovery", discovery)];

/// A token response: a line with the status and the provider's ID, header lines, an empty line, the body.
pub fn token_response(data: &[u8]) {
    crate::http::fuzz::token_response(data);
}

/// A line with the typed issuer, then the document at each of its metadata URLs, separated by lines of `---`.
pub fn discovery(data: &[u8]) {
    crate::discovery::fuzz::discovery(data);
}
