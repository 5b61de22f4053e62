//! The person's own browser, which tests put another in place of.

use std::sync::Arc;

use grapnel_core::browser::Launch;
use grapnel_model::secret::SecretString;

/// Opens an address with the browser that is set (empty for the system's), and answers what became of it. May block for
/// some seconds.
pub type Browser = Arc<dyn Fn(&SecretString, &str) -> Launch + Send + Sync>;
