//! A person's session: a desktop with a keyring.

use anyhow::Result;

use crate::desktop::Desktop;
use crate::keyring::Keyring;

/// Starts a desktop with the keyring in this state.
pub async fn start(keyring: Keyring) -> Result<Desktop> {
    let mut desktop = Desktop::start().await?;
    if let Some(service) = keyring.start(&desktop).await? {
        desktop.add_service(service);
    }
    Ok(desktop)
}
