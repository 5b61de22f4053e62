//! The one list of commands and events that the window knows; its TypeScript is generated from here.

use tauri_specta::{Builder, collect_commands, collect_events};

use crate::events::{Asked, Happened};
use crate::{browsing, commands, saved};

/// Every command and event.
pub(crate) fn builder() -> Builder<tauri::Wry> {
    Builder::new()
        // What is read and what is written have one shape here.
        .disable_serde_phases()
        .commands(collect_commands![
            commands::overview,
            commands::summaries,
            commands::settings,
            commands::change_settings,
            commands::choose_certificates,
            commands::start_at_login,
            commands::open_folder,
            commands::sandbox,
            commands::discover,
            commands::propose_redirect,
            commands::rediscover,
            commands::add_app,
            commands::change_app,
            commands::export_profile,
            commands::read_profile,
            commands::remove_app,
            commands::start_attempt,
            commands::open_browser,
            commands::copy_link,
            commands::paste_callback,
            commands::sign_in_with_password,
            commands::test_deep_link,
            commands::replace_account,
            commands::cancel_attempt,
            commands::connection,
            commands::set_browser,
            commands::refresh,
            commands::copy_token,
            commands::disconnect,
            commands::forget,
            browsing::projects,
            browsing::project,
            browsing::collections,
            browsing::items,
            browsing::load_posts,
            browsing::post_page,
            browsing::post_months,
            browsing::post,
            browsing::open_post,
            browsing::copy_post,
            browsing::export_posts,
            saved::open_saved_folder,
            browsing::search,
            commands::cancel,
            commands::activity,
            commands::copy_text,
            commands::check_vault,
            commands::protection,
            commands::unlock,
            commands::protect_with_passphrase,
            commands::protect_with_keyring,
            commands::begin_anew,
            commands::diagnose,
            commands::copy_diagnosis,
            commands::export_archive,
            commands::open_archive,
            commands::import_archive,
            commands::close_archive,
        ])
        .events(collect_events![Happened, Asked])
}

#[cfg(test)]
mod tests {
    use specta_typescript::Typescript;

    /// Writes the bindings; that the written file is the checked-in one is for `./dev check` to see.
    #[test]
    fn typescript_is_generated() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/bindings.ts");
        super::builder().export(Typescript::default(), path).unwrap();
    }

    /// What the window may call is written down by hand, so that adding to it is a decision.
    #[test]
    fn every_command_is_in_the_capability() {
        let capability: serde_json::Value =
            serde_json::from_str(include_str!("../capabilities/window.json")).unwrap();
        let allowed: Vec<&str> =
            capability["permissions"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
        let commands = include_str!("bindings.rs")
            .lines()
            .filter_map(|line| line.trim().strip_suffix(',')?.split_once("::"))
            .filter(|(module, _)| ["commands", "browsing", "saved"].contains(module))
            .map(|(_, command)| format!("allow-{}", command.replace('_', "-")));
        let events = ["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned);
        assert_eq!(allowed, events.into_iter().chain(commands).collect::<Vec<_>>());
    }
}
