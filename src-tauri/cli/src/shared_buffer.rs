//! An in-memory stream for tests: what is written to one clone can be read from any.

use std::io::{Result, Write};
use std::sync::Arc;

use parking_lot::Mutex;

#[derive(Clone, Default)]
pub(crate) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
