//! Windows and macOS need none of these checks. A Linux desktop is put together from parts that may be missing: a
//! session bus, a keyring, `xdg-open`, desktop entries. Elsewhere they belong to the system, and the deep-link
//! self-test of the window shows which program opens the links.

use std::path::Path;

use super::check::{Browsers, Check};

pub(super) fn checks(_: Option<&Path>, _: &Browsers) -> Vec<Check> {
    Vec::new()
}
