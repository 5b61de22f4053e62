//! The members of a metadata document that Grapnel reads (RFC 8414 §2). A member that is null, empty or of the wrong
//! type is skipped and reported. An endpoint that is not `https` refuses the whole document.

use std::collections::BTreeMap;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::endpoint;
use grapnel_model::provider_text::clean;
use grapnel_model::text::is_hidden;
use serde_json::{Map, Value};
use url::{Host, Url};

/// The members that are endpoints, each with the profile setting that it fills.
pub(super) const ENDPOINTS: &[(&str, &str)] = &[
    ("authorization_endpoint", "authorize_url"),
    ("device_authorization_endpoint", "device_authorization_url"),
    ("token_endpoint", "token_url"),
    ("revocation_endpoint", "revocation_url"),
    ("introspection_endpoint", "introspection_url"),
    ("userinfo_endpoint", "userinfo_url"),
    ("pushed_authorization_request_endpoint", "par_url"),
    ("jwks_uri", "jwks_url"),
    ("end_session_endpoint", "end_session_url"),
    ("registration_endpoint", "registration_url"),
];

/// The member with the endpoints for clients with a TLS certificate (RFC 8705 §5), which is also the setting for them.
pub(super) const ALIASES: &str = "mtls_endpoint_aliases";
/// The endpoints that Grapnel uses with a certificate.
const ALIASED: &[&str] = &[
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
];

const LISTS: &[&str] = &[
    "scopes_supported",
    "grant_types_supported",
    "response_types_supported",
    "response_modes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "authorization_details_types_supported",
    "dpop_signing_alg_values_supported",
];

const FLAGS: &[&str] = &[
    "authorization_response_iss_parameter_supported",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
    "client_id_metadata_document_supported",
];

/// The merged documents of one issuer.
#[derive(Debug)]
pub(super) struct Metadata {
    members: Map<String, Value>,
    /// The skipped members, each with the reason.
    skipped: BTreeMap<&'static str, &'static str>,
}

/// The issuer that a document names.
pub(super) fn issuer_of(document: &Map<String, Value>) -> Option<&str> {
    let is_plain = |text: &&str| {
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || is_hidden(c))
    };
    document.get("issuer")?.as_str().filter(is_plain)
}

impl Metadata {
    /// Reads a document of `issuer`.
    pub(super) fn read(issuer: &Url, mut document: Map<String, Value>) -> Result<Self> {
        let mut read = Self { members: Map::new(), skipped: BTreeMap::new() };
        for (name, _) in ENDPOINTS {
            if let Some(value) = document.remove(*name) {
                refuse_unsafe(issuer, name, &value)?;
                read.keep(name, value, unusable_endpoint);
            }
        }
        for name in LISTS {
            if let Some(value) = document.remove(*name) {
                let (value, reason) = texts(value);
                read.keep(name, value, |value| (!value.is_array()).then_some("not a list of texts"));
                if let Some(reason) = reason {
                    read.skipped.insert(name, reason);
                }
            }
        }
        for name in FLAGS {
            if let Some(value) = document.remove(*name) {
                read.keep(name, value, |value| (!value.is_boolean()).then_some("neither true nor false"));
            }
        }
        if let Some(value) = document.remove(ALIASES) {
            let unusable = |value: &Value| (!value.is_object()).then_some("not an object");
            if let Some(aliases) = value.as_object() {
                for name in ALIASED {
                    aliases.get(*name).map_or(Ok(()), |alias| refuse_unsafe(issuer, name, alias))?;
                }
            }
            read.keep(ALIASES, value, unusable);
        }
        Ok(read)
    }

    /// Keeps a member, unless `unusable` returns a reason to skip it.
    fn keep(&mut self, name: &'static str, value: Value, unusable: impl Fn(&Value) -> Option<&'static str>) {
        let reason = if value.is_null() { Some("null") } else { unusable(&value) };
        match reason {
            None => drop(self.members.insert(name.to_owned(), value)),
            Some(reason) => drop(self.skipped.insert(name, reason)),
        }
    }

    /// Adds the members that only `other`, a document of the same issuer, has.
    pub(super) fn join(&mut self, other: Self) {
        for (name, value) in other.members {
            let is_gap = self.members.get(&name).is_none_or(|own| own == &Value::Array(Vec::new()));
            if is_gap {
                self.members.insert(name, value);
            }
        }
        self.skipped.extend(other.skipped);
        self.skipped.retain(|name, _| !self.members.contains_key(*name));
    }

    pub(super) fn endpoint(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// The endpoints for clients with a TLS certificate, by name.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let aliases = self.members.get(ALIASES).and_then(Value::as_object);
        let usable = |value: &&Value| unusable_endpoint(value).is_none();
        let of = move |name: &&'static str| Some((*name, aliases?.get(*name).filter(usable)?.as_str()?));
        ALIASED.iter().filter_map(of)
    }

