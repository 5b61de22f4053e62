//! A person's draft as a request that can be sent: method, headers and URL are checked first.

use grapnel_model::api_exchange::ApiRequestDraft;
use grapnel_model::error::{Error, Result};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::api_request::{ApiClient, ApiRequest, RequestBody, parse_header, parse_method};

/// The request of a draft, without the access token.
///
/// # Errors
///
/// If a part of it cannot be sent, or its URL must not get the token. The error names the part.
pub(super) fn request(client: &ApiClient, draft: &ApiRequestDraft) -> Result<ApiRequest> {
    let method = parse_method(&draft.method)?;
    let headers = headers(draft)?;
    let url = client.resolve(draft.target.trim())?;
    Ok(ApiRequest { method, url, headers, body: RequestBody::Bytes(draft.body.clone().into()) })
}

/// The headers that are sent: those of the draft, and what an API needs beside them.
fn headers(draft: &ApiRequestDraft) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in &draft.headers {
        let (name, value) = parse_header(&header.name, &header.value).map_err(|message| {
            Error::input("header", format!("The header “{}” cannot be sent: {message}.", header.name))
                .means("Nothing was sent.")
                .hint("Correct or remove it.")
        })?;
        headers.append(name, value);
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    if !draft.body.is_empty() {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    Ok(headers)
}
