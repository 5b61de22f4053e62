//! Notifications of a Linux desktop, over the session bus.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use tauri::{AppHandle, Manager};
use zbus::export::futures_core::Stream;
use zbus::message::{Flags, Type};
use zbus::zvariant::{DynamicType, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

use super::notification::Notification;
use crate::arguments::activation;
use crate::window;

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The package's desktop entry, which identifies the sender to the desktop.
const ENTRY: &str = "Grapnel";
/// How long a notification waits for the desktop's service, which may start after Grapnel at login. What it tells may
/// no longer be true later.
const SERVICE_STARTS_WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn send(app: AppHandle, notification: Notification) {
    match show_until_clicked(&notification).await {
        Ok(Some(Click { token })) => {
            if let Some(token) = token {
                app.state::<window::Activation>().set(token);
            }
            window::show_about(&app, notification.about);
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "a notification could not be sent"),
    }
}

/// A click on a notification, with the desktop's activation token for the window.
struct Click {
    token: Option<String>,
}

/// Shows a notification until it is clicked or closed.
async fn show_until_clicked(notification: &Notification) -> zbus::Result<Option<Click>> {
    let bus = Connection::session().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(SERVICE)?;
    let rule = rule.interface(SERVICE)?.path(PATH)?.build();
    // Listens before the notification is shown, so that no click is missed.
    let mut answers = MessageStream::for_match_rule(rule, &bus, None).await?;
    let hints =
        HashMap::from([("desktop-entry", Value::from(ENTRY)), ("category", Value::from("network.error"))]);
    let actions = ["default", "Open Grapnel"];
    let said = (
        ENTRY,
        0_u32,
        "grapnel-desktop",
        &notification.title,
        &escaped(&notification.text),
        &actions[..],
        hints,
        -1_i32,
    );
    let shown = tokio::time::timeout(SERVICE_STARTS_WITHIN, show(&bus, &said)).await;
    let shown = shown.map_err(|_| zbus::Error::Failure("no service has shown it".into()))??;
    let id: u32 = shown.body().deserialize()?;
    let mut token = None;
    while let Some(answer) = next(&mut answers).await {
        let answer = answer?;
        let header = answer.header();
        let is_signal = |name: &str| header.member().is_some_and(|member| member == name);
        // The token comes before the click that it belongs to.
        if is_signal("ActivationToken") {
            token = Some(answer.body().deserialize::<(u32, String)>()?)
                .filter(|(of, _)| *of == id)
                .and_then(|(_, given)| activation(&given))
                .or(token);
        }
        if is_signal("ActionInvoked") && answer.body().deserialize::<(u32, String)>()?.0 == id {
            if let Err(error) = close(&bus, id).await {
                tracing::warn!(%error, "a notification could not be closed");
            }
            return Ok(Some(Click { token }));
        }
        if is_signal("NotificationClosed") && answer.body().deserialize::<(u32, u32)>()?.0 == id {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Asks the desktop's service to show a notification, as soon as there is one.
async fn show(bus: &Connection, said: &(impl Serialize + DynamicType)) -> zbus::Result<Message> {
    let rule = MatchRule::builder().msg_type(Type::Signal).sender("org.freedesktop.DBus")?;
    let rule = rule.member("NameOwnerChanged")?.arg(0, SERVICE)?.build();
    let mut owners = MessageStream::for_match_rule(rule, bus, None).await?;
    loop {
        match bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", said).await {
            Err(zbus::Error::MethodError(name, ..)) if is_of_missing_service(&name) => {
                tracing::info!("a notification waits for the desktop’s service");
                let _ = next(&mut owners).await;
            }
            settled => return settled,
        }
    }
}

/// Whether the bus answers so for a service that does not run, or that it could not start.
fn is_of_missing_service(error: &str) -> bool {
    let error = error.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or_default();
    matches!(error, "ServiceUnknown" | "NameHasNoOwner" | "TimedOut") || error.starts_with("Spawn.")
}

async fn next(messages: &mut MessageStream) -> Option<zbus::Result<Message>> {
    poll_fn(|context| Pin::new(&mut *messages).poll_next(context)).await
}

/// Closes a notification that was clicked, which some desktops leave to the program. The others answer with an error,
/// which nobody waits for.
async fn close(bus: &Connection, id: u32) -> zbus::Result<()> {
    let message =
        Message::method_call(PATH, "CloseNotification")?.destination(SERVICE)?.interface(SERVICE)?;
    bus.send(&message.with_flags(Flags::NoReplyExpected)?.build(&id)?).await
}

/// Escapes the text, which may be markup here.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_does_not_run_is_told_from_one_that_refuses() {
        for missing in ["ServiceUnknown", "NameHasNoOwner", "TimedOut", "Spawn.ChildExited"] {
            assert!(is_of_missing_service(&format!("org.freedesktop.DBus.Error.{missing}")), "{missing}");
        }
        for refusing in ["org.freedesktop.DBus.Error.AccessDenied", "org.example.Spawn.Failed", ""] {
            assert!(!is_of_missing_service(refusing), "{refusing}");
        }
    }

    #[test]
    fn a_text_contains_no_markup() {
        assert_eq!(escaped("<b>R&D</b> &lt;"), "&lt;b&gt;R&amp;D&lt;/b&gt; &amp;lt;");
    }
}
