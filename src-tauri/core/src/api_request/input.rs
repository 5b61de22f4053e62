//! Methods and headers as a person writes them.

use grapnel_model::error::{Error, Result};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method};

/// Headers that the program sets itself.
const OWN_HEADERS: [HeaderName; 5] = [AUTHORIZATION, HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];

/// Reads a method, in any case.
///
/// # Errors
///
/// If it is none, or one that is not sent to an API.
pub fn parse_method(text: &str) -> Result<Method> {
    let method = Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes()).ok();
    method.filter(|method| *method != Method::CONNECT && *method != Method::TRACE).ok_or_else(|| {
        Error::input("method", format!("“{text}” is not a method that can be sent."))
            .means("Nothing was sent.")
            .hint("Write GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS, then the path or URL.")
    })
}

/// Reads a header.
///
/// # Errors
///
/// In words, if it cannot be sent, or is one that Grapnel sets.
pub fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let name: HeaderName = name.trim().parse().map_err(|_| "this is not the name of a header")?;
    if OWN_HEADERS.contains(&name) {
        return Err(format!(
            "“{name}” is set by Grapnel; Authorization carries the connection’s access token"
        ));
    }
    let value = value.trim().parse().map_err(|_| "the header has characters that cannot be sent")?;
    Ok((name, value))
}
