//! What a person is shown of a sign-in on another device (RFC 8628 §3.3), and how it is stored.

use grapnel_model::attempt::{DevicePrompt, Phase};
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::id::AttemptId;
use grapnel_model::provider::GrantType;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_oauth::http::device::{DeviceAuthorization, is_openable};
use grapnel_store as store;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::sealed::Sealed;
use serde::{Deserialize, Serialize};

use super::attempts::{authorization_url, no_attempt, url_associated_data};
use crate::context::Context;
use crate::qr_code;

/// What is stored of a device authorization, encrypted, besides the device code.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPrompt {
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    /// The seconds between two polls.
    pub(super) interval: u64,
}

impl StoredPrompt {
    pub(super) fn of(authorization: &DeviceAuthorization) -> Self {
        Self {
            user_code: authorization.user_code.clone(),
            verification_uri: authorization.verification_uri.clone(),
            verification_uri_complete: authorization.verification_uri_complete.clone(),
            interval: authorization.interval.as_secs(),
        }
    }

    /// The address to open and to show as a QR code, if there is a safe one.
    fn link(&self) -> Option<&str> {
        let all = [self.verification_uri_complete.as_ref(), Some(&self.verification_uri)];
        all.into_iter().flatten().map(String::as_str).find(|uri| is_openable(uri))
    }

    pub(super) async fn seal(&self, ctx: &Context, id: &AttemptId) -> Result<Sealed> {
        let text = serde_json::to_string(self)
            .map_err(|_| Error::new(Code::Internal, "The device code could not be written."))?;
        ctx.vault.seal(&url_associated_data(id), &SecretString::from(text)).await
    }

    pub(super) async fn open(ctx: &Context, row: &AttemptRow) -> Result<Self> {
        let over = || {
            Error::new(Code::CallbackLate, "This sign-in is over, and its code with it.").hint("Start again.")
        };
        let sealed = row.sealed_url.as_ref().filter(|_| row.phase == Phase::Waiting).ok_or_else(over)?;
        let text = ctx.vault.open(&url_associated_data(&row.id), sealed).await?;
        serde_json::from_str(text.expose_secret())
            .map_err(|_| Error::new(Code::DataDamaged, "The stored device code cannot be read."))
    }
}

/// What the person needs to approve a waiting sign-in.
pub(crate) async fn prompt(ctx: &Context, id: &AttemptId) -> Result<DevicePrompt> {
    let row = ctx.store.read(|c| store::attempt::get(c, id))?.ok_or_else(no_attempt)?;
    if row.grant_type != GrantType::DeviceCode {
        return Err(no_device_url());
    }
    let stored = StoredPrompt::open(ctx, &row).await?;
    let link = stored.link().map(str::to_owned);
    Ok(DevicePrompt {
        qr_code: link.as_deref().and_then(qr_code::modules).unwrap_or_default(),
        link,
        user_code: stored.user_code,
        verification_uri: stored.verification_uri,
        verification_uri_complete: stored.verification_uri_complete,
        interval: u32::try_from(stored.interval).unwrap_or(u32::MAX),
        expires_at: row.expires_at,
    })
}

/// The address that the browser opens for a waiting sign-in: the authorization URL, or the provider's page for the
/// code.
pub(crate) async fn link(ctx: &Context, id: &AttemptId) -> Result<SecretString> {
    let row = ctx.store.read(|c| store::attempt::get(c, id))?.ok_or_else(no_attempt)?;
    if row.grant_type != GrantType::DeviceCode {
        return authorization_url(ctx, &row).await;
    }
    let stored = StoredPrompt::open(ctx, &row).await?;
    stored.link().map(SecretString::from).ok_or_else(|| {
        let message = format!(
            "The provider’s verification address is none that Grapnel opens: {}.",
            stored.verification_uri
        );
        Error::new(Code::ProviderError, message)
            .means("Only https addresses are opened.")
            .hint("Compare the address with the provider’s documentation before you enter the code anywhere.")
    })
}

pub(super) fn no_device_url() -> Error {
    Error::input("device_authorization_url", "The app has no device authorization URL (RFC 8628).")
        .means("Nothing was sent.")
        .hint("Set device_authorization_url to the one in the provider’s documentation, or sign in in the browser.")
        .next_step(NextStep::EditApp)
}
