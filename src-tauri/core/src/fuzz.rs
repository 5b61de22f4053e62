//! Fuzz targets: each gives hostile bytes to the program's own parsers and asserts what must hold for whatever they
//! accept. `tests/fuzz` runs them under libFuzzer; a test replays the checked-in inputs.

// Shared with `grapnel-oauth` as files: a crate feature would make the tests build that crate twice.
#[allow(dead_code, reason = "each crate uses some of the checks")]
#[path = "../../oauth/src/fuzz/checks.rs"]
pub(crate) mod checks;
mod import_app;
mod profile_file;
// The world of a target is thread-local and joins threads when it is dropped, which Windows does not allow there.
#[cfg(all(test, not(windows)))]
#[path = "../../oauth/src/fuzz/replay.rs"]
mod replay;
pub(crate) mod world;

/// The name of a seed directory and the function that takes its inputs.
#[cfg(all(test, not(windows)))]
type Target = (&'static str, fn(&[u8]));

/// The targets, by the name of their directory in `tests/fuzz/seeds`.
#[cfg(all(test, not(windows)))]
const TARGETS: [Target; 6] = [
    ("callback", callback),
    ("jwt", jwt),
    ("profile_file", profile_file),
    ("import_app", import_app),
    ("archive", archive),
    ("agent", agent),
];

/// A callback URL, as a browser or another program passes it.
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

/// A text that apps are imported from: an export of another API client, an OpenAPI document, a `.env` file, a curl
/// command or an authorization URL.
pub fn import_app(data: &[u8]) {
    import_app::import_app(data);
}

/// An archive: its document (begins with `{`), a whole file (`age-encryption.org/`), or changes to a valid file
/// (anything else).
pub fn archive(data: &[u8]) {
    crate::archive::fuzz::archive(data);
}

/// The token agent's protocol: `q` and the parts in which a request arrives, or `a` and a response.
#[cfg(target_os = "linux")]
pub fn agent(data: &[u8]) {
    crate::token_agent::fuzz::agent(data);
}

/// This platform has no token agent.
#[cfg(not(target_os = "linux"))]
pub fn agent(_data: &[u8]) {}
