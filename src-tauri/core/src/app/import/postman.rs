//! Postman collections (v2.0, v2.1) and environments.
//!
//! In v2.1 the members of an authorization are a list of `{key, value}`, in v2.0 an object.

use serde_json::{Map, Value};

use super::client::{
    Client, Contents, GRANT, ID, PASSWORDS_NOT_IMPORTED, Request, SECRET, SET_EACH_TIME, TOKENS_NOT_IMPORTED,
    plain,
};
use super::document::walk;
use super::variables::{Values, insert};

/// The keys for the members of an authorization.
const MEMBERS: &[(&str, &str)] = &[
    ("authUrl", "authorize_url"),
    ("accessTokenUrl", "token_url"),
    ("refreshTokenUrl", "refresh_url"),
    ("clientId", ID),
    ("clientSecret", SECRET),
    ("scope", "scopes"),
    ("redirect_uri", "redirect_uri"),
    ("redirectUri", "redirect_uri"),
    ("resource", "resource"),
    ("audience", "authorize.audience"),
];
/// Members that are not imported, with the reason.
const LEFT: &[(&str, &str)] = &[
    ("accessToken", TOKENS_NOT_IMPORTED),
    ("refreshToken", TOKENS_NOT_IMPORTED),
    ("password", PASSWORDS_NOT_IMPORTED),
    ("username", PASSWORDS_NOT_IMPORTED),
    ("state", SET_EACH_TIME),
    ("code_verifier", SET_EACH_TIME),
];
/// Lists of extra parameters, by the request that they belong to.
const PARAMETERS: &[(&str, Request)] = &[
    ("authRequestParams", Request::Authorization),
    ("tokenRequestParams", Request::Token),
    ("refreshRequestParams", Request::Refresh),
];

pub(super) fn read(document: &Value) -> Contents {
    let mut contents = Contents::default();
    for variable in document["variable"].as_array().into_iter().flatten() {
        if let Some((name, value)) = enabled(variable) {
            contents.variables.insert(&name, &value);
        }
    }
    if let Some(all) = document["values"].as_array() {
        let mut values = Values::new();
        all.iter().filter_map(enabled).for_each(|(name, value)| insert(&mut values, &name, &value));
        contents.variables.add_environment(document["name"].as_str().unwrap_or_default(), values);
    }
    let collection = document["info"]["name"].as_str().unwrap_or_default();
    walk(document, &mut |object, name| {
        let auth = &object["auth"];
        if auth["type"] == "oauth2" {
            contents.clients.push(client(auth, collection, name));
        }
        let body = &object["body"]["urlencoded"];
        if let Some(pairs) = body.as_array() {
            contents.clients.extend(token_request(&object["url"], pairs, collection, name));
        }
    });
    contents
}

/// The name and value of an enabled entry.
fn enabled(entry: &Value) -> Option<(String, String)> {
    let is_off = entry["enabled"] == false || entry["disabled"] == true;
    let name = entry["key"].as_str().or_else(|| entry["id"].as_str())?;
    (!is_off).then(|| (name.to_owned(), plain(&entry["value"])))
}

/// The client of an authorization of type `oauth2`.
fn client(auth: &Value, collection: &str, place: &str) -> Client {
    let members = members(&auth["oauth2"]);
    let mut client = Client::named(collection);
    let source = |member: &str| format!("{place}: {member}");
    for (member, key) in MEMBERS {
        client.say(key, &plain(&members[*member]), source(member));
    }
    match members["client_authentication"].as_str() {
        Some("body") => client.say("client_auth", "body", source("client_authentication")),
        Some("header") => client.say("client_auth", "basic", source("client_authentication")),
        _ => {}
    }
    client.say(GRANT, &plain(&members["grant_type"]), source("grant_type"));
    client.leave_members(&members, LEFT, place);
    for (list, request) in PARAMETERS {
        for entry in members[*list].as_array().into_iter().flatten() {
            let Some((name, value)) = enabled(entry) else { continue };
            if entry["send_as"] == "request_header" && *request == Request::Token {
                client.say(&format!("token.header.{name}"), &value, source(list));
            } else {
                client.parameter(*request, &name, &value, &source(list));
            }
        }
    }
    client
}

/// The members as an object, in either version.
fn members(oauth2: &Value) -> Value {
    let Some(list) = oauth2.as_array() else { return oauth2.clone() };
    let pairs =
        list.iter().filter_map(|entry| Some((entry["key"].as_str()?.to_owned(), entry["value"].clone())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// The client of a token request in the collection.
fn token_request(url: &Value, pairs: &[Value], collection: &str, place: &str) -> Option<Client> {
    let pairs: Vec<(String, String)> = pairs.iter().filter_map(enabled).collect();
    let has = |name: &str| pairs.iter().any(|(own, _)| own == name);
    if !has("grant_type") || !has("client_id") {
        return None;
    }
    let mut client = Client::named(collection);
    let source = format!("{place}: body");
    let address = url["raw"].as_str().or_else(|| url.as_str()).unwrap_or_default();
    client.say("token_url", address, format!("{place}: URL"));
    for (name, value) in &pairs {
        client.parameter(Request::Token, name, value, &source);
    }
    if has("client_secret") {
        client.say("client_auth", "body", source);
    }
    Some(client)
}
