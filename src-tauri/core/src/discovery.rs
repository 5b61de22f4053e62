//! Discovery: what an issuer announces of itself (RFC 8414, and OpenID Connect Discovery where it has only that),
//! read into the values of a profile. The document must name the very issuer that was asked.

use http::{Request, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::env::Env;
use crate::error::{Code, Error, Result};
use crate::http::{Failure, Limits};
use crate::provider::{Overrides, endpoint};

/// What is read of a document. Members that are not named here do not matter.
#[derive(Debug, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Asks an issuer what it announces, and answers with values for a profile.
pub(crate) async fn discover(env: &Env, issuer: &str) -> Result<Overrides> {
    find(env, issuer).await.map_err(|error| error.or_means("Nothing changed."))
}

async fn find(env: &Env, issuer: &str) -> Result<Overrides> {
    // Whoever pastes the document's own address means its issuer.
    let issuer = issuer.trim().trim_end_matches("/.well-known/openid-configuration");
    let base = endpoint("issuer", issuer)?;
    if base.query().is_some() {
        return Err(Error::input("issuer", "An issuer has no ? in its address.")
            .hint("Remove the ? and what follows it."));
    }
    let mut last = None;
    for address in addresses(&base) {
        match fetch(env, &address).await? {
            Some(document) => return read(issuer, document),
            None => last = Some(address),
        }
    }
    let asked = last.map(String::from).unwrap_or_default();
    Err(wrong(format!("This issuer announces nothing; {asked} was the last address that was asked."))
        .hint("Compare the issuer with the provider’s pages, or enter the addresses by hand."))
}

/// RFC 8414 puts the well-known part before the issuer's path, OpenID Connect behind it.
fn addresses(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ]
}

/// The document at an address; nothing where there is none.
async fn fetch(env: &Env, address: &Url) -> Result<Option<Value>> {
    let request = Request::get(address.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| wrong(format!("The issuer’s address cannot be asked: {error}.")))?;
    let failed = |failure: Failure| {
        let error = failure.explain("The issuer");
        Error { field: Some("issuer".into()), ..error.or_hint("Try again, or enter the addresses by hand.") }
    };
    let reply = env.http.send(request, Limits::IDENTITY).await.map_err(failed)?;
    match reply.status {
        StatusCode::OK => serde_json::from_slice(&reply.body)
            .map(Some)
            .map_err(|_| failed(Failure::Strange("not JSON".into(), reply.status))),
        status if status.is_server_error() => Err(failed(Failure::Unavailable(status, reply.retry_after))),
        _ => Ok(None),
    }
}

fn read(issuer: &str, document: Value) -> Result<Overrides> {
    let document: Document = serde_json::from_value(document).map_err(|error| {
        wrong(format!("What the issuer announces cannot be read: {error}."))
            .hint("Enter the addresses by hand.")
    })?;
    if document.issuer != issuer {
        let named = crate::http::clean(&document.issuer, &[]);
        return Err(wrong(format!(
            "The document is of another issuer ({named}) than the one that was asked."
        ))
        .hint("Use the issuer exactly as the provider writes it, a slash at its end included."));
    }
    let methods = &document.token_endpoint_auth_methods_supported;
    let offers = |method: &str| methods.iter().any(|one| one == method);
    // Without a word about it, HTTP Basic is what an issuer offers (RFC 8414 §2).
    let client_auth = if methods.is_empty() || offers("client_secret_basic") { "basic" } else { "body" };
    let has_s256 =
        document.code_challenge_methods_supported.is_none_or(|all| all.iter().any(|one| one == "S256"));
    let values = [
        ("issuer", Some(document.issuer)),
        ("authorize_url", document.authorization_endpoint),
        ("token_url", document.token_endpoint),
        ("revocation_url", document.revocation_endpoint),
        ("introspection_url", document.introspection_endpoint),
        ("userinfo_url", document.userinfo_endpoint),
        ("jwks_url", document.jwks_uri),
        ("client_auth", Some(client_auth.to_owned())),
        ("pkce", Some(if has_s256 { "always" } else { "never" }.to_owned())),
        ("require_iss", Some(document.authorization_response_iss_parameter_supported.to_string())),
    ];
    let values: Overrides =
        values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    for (key, value) in values.iter().filter(|(key, _)| key.ends_with("_url")) {
        endpoint(key, value).map_err(|error| Error {
            field: error.field,
            ..wrong(format!("The issuer’s document names a {key} that cannot be used. {}", error.message))
                .hint("Tell the provider, or enter the addresses by hand.")
        })?;
    }
    Ok(values)
}

fn wrong(message: impl Into<String>) -> Error {
    Error { code: Code::ProviderError, ..Error::input("issuer", message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_addresses_are_those_of_the_standards() {
        let read = |issuer: &str| addresses(&Url::parse(issuer).unwrap()).map(String::from);
        assert_eq!(
            read("https://id.example/tenant/7"),
            [
                "https://id.example/.well-known/oauth-authorization-server/tenant/7",
                "https://id.example/tenant/7/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            read("https://id.example")[0],
            "https://id.example/.well-known/oauth-authorization-server"
        );
    }

    #[test]
    fn a_document_becomes_values() {
        let document = json!({
            "issuer": "https://id.example", "authorization_endpoint": "https://id.example/a",
            "token_endpoint": "https://id.example/t", "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["plain"], "authorization_response_iss_parameter_supported": true
        });
        insta::assert_json_snapshot!(read("https://id.example", document).unwrap());
    }

    #[test]
    fn what_cannot_be_trusted_is_refused() {
        let good = json!({ "issuer": "https://id.example", "token_endpoint": "http://id.example/t" });
        assert_eq!(read("https://id.example/", good.clone()).unwrap_err().code, Code::ProviderError);
        assert_eq!(read("https://id.example", good).unwrap_err().field.as_deref(), Some("token_url"));
        assert_eq!(read("https://id.example", json!({ "issuer": 7 })).unwrap_err().code, Code::ProviderError);
    }
}
