//! The diagnostics report, safe to publish: no token, secret, code, personal address or chosen name. Client IDs are
//! shortened, and the home directory is shown as `~`.

use std::path::Path;

use grapnel_model::connection::Details;
use grapnel_store::activity;
use serde::{Deserialize, Serialize};

use super::check::{Check, CheckStatus};
use super::wording::wire_name_text;
use crate::app::App;
use crate::context::Context;
use crate::{app, connection};

/// The number of activity entries.
const MAX_ACTIVITY_ENTRIES: usize = 20;
/// How many characters of a client ID are shown if it is longer than [`MAX_HIDDEN_CLIENT_ID_CHARS`].
const CLIENT_ID_PREVIEW_CHARS: usize = 4;
/// A client ID of at most this length is not shown at all.
const MAX_HIDDEN_CLIENT_ID_CHARS: usize = 8;

pub(super) fn diagnosis(
    checks: Vec<Check>,
    held: Vec<String>,
    recent: Vec<String>,
    data: Option<&Path>,
) -> Diagnosis {
    let public = |text: &str| without_home_directory(&without_data_directory(text, data));
    let checks = checks.into_iter().map(|check| Check {
        found: public(&check.found),
        meaning: check.meaning.as_deref().map(public),
        hint: check.hint.as_deref().map(public),
        ..check
    });
    Diagnosis {
        version: env!("CARGO_PKG_VERSION").into(),
        system: system(),
        checks: checks.collect(),
        held,
        recent,
    }
}

impl Diagnosis {
    /// The whole report as text.
    pub fn report(&self) -> String {
        let mut lines = vec![format!("Grapnel {} on {}", self.version, self.system), String::new()];
        for check in &self.checks {
            let mark = match check.verdict {
                CheckStatus::Fine => "fine     ",
                CheckStatus::Attention => "attention",
                CheckStatus::Broken => "broken   ",
            };
            lines.push(format!("{mark}  {}: {}", check.name, check.found));
            let more = check.meaning.iter().chain(&check.hint);
            lines.extend(more.map(|text| format!("           {text}")));
        }
        for (title, all) in [("Held", &self.held), ("Lately, newest first", &self.recent)] {
            if !all.is_empty() {
                lines.push(String::new());
                lines.push(format!("{title}:"));
                lines.extend(all.iter().map(|line| format!("  {line}")));
            }
        }
        lines.join("\n")
    }
}

/// Apps and connections by number: a name could be a customer's.
pub(super) fn held(ctx: &Context) -> Vec<String> {
    let (Ok(apps), Ok(connections)) = (app::all(ctx), connection::all(ctx)) else { return Vec::new() };
    let mut lines = Vec::new();
    for (number, app) in (1..).zip(&apps) {
        lines.push(format!("app {number}: {}", about_app(app)));
        for (number, connection) in (1..).zip(connections.iter().filter(|one| one.app_id == app.id)) {
            let about = connection::details(ctx, &connection.id).map(|details| about_connection(&details));
            lines.push(format!("  connection {number}: {}", about.unwrap_or_default()));
        }
    }
    lines
}

fn about_app(app: &App) -> String {
    let client_id = match app.client_id.chars().count() {
        0 => "none".to_owned(),
        length if length <= MAX_HIDDEN_CLIENT_ID_CHARS => "hidden".to_owned(),
        _ => format!("{}…", app.client_id.chars().take(CLIENT_ID_PREVIEW_CHARS).collect::<String>()),
    };
    // Only the keys: values may be personal. After a dot there is a name that the person chose.
    let (named, known): (Vec<&str>, Vec<&str>) =
        app.overrides.keys().chain(&app.secrets).map(String::as_str).partition(|key| key.contains('.'));
    let extra = match named.len() {
        0 => None,
        1 => Some("1 extra parameter".to_owned()),
        count => Some(format!("{count} extra parameters")),
    };
    let own: Vec<String> = known.into_iter().map(str::to_owned).chain(extra).collect();
    let secret = if app.has_secret { "with a secret" } else { "without a secret" };
    let own = if own.is_empty() { String::new() } else { format!("; own values: {}", own.join(" ")) };
    format!(
        "{}, client ID {client_id}, {secret}, {}{own}",
        app.provider,
        wire_name_text(&app.redirect_method)
    )
}

