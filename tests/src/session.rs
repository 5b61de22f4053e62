//! A person's session: a desktop with a keyring.

use anyhow::Result;

use crate::desktop::Desktop;
use crate::keyring::Keyring;

/// Starts a desktop with the keyring in this state.
pub async fn start(keyring: Keyring) -> Result<Desktop> {
    with_keyring(Desktop::start().await?, keyring).await
}

/// Starts the desktop of another person of the same story.
pub async fn start_another(beside: &Desktop, keyring: Keyring) -> Result<Desktop> {
    with_keyring(beside.start_another().await?, keyring).await
}

async fn with_keyring(mut desktop: Desktop, keyring: Keyring) -> Result<Desktop> {
    if let Some(service) = keyring.start(&desktop).await? {
        desktop.add_service(service);
    }
    Ok(desktop)
}
