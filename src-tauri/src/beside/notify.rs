//! Notifications over the session bus: when connections need the person, and they do not see it in the window.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;

use grapnel_core::Grapnel;
use grapnel_model::connection::{State, Summary};
use grapnel_model::error::{Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::text::clean_line;
use tauri::{AppHandle, Manager};
use zbus::export::futures_core::Stream;
use zbus::message::Type;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, MessageStream};

use crate::arguments::activation;
use crate::window;

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The entry of the package, by which a desktop knows whose notification it is.
const ENTRY: &str = "Grapnel";
/// As many are named in a notification about several.
const NAMED: usize = 4;

/// What a notification says.
#[derive(Debug, PartialEq, Eq)]
struct Notice {
    title: String,
    text: String,
    /// What a click opens.
    about: Option<ConnectionId>,
}

impl Notice {
    /// What it says is cleaned here, wherever it comes from.
    fn new(title: &str, text: &str, about: Option<ConnectionId>) -> Self {
        Self { title: clean_line(title), text: clean_line(text), about }
    }
}

/// Tells of the connections that need the person since the last time.
pub(super) fn tell_news(app: &AppHandle, core: &Grapnel) -> Result<()> {
    let news = core.take_news()?;
    if let Some(notice) = news_notice(&news, window::is_focused(app), core.settings()?.quiet) {
        tauri::async_runtime::spawn(send(app.clone(), notice));
    }
    Ok(())
}

/// Tells that the vault stays closed.
pub(super) fn tell_locked(app: &AppHandle, core: &Grapnel) {
    let (Some(trouble), Ok(tally), Ok(settings)) = (core.vault_trouble(), core.tally(), core.settings())
    else {
        return;
    };
    if let Some(notice) = locked_notice(&trouble, tally.locked, window::is_focused(app), settings.quiet) {
        tauri::async_runtime::spawn(send(app.clone(), notice));
    }
}

/// What to say of connections that need the person, who may have the window before their eyes, or want quiet.
fn news_notice(news: &[Summary], is_seen: bool, is_quiet: bool) -> Option<Notice> {
    if is_seen || is_quiet {
        return None;
    }
    match news {
        [] => None,
        [one] if is_ahead(one) => Some(Notice::new(
            &format!("“{}” will need a new sign-in", one.name),
            &format!("{} refreshes its tokens for some days more.", escaped(&one.provider_name)),
            Some(one.id.clone()),
        )),
        [one] => Some(Notice::new(
            &format!("“{}” needs a new sign-in", one.name),
            &format!("{} does not renew it any more.", escaped(&one.provider_name)),
            Some(one.id.clone()),
        )),
        [first, ..] => {
            let names: Vec<_> = news.iter().take(NAMED).map(|one| escaped(&one.name)).collect();
            let more =
                if news.len() > NAMED { format!(", and {} more", news.len() - NAMED) } else { String::new() };
            let soon = if news.iter().any(is_ahead) { ", now or soon" } else { "" };
            Some(Notice::new(
                &format!("{} connections need a new sign-in{soon}", news.len()),
                &(names.join(", ") + &more),
                Some(first.id.clone()),
            ))
        }
    }
}

/// Whether the new sign-in is not due yet.
fn is_ahead(one: &Summary) -> bool {
    one.state != State::ReconnectNeeded && one.sign_in_due.is_some()
}

/// What to say of a vault that stays closed, with so many connections in it.
fn locked_notice(trouble: &Error, locked: usize, is_seen: bool, is_quiet: bool) -> Option<Notice> {
    let what =
        if locked == 1 { "One connection waits".to_owned() } else { format!("{locked} connections wait") };
    (locked > 0 && !is_seen && !is_quiet).then(|| {
        let text = format!("{what} for it, and cannot be renewed until then.");
        Notice::new(&trouble.message, &text, None)
    })
}

/// The text of a notification may be markup; a name is none.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

async fn send(app: AppHandle, notice: Notice) {
    match clicked(&notice).await {
        Ok(Some(Click { token })) => {
            if let Some(token) = token {
                app.state::<window::Activation>().keep(token);
            }
            window::show_about(&app, notice.about);
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "no notification could be sent"),
    }
}

/// A click on a notification, and what the desktop gives with it for the window to come to the front.
struct Click {
    token: Option<String>,
}

