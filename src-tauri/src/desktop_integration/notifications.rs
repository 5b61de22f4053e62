//! Notifications about connections that need attention while the window has no focus.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod notification;
#[cfg(windows)]
mod windows;

use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_model::connection::{State, Summary};
use grapnel_model::error::{Error, Result};
use tauri::AppHandle;

#[cfg(target_os = "linux")]
use linux::send;
#[cfg(target_os = "macos")]
use macos::send;
use notification::Notification;
#[cfg(windows)]
use windows::send;

use crate::window::{self, Subject};

/// The most connections or apps that one notification names.
const MAX_NAMED: usize = 4;

/// Sends notifications about connections that have come to need attention since the last one, and about client secrets
/// that expire soon.
pub(super) fn send_pending(app: &AppHandle, core: &Grapnel) -> Result<()> {
    let (pending, expiring) = (core.take_pending_notifications()?, core.take_expiring_secrets()?);
    let (is_focused, is_quiet) = (window::is_focused(app), core.settings()?.quiet);
    let connections = pending_notification(&pending, is_focused, is_quiet);
    for notification in connections.into_iter().chain(secret_notification(&expiring, is_focused, is_quiet)) {
        tauri::async_runtime::spawn(send(app.clone(), notification));
    }
    Ok(())
}

/// Sends a notification that the vault stays locked.
pub(super) fn send_locked(app: &AppHandle, core: &Grapnel) {
    let (Some(trouble), Ok(status_counts), Ok(settings)) =
        (core.vault_error(), core.status_counts(), core.settings())
    else {
        return;
    };
    if let Some(notification) =
        locked_notification(&trouble, status_counts.locked, window::is_focused(app), settings.quiet)
    {
        tauri::async_runtime::spawn(send(app.clone(), notification));
    }
}

/// The notification about connections that need attention; `None` while the window has the focus or notifications are
/// off.
fn pending_notification(pending: &[Summary], is_focused: bool, is_quiet: bool) -> Option<Notification> {
    if is_focused || is_quiet {
        return None;
    }
    match pending {
        [] => None,
        [one] if is_early_warning(one) => Some(Notification::new(
            &format!("“{}” will need to be reconnected", one.name),
            &format!("{} will stop refreshing its tokens in a few days.", one.provider_name),
            Some(Subject::Connection(one.id.clone())),
        )),
        [one] => Some(Notification::new(
            &format!("“{}” needs to be reconnected", one.name),
            &format!("{} no longer refreshes it.", one.provider_name),
            Some(Subject::Connection(one.id.clone())),
        )),
        [first, ..] => {
            let soon = if pending.iter().any(is_early_warning) { ", now or soon" } else { "" };
            Some(Notification::new(
                &format!("{} connections need to be reconnected{soon}", pending.len()),
                &named(pending.iter().map(|one| one.name.as_str())),
                Some(Subject::Connection(first.id.clone())),
            ))
        }
    }
}

/// The notification about client secrets that expire soon.
fn secret_notification(expiring: &[App], is_focused: bool, is_quiet: bool) -> Option<Notification> {
    let (first, others) = expiring.split_first().filter(|_| !is_focused && !is_quiet)?;
    let title = if others.is_empty() {
        format!("The client secret of “{}” expires soon", first.name)
    } else {
        format!("{} client secrets expire soon", expiring.len())
    };
    let text = if others.is_empty() {
        format!(
            "After that, {} refuses the app’s sign-ins and refreshes. Get a new secret on the app’s page.",
            first.provider_name
        )
    } else {
        named(expiring.iter().map(|app| app.name.as_str()))
    };
    Some(Notification::new(&title, &text, Some(Subject::App(first.id.clone()))))
}

/// The first of these names, and how many more there are.
fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let shown = names.take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown}, and {more} more") } else { shown }
}

/// Whether the connection still works, and will need a new sign-in later.
fn is_early_warning(one: &Summary) -> bool {
    one.state != State::ReconnectNeeded && one.sign_in_due.is_some()
}

