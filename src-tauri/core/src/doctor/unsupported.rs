//! On other desktops nothing can be checked without opening something.

use std::path::Path;

use super::check::{Browsers, Check};

pub(super) fn checks(_: Option<&Path>, _: &Browsers) -> Vec<Check> {
    Vec::new()
}