fn about_connection(details: &Details) -> String {
    let refreshes = details.tokens.as_ref().map(|held| {
        let refresh = if held.refresh.is_some() { "with" } else { "without" };
        format!(", {refresh} a refresh token, refreshes: {}", held.refresh_count)
    });
    let error =
        details.error.as_ref().map(|error| format!("; last trouble: {}", wire_name_text(&error.code)));
    let deviations = details.deviations.len();
    let departed = if deviations == 0 { String::new() } else { format!("; {deviations} deviations") };
    let state = wire_name_text(&details.summary.state);
    format!("{state}{}{}{departed}", refreshes.unwrap_or_default(), error.unwrap_or_default())
}

/// Time and kind of the entries, without their text.
pub(super) fn recent(ctx: &Context) -> Vec<String> {
    let entries = ctx
        .store
        .read(|c| activity::newest(c, None, None, &[]))
        .unwrap_or_default()
        .into_iter()
        .take(MAX_ACTIVITY_ENTRIES);
    entries.map(|entry| format!("{:.0} {}", entry.at, wire_name_text(&entry.kind))).collect()
}

/// Describes a custom data directory instead of showing its path, which could name a customer.
fn without_data_directory(text: &str, data: Option<&Path>) -> String {
    let usual = directories::ProjectDirs::from("dev", "grapnel", "Grapnel");
    match data {
        Some(data) if usual.is_none_or(|usual| usual.data_dir() != data) => {
            shortened(text, &data.display().to_string(), "the directory of GRAPNEL_HOME")
        }
        _ => text.to_owned(),
    }
}

fn without_home_directory(text: &str) -> String {
    let Some(dirs) = directories::BaseDirs::new() else { return text.to_owned() };
    shortened(text, &dirs.home_dir().display().to_string(), "~")
}

/// Replaces a directory's path, but not that of one whose name begins alike.
fn shortened(text: &str, path: &str, called: &str) -> String {
    // The root directory is part of every path.
    if path.len() <= 1 {
        return text.to_owned();
    }
    let mut parts = text.split(path);
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c));
        // A full stop may end the sentence.
        let ends = part.strip_prefix('.').is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        short.push_str(if goes_on && !ends { path } else { called });
        short.push_str(part);
    }
    short
}

fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let named = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = named.map_or(std::env::consts::OS, |name| name.trim_matches('"'));
    let of = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
    let desktop = ["XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"].into_iter().filter_map(of);
    let all = [name.to_owned(), std::env::consts::ARCH.to_owned()].into_iter().chain(desktop);
    all.collect::<Vec<_>>().join(", ")
}

/// The result of all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Diagnosis {
    /// Grapnel's version.
    pub version: String,
    /// The operating system and desktop.
    pub system: String,
    /// The checks.
    pub checks: Vec<Check>,
    /// Apps and connections, without their names.
    pub held: Vec<String>,
    /// The kinds of the latest activity entries, newest first.
    pub recent: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_directory_itself_is_shortened() {
        let of = |text: &str| shortened(text, "/home/ada", "~");
        assert_eq!(of("“/home/ada/x” and /home/ada, /home/ada."), "“~/x” and ~, ~.");
        assert_eq!(
            of("/home/ada2/x /home/ada-old /home/ada.bak"),
            "/home/ada2/x /home/ada-old /home/ada.bak"
        );
        assert_eq!(shortened("/a/b", "/", "~"), "/a/b");
    }

    #[test]
    fn a_custom_data_directory_is_not_named() {
        let data = Path::new("/srv/customers/acme");
        let told = without_data_directory("“/srv/customers/acme/grapnel.db” cannot be read.", Some(data));
        assert_eq!(told, "“the directory of GRAPNEL_HOME/grapnel.db” cannot be read.");
    }
}
