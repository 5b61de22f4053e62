//! What a display shows, observed from outside the programs on it, so that all are measured alike.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

/// How often the screen is sampled.
const LOOK: Duration = Duration::from_millis(2);
/// The number of lines in the middle of the screen that are sampled.
const LINES: u16 = 16;
/// The screen background, a window and its border have fewer colors than this; antialiased text has more.
const COLOURS: usize = 8;
const LATEST: Duration = Duration::from_secs(60);

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

    /// Waits until a page with text is rendered.
    pub(crate) async fn painted(&self) -> Result<()> {
        self.until(true).await
    }

    /// Waits until no page is visible any more.
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
