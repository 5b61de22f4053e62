//! Finding apps and connections by name.

use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Code, Error, Result};

/// The app of this name, if there is one. Names are compared without regard to case, as their uniqueness is.
pub(crate) fn find_app(grapnel: &Grapnel, name: &str) -> Result<Option<App>> {
    Ok(grapnel.apps()?.into_iter().find(|app| is_named(&app.name, name)))
}

/// The connection of this name, if there is one.
pub(crate) fn find_connection(grapnel: &Grapnel, name: &str) -> Result<Option<Summary>> {
    grapnel.connection_named(name.trim())
}

/// The app of this name.
pub(crate) fn app(grapnel: &Grapnel, name: &str) -> Result<App> {
    let apps = grapnel.apps()?;
    let similar = similar(name, apps.iter().map(|app| app.name.as_str()));
    apps.iter().find(|app| is_named(&app.name, name)).cloned().ok_or_else(|| {
        Error::new(Code::NotFound, format!("No app is called “{name}”."))
            .hint(format!("{similar}List all apps: grapnel app list"))
    })
}

/// The connection of this name.
pub(crate) fn connection(grapnel: &Grapnel, name: &str) -> Result<Summary> {
    if let Some(found) = find_connection(grapnel, name)? {
        return Ok(found);
    }
    let connections = grapnel.connections()?;
    let similar = similar(name, connections.iter().map(|one| one.name.as_str()));
    Err(Error::new(Code::NotFound, format!("No connection is called “{name}”."))
        .hint(format!("{similar}List all connections: grapnel list")))
}

/// The environment of this name, as apps spell it. Names are compared without regard to case.
pub(crate) fn environment(grapnel: &Grapnel, name: &str) -> Result<String> {
    let mut known: Vec<String> = grapnel.apps()?.into_iter().filter_map(|app| app.environment).collect();
    known.sort();
    known.dedup();
    let asked = name.trim().to_lowercase();
    if let Some(found) = known.iter().find(|other| other.to_lowercase() == asked) {
        return Ok(found.clone());
    }
    let hint = if known.is_empty() {
        "No app has an environment. Set one: grapnel app set APP --environment NAME".to_owned()
    } else {
        let similar = similar(name, known.iter().map(String::as_str));
        format!("{similar}Environments: {}.", known.join(", "))
    };
    Err(Error::new(Code::NotFound, format!("No app is in the environment “{}”.", name.trim())).hint(hint))
}

/// The minimum similarity of a suggestion, the same as clap's for commands.
const MIN_SIMILARITY: f64 = 0.7;

/// A suggestion of the most similar of these names as a question, with a space after it; empty if none is similar.
pub(crate) fn similar<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let likeness = |other: &str| strsim::jaro(&name.trim().to_lowercase(), &other.to_lowercase());
    let similar =
        names.map(|other| (likeness(other), other)).filter(|(likeness, _)| *likeness > MIN_SIMILARITY);
    let closest = similar.max_by(|(a, _), (b, _)| a.total_cmp(b));
    closest.map(|(_, other)| format!("Did you mean “{other}”? ")).unwrap_or_default()
}

fn is_named(is: &str, asked: &str) -> bool {
    is.eq_ignore_ascii_case(asked.trim())
}

/// A name quoted for a shell.
pub(crate) fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

/// Adds the command that reconnects to an error that requires it.
pub(crate) fn to_reconnect(name: &str) -> impl Fn(Error) -> Error + '_ {
    move |error| {
        if error.code != Code::ReconnectNeeded {
            return error;
        }
        let before = error.hint.clone().map(|hint| format!("{hint} ")).unwrap_or_default();
        error.hint(format!("{before}Reconnect: grapnel connect {}", quoted(name)))
    }
}

/// How many connections an app has, in words; `None` if it has none.
pub(crate) fn connections_of(grapnel: &Grapnel, app: &App) -> Result<Option<String>> {
    let count = grapnel.connections()?.into_iter().filter(|one| one.app_id == app.id).count();
    Ok(match count {
        0 => None,
        1 => Some("1 connection".to_owned()),
        more => Some(format!("{more} connections")),
    })
}

#[cfg(test)]
mod tests {
    use super::{quoted, similar};

    #[test]
    fn a_mistyped_name_suggests_the_most_similar_one() {
        let names = || ["acme", "Acme staging", "harbour"].into_iter();
        assert_eq!(similar("acem", names()), "Did you mean “acme”? ");
        assert_eq!(similar("acme stagin", names()), "Did you mean “Acme staging”? ");
        assert_eq!(similar("nobody", names()), "");
    }

    #[test]
    fn a_quoted_name_is_one_shell_word() {
        assert_eq!(quoted("acme-2"), "acme-2");
        assert_eq!(quoted("Ada's site"), r"'Ada'\''s site'");
        assert_eq!(quoted(""), "''");
    }
}
