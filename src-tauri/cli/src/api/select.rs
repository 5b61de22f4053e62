//! Selecting from a response with a jq filter.

use grapnel_model::error::{Code, Error, Result};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

/// Functions that would end the process.
const EXITING_FUNCTIONS: [&str; 2] = ["halt", "halt_error"];

/// A jq filter.
pub(super) struct Filter(jaq_core::compile::Filter<jaq_core::Native<data::JustLut<Val>>>);

/// Checks the text of a filter.
pub(super) fn check(text: &str) -> Result<String, String> {
    Filter::parse(text).map(|_| text.to_owned())
}

impl Filter {
    /// Parses a filter.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        // A filter must not end the program, whose exit codes have other meanings.
        let definitions = definitions.filter(|definition| !EXITING_FUNCTIONS.contains(&definition.name));
        let functions = functions.filter(|(name, ..)| !EXITING_FUNCTIONS.contains(name));
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code: text, path: () });
        let modules = modules.map_err(|_| "this is not a jq filter")?;
        let filter = Compiler::default().with_funs(functions).compile(modules);
        filter.map(Self).map_err(|_| "the jq filter uses a function or a variable that does not exist".into())
    }

    /// Selects from a JSON text, and passes each value to `print` as soon as it is found: a string without quotes, any
    /// other value as JSON. Ends early if `print` returns false.
    pub(super) fn select(&self, json: &[u8], mut print: impl FnMut(&str) -> Result<bool>) -> Result<bool> {
        let failed = |message: String| {
            Error::new(Code::InvalidInput, format!("The jq filter failed: {message}."))
                .means("Your tokens are kept as they are.")
                .hint("See the whole response without --jq.")
        };
        let input = read::parse_single(json).map_err(|error| failed(error.to_string()))?;
        let ctx = Ctx::<data::JustLut<Val>>::new(&self.0.lut, Vars::new([]));
        for value in self.0.id.run((ctx, input)).map(unwrap_valr) {
            let is_read = match value {
                Ok(Val::TStr(text)) => print(&String::from_utf8_lossy(&text))?,
                Ok(value) => print(&value.to_string())?,
                Err(error) => return Err(failed(error.to_string())),
            };
            if !is_read {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(filter: &str, json: &[u8], most: usize) -> Result<Vec<String>> {
        let mut all = Vec::new();
        Filter::parse(filter).unwrap().select(json, |value| {
            all.push(value.to_owned());
            Ok(all.len() < most)
        })?;
        Ok(all)
    }

    #[test]
    fn a_filter_selects() {
        let filter = ".projects[] | select(.id > 1) | .name, .id";
        let json = br#"{"projects":[{"id":1,"name":"a"},{"id":2,"name":"b\nc"}]}"#;
        assert_eq!(selected(filter, json, 9).unwrap(), ["b\nc", "2"]);
        assert_eq!(selected("repeat(1)", b"0", 3).unwrap().len(), 3, "it ends with its reader");
    }

    #[test]
    fn a_wrong_filter_is_a_usage_error_and_a_failing_one_says_so() {
        assert!(Filter::parse(".[").is_err());
        for unknown in ["nothing_of_this_name", "halt", "halt_error", "halt(3)"] {
            assert!(Filter::parse(unknown).is_err(), "{unknown}");
        }
        let error = selected(".a.b", b"[1]", 9).unwrap_err();
        assert!(error.message.contains("jq filter failed"), "{error}");
    }
}
