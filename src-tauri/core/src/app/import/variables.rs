//! The variables of a file by environment, and their substitution.

use std::collections::BTreeMap;

/// The maximum depth of variables that refer to other variables.
const MAX_DEPTH: usize = 8;
/// The maximum length of an expanded value in bytes.
const MAX_EXPANDED: usize = 64 << 10;
/// The maximum number of environments, and of variables of one.
const MAX_ENVIRONMENTS: usize = 32;
const MAX_VARIABLES: usize = 4096;

/// Names and values.
pub(super) type Values = BTreeMap<String, String>;

/// The variables of a file.
#[derive(Default)]
pub(super) struct Variables {
    /// The variables of every environment.
    base: Values,
    /// Environments by name, in the order of the file.
    named: Vec<(String, Values)>,
}

/// The variables of one environment.
pub(super) struct Environment<'v> {
    /// Its name, if the file has several.
    pub(super) name: Option<&'v str>,
    base: &'v Values,
    own: Option<&'v Values>,
}

/// Why a text cannot be resolved.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// The file has no variable with this name.
    Missing(String),
    /// The variable is computed by the other program.
    Computed,
    /// The references are circular, too deep, or expand to too much.
    TooDeep,
}

impl Variables {
    pub(super) fn insert(&mut self, name: &str, value: &str) {
        insert(&mut self.base, name, value);
    }

    pub(super) fn add_environment(&mut self, name: &str, values: Values) {
        if self.named.len() < MAX_ENVIRONMENTS && !values.is_empty() {
            self.named.push((name.to_owned(), values));
        }
    }

    /// All environments, or the one at an index; the base alone if there are none.
    pub(super) fn environments(&self, only: Option<usize>) -> Vec<Environment<'_>> {
        let all = self.named.iter().enumerate().filter(|(place, _)| only.is_none_or(|only| only == *place));
        let all =
            all.map(|(_, (name, own))| Environment { name: Some(name), base: &self.base, own: Some(own) });
        let all: Vec<_> = all.collect();
        if all.is_empty() { vec![Environment { name: None, base: &self.base, own: None }] } else { all }
    }

    /// The values of each environment with its index; the base if there are none.
    pub(super) fn sets(&self) -> Vec<(Option<usize>, &str, Values)> {
        if self.named.is_empty() {
            return vec![(None, "", self.base.clone())];
        }
        let named = self.named.iter().enumerate().map(|(place, (name, own))| {
            let mut values = self.base.clone();
            values.extend(own.clone());
            (Some(place), name.as_str(), values)
        });
        named.collect()
    }
}

/// Adds a variable, within the limits.
pub(super) fn insert(values: &mut Values, name: &str, value: &str) {
    if values.len() < MAX_VARIABLES {
        values.insert(name.to_owned(), value.to_owned());
    }
}

impl Environment<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        let own = self.own.and_then(|own| own.get(name));
        own.or_else(|| self.base.get(name)).map(String::as_str)
    }

    /// The text with every `{{name}}` and `${NAME}` substituted.
    pub(super) fn resolve(&self, text: &str) -> Result<String, Unresolved> {
        self.resolve_at(text, 0)
    }

    fn resolve_at(&self, text: &str, depth: usize) -> Result<String, Unresolved> {
        if depth > MAX_DEPTH || text.len() > MAX_EXPANDED {
            return Err(Unresolved::TooDeep);
        }
        if text.contains("{%") {
            return Err(Unresolved::Computed);
        }
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_reference(rest) {
            resolved.push_str(before);
            let value = self.find(name).ok_or_else(|| Unresolved::Missing(name.to_owned()))?;
            resolved.push_str(&self.resolve_at(value, depth + 1)?);
            if resolved.len() > MAX_EXPANDED {
                return Err(Unresolved::TooDeep);
            }
            rest = after;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }
}

/// The first reference to a variable: the text before it, its name, and the text after it.
fn next_reference(text: &str) -> Option<(&str, &str, &str)> {
    let braces = text.find("{{").map(|at| (at, 2, "}}"));
    let dollar = text.find("${").map(|at| (at, 2, "}"));
    let (at, width, end) = [braces, dollar].into_iter().flatten().min_by_key(|(at, ..)| *at)?;
    let inner = &text[at + width..];
    let close = inner.find(end)?;
    Some((&text[..at], name(&inner[..close]), &inner[close + end.len()..]))
}

/// The name in a reference; Insomnia writes `_.name` or `_['name']`.
fn name(inner: &str) -> &str {
    let inner = inner.trim();
    let inner = inner.strip_prefix("_.").unwrap_or(inner);
    inner.strip_prefix("_[").map_or(inner, |inner| inner.trim_end_matches(']').trim_matches(['\'', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(all: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in all {
            variables.insert(name, value);
        }
        variables
    }

    fn resolved(all: &[(&str, &str)], text: &str) -> Result<String, Unresolved> {
        variables(all).environments(None)[0].resolve(text)
    }

    #[test]
    fn references_are_resolved_through_each_other() {
        let all = [("base_url", "https://{{host}}"), ("host", "id.example"), ("deep.path", "x")];
        assert_eq!(resolved(&all, "{{base_url}}/a?{{ _.deep.path }}").unwrap(), "https://id.example/a?x");
        assert_eq!(resolved(&all, "${host}{{ _['host'] }}").unwrap(), "id.exampleid.example");
        assert_eq!(resolved(&all, "a{{b").unwrap(), "a{{b");
    }

    #[test]
    fn missing_variables_are_named() {
        assert_eq!(resolved(&[], "{{process.env.X}}"), Err(Unresolved::Missing("process.env.X".into())));
        assert_eq!(resolved(&[], "{% response 'body' %}"), Err(Unresolved::Computed));
    }

    /// Each variable doubles the previous one: without the limit, 2^40 characters.
    #[test]
    fn variables_do_not_expand_without_end() {
        let all: Vec<(String, String)> =
            (0..40).map(|n| (format!("v{n}"), format!("{{{{v{}}}}}{{{{v{}}}}}", n + 1, n + 1))).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(resolved(&all, "{{v0}}"), Err(Unresolved::TooDeep));
        assert_eq!(resolved(&[("a", "{{a}}")], "{{a}}"), Err(Unresolved::TooDeep));
        let wide = "{{a}}".repeat(200);
        let wide = [("a", wide.as_str().replace("{{a}}", "{{b}}")), ("b", "x".repeat(60_000))];
        let wide: Vec<(&str, &str)> = wide.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(resolved(&wide, "{{a}}"), Err(Unresolved::TooDeep));
    }
}