/// The notification about a vault that stays locked with this number of connections in it.
fn locked_notification(
    trouble: &Error,
    locked: usize,
    is_focused: bool,
    is_quiet: bool,
) -> Option<Notification> {
    let what =
        if locked == 1 { "One connection waits".to_owned() } else { format!("{locked} connections wait") };
    (locked > 0 && !is_focused && !is_quiet).then(|| {
        let text = format!("{what} for it and cannot be refreshed until then.");
        Notification::new(&trouble.message, &text, None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(names: &[&str]) -> Vec<Summary> {
        let one = |name: &&str| {
            serde_json::json!({
                "id": format!("id-{name}"), "name": name, "app_id": "app", "app_name": "App", "provider": "custom",
                "provider_name": "R&D", "state": "reconnect_needed", "expires_at": null, "retry_at": null,
                "lacks_scopes": false,
                "can_refresh": true,
                "annotations": { "label": null, "note": "", "pinned": false, "position": null },
            })
        };
        names.iter().map(|name| serde_json::from_value(one(name)).unwrap()).collect()
    }

    #[test]
    fn one_connection_is_named_and_opened_by_a_click() {
        let notification = pending_notification(&news(&["Acme"]), false, false).unwrap();
        assert_eq!(notification.title, "“Acme” needs to be reconnected");
        assert_eq!(notification.text, "R&D no longer refreshes it.");
        assert_eq!(notification.about, Some(Subject::Connection(news(&["Acme"])[0].id.clone())));
    }

    #[test]
    fn a_sign_in_that_is_not_due_yet_is_an_early_warning() {
        let mut ahead = news(&["Acme", "Beta"]);
        for one in &mut ahead {
            (one.state, one.sign_in_due) = (State::Active, Some("2026-12-01T00:00:00Z".parse().unwrap()));
        }
        assert_eq!(
            pending_notification(&ahead[..1], false, false).unwrap().title,
            "“Acme” will need to be reconnected"
        );
        let both = pending_notification(&ahead, false, false).unwrap();
        assert_eq!(both.title, "2 connections need to be reconnected, now or soon");
    }

    #[test]
    fn several_connections_are_one_notification() {
        let notification =
            pending_notification(&news(&["a", "<b>", "c", "d", "e", "f"]), false, false).unwrap();
        assert_eq!(notification.title, "6 connections need to be reconnected");
        assert_eq!(notification.text, "a, <b>, c, d, and 2 more");
    }

    #[test]
    fn a_name_cannot_alter_the_text_around_it() {
        let notification =
            pending_notification(&news(&["a\u{202e}b\u{200b}\nc\u{1b}"]), false, false).unwrap();
        assert_eq!(notification.title, "“ab c ” needs to be reconnected");
        let notification =
            pending_notification(&news(&["a\u{2066}", "b\u{9b}\u{61c}"]), false, false).unwrap();
        assert_eq!(notification.text, "a, b ");
    }

    #[test]
    fn there_is_no_notification_without_news_with_the_focus_or_when_switched_off() {
        assert_eq!(pending_notification(&[], false, false), None);
        assert_eq!(pending_notification(&news(&["a"]), true, false), None);
        assert_eq!(pending_notification(&news(&["a"]), false, true), None);
    }

    fn expiring(names: &[&str]) -> Vec<App> {
        let one = |name: &&str| {
            serde_json::from_value(serde_json::json!({
                "id": format!("id-{name}"), "name": name, "provider": "custom", "provider_name": "R&D",
                "client_id": "client-1", "has_secret": true, "redirect_uri": "", "own_redirect_uri": null,
                "grant_type": "authorization_code", "offers_device": false, "uses_pkce": true, "way_back": "loopback",
                "scopes": [], "projects": [], "overrides": {}, "secrets": [], "discovered": [], "environment": null,
                "registration": null, "other_hosts": [], "left_out": [], "login_host": null,
                "created_at": "2026-03-02T09:00:00Z",
            }))
        };
        names.iter().map(|name| one(name).unwrap()).collect()
    }

    #[test]
    fn an_expiring_client_secret_leads_to_the_app() {
        let notification = secret_notification(&expiring(&["Acme"]), false, false).unwrap();
        assert_eq!(notification.title, "The client secret of “Acme” expires soon");
        assert!(notification.text.starts_with("After that, R&D refuses"), "{}", notification.text);
        assert_eq!(notification.about, Some(Subject::App(expiring(&["Acme"])[0].id.clone())));
        let several = secret_notification(&expiring(&["a", "<b>"]), false, false).unwrap();
        assert_eq!(
            (several.title.as_str(), several.text.as_str()),
            ("2 client secrets expire soon", "a, <b>")
        );
        for (names, is_focused, is_quiet) in
            [(&[][..], false, false), (&["a"], true, false), (&["a"], false, true)]
        {
            assert_eq!(secret_notification(&expiring(names), is_focused, is_quiet), None);
        }
    }

    #[test]
    fn a_locked_keyring_is_notified_if_connections_wait_for_it() {
        let trouble = Error::new(grapnel_model::error::Code::KeyringLocked, "Your keyring is locked.");
        let notification = locked_notification(&trouble, 2, false, false).unwrap();
        assert_eq!(notification.title, "Your keyring is locked.");
        assert_eq!(notification.text, "2 connections wait for it and cannot be refreshed until then.");
        for (locked, is_focused, is_quiet) in [(0, false, false), (2, true, false), (2, false, true)] {
            assert_eq!(locked_notification(&trouble, locked, is_focused, is_quiet), None);
        }
    }
}
