//! Finds and connects to the session bus.

use grapnel_model::error::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zbus::blocking;

use super::errors::{self, VARIABLE};

/// The characters that a bus address may contain unescaped.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'/').remove(b'.').remove(b'\\');

/// A connection, and whether only programs of this account can reach the bus.
pub(super) struct Bus {
    pub(super) connection: blocking::Connection,
    pub(super) is_private: bool,
}

/// Connects to the bus at `set`, or else to the first session bus that responds.
pub(super) fn connect(set: Option<&str>) -> Result<Bus, Error> {
    let mut failure = None;
    for address in addresses(set) {
        let built =
            blocking::connection::Builder::address(&*address).and_then(blocking::connection::Builder::build);
        match built {
            Ok(connection) => return Ok(Bus { connection, is_private: address.starts_with("unix:") }),
            Err(error) => failure = Some(error),
        }
    }
    Err(errors::no_bus(is_named(set), failure.as_ref()))
}

/// [`connect`] without blocking.
pub(super) async fn connect_async(set: Option<&str>) -> zbus::Result<zbus::Connection> {
    let mut failure = zbus::Error::Address("no session bus".into());
    for address in addresses(set) {
        match zbus::connection::Builder::address(&*address)?.build().await {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Whether the address of the bus was given, by the caller or the environment.
fn is_named(set: Option<&str>) -> bool {
    set.is_some() || named().is_some()
}

fn named() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|address| !address.is_empty())
}

/// The given address alone, or, if none is given (cron, ssh, su), the usual addresses of a session bus.
fn addresses(set: Option<&str>) -> Vec<String> {
    if let Some(address) = set.map(str::to_owned).or_else(named) {
        return vec![address];
    }
    let at = |directory: &str| format!("unix:path={}/bus", utf8_percent_encode(directory, PLAIN));
    let own = std::env::var("XDG_RUNTIME_DIR").ok().filter(|directory| !directory.is_empty());
    let usual = format!("/run/user/{}", rustix::process::getuid().as_raw());
    own.iter().map(String::as_str).chain([&*usual]).map(at).collect()
}
