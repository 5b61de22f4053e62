//! Fields of a request: `name=value`, `list[]=value`, `object[member]=value`.

use std::fs;

use grapnel_model::error::{Error, Result, io_error_text};
use serde_json::{Map, Value};
use url::Url;

use crate::input::Input;

/// A field as given.
#[derive(Debug, Clone)]
pub(super) struct Field {
    path: Vec<Step>,
    value: FieldValue,
    key: String,
}

#[derive(Debug, Clone)]
enum FieldValue {
    Json(Value),
    /// A file's content, as a string.
    File(String),
    /// The rest of standard input, as a string.
    Input,
}

/// A step of a path into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Item,
}

/// Parses `KEY=VALUE`.
pub(super) fn parse(text: &str) -> Result<Field, String> {
    let (key, value) = text.split_once('=').ok_or("write a field as KEY=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok(Field { path: steps(key)?, value: FieldValue::Json(value), key: key.to_owned() })
}

/// Parses `KEY=VALUE`, where `@FILE` and `@-` mean the content of a file or of standard input.
pub(super) fn parse_with_files(text: &str) -> Result<Field, String> {
    let mut field = parse(text)?;
    match text.split_once('=').and_then(|(_, value)| value.strip_prefix('@')) {
        None => {}
        Some("-") => field.value = FieldValue::Input,
        Some(path) => field.value = FieldValue::File(path.to_owned()),
    }
    Ok(field)
}

fn steps(key: &str) -> Result<Vec<Step>, String> {
    const HOW: &str = "write a key as name, name[member] or name[]";
    let name_end = key.find('[').unwrap_or(key.len());
    let (name, mut rest) = key.split_at(name_end);
    if name.is_empty() || name.contains(']') {
        return Err(HOW.into());
    }
    let mut steps = vec![Step::Member(name.to_owned())];
    while !rest.is_empty() {
        let (member, after) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')).ok_or(HOW)?;
        steps.push(if member.is_empty() { Step::Item } else { Step::Member(member.to_owned()) });
        rest = after;
    }
    Ok(steps)
}

impl Field {
    /// Replaces a reference to a file or standard input with the content.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<()> {
        let unreadable = |what: &str, error: &std::io::Error| {
            let message = format!("{what} cannot be read as text: {}.", io_error_text(error));
            Error::input("file-field", message).means("Nothing was sent.")
        };
        let content = match &self.value {
            FieldValue::Json(_) => return Ok(()),
            FieldValue::File(path) => {
                fs::read_to_string(path).map_err(|error| unreadable(&format!("“{path}”"), &error))?
            }
            FieldValue::Input => {
                let mut content = String::new();
                input
                    .lines
                    .read_to_string(&mut content)
                    .map_err(|error| unreadable("Standard input", &error))?;
                content
            }
        };
        self.value = FieldValue::Json(Value::String(content));
        Ok(())
    }

    fn json(&self) -> Value {
        if let FieldValue::Json(value) = &self.value { value.clone() } else { Value::Null }
    }
}

/// The JSON object of all fields.
pub(super) fn to_json(fields: &[Field]) -> Result<Value> {
    let mut object = Value::Object(Map::new());
    for field in fields {
        if !put(&mut object, &field.path, field.json()) {
            let message = format!("“{}” contradicts another field.", field.key);
            return Err(Error::input("field", message)
                .means("Nothing was sent.")
                .hint("A field has one value, members or items, and not two of them."));
        }
    }
    Ok(object)
}

/// Sets the value at this path. Returns whether that was possible.
fn put(place: &mut Value, path: &[Step], value: Value) -> bool {
    let Some((step, rest)) = path.split_first() else {
        if !place.is_null() {
            return false;
        }
        *place = value;
        return true;
    };
    match step {
        Step::Member(name) => {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let Some(members) = place.as_object_mut() else { return false };
            put(members.entry(name.clone()).or_insert(Value::Null), rest, value)
        }
        Step::Item => {
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let Some(items) = place.as_array_mut() else { return false };
            // Members of an item are given in sequence; a repeated member begins the next item.
            if let (Some(Step::Member(name)), Some(Value::Object(last))) = (rest.first(), items.last_mut())
                && !last.contains_key(name)
            {
                return items.last_mut().is_some_and(|last| put(last, rest, value));
            }
            let mut item = Value::Null;
            let is_put = put(&mut item, rest, value);
            items.push(item);
            is_put
        }
    }
}

/// The URL with the fields in its query.
pub(super) fn with_query(mut url: Url, fields: &[Field]) -> Url {
    if !fields.is_empty() {
        let mut query = url.query_pairs_mut();
        for field in fields {
            match field.json() {
                Value::String(text) => query.append_pair(&field.key, &text),
                other => query.append_pair(&field.key, &other.to_string()),
            };
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(fields: &[&str]) -> Result<String> {
        let fields: Vec<Field> = fields.iter().map(|field| parse(field).unwrap()).collect();
        to_json(&fields).map(|json| json.to_string())
    }

    #[test]
    fn fields_make_an_object_with_typed_values() {
        let made = json(&[
            "title=Hello, world",
            "count=3",
            "exact=\"3\"",
            "on=true",
            "none=null",
            "tags[]=a",
            "tags[]=b",
            "author[name]=Ada",
            "author[mail]=ada@example.com",
            "lines[][id]=1",
            "lines[][n]=2",
            "lines[][id]=3",
            "raw={\"a\": [1]}",
            "empty=",
        ]);
        assert_eq!(
            made.unwrap(),
            concat!(
                r#"{"title":"Hello, world","count":3,"exact":"3","on":true,"none":null,"tags":["a","b"],"#,
                r#""author":{"name":"Ada","mail":"ada@example.com"},"lines":[{"id":1,"n":2},{"id":3}],"#,
                r#""raw":{"a":[1]},"empty":""}"#
            )
        );
    }

    #[test]
    fn fields_that_contradict_each_other_are_refused() {
        for fields in [["a=1", "a=2"], ["a=1", "a[b]=2"], ["a[]=1", "a[b]=2"]] {
            assert!(json(&fields).is_err(), "{fields:?}");
        }
        for key in ["=1", "[a]=1", "a[=1", "a]=1", "a[b]c=1", "a"] {
            assert!(parse(key).is_err(), "{key}");
        }
    }

    #[test]
    fn fields_of_a_get_are_its_query() {
        let url = Url::parse("https://api.example/x?a=1").unwrap();
        let fields = ["b=two words", "n=3", "c[]=x"].map(|field| parse(field).unwrap());
        assert_eq!(with_query(url, &fields).as_str(), "https://api.example/x?a=1&b=two+words&n=3&c%5B%5D=x");
    }
}
