//! Insomnia exports: v4 is a flat JSON list of resources, v5 a YAML tree of requests and folders.

use serde_json::Value;

use super::client::{
    Client, Contents, GRANT, ID, PASSWORDS_NOT_IMPORTED, SECRET, SET_EACH_TIME, TOKENS_NOT_IMPORTED, plain,
};
use super::document::walk;
use super::variables::{Values, insert};

/// The keys for the members of an authentication.
const MEMBERS: &[(&str, &str)] = &[
    ("authorizationUrl", "authorize_url"),
    ("accessTokenUrl", "token_url"),
    ("clientId", ID),
    ("clientSecret", SECRET),
    ("scope", "scopes"),
    ("redirectUrl", "redirect_uri"),
    ("audience", "authorize.audience"),
    ("resource", "resource"),
];
/// Members that are not imported, with the reason.
const LEFT: &[(&str, &str)] = &[
    ("accessToken", TOKENS_NOT_IMPORTED),
    ("refreshToken", TOKENS_NOT_IMPORTED),
    ("identityToken", TOKENS_NOT_IMPORTED),
    ("username", PASSWORDS_NOT_IMPORTED),
    ("password", PASSWORDS_NOT_IMPORTED),
    ("state", SET_EACH_TIME),
    ("code", "It was valid for one sign-in only."),
];
/// The maximum nesting of an environment.
const MAX_DEPTH: usize = 8;

pub(super) fn read(document: &Value) -> Contents {
    let mut contents = Contents::default();
    let resources = document["resources"].as_array();
    let workspace = resources.into_iter().flatten().find(|one| one["_type"] == "workspace");
    let workspace = workspace.unwrap_or(document)["name"].as_str().unwrap_or_default();
    match resources {
        Some(all) => flat_environments(all, &mut contents),
        None => tree_environments(&document["environments"], &mut contents),
    }
    walk(document, &mut |object, name| {
        let authentication = &object["authentication"];
        if authentication["type"] == "oauth2" && authentication["disabled"] != true {
            contents.clients.push(client(authentication, workspace, name));
        }
    });
    contents
}

fn client(authentication: &Value, workspace: &str, place: &str) -> Client {
    let mut client = Client::named(workspace);
    let source = |member: &str| format!("{place}: {member}");
    for (member, key) in MEMBERS {
        client.say(key, &plain(&authentication[*member]), source(member));
    }
    if let Some(in_body) = authentication["credentialsInBody"].as_bool() {
        client.say("client_auth", if in_body { "body" } else { "basic" }, source("credentialsInBody"));
    }
    client.say(GRANT, &plain(&authentication["grantType"]), source("grantType"));
    client.leave_members(authentication, LEFT, place);
    client
}

/// v4: the environment below the workspace is the base environment; environments below another one extend it.
fn flat_environments(resources: &[Value], contents: &mut Contents) {
    let environments: Vec<&Value> = resources.iter().filter(|one| one["_type"] == "environment").collect();
    for environment in &environments {
        let is_below_other = environments.iter().any(|other| other["_id"] == environment["parentId"]);
        add(environment, is_below_other, contents);
    }
}

/// v5: one base environment with `subEnvironments`, or a list of environments.
fn tree_environments(environments: &Value, contents: &mut Contents) {
    let list = environments.as_array();
    for environment in list.into_iter().flatten() {
        add(environment, true, contents);
    }
    if list.is_none() {
        add(environments, false, contents);
    }
    for environment in environments["subEnvironments"].as_array().into_iter().flatten() {
        add(environment, true, contents);
    }
}

fn add(environment: &Value, is_own: bool, contents: &mut Contents) {
    let mut values = Values::new();
    flatten("", &environment["data"], &mut values, 0);
    if is_own {
        contents.variables.add_environment(environment["name"].as_str().unwrap_or_default(), values);
    } else {
        for (name, value) in &values {
            contents.variables.insert(name, value);
        }
    }
}

/// Nested members with names such as `oauth.client_id`.
fn flatten(outer: &str, value: &Value, into: &mut Values, depth: usize) {
    match value {
        Value::Object(members) if depth < MAX_DEPTH => {
            for (name, member) in members {
                let name = if outer.is_empty() { name.clone() } else { format!("{outer}.{name}") };
                flatten(&name, member, into, depth + 1);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::Null => {}
        _ => insert(into, outer, &plain(value)),
    }
}