/// Shows a notification until it is clicked, or gone.
async fn clicked(notice: &Notice) -> zbus::Result<Option<Click>> {
    let bus = Connection::session().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(SERVICE)?;
    let rule = rule.interface(SERVICE)?.path(PATH)?.build();
    // Before it is shown, so that no click is missed.
    let mut answers = MessageStream::for_match_rule(rule, &bus, None).await?;
    let hints =
        HashMap::from([("desktop-entry", Value::from(ENTRY)), ("category", Value::from("network.error"))]);
    let actions = ["default", "Open Grapnel"];
    let said = (ENTRY, 0_u32, "grapnel-desktop", &notice.title, &notice.text, &actions[..], hints, -1_i32);
    let shown = bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &said).await?;
    let id: u32 = shown.body().deserialize()?;
    let mut token = None;
    while let Some(answer) = poll_fn(|context| Pin::new(&mut answers).poll_next(context)).await {
        let answer = answer?;
        let header = answer.header();
        let says = |name: &str| header.member().is_some_and(|member| member == name);
        // Comes before the click that it is for.
        if says("ActivationToken") {
            token = Some(answer.body().deserialize::<(u32, String)>()?)
                .filter(|(of, _)| *of == id)
                .and_then(|(_, given)| activation(&given))
                .or(token);
        }
        if says("ActionInvoked") && answer.body().deserialize::<(u32, String)>()?.0 == id {
            return Ok(Some(Click { token }));
        }
        if says("NotificationClosed") && answer.body().deserialize::<(u32, u32)>()?.0 == id {
            return Ok(None);
        }
    }
    Ok(None)
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
            })
        };
        names.iter().map(|name| serde_json::from_value(one(name)).unwrap()).collect()
    }

    #[test]
    fn one_connection_is_named_and_opened_by_a_click() {
        let notice = news_notice(&news(&["Acme"]), false, false).unwrap();
        assert_eq!(notice.title, "“Acme” needs a new sign-in");
        assert_eq!(notice.text, "R&amp;D does not renew it any more.");
        assert_eq!(notice.about, Some(news(&["Acme"])[0].id.clone()));
    }

    #[test]
    fn a_sign_in_that_is_not_due_yet_is_told_as_that() {
        let mut ahead = news(&["Acme", "Beta"]);
        for one in &mut ahead {
            (one.state, one.sign_in_due) = (State::Active, Some("2026-12-01T00:00:00Z".parse().unwrap()));
        }
        assert_eq!(news_notice(&ahead[..1], false, false).unwrap().title, "“Acme” will need a new sign-in");
        let both = news_notice(&ahead, false, false).unwrap();
        assert_eq!(both.title, "2 connections need a new sign-in, now or soon");
    }

    #[test]
    fn several_are_one_notification() {
        let notice = news_notice(&news(&["a", "<b>", "c", "d", "e", "f"]), false, false).unwrap();
        assert_eq!(notice.title, "6 connections need a new sign-in");
        assert_eq!(notice.text, "a, &lt;b&gt;, c, d, and 2 more");
    }

    #[test]
    fn a_name_neither_moves_nor_breaks_what_is_around_it() {
        let notice = news_notice(&news(&["a\u{202e}b\u{200b}\nc\u{1b}"]), false, false).unwrap();
        assert_eq!(notice.title, "“ab c ” needs a new sign-in");
        let notice = news_notice(&news(&["a\u{2066}", "b\u{9b}\u{61c}"]), false, false).unwrap();
        assert_eq!(notice.text, "a, b ");
    }

    #[test]
    fn nothing_is_said_of_nothing_nor_before_the_window_nor_where_quiet_is_wanted() {
        assert_eq!(news_notice(&[], false, false), None);
        assert_eq!(news_notice(&news(&["a"]), true, false), None);
        assert_eq!(news_notice(&news(&["a"]), false, true), None);
    }

    #[test]
    fn a_locked_keyring_is_told_where_connections_wait_for_it() {
        let trouble = Error::new(grapnel_model::error::Code::KeyringLocked, "Your keyring is locked.");
        let notice = locked_notice(&trouble, 2, false, false).unwrap();
        assert_eq!(notice.title, "Your keyring is locked.");
        assert_eq!(notice.text, "2 connections wait for it, and cannot be renewed until then.");
        for (locked, is_seen, is_quiet) in [(0, false, false), (2, true, false), (2, false, true)] {
            assert_eq!(locked_notice(&trouble, locked, is_seen, is_quiet), None);
        }
    }
}
