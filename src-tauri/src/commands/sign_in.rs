//! Commands for signing in: starting an attempt, its browser and its callback, and ending it.

use grapnel_core::authorize::{Authentication, SignInRequest};
use grapnel_model::attempt::{Attempt, DevicePrompt};
use grapnel_model::error::{Error, Result};
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::{browser, confirm, deep_link_self_test};

/// What a person chooses for one sign-in. Text is as typed; empty for the app's own value.
#[derive(Default, Deserialize, specta::Type)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignInOptions {
    /// Whether the provider asks which account to use.
    another_account: bool,
    /// Whether the person signs in on another device.
    by_device: bool,
    /// Scopes to ask for besides the app's.
    more_scopes: Vec<String>,
    /// The account to sign in with.
    login_hint: String,
    /// What the provider asks the person for, such as `login`.
    prompt: String,
    /// How old the authentication may be, in seconds.
    max_age: String,
    /// The preferred classes of authentication, separated by spaces.
    acr_values: String,
}

impl SignInOptions {
    fn request(self, again: Option<ConnectionId>) -> Result<SignInRequest> {
        let max_age = match entered(&self.max_age) {
            Some(seconds) => Some(seconds.parse().map_err(|_| {
                Error::input("max_age", "This is not a number of seconds.").means("Nothing was sent.")
            })?),
            None => None,
        };
        Ok(SignInRequest {
            again,
            login_hint: entered(&self.login_hint),
            another_account: self.another_account,
            authentication: Authentication {
                prompt: entered(&self.prompt),
                max_age,
                acr_values: entered(&self.acr_values),
            },
            by_device: self.by_device,
            more_scopes: self.more_scopes,
            ..SignInRequest::default()
        })
    }
}

/// The words of a text, unless it has none.
fn entered(text: &str) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then_some(words)
}

/// Starts a sign-in for a new connection, or to reconnect one: by the app's grant, or on another device.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_attempt(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    options: SignInOptions,
) -> Result<Attempt> {
    let wanted = options.request(connection_id)?;
    core.core().await?.start_attempt(&app_id, &wanted).await
}

/// What the person needs to approve a sign-in on another device.
#[tauri::command]
#[specta::specta]
pub(crate) async fn device_prompt(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
) -> Result<DevicePrompt> {
    core.core().await?.device_prompt(&attempt_id).await
}

/// Opens the authorization URL of an attempt in the browser. A `chosen` browser is stored with the resulting
/// connection, unless it fails to open. The person must confirm a new command; returns whether they did.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_browser(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    attempt_id: AttemptId,
    chosen: Option<String>,
) -> Result<bool> {
    let core = core.core().await?;
    let chosen = chosen.map(|chosen| grapnel_core::browser::parse_entered(&chosen)).transpose()?;
    if let Some(chosen) = &chosen
        && !confirm::program(&app, chosen, &[&core.attempt_browser(&attempt_id)?, &core.settings()?.browser])
            .await?
    {
        return Ok(false);
    }
    let link = core.attempt_link(&attempt_id).await?;
    // Stored before it opens, since the sign-in may finish before the browser's launcher does.
    let before = chosen.map(|chosen| core.choose_browser(&attempt_id, Some(&chosen))).transpose()?;
    let opened = browser::open(&app, link, core.attempt_browser(&attempt_id)?).await;
    if let (Err(_), Some(before)) = (&opened, before) {
        core.choose_browser(&attempt_id, before.as_deref())?;
    }
    opened.map(|()| true)
}

/// Copies the authorization URL, for opening it in another browser.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_link(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    attempt_id: AttemptId,
) -> Result<()> {
    let link = core.core().await?.attempt_link(&attempt_id).await?;
    clipboard.copy(link.expose_secret())
}

/// Receives a callback URL or code that the person pasted.
#[tauri::command]
#[specta::specta]
pub(crate) async fn paste_callback(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
    pasted: SecretInput,
) -> Result<()> {
    core.core().await?.paste_callback(&attempt_id, &pasted.0).await
}

/// Signs in without a browser, if the provider supports it. Email and password are used once and not stored.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_in_with_password(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    email: String,
    password: SecretInput,
) -> Result<Attempt> {
    let wanted = SignInRequest { again: connection_id, ..SignInRequest::default() };
    core.core().await?.sign_in_with_password(&app_id, &wanted, &email, &password.0).await
}

/// Tests whether a deep link returns to Grapnel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn test_deep_link(app: AppHandle) -> Result<()> {
    deep_link_self_test::run(&app).await
}

/// Moves the new sign-in to the connection that the attempt was meant for, replacing its account. Returns that
/// connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn replace_account(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
) -> Result<ConnectionId> {
    core.core().await?.replace_account(&attempt_id).await
}

/// Cancels an attempt.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_attempt(core: State<'_, CoreHandle>, attempt_id: AttemptId) -> Result<()> {
    core.core().await?.cancel_attempt(&attempt_id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(options: serde_json::Value) -> Result<SignInRequest> {
        serde_json::from_value::<SignInOptions>(options).unwrap().request(None)
    }

    #[test]
    fn options_that_are_left_empty_ask_for_nothing() {
        let wanted = request(json!({ "prompt": " ", "max_age": "", "login_hint": "" })).unwrap();
        assert_eq!(wanted.authentication, Authentication::default());
        assert_eq!(wanted.login_hint, None);
    }

    #[test]
    fn options_are_asked_for_as_they_were_typed() {
        let options = json!({
            "prompt": "login", "max_age": " 0 ", "acr_values": "mfa  phr", "login_hint": "ann@id.example",
        });
        let wanted = request(options).unwrap();
        let Authentication { prompt, max_age, acr_values } = wanted.authentication;
        assert_eq!(
            (prompt.as_deref(), max_age, acr_values.as_deref()),
            (Some("login"), Some(0), Some("mfa phr"))
        );
        assert_eq!(wanted.login_hint.as_deref(), Some("ann@id.example"));
    }

    #[test]
    fn an_age_that_is_no_number_is_refused_at_its_field() {
        for age in ["-1", "1h", "4294967296"] {
            assert_eq!(request(json!({ "max_age": age })).unwrap_err().field.as_deref(), Some("max_age"));
        }
    }
}
