//! Reads an account from claims: of an ID token, of userinfo, or of introspection.

use grapnel_model::account::{Account, Claims};
use grapnel_model::provider_text::clean;
use serde_json::Value;

use super::jwt;
use super::lenient_json::Members;

/// Names under which providers return an account's ID: OpenID Connect's first, then others.
const IDS: &[&str] = &["sub", "id", "uid", "user_id", "account_id", "login", "username"];
/// Objects that some providers wrap the account in.
const WRAPPERS: &[&str] = &["data", "user", "account", "profile"];

/// The account in a userinfo response, whose ID may have another name than `sub`.
pub(super) fn of_userinfo(members: &Members) -> Option<Account> {
    let has_id = |members: &Members| IDS.iter().any(|name| id(members.get(*name)).is_some());
    let inner = || WRAPPERS.iter().find_map(|name| members.get(*name)?.as_object());
    let members = if has_id(members) { members } else { inner()? };
    let id = IDS.iter().find_map(|name| id(members.get(*name)))?;
    Some(of(id, &|name| members.get(name)?.as_str().map(str::to_owned)))
}

/// The account in an introspection response (RFC 7662 §2.2).
pub(super) fn of_introspection(members: &Members) -> Option<Account> {
    let id = id(members.get("sub")).or_else(|| id(members.get("username")))?;
    Some(of(id, &|name| members.get(name)?.as_str().map(str::to_owned)))
}

/// The account that a token's claims name.
pub(super) fn of_claims(claims: &Claims) -> Option<Account> {
    let text = |name: &str| jwt::claim(claims, name).map(str::to_owned);
    let id = text("sub").filter(|sub| !sub.is_empty() && !holds_jwt(sub))?;
    Some(of(id, &text))
}

fn of(id: String, text: &dyn Fn(&str) -> Option<String>) -> Account {
    let text = |name: &str| {
        let text = text(name).filter(|text| !holds_jwt(text))?;
        Some(clean(&text, &[])).filter(|text| !text.is_empty())
    };
    let username = ["preferred_username", "login", "username"].iter().find_map(|name| text(name));
    let both = || {
        let names = [text("given_name"), text("family_name")];
        Some(names.into_iter().flatten().collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
    };
    let name = text("name")
        .or_else(|| text("preferred_username"))
        .or_else(both)
        .or_else(|| ["nickname", "display_name", "login", "username"].iter().find_map(|name| text(name)));
    Account {
        name: name.filter(|name| *name != id).unwrap_or_default(),
        email: text("email"),
        issuer: text("iss"),
        username,
        id,
    }
}

/// Whether a text contains a JWT, which no name or address does. It may be an ID token of an earlier sign-in, which is
/// not stored and so cannot be masked otherwise.
fn holds_jwt(text: &str) -> bool {
    text.split_whitespace().any(|word| jwt::Jwt::parse(word).is_some())
}

/// IDs are strings here; a provider may send numbers.
fn id(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(id) if !id.is_empty() && !holds_jwt(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_account_is_read_from_various_member_names() {
        let table = [
            json!({ "sub": "1", "name": "Ann Berg", "email": "ann@example" }),
            json!({ "id": 42, "login": "ann", "name": null }),
            json!({ "uid": "u1", "given_name": "Ann", "family_name": "Berg" }),
            json!({ "user_id": "u1", "nickname": "annie" }),
            json!({ "username": "ann" }),
            json!({ "data": { "id": "7", "username": "ann" } }),
            json!({ "sub": "1", "preferred_username": "ann\u{202e}b\n" }),
            json!({ "sub": "", "id": true, "name": "nobody" }),
        ];
        let read = table.map(|members| format!("{:?}", of_userinfo(members.as_object().unwrap())));
        insta::assert_snapshot!(read.join("\n"));
    }

    #[test]
    fn a_jwt_is_no_name_and_no_id() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let read = |value: Value| of_userinfo(value.as_object().unwrap());
        let account = read(json!({ "sub": "7", "name": jwt, "email": format!("Bearer {jwt}") })).unwrap();
        assert_eq!((account.name.as_str(), account.email, account.id.as_str()), ("", None, "7"));
        assert_eq!(read(json!({ "sub": jwt, "name": "Ann" })), None);
        assert_eq!(of_introspection(json!({ "username": jwt }).as_object().unwrap()), None);
    }
}
