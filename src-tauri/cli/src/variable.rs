//! Environment variables that hold a token.

/// Variables that determine which code a program loads or runs, or who the user is. They must not hold a token, which
/// the provider chooses.
const REFUSED: [&str; 19] = [
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "IFS",
    "ENV",
    "BASH_ENV",
    "BASHOPTS",
    "SHELLOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "TMPDIR",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PERL5LIB",
    "PERL5OPT",
    "RUBYOPT",
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
];
/// Prefixes of further such variables: the dynamic linker's, Git's and Grapnel's own.
const REFUSED_PREFIXES: [&str; 4] = ["LD_", "DYLD_", "GIT_CONFIG", "GRAPNEL_"];

/// A connection, and the variable for its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) connection: String,
    pub(crate) variable: String,
}

/// Parses `CONNECTION` or `CONNECTION=VARIABLE`. In a name that contains `=`, the last one separates the variable.
pub(crate) fn parse_assignment(text: &str) -> Result<Assignment, String> {
    let (connection, variable) = match text.rsplit_once('=') {
        Some((connection, variable)) => (connection, variable.to_owned()),
        None => {
            (text, default_variable(text).ok_or("it has no letter for a variable’s name: add =VARIABLE")?)
        }
    };
    check(&variable)?;
    Ok(Assignment { connection: connection.to_owned(), variable })
}

/// The variable for a connection's token: its name in upper snake case, with `_TOKEN`. `None` if the name has neither
/// an ASCII letter nor a digit.
pub(crate) fn default_variable(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_uppercase).collect::<Vec<_>>().join("_");
    let before = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    (!name.is_empty()).then(|| format!("{before}{name}_TOKEN"))
}

/// Parses a variable that can hold a token.
pub(crate) fn parse(variable: &str) -> Result<String, String> {
    check(variable).map(|()| variable.to_owned())
}

fn check(variable: &str) -> Result<(), String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if variable.is_empty()
        || variable.starts_with(|c: char| c.is_ascii_digit())
        || !variable.chars().all(is_name)
    {
        return Err(format!(
            "“{variable}” is not a variable’s name: use letters, digits and _, such as ACME_TOKEN"
        ));
    }
    let upper = variable.to_ascii_uppercase();
    if REFUSED.contains(&upper.as_str()) || REFUSED_PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) {
        return Err(format!("{variable} tells programs what to run or load, and must not hold a token"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_the_name_in_upper_snake_case() {
        for (name, variable) in [
            ("acme", "ACME_TOKEN"),
            ("Ada's site", "ADA_S_SITE_TOKEN"),
            (" acme -- prod. ", "ACME_PROD_TOKEN"),
            ("3com", "_3COM_TOKEN"),
            ("Zürich", "Z_RICH_TOKEN"),
        ] {
            assert_eq!(default_variable(name).as_deref(), Some(variable), "{name}");
        }
        assert_eq!(default_variable("世界"), None);
    }

    #[test]
    fn the_last_equals_sign_separates_the_variable() {
        let parsed = |text: &str| parse_assignment(text).map(|one| (one.connection, one.variable));
        assert_eq!(parsed("acme=T").unwrap(), ("acme".into(), "T".into()));
        assert_eq!(parsed("a=b=T").unwrap(), ("a=b".into(), "T".into()));
        assert_eq!(parsed("世界=T").unwrap(), ("世界".into(), "T".into()));
        assert!(parsed("世界").is_err());
    }

    #[test]
    fn a_variable_that_changes_what_runs_holds_no_token() {
        for wrong in [
            "PATH",
            "Path",
            "LD_PRELOAD",
            "ld_library_path",
            "DYLD_INSERT_LIBRARIES",
            "BASH_ENV",
            "NODE_OPTIONS",
            "GRAPNEL_HOME",
            "",
            "A B",
            "1A",
            "A-B",
            "Ä",
            "A\n",
            "A=",
        ] {
            assert!(parse_assignment(&format!("acme={wrong}")).is_err(), "{wrong:?}");
        }
    }
}
