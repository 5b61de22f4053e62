//! OpenAPI documents: `securitySchemes` of 3.x, `securityDefinitions` of 2.0.

use serde_json::Value;
use url::Url;

use super::client::{Client, Contents, GRANT, REMOVED_GRANTS, plain};

pub(super) fn read(document: &Value) -> Contents {
    let mut contents = Contents::default();
    let schemes = [&document["components"]["securitySchemes"], &document["securityDefinitions"]];
    let base = api_base(document);
    for (name, scheme) in schemes.into_iter().filter_map(Value::as_object).flatten() {
        match scheme["type"].as_str() {
            Some("oauth2") => contents.clients.extend(oauth2(document, name, scheme, base.as_deref())),
            Some("openIdConnect") => {
                let mut client = Client::named(title(document));
                let source = format!("security scheme {name}: openIdConnectUrl");
                client.say("issuer", &plain(&scheme["openIdConnectUrl"]), source);
                finish(&mut client, document, name, &[], base.as_deref());
                contents.clients.push(client);
            }
            _ => {}
        }
    }
    contents
}

fn title(document: &Value) -> &str {
    document["info"]["title"].as_str().unwrap_or_default()
}

/// Flows that an app can use, by their names in version 3 and in version 2.
const FLOWS: &[(&str, &str)] = &[("authorizationCode", "accessCode"), ("clientCredentials", "application")];

/// A client for each flow of a scheme that an app can use: with a person, and as itself.
fn oauth2(document: &Value, name: &str, scheme: &Value, base: Option<&str>) -> Vec<Client> {
    let flow = |(name, of_version_2): &(&'static str, &str)| {
        let own = (scheme["flow"] == *of_version_2).then_some(scheme);
        Some((*name, scheme["flows"].get(*name).or(own)?))
    };
    let mut clients: Vec<Client> = FLOWS
        .iter()
        .filter_map(flow)
        .map(|(grant, flow)| of_flow((document, name, scheme), grant, flow, base))
        .collect();
    if clients.is_empty() {
        clients.push(of_flow((document, name, scheme), "", &Value::Null, base));
    }
    let flows = scheme["flows"].as_object().into_iter().flat_map(|flows| flows.keys());
    let flows = flows.map(String::as_str).chain(scheme["flow"].as_str());
    for other in flows.filter(|flow| ["implicit", "password"].contains(flow)) {
        clients[0].leave(other, format!("security scheme {name}: flows"), REMOVED_GRANTS);
    }
    clients
}

fn of_flow(
    (document, name, scheme): (&Value, &str, &Value),
    grant: &str,
    flow: &Value,
    base: Option<&str>,
) -> Client {
    let mut client = Client::named(title(document));
    let source = |member: &str| format!("security scheme {name}: {member}");
    client.say(GRANT, grant, source("flows"));
    for (member, key) in
        [("authorizationUrl", "authorize_url"), ("tokenUrl", "token_url"), ("refreshUrl", "refresh_url")]
    {
        client.say(key, &absolute(&plain(&flow[member]), base), source(member));
    }
    if scheme["oauth2MetadataUrl"].is_string() {
        client.say("issuer", &plain(&scheme["oauth2MetadataUrl"]), source("oauth2MetadataUrl"));
    }
    let scopes = flow["scopes"].as_object();
    let scopes: Vec<&str> = scopes.into_iter().flat_map(|all| all.keys()).map(String::as_str).collect();
    finish(&mut client, document, name, &scopes, base);
    client
}

/// Adds the scopes that the whole document requires, and the API's base URL. Other scopes are only listed, since an app
/// requests only those it needs.
fn finish(client: &mut Client, document: &Value, name: &str, offered: &[&str], base: Option<&str>) {
    let requirements = document["security"].as_array().into_iter().flatten();
    let required = requirements.filter_map(|requirement| requirement[name].as_array()).flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    client.say("scopes", &required.join(" "), "security of the document");
    let rest: Vec<&str> = offered.iter().copied().filter(|scope| !required.contains(scope)).collect();
    if !rest.is_empty() {
        let source = format!("security scheme {name}: {}", rest.join(" "));
        client.leave("scopes", source, "Not required by every request. Choose the ones that the app needs.");
    }
    if let Some(base) = base {
        client.say("api_base", base, "servers");
    }
}

/// The base URL of the API, if it is absolute and without variables.
fn api_base(document: &Value) -> Option<String> {
    let first = document["servers"][0]["url"].as_str().map(str::to_owned);
    let of_version_2 = || {
        let host = document["host"].as_str()?;
        let schemes = document["schemes"].as_array().into_iter().flatten();
        let scheme = schemes.filter_map(Value::as_str).find(|scheme| *scheme == "https");
        Some(format!("{}://{host}{}", scheme?, document["basePath"].as_str().unwrap_or_default()))
    };
    let base = first.or_else(of_version_2)?;
    Url::parse(&base).ok().filter(|_| !base.contains('{')).map(|_| base.trim_end_matches('/').to_owned())
}

/// A URL that may be relative to the API's base URL.
fn absolute(address: &str, base: Option<&str>) -> String {
    let joined = || Url::parse(base?).ok()?.join(address).ok();
    match Url::parse(address) {
        Err(url::ParseError::RelativeUrlWithoutBase) if !address.is_empty() => {
            joined().map_or_else(|| address.to_owned(), String::from)
        }
        _ => address.to_owned(),
    }
}
