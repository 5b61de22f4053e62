//! Selecting from a response by a jq filter.

use grapnel_model::error::{Code, Error, Result};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

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
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code: text, path: () });
        let modules = modules.map_err(|_| "this is not a jq filter")?;
        let filter = Compiler::default().with_funs(functions).compile(modules);
        filter.map(Self).map_err(|_| "the jq filter uses a function or a variable that does not exist".into())
    }

    /// What the filter selects from a JSON text: strings as they are, other values as JSON.
    pub(super) fn select(&self, json: &[u8]) -> Result<Vec<String>> {
        let failed = |message: String| {
            Error::new(Code::InvalidInput, format!("The jq filter failed: {message}."))
                .means("Your tokens are kept as they are.")
                .hint("See the whole response without --jq.")
        };
        let input = read::parse_single(json).map_err(|error| failed(error.to_string()))?;
        let ctx = Ctx::<data::JustLut<Val>>::new(&self.0.lut, Vars::new([]));
        let values = self.0.id.run((ctx, input)).map(unwrap_valr);
        let text = values.map(|value| match value {
            Ok(Val::TStr(text)) => Ok(String::from_utf8_lossy(&text).into_owned()),
            Ok(value) => Ok(value.to_string()),
            Err(error) => Err(failed(error.to_string())),
        });
        text.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_selects() {
        let filter = Filter::parse(".projects[] | select(.id > 1) | .name, .id").unwrap();
        let json = br#"{"projects":[{"id":1,"name":"a"},{"id":2,"name":"b\nc"}]}"#;
        assert_eq!(filter.select(json).unwrap(), ["b\nc", "2"]);
    }

    #[test]
    fn a_wrong_filter_is_a_usage_error_and_a_failing_one_says_so() {
        assert!(Filter::parse(".[").is_err());
        assert!(Filter::parse("nothing_of_this_name").is_err());
        let error = Filter::parse(".a.b").unwrap().select(b"[1]").unwrap_err();
        assert!(error.message.contains("jq filter failed"), "{error}");
    }
}
