//! Authorization details (RFC 9396): what a sign-in asks for, or a grant allows, beyond scopes. Each is an object with
//! a `type`, whose other members the provider defines.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Field;
use crate::error::{Error, Result};
use crate::provider_text::clean;

/// The most bytes of authorization details, in a request or in a response.
const MAX_BYTES: usize = 16 << 10;
/// The most members that are shown of one of them.
const MAX_SHOWN_MEMBERS: usize = 50;
/// The setting, and the member of requests and responses.
const NAME: &str = "authorization_details";

/// A list of authorization details, each of them an object with a `type`. Never empty, and of bounded size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<Value>);

/// The authorization details that a grant was requested with, and those that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedDetails {
    /// Those that the sign-in asked for.
    pub requested: Option<AuthorizationDetails>,
    /// Those that the provider granted; `None` if it did not say.
    pub granted: Option<AuthorizationDetails>,
}

/// The authorization details of a grant as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DetailsView {
    /// Those that were granted; those that were requested, if the provider did not say what it granted.
    pub details: Vec<DetailView>,
    /// How they compare with what was requested.
    pub comparison: DetailsComparison,
}

/// How granted authorization details compare with what was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DetailsComparison {
    /// They are those that were requested, or none were requested.
    Granted,
    /// They differ: the provider may reduce them, or complete them, such as by an account that the person chose.
    Different,
    /// The provider did not say what it granted.
    NotReported,
}

/// One of them as it is shown: cleaned, and of bounded size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DetailView {
    /// Its `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its other members. Those inside of others are named by their path, such as `instructedAmount.currency`.
    pub fields: Vec<Field>,
}

impl AuthorizationDetails {
    /// Parses what a person enters: a JSON array of objects with a `type`.
    ///
    /// # Errors
    /// It is something else, or too long.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |message: String| {
            Err(Error::input(NAME, message).means("Nothing was sent.").hint(
                r#"Enter a JSON array of objects with a type, such as [{"type": "account_information"}]."#,
            ))
        };
        if text.len() > MAX_BYTES {
            return refuse(format!("The authorization details are longer than {MAX_BYTES} bytes."));
        }
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                return refuse(format!("The authorization details are not JSON ({place})."));
            }
        };
        Self::of(value).or_else(|fault| refuse(format!("The authorization details {fault}.")))
    }

    /// Reads those of a response. They count for nothing if one of them is malformed.
    ///
    /// # Errors
    /// The reason for which they are left out.
    pub fn of_response(value: Value) -> Result<Self, String> {
        if value.to_string().len() > MAX_BYTES {
            return Err(format!("are longer than {MAX_BYTES} bytes"));
        }
        Self::of(value)
    }

    fn of(value: Value) -> Result<Self, String> {
        let Value::Array(all) = value else { return Err("are no JSON array".into()) };
        if all.is_empty() {
            return Err("are an empty array".into());
        }
        for (index, one) in all.iter().enumerate() {
            let Value::Object(members) = one else {
                return Err(format!("have an entry that is no object (number {})", index + 1));
            };
            if members.get("type").and_then(Value::as_str).is_none_or(|kind| kind.trim().is_empty()) {
                return Err(format!("have an entry without a type that is text (number {})", index + 1));
            }
        }
        Ok(Self(all))
    }

    /// As a parameter of a request.
    pub fn text(&self) -> String {
        self.value().to_string()
    }

    /// As a JSON value, such as in a signed request.
    pub fn value(&self) -> Value {
        Value::Array(self.0.clone())
    }

    /// The types, in order.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|one| one.get("type")?.as_str())
    }

    /// Whether two lists have the same entries, in whatever order.
    fn is_same(&self, other: &Self) -> bool {
        let mut left: Vec<&Value> = other.0.iter().collect();
        let is_found = |one: &Value| {
            let at = left.iter().position(|other| *other == one);
            at.map(|at| left.swap_remove(at)).is_some()
        };
        self.0.len() == other.0.len() && self.0.iter().all(is_found)
    }

    fn view(&self) -> Vec<DetailView> {
        let shown = |one: &Value| {
            let mut fields = Vec::new();
            for (name, value) in one.as_object().into_iter().flatten().filter(|(name, _)| *name != "type") {
                collect(name, value, &mut fields);
            }
            if fields.len() > MAX_SHOWN_MEMBERS {
                let more = fields.len() - MAX_SHOWN_MEMBERS;
                fields.truncate(MAX_SHOWN_MEMBERS);
                fields.push(Field { name: "…".into(), value: format!("{more} more") });
            }
            let kind = one.get("type").and_then(Value::as_str).unwrap_or_default();
            DetailView { kind: clean(kind, &[]), fields }
        };
        self.0.iter().map(shown).collect()
    }
}

/// Collects the members of a value, by their paths. A list of texts and numbers is one of them.
fn collect(path: &str, value: &Value, fields: &mut Vec<Field>) {
    let is_plain = |value: &Value| !value.is_array() && !value.is_object();
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                collect(&format!("{path}.{name}"), value, fields);
            }
        }
        Value::Array(items) if !items.iter().all(is_plain) => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}[{index}]"), item, fields);
            }
        }
        Value::Array(items) => {
            let joined = items.iter().map(plain).collect::<Vec<_>>().join(", ");
            fields.push(Field { name: clean(path, &[]), value: clean(&joined, &[]) });
        }
        value => fields.push(Field { name: clean(path, &[]), value: clean(&plain(value), &[]) }),
    }
}

