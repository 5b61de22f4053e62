//! Deep links on Windows: the registry has the command that opens them.

use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt;
use windows_registry::{CLASSES_ROOT, CURRENT_USER, Key};

use super::handler::{Owner, SCHEME};
use super::open_command::{is_same, program};

/// Where Windows keeps the program that the person has chosen, if several are registered.
const CHOICES: &str = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations";

/// Looks up which program opens deep links.
pub(crate) fn owner() -> Owner {
    owner_in(CURRENT_USER, CLASSES_ROOT)
}

fn owner_in(user: &Key, classes: &Key) -> Owner {
    // The ID of a program, such as the scheme itself, which has the command.
    let chosen =
        user.open(format!(r"{CHOICES}\{SCHEME}\UserChoice")).and_then(|choice| choice.get_string("ProgId"));
    let class = chosen.unwrap_or_else(|_| SCHEME.to_owned());
    let Ok(command) = classes.open(format!(r"{class}\shell\open\command")) else { return Owner::Nobody };
    let (Ok(command), Ok(this)) = (command.get_string(""), std::env::current_exe()) else {
        return Owner::Unknown;
    };
    match program(&command) {
        None => Owner::Nobody,
        Some(found) if is_same(found, &this.to_string_lossy()) => Owner::Own,
        Some(found) => Owner::Other(found.to_owned()),
    }
}

/// Registers this program for the scheme, for this user, unless it is registered already.
pub(crate) fn register(app: &AppHandle) {
    if matches!(owner(), Owner::Own) {
        return;
    }
    if let Err(error) = app.deep_link().register_all() {
        tracing::warn!(%error, "callbacks by deep link will not arrive");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_registry::TestKey;

    /// Registers a command for a class of links.
    fn set_command(classes: &Key, class: &str, command: &str) {
        classes.create(format!(r"{class}\shell\open\command")).unwrap().set_string("", command).unwrap();
    }

    #[test]
    fn the_registered_program_owns_the_scheme_unless_the_person_has_chosen_another() {
        let (user, classes) = (TestKey::of("choices"), TestKey::of("classes"));
        assert!(matches!(owner_in(&user, &classes), Owner::Nobody));

        set_command(&classes, SCHEME, r#""C:\Other ö\other.exe" "%1""#);
        let owner = owner_in(&user, &classes);
        assert!(matches!(&owner, Owner::Other(other) if other == r"C:\Other ö\other.exe"));

        let this = std::env::current_exe().unwrap();
        set_command(&classes, SCHEME, &format!("\"{}\" \"%1\"", this.display().to_string().to_uppercase()));
        assert!(matches!(owner_in(&user, &classes), Owner::Own));

        let choice = user.create(format!(r"{CHOICES}\{SCHEME}\UserChoice")).unwrap();
        choice.set_string("ProgId", "Chosen").unwrap();
        assert!(matches!(owner_in(&user, &classes), Owner::Nobody));
        set_command(&classes, "Chosen", r"C:\chosen.exe %1");
        assert!(matches!(owner_in(&user, &classes), Owner::Other(other) if other == r"C:\chosen.exe"));
    }
}
