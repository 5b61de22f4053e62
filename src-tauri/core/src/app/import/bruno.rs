//! Bruno: `.bru` files, collections exported as JSON, and OpenCollection YAML.

use serde_json::Value;

use super::bru::Blocks;
use super::client::{
    Client, Contents, GRANT, ID, PASSWORDS_NOT_IMPORTED, Request, SECRET, SET_EACH_TIME, TOKENS_NOT_IMPORTED,
    plain,
};
use super::document::walk;
use super::variables::{Values, insert};

/// The keys for the members of an authorization, which JSON and `.bru` name differently.
const MEMBERS: &[(&str, &str, &str)] = &[
    ("authorizationUrl", "authorization_url", "authorize_url"),
    ("accessTokenUrl", "access_token_url", "token_url"),
    ("refreshTokenUrl", "refresh_token_url", "refresh_url"),
    ("clientId", "client_id", ID),
    ("clientSecret", "client_secret", SECRET),
    ("scope", "scope", "scopes"),
    ("callbackUrl", "callback_url", "redirect_uri"),
];
/// Members that are not imported, with the reason.
const LEFT: &[(&str, &str)] = &[
    ("username", PASSWORDS_NOT_IMPORTED),
    ("password", PASSWORDS_NOT_IMPORTED),
    ("accessToken", TOKENS_NOT_IMPORTED),
    ("state", SET_EACH_TIME),
];
const WITHOUT_PKCE: &str = "Grapnel uses PKCE. If the provider refuses it, set pkce=never for the app.";
/// The prefix of the blocks with extra parameters.
const EXTRA: &str = "auth:oauth2:additional_params:";

/// A `.bru` file.
pub(super) fn of_bru(blocks: &Blocks) -> Contents {
    let mut contents = Contents::default();
    for entries in ["vars", "vars:pre-request"].into_iter().filter_map(|block| blocks.get(block)) {
        for (name, value) in entries {
            contents.variables.insert(name, value);
        }
    }
    let Some(entries) = blocks.get("auth:oauth2") else { return contents };
    let find = |block: &str, name: &str| {
        let entries = blocks.get(block).into_iter().flatten();
        entries.clone().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
    };
    let mut client = Client::named(find("meta", "name"));
    let source = |name: &str| format!("auth:oauth2, {name}");
    for (_, name, key) in MEMBERS {
        client.say(key, find("auth:oauth2", name), source(name));
    }
    placement(&mut client, find("auth:oauth2", "credentials_placement"), &source("credentials_placement"));
    client.say(GRANT, find("auth:oauth2", "grant_type"), source("grant_type"));
    if find("auth:oauth2", "pkce") == "false" {
        client.leave("pkce", source("pkce"), WITHOUT_PKCE);
    }
    let members = entries.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    client.leave_members(&Value::Object(members.collect()), LEFT, "auth:oauth2");
    for (block, entries) in blocks.iter().filter(|(block, _)| block.starts_with(EXTRA)) {
        let of = block.trim_start_matches(EXTRA);
        for (name, value) in entries {
            parameter(&mut client, of, of.ends_with("headers"), (name, value), block);
        }
    }
    contents.clients.push(client);
    contents
}

/// A collection as JSON, or as OpenCollection.
pub(super) fn of_document(document: &Value) -> Contents {
    let mut contents = Contents::default();
    let environments =
        document["environments"].as_array().or_else(|| document["config"]["environments"].as_array());
    for environment in environments.into_iter().flatten() {
        let mut values = Values::new();
        for variable in environment["variables"].as_array().into_iter().flatten() {
            // A secret variable has no value in the file.
            let is_on =
                variable["enabled"] != false && variable["disabled"] != true && variable["secret"] != true;
            if let Some(name) = variable["name"].as_str().filter(|_| is_on) {
                insert(&mut values, name, &plain(&variable["value"]));
            }
        }
        contents.variables.add_environment(environment["name"].as_str().unwrap_or_default(), values);
    }
    let roots = [&document["root"]["request"]["vars"]["req"], &document["request"]["variables"]];
    for variable in roots.into_iter().filter_map(Value::as_array).flatten() {
        if let Some(name) = variable["name"].as_str() {
            contents.variables.insert(name, &plain(&variable["value"]));
        }
    }
    let collection =
        document["name"].as_str().or_else(|| document["info"]["name"].as_str()).unwrap_or_default();
    walk(document, &mut |object, place| {
        let auth = &object["auth"];
        if auth["mode"] == "oauth2" {
            contents.clients.push(client(&auth["oauth2"], collection, place));
        } else if auth["type"] == "oauth2" {
            contents.clients.push(client(&as_bruno(auth), collection, place));
        }
    });
    contents
}

/// An OpenCollection authorization with the member names of Bruno's own export.
fn as_bruno(auth: &Value) -> Value {
    let mut members = auth.clone();
    let credentials = &auth["credentials"];
    members["grantType"] = auth["flow"].clone();
    members["clientId"] = credentials["clientId"].clone();
    members["clientSecret"] = credentials["clientSecret"].clone();
    members["credentialsPlacement"] = credentials["placement"].clone();
    if auth["pkce"]["disabled"] == true {
        members["pkce"] = false.into();
    }
    members
}

fn client(oauth2: &Value, collection: &str, place: &str) -> Client {
    let mut client = Client::named(collection);
    let source = |member: &str| format!("{place}: {member}");
    for (member, _, key) in MEMBERS {
        client.say(key, &plain(&oauth2[*member]), source(member));
    }
    placement(&mut client, &plain(&oauth2["credentialsPlacement"]), &source("credentialsPlacement"));
    client.say(GRANT, &plain(&oauth2["grantType"]), source("grantType"));
    if oauth2["pkce"] == false {
        client.leave("pkce", source("pkce"), WITHOUT_PKCE);
    }
    client.leave_members(oauth2, LEFT, place);
    for (of, entries) in oauth2["additionalParameters"].as_object().into_iter().flatten() {
        for entry in entries.as_array().into_iter().flatten().filter(|entry| entry["enabled"] != false) {
            let (name, value) = (plain(&entry["name"]), plain(&entry["value"]));
            let is_header = entry["sendIn"] == "headers";
            parameter(&mut client, of, is_header, (&name, &value), &source("additionalParameters"));
        }
    }
    client
}

fn placement(client: &mut Client, placement: &str, source: &str) {
    match placement {
        "body" => client.say("client_auth", "body", source),
        "basic_auth_header" => client.say("client_auth", "basic", source),
        _ => {}
    }
}

/// An extra parameter of the request that `of` begins with.
fn parameter(client: &mut Client, of: &str, is_header: bool, (name, value): (&str, &str), source: &str) {
    let request = match of {
        _ if of.starts_with("auth") => Request::Authorization,
        _ if of.starts_with("access_token") || of.starts_with("token") => Request::Token,
        _ => Request::Refresh,
    };
    match request {
        Request::Token if is_header => client.say(&format!("token.header.{name}"), value, source),
        _ if is_header => {
            client.leave(name, source, "Grapnel sends extra headers to the token endpoint only.");
        }
        _ => client.parameter(request, name, value, source),
    }
}
