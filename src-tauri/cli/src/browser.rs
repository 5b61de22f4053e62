//! The person's browser, replaced in tests.

use std::sync::Arc;

use grapnel_core::browser::Launch;
use grapnel_model::secret::SecretString;

/// Opens a URL with this browser (empty for the system's). May block for some seconds.
pub type Browser = Arc<dyn Fn(&SecretString, &str) -> Launch + Send + Sync>;
