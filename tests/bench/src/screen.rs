//! What a display shows, seen from outside of the programs on it: the same for whatever drew it.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// So many lines across the middle of the screen are looked at.
const LINES: u16 = 16;
/// The screen, a window and its edge have fewer colours than this; text with soft edges has more.
const COLOURS: usize = 8;
const LATEST: Duration = Duration::from_secs(60);

/// A display.
pub(crate) struct Screen {
    connection: RustConnection,
    root: Window,
    width: u16,
    height: u16,
}

impl Screen {
    pub(crate) fn of(display: &str) -> Result<Self> {
        let (connection, number) = RustConnection::connect(Some(display))?;
        let screen = connection.setup().roots.get(number).context("the display has no screen")?;
        let (root, width, height) = (screen.root, screen.width_in_pixels, screen.height_in_pixels);
        Ok(Self { connection, root, width, height })
    }

    /// Waits until a page with text is painted.
    pub(crate) async fn painted(&self) -> Result<()> {
        self.until(true).await
    }

    /// Waits until no page is there any more.
    pub(crate) async fn cleared(&self) -> Result<()> {
        self.until(false).await
    }

    async fn until(&self, is_painted: bool) -> Result<()> {
        let latest = Instant::now() + LATEST;
        while (self.colours()? >= COLOURS) != is_painted {
            ensure!(Instant::now() < latest, "the screen stays as it is");
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn colours(&self) -> Result<usize> {
        let lines = (0..LINES).map(|line| self.height / 4 + line * (self.height / 2 / LINES));
        let asked: Vec<_> = lines
            .map(|y| {
                let y = i16::try_from(y)?;
                Ok(self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 0, y, self.width, 1, !0)?)
            })
            .collect::<Result<_>>()?;
        let mut colours = HashSet::new();
        for one in asked {
            let pixels = one.reply()?.data;
            colours.extend(pixels.chunks_exact(4).map(<[u8]>::to_vec));
        }
        Ok(colours.len())
    }
}
