//! Signing in.

use std::time::Duration;

use grapnel_model::attempt::{Attempt, DevicePrompt};
use grapnel_model::error::Result;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::secret::SecretString;

use super::Grapnel;
use crate::authorize::{SignInRequest, Started};
use crate::{app, authorize};

/// How long a program that is about to end waits for a browser to load its last page.
const PAGES_TIMEOUT: Duration = Duration::from_millis(700);

impl Grapnel {
    /// Starts a sign-in by the app's grant, or a token request of the app itself.
    pub async fn start_attempt(&self, app: &AppId, wanted: &SignInRequest) -> Result<Attempt> {
        self.widen(app, wanted).await?;
        Box::pin(authorize::start(&self.0, app, wanted)).await
    }

    /// Joins a sign-in for the same request that another process waits for, or starts one.
    pub async fn join_or_start_attempt(&self, app: &AppId, wanted: &SignInRequest) -> Result<Started> {
        self.widen(app, wanted).await?;
        Box::pin(authorize::join_or_start(&self.0, app, wanted)).await
    }

    /// Registers the scopes that a sign-in asks for besides the app's, if Grapnel registered the client.
    async fn widen(&self, app: &AppId, wanted: &SignInRequest) -> Result<()> {
        if !wanted.more_scopes.is_empty() {
            wanted.check_more_scopes()?;
            Box::pin(app::widen_registration(&self.0, app, &wanted.more_scopes)).await;
        }
        Ok(())
    }

    /// Signs in without a browser, if the provider supports it. Email and password are used once and not stored.
    pub async fn sign_in_with_password(
        &self,
        app: &AppId,
        wanted: &SignInRequest,
        email: &str,
        password: &SecretString,
    ) -> Result<Attempt> {
        let id = Box::pin(authorize::with_password(&self.0, app, wanted, email, password)).await?;
        self.attempt(&id)
    }

    /// An attempt, finished or not.
    pub fn attempt(&self, id: &AttemptId) -> Result<Attempt> {
        authorize::get(&self.0, id)
    }

    /// What a person needs to approve a sign-in on another device, while it waits.
    pub async fn device_prompt(&self, id: &AttemptId) -> Result<DevicePrompt> {
        authorize::prompt(&self.0, id).await
    }

    /// The authorization URL of an attempt, or the provider's page for a device code. It contains the `state` or the
    /// code, so it is a secret.
    pub async fn attempt_link(&self, id: &AttemptId) -> Result<SecretString> {
        authorize::link(&self.0, id).await
    }

    /// Cancels an attempt.
    pub fn cancel_attempt(&self, id: &AttemptId) -> Result<()> {
        authorize::cancel(&self.0, id)
    }

    /// Moves the new sign-in to the connection that the attempt was meant for, replacing its account. Returns that
    /// connection.
    pub async fn replace_account(&self, id: &AttemptId) -> Result<ConnectionId> {
        authorize::replace(&self.0, id).await
    }

    /// The unfinished attempts.
    pub fn attempts(&self) -> Result<Vec<Attempt>> {
        authorize::open(&self.0)
    }

    /// Receives a callback URL, by any redirect method.
    pub async fn receive_callback(&self, address: &SecretString) -> Result<()> {
        authorize::receive(&self.0, address).await
    }

    /// Waits, for a short time, until the browser has the page with the result of its sign-in. For a program that is
    /// about to end.
    pub async fn pages_shown(&self) {
        let _ = tokio::time::timeout(PAGES_TIMEOUT, self.0.pages_shown()).await;
    }

    /// Receives what a person pasted for an attempt: the callback URL or the code.
    pub async fn paste_callback(&self, id: &AttemptId, pasted: &SecretString) -> Result<()> {
        authorize::paste(&self.0, id, pasted).await
    }
}
