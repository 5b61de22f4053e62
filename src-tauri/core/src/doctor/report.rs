//! The report, safe to paste in public: no token, secret, code, address of a person, or name that a person chose;
//! client ids shortened, and the home directory shown as `~`.

use serde::Serialize;

use super::{Check, Diagnosis, Verdict};
use crate::app::App;
use crate::connection::{Details, Grapnel};

/// How many entries of the activity are told.
const RECENT: usize = 20;
/// How much of a client id is shown.
const SHOWN: usize = 4;

pub(super) fn diagnosis(checks: Vec<Check>, held: Vec<String>, recent: Vec<String>) -> Diagnosis {
    let checks = checks.into_iter().map(|check| Check {
        found: homeless(&check.found),
        meaning: check.meaning.as_deref().map(homeless),
        hint: check.hint.as_deref().map(homeless),
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
    /// All of it as text.
    pub fn report(&self) -> String {
        let mut lines = vec![format!("Grapnel {} on {}", self.version, self.system), String::new()];
        for check in &self.checks {
            let mark = match check.verdict {
                Verdict::Fine => "fine     ",
                Verdict::Attention => "attention",
                Verdict::Broken => "broken   ",
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

/// Apps and connections by number, not by name: a name may be a customer's.
pub(super) fn held(grapnel: &Grapnel) -> Vec<String> {
    let (Ok(apps), Ok(connections)) = (grapnel.apps(), grapnel.connections()) else { return Vec::new() };
    let mut lines = Vec::new();
    for (number, app) in (1..).zip(&apps) {
        lines.push(format!("app {number}: {}", about_app(app)));
        for (number, connection) in (1..).zip(connections.iter().filter(|one| one.app_id == app.id)) {
            let about = grapnel.connection(&connection.id).map(|details| about_connection(&details));
            lines.push(format!("  connection {number}: {}", about.unwrap_or_default()));
        }
    }
    lines
}

fn about_app(app: &App) -> String {
    let client_id: String = app.client_id.chars().take(SHOWN).collect();
    // The values may be someone's own addresses; which ones they are is enough.
    let own: Vec<&str> = app.overrides.keys().map(String::as_str).collect();
    let secret = if app.has_secret { "with a secret" } else { "without a secret" };
    let own = if own.is_empty() { String::new() } else { format!("; own values: {}", own.join(" ")) };
    format!("{}, client id {client_id}…, {secret}, {}{own}", app.provider, word(&app.way_back))
}

fn about_connection(details: &Details) -> String {
    let renews = details.tokens.as_ref().map(|held| {
        let refresh = if held.refresh.is_some() { "with" } else { "without" };
        format!(", {refresh} a refresh token, renewed {} times", held.renewals)
    });
    let trouble = details.trouble.as_ref().map(|trouble| format!("; last trouble: {}", word(&trouble.code)));
    let deviations = details.deviations.len();
    let departed = if deviations == 0 { String::new() } else { format!("; {deviations} deviations") };
    let state = word(&details.summary.state);
    format!("{state}{}{}{departed}", renews.unwrap_or_default(), trouble.unwrap_or_default())
}

/// When and what kind, not what was said.
pub(super) fn recent(grapnel: &Grapnel) -> Vec<String> {
    let entries = grapnel.activity(None, None).unwrap_or_default().into_iter().take(RECENT);
    entries.map(|entry| format!("{:.0} {}", entry.at, word(&entry.kind))).collect()
}

/// The name that a value has on the wire, as words.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        _ => String::new(),
    }
}

fn homeless(text: &str) -> String {
    let Some(dirs) = directories::BaseDirs::new() else { return text.to_owned() };
    let home = dirs.home_dir().display().to_string();
    // A home of one character is the root directory, which is part of every path.
    if home.len() > 1 { text.replace(&home, "~") } else { text.to_owned() }
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