impl GrantedDetails {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.requested.is_none() && self.granted.is_none()
    }

    /// How they compare.
    pub fn comparison(&self) -> DetailsComparison {
        match (&self.requested, &self.granted) {
            (Some(_), None) => DetailsComparison::NotReported,
            (Some(requested), Some(granted)) if !requested.is_same(granted) => DetailsComparison::Different,
            _ => DetailsComparison::Granted,
        }
    }

    /// As they are shown; `None` if there are none.
    pub fn view(&self) -> Option<DetailsView> {
        let shown = self.granted.as_ref().or(self.requested.as_ref())?;
        Some(DetailsView { details: shown.view(), comparison: self.comparison() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The examples of RFC 9396 §2 (figures 1 and 2), §2.2 and §7.
    const EXAMPLES: &str = r#"[
        {"type": "customer_information", "locations": ["https://example.com/customers"],
         "actions": ["read", "write"], "datatypes": ["contacts", "photos"]},
        {"type": "account_information", "actions": ["list_accounts", "read_balances", "read_transactions"],
         "locations": ["https://example.com/accounts"]},
        {"type": "payment_initiation", "actions": ["initiate", "status", "cancel"],
         "locations": ["https://example.com/payments"], "instructedAmount": {"currency": "EUR", "amount": "123.50"},
         "creditorName": "Merchant A", "creditorAccount": {"iban": "DE02100100109307118603"},
         "remittanceInformationUnstructured": "Ref Number Merchant"},
        {"type": "account_information",
         "access": {"accounts": [{"iban": "DE2310010010123456789"},
            {"maskedPan": "123456xxxxxx1234"}], "balances": [{"iban": "DE2310010010123456789"}]},
         "recurringIndicator": true}
    ]"#;

    #[test]
    fn the_examples_of_rfc_9396_are_read_and_shown() {
        let details = AuthorizationDetails::parse(EXAMPLES).unwrap();
        let types: Vec<&str> = details.types().collect();
        let names =
            ["customer_information", "account_information", "payment_initiation", "account_information"];
        assert_eq!(types, names);
        assert_eq!(AuthorizationDetails::parse(&details.text()).unwrap(), details);
        let lines = details.view().into_iter().map(|one| {
            let fields = one.fields.iter().map(|field| format!("\n  {}: {}", field.name, field.value));
            format!("{}{}", one.kind, fields.collect::<String>())
        });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn each_malformed_value_has_its_reason() {
        let long = format!(r#"[{{"type":"{}"}}]"#, "x".repeat(MAX_BYTES));
        let table = [
            "",
            "payment",
            "{",
            r#"{"type":"payment"}"#,
            "[]",
            r#"["payment"]"#,
            r#"[{"type":"a"},{"kind":"b"}]"#,
            r#"[{"type":7}]"#,
            r#"[{"type":" "}]"#,
            "null",
            &long,
        ];
        let said = table.map(|text| {
            let error = AuthorizationDetails::parse(text).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(NAME));
            format!("{text:.40}: {}", error.message)
        });
        insta::assert_snapshot!(said.join("\n"));
        assert!(AuthorizationDetails::of_response(json!([{ "type": "a", "long": long }])).is_err());
    }

    #[test]
    fn what_was_granted_is_compared_with_what_was_requested() {
        let of = |text: &str| Some(AuthorizationDetails::parse(text).unwrap());
        let compared = |requested, granted| GrantedDetails { requested, granted }.comparison();
        let (one, other) = (r#"[{"type":"a","x":1},{"type":"b"}]"#, r#"[{"type":"b"},{"x":1,"type":"a"}]"#);
        assert_eq!(compared(of(one), of(other)), DetailsComparison::Granted);
        assert_eq!(compared(None, of(one)), DetailsComparison::Granted);
        assert_eq!(compared(of(one), None), DetailsComparison::NotReported);
        for less in
            [r#"[{"type":"b"}]"#, r#"[{"type":"b"},{"type":"b"}]"#, r#"[{"type":"b"},{"type":"a","x":2}]"#]
        {
            assert_eq!(compared(of(one), of(less)), DetailsComparison::Different, "{less}");
        }
        assert_eq!(GrantedDetails::default().view(), None);
    }

    #[test]
    fn what_is_shown_is_cleaned_and_bounded() {
        let many: serde_json::Map<String, Value> =
            (0..500).map(|n| (format!("member{n}"), "x\u{202e}\u{1b}[2J".repeat(5).into())).collect();
        let hostile =
            json!([{ "type": "a\u{202e}\n\u{7}b", "name\u{200b}\r": "v".repeat(5_000), "many": many }]);
        let details = AuthorizationDetails::of(hostile).unwrap();
        let shown = details.view();
        assert_eq!(shown[0].kind, "a b");
        assert_eq!(shown[0].fields.len(), MAX_SHOWN_MEMBERS + 1);
        let text = serde_json::to_string(&shown).unwrap();
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\u{7}']) && text.len() < 20_000, "{text}");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_panic(text: String) {
            let _ = AuthorizationDetails::parse(&text);
            let _ = AuthorizationDetails::parse(&format!(r#"[{{"type":"a","b":{text}}}]"#)).map(|it| it.view());
        }
    }
}
