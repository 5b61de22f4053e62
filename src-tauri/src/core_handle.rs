//! The core behind the window. It is opened at its first use; if that fails, each call tries again.

use grapnel_core::{Grapnel, Store};
use grapnel_model::error::Result;
use tokio::sync::OnceCell;

/// Called once the core is open.
type OnOpen = Box<dyn Fn(&Grapnel) + Send + Sync>;

/// The core, opened at its first use.
pub(crate) struct CoreHandle {
    core: OnceCell<Grapnel>,
    on_open: OnOpen,
}

impl CoreHandle {
    /// Creates a handle without opening the core. `on_open` runs once, when it is opened.
    pub(crate) fn new(on_open: impl Fn(&Grapnel) + Send + Sync + 'static) -> Self {
        Self { core: OnceCell::new(), on_open: Box::new(on_open) }
    }

    /// The core, opened if necessary.
    ///
    /// # Errors
    ///
    /// The data directory cannot be read or written, or has data of a newer version.
    pub(crate) async fn core(&self) -> Result<&Grapnel> {
        let open = async || {
            let core = Grapnel::open(&Store::default_home()?)?;
            (self.on_open)(&core);
            Ok(core)
        };
        self.core.get_or_try_init(open).await
    }

    /// The core, if it is open.
    pub(crate) fn opened(&self) -> Option<&Grapnel> {
        self.core.get()
    }
}
