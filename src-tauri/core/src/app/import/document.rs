//! JSON and YAML parsed into one data model, within limits.

use grapnel_model::error::{Error, Result};
use serde_json::Value;
use serde_saphyr::Options;

/// The maximum nesting, the same as `serde_json`'s.
const MAX_DEPTH: usize = 127;
/// The maximum number of values of a document.
const MAX_NODES: usize = 500_000;

/// Parses a JSON or YAML document.
pub(super) fn parse(text: &str) -> Result<Value> {
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).map_err(|error| refused("JSON", error.line() as u64));
    }
    let document = serde_saphyr::from_str_with_options(text, limits())
        .map_err(|error| refused("YAML", error.location().map_or(1, |at| at.line())))?;
    match document {
        Value::Object(_) => Ok(document),
        // A single word is valid YAML too.
        _ => Err(Error::input("file", "The format of this text is not known.")),
    }
}

/// The place of a syntax error. The text there is not repeated, since it may be a secret.
fn refused(language: &str, line: u64) -> Error {
    Error::input("file", format!("The text is not valid {language}: line {line} cannot be read."))
}

fn limits() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_documents: 1,
            max_aliases: 10_000,
        },
        // An alias bomb has few events and expands to many, so expansions have a limit of their own.
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: 32,
        },
        // A client ID may look like a number.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// Visits every object of a document with the name of the nearest enclosing object that has one.
pub(super) fn walk<'d>(document: &'d Value, visit: &mut dyn FnMut(&'d Value, &'d str)) {
    walk_under(document, "", visit);
}

fn walk_under<'d>(value: &'d Value, outer: &'d str, visit: &mut dyn FnMut(&'d Value, &'d str)) {
    match value {
        Value::Object(members) => {
            let own = value["name"].as_str().or_else(|| value["info"]["name"].as_str());
            let name = own.unwrap_or(outer);
            visit(value, name);
            members.values().for_each(|member| walk_under(member, name, visit));
        }
        Value::Array(all) => all.iter().for_each(|one| walk_under(one, outer, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_are_one_tree() {
        let json = parse(r#"{"a": [1, true, "x"], "b": {"c": null}}"#).unwrap();
        assert_eq!(parse("a: [1, true, x]\nb:\n  c: null\n").unwrap(), json);
    }

    #[test]
    fn depth_and_aliases_are_bounded() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep).is_err());
        assert!(parse(&format!("a: {deep}")).is_err());
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..10 {
            let many = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb += &["a", &n.to_string(), ": &a", &n.to_string(), " [", &many, "]\n"].concat();
        }
        assert!(parse(&bomb).is_err());
    }

    #[test]
    fn an_error_does_not_repeat_the_text() {
        for text in ["{\"client_secret\": \"hunter2\" oops", "client_secret: \"hunter2\" oops: ["] {
            let error = parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