    /// The strings of a list member. To tell an absent list from an empty one, see `announces`.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let all = self.members.get(name).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether the member is present.
    pub(super) fn announces(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn is_set(&self, flag: &str) -> bool {
        self.members.get(flag) == Some(&Value::Bool(true))
    }

    /// The skipped members, each with the reason.
    pub(super) fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.skipped.iter().map(|(name, reason)| (*name, *reason))
    }
}

/// Refuses the document of a remote issuer if an endpoint is unsafe.
fn refuse_unsafe(issuer: &Url, name: &str, value: &Value) -> Result<()> {
    let Some(url) = value.as_str().and_then(|text| Url::parse(text).ok()) else { return Ok(()) };
    let Some(reason) = unsafe_reason(issuer, &url) else { return Ok(()) };
    let shown = clean(url.as_str(), &[]);
    Err(wrong(format!("The metadata of {issuer} cannot be used: its {name} ({shown}) {reason}."))
        .hint("Tell the provider; the proxy before its server may be set up wrongly. Or enter the endpoints by hand."))
}

/// Why nothing is sent to a URL that a server names, if it is unencrypted or on loopback: codes, tokens and secrets
/// would be sent in the clear, or to any program that listens on this computer.
pub(super) fn unsafe_reason(server: &Url, url: &Url) -> Option<&'static str> {
    let is_here = is_this_machine(url);
    if url.scheme() == "http" && (server.scheme() == "https" || !is_here) {
        Some("begins with http://, so that anyone on the way could read your tokens")
    } else if is_here && !is_this_machine(server) {
        Some("is on this computer, although the server that names it is not")
    } else {
        None
    }
}

/// The strings of a list, and a note if it has other values. A value that is no list is returned as it is.
fn texts(value: Value) -> (Value, Option<&'static str>) {
    let Value::Array(mut all) = value else { return (value, None) };
    let before = all.len();
    all.retain(Value::is_string);
    let reason = (all.len() < before).then_some("in part: not all of it is text");
    (Value::Array(all), reason)
}

fn unusable_endpoint(value: &Value) -> Option<&'static str> {
    match value.as_str() {
        None => Some("not a text"),
        Some(text) if text.trim().is_empty() => Some("empty"),
        Some(text) => endpoint("issuer", text).is_err().then_some("not an address that can be used"),
    }
}

/// Whether requests to a URL stay on this computer, in any spelling of a loopback address.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped();
            address.is_loopback()
                || address.is_unspecified()
                || mapped.is_some_and(|address| address.is_loopback() || address.is_unspecified())
        }
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error { code: Code::ProviderError, ..Error::input("issuer", message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(issuer: &str, member: &str, address: &str) -> Result<Metadata> {
        let document = json!({ (member): address });
        let Value::Object(document) = document else { panic!("members") };
        Metadata::read(&Url::parse(issuer).unwrap(), document)
    }

    #[test]
    fn an_issuer_with_invisible_characters_is_refused() {
        let named = |issuer: &str| issuer_of(json!({ "issuer": issuer }).as_object().unwrap()).is_some();
        assert!(named("https://id.example/世界"));
        for hidden in
            ["https://id\u{ad}.example", "https://id.example/\u{202e}", "https://id.example/ ", "\u{1b}", ""]
        {
            assert!(!named(hidden), "{hidden:?}");
        }
    }

    #[test]
    fn a_remote_issuer_cannot_name_loopback_or_unencrypted_endpoints() {
        for address in [
            "http://id.example/t",
            "http://other.example/t",
            "http://127.0.0.1:4780/t",
            "http://127.1/t",
            "http://0x7f000001/t",
            "http://2130706433/t",
            "http://localhost:8080/t",
            "http://[::1]/t",
            "http://[::ffff:127.0.0.1]/t",
            "http://0.0.0.0/t",
            "HTTP://LOCALHOST./t",
            "https://127.0.0.1/t",
            "https://localhost/t",
            "https://localhost./t",
            "https://api.localhost/t",
            "https://[::]/t",
            "https://[::ffff:7f00:1]/t",
        ] {
            for (member, _) in ENDPOINTS {
                let error = read("https://id.example", member, address).unwrap_err();
                assert!(error.message.contains(member), "{address}: {}", error.message);
            }
        }
    }

    #[test]
    fn a_loopback_issuer_can_name_local_and_remote_endpoints() {
        for address in ["http://127.0.0.1:4780/t", "http://localhost/t", "https://id.example/t"] {
            assert!(read("http://127.0.0.1:4780", "token_endpoint", address).is_ok(), "{address}");
        }
        assert!(read("http://127.0.0.1:4780", "token_endpoint", "http://id.example/t").is_err());
        assert!(read("https://localhost:8443", "token_endpoint", "http://localhost:8443/t").is_err());
    }
}
