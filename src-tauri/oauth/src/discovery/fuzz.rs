//! The fuzz target of discovery. Accepted metadata belong to the typed issuer, have no unencrypted endpoint, and can be
//! entered as app settings.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::{Host, Url};

use super::issuer::TypedIssuer;
use super::{Discovery, ENDPOINTS, FetchResults, conclude, document, is_scope};
use crate::fuzz::checks::{sentences, shows_plainly};
use crate::http::Reply;
use grapnel_model::provider::{ProfileFile, is_loopback};

pub(crate) fn discovery(data: &[u8]) {
    let (typed, rest) = split(data, b"\n");
    let Ok(typed) = std::str::from_utf8(typed) else { return };
    let asked = match TypedIssuer::read(typed) {
        Ok(asked) => asked,
        Err(error) => return sentences(&error).for_each(shows_plainly),
    };
    let mut rest = rest;
    let mut fetch_all = |addresses: Vec<Url>| {
        let mut all = FetchResults::default();
        for address in addresses {
            assert!(
                address.query().is_none() && address.fragment().is_none() && address.username().is_empty()
            );
            let (one, others) = split(rest, b"\n---\n");
            rest = others;
            if all.found.is_none() {
                all.take(&asked, address, document(&reply(one)));
            }
        }
        all
    };
    let (oauth, openid) = (fetch_all(asked.oauth_addresses()), fetch_all(asked.openid_addresses()));
    match conclude(&asked, oauth, openid) {
        Ok(found) => announced(&asked, &found),
        Err(error) => sentences(&error).for_each(shows_plainly),
    }
}

fn split<'d>(data: &'d [u8], separator: &[u8]) -> (&'d [u8], &'d [u8]) {
    match data.windows(separator.len()).position(|window| window == separator) {
        Some(at) => (&data[..at], &data[at + separator.len()..]),
        None => (data, &[]),
    }
}

/// A document; or a status, followed by the URL that it redirects to.
fn reply(one: &[u8]) -> Reply {
    let text = std::str::from_utf8(one).unwrap_or_default();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut headers = HeaderMap::new();
    let (status, body) = match first.parse::<StatusCode>() {
        Ok(status) => {
            if let Ok(value) = HeaderValue::from_str(rest) {
                headers.insert(header::LOCATION, value);
            }
            (status, &[][..])
        }
        Err(_) => (StatusCode::OK, one),
    };
    Reply {
        status,
        content_type: "application/json".into(),
        retry_after: None,
        headers,
        body: body.to_owned(),
    }
}

/// Asserts what must hold for all accepted metadata.
fn announced(asked: &TypedIssuer, found: &Discovery) {
    assert!(asked.is(&found.issuer));
    let issuer = Url::parse(&found.issuer).expect("an address");
    for (_, key) in ENDPOINTS {
        let Some(address) = found.values.get(*key) else { continue };
        let url = Url::parse(address).expect("an address");
        assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)), "{key}: {url}");
        if issuer.scheme() == "https" {
            assert_eq!(url.scheme(), "https", "{key}: {url}");
        }
        if !is_here(&issuer) {
            assert!(!is_here(&url), "{key}: {url} of {issuer}");
        }
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    }
    assert_eq!(found.values["pkce"], "always");
    let needed = match found.values.get("grant_type").map(String::as_str) {
        None => "authorize_url",
        Some("device_code") => "device_authorization_url",
        Some(grant) => {
            assert_eq!(grant, "client_credentials");
            "token_url"
        }
    };
    assert!(found.values.contains_key(needed) && found.values.contains_key("token_url"));
    assert!(found.scopes.iter().all(|scope| is_scope(scope)));
    assert!(!found.documents.is_empty());
    for address in &found.documents {
        assert_eq!(Url::parse(address).expect("an address").origin(), issuer.origin());
    }
    found.notes.iter().for_each(|note| shows_plainly(&note.text));
    let file = ProfileFile {
        provider: "custom".into(),
        scopes: found.scopes.clone(),
        values: found.values.clone(),
        left_out: Vec::new(),
    };
    let text = file.write().expect("it can be written");
    assert_eq!(ProfileFile::read(&text).expect("what is found can be entered"), file);
}

/// Whether a URL is a loopback address, decided independently from its text.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => {
            let ip = ip.to_canonical();
            ip.is_loopback() || ip.is_unspecified()
        }
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}
