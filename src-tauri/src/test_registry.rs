//! A part of the registry of Windows for one test.

use std::ops::Deref;

use windows_registry::{CURRENT_USER, Key};

/// A key of this user, in whose place a test's code reads and writes. It is removed when it is dropped.
pub(crate) struct TestKey {
    path: String,
    key: Key,
}

impl TestKey {
    /// Creates the key of a test.
    pub(crate) fn of(test: &str) -> Self {
        let path = format!(r"Software\Grapnel test of {test} {}", std::process::id());
        let key = CURRENT_USER.create(&path).unwrap();
        Self { path, key }
    }
}

impl Deref for TestKey {
    type Target = Key;

    fn deref(&self) -> &Key {
        &self.key
    }
}

impl Drop for TestKey {
    fn drop(&mut self) {
        let _ = CURRENT_USER.remove_tree(&self.path);
    }
}
