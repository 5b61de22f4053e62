//! A pasted authorization URL (RFC 6749 §4.1.1): its parameters describe the client and its request.

use grapnel_model::error::{Error, Result};
use url::{Url, form_urlencoded};

use super::client::{Client, Contents, Request};

pub(super) fn read(text: &str) -> Result<Contents> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let client = client(line).ok_or_else(|| {
        Error::input("file", "This is not an authorization URL: it has no client_id.")
            .hint("Copy the whole address of the provider’s sign-in page.")
    })?;
    Ok(Contents { clients: vec![client], ..Contents::default() })
}

/// The client of an authorization URL; `None` for any other URL.
pub(super) fn client(address: &str) -> Option<Client> {
    let url = Url::parse(address).ok()?;
    let mut client = Client::named(url.host_str()?);
    let (page, parameters) = split(&url);
    if !parameters.iter().any(|(name, _)| name == "client_id") {
        return None;
    }
    client.say("authorize_url", &page, "authorization URL");
    for (name, value) in &parameters {
        client.parameter(Request::Authorization, name, value, &format!("authorization URL: {name}"));
    }
    Some(client)
}

/// The URL without its parameters, and the parameters: those of the query, and those of a fragment such as
/// `#signin/?client_id=…`.
pub(super) fn split(url: &Url) -> (String, Vec<(String, String)>) {
    let mut page = url.clone();
    let mut parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    page.set_query(None);
    if let Some((place, query)) = url.fragment().and_then(|fragment| fragment.split_once('?')) {
        parameters.extend(form_urlencoded::parse(query.as_bytes()).into_owned());
        page.set_fragment(Some(place));
    }
    (page.into(), parameters)
}
