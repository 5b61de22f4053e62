//! The commands and events of the window's page. The TypeScript bindings are generated from here.

use tauri::Wry;
use tauri::ipc::Invoke;
#[cfg(test)]
use tauri_specta::collect_commands;
use tauri_specta::{Builder, collect_events};

use crate::commands;
use crate::events::{AppRequested, ConnectionRequested, CoreEvent, SandboxRequested};

/// Defines the handler of all commands and, for the tests, their types and names, from one list by module.
macro_rules! commands {
    ($($module:ident { $($command:ident),+ $(,)? })+) => {
        /// Runs the command that the page calls.
        pub(crate) fn invoke_handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($(commands::$module::$command),+),+]
        }

        /// Every command and event. The program itself does not contain the types of the commands, of which it would
        /// make no use.
        #[cfg(test)]
        fn builder() -> Builder<Wry> {
            // Serialization and deserialization have the same shape.
            events().disable_serde_phases().commands(collect_commands![$($(commands::$module::$command),+),+])
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($(stringify!($command)),+),+];
    };
}

/// Every event.
pub(crate) fn events() -> Builder<Wry> {
    Builder::new().events(collect_events![CoreEvent, ConnectionRequested, AppRequested, SandboxRequested])
}

commands! {
    overview { overview, missed_events, page_painted, summaries, activity, export_activity }
    settings { settings, change_settings, check_proxy, choose_certificates, start_at_login }
    apps { sandbox, discover, check_endpoints, propose_redirect, rediscover, add_app, change_app, public_key,
    certificate, register_app, read_registration, update_registration, renew_registration, metadata_document,
    export_profile, read_profile, remove_app }
    import_app { import_file, import_text, add_imported, discard_import }
    sign_in { start_attempt, device_prompt, open_browser, copy_link, paste_callback, sign_in_with_password,
    test_deep_link, replace_account, cancel_attempt }
    connections { connection, set_browser, edit_connection, arrange_connections, refresh, copy_token,
    copy_authorization_header, copy_id_token, copy_derived_token, remove_derived_token, sign_out, reveal_token,
    disconnect, forget }
    content { projects, project, collections, items, load_posts, post_page, post_months, post, open_post, copy_post,
    export_posts, search, cancel }
    api_requests { api_request_page, send_api_request, response_lines, search_response, save_response, copy_response,
    api_request_history, search_api_exchanges, open_api_exchange, delete_api_exchange, clear_api_request_history,
    save_api_request, delete_saved_request, api_request_snippet, exchange_snippet }
    desktop { open_folder, open_saved_folder, copy_text }
    hooks { hooks, add_hook, remove_hook, test_hook }
    vault { check_vault, protection, unlock, lock_vault, record_input, protect_with_passphrase, protect_with_keyring,
    reset_vault }
    diagnostics { diagnose, copy_diagnosis }
    about { about }
    pages { open_page }
    archive { export_archive, open_archive, import_archive, close_archive }
    team { teams, team_key, create_team, invitation_needs_passphrase, join_team, sync_team, change_team_url,
    invite_member, invite_worker, copy_worker_key, drop_worker_key, remove_member, leave_team,
    share_connection, unshare_connection, team_activity }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use specta_typescript::Typescript;

    /// `./dev bindings` writes the file.
    #[test]
    fn the_checked_in_typescript_is_what_the_commands_generate() {
        let checked_in = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/bindings.ts");
        let folder = tempfile::tempdir().unwrap();
        let generated = folder.path().join("bindings.ts");
        super::builder().export(Typescript::default(), &generated).unwrap();
        let generated = std::fs::read_to_string(generated).unwrap();
        if std::env::var_os("GRAPNEL_WRITE_BINDINGS").is_some() {
            std::fs::write(checked_in, &generated).unwrap();
        }
        let checked_in = std::fs::read_to_string(checked_in).unwrap();
        assert!(checked_in == generated, "ui/src/bindings.ts is stale: run ./dev bindings");
    }

    /// The capability file lists the allowed commands by hand, so that each addition is a decision.
    #[test]
    fn every_command_is_in_the_capability() {
        let capability: serde_json::Value =
            serde_json::from_str(include_str!("../capabilities/window.json")).unwrap();
        let allowed: BTreeSet<&str> =
            capability["permissions"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
        let commands = super::NAMES.iter().map(|command| format!("allow-{}", command.replace('_', "-")));
        let events = ["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned);
        let expected: BTreeSet<String> = events.into_iter().chain(commands).collect();
        assert_eq!(allowed, expected.iter().map(String::as_str).collect());
    }
}
