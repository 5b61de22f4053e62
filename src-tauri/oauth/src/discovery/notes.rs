//! Notes on an issuer: what it requires that Grapnel does not support, and what its metadata leaves open.

use std::collections::BTreeMap;

use grapnel_model::provider::GrantType;
use grapnel_model::provider_text::clean;
use serde::{Deserialize, Serialize};
use url::Url;

use super::grants;
use super::metadata::{ALIASES, ENDPOINTS, Metadata};

/// A note on an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DiscoveryNote {
    /// Its severity.
    pub kind: NoteKind,
    /// One or two sentences.
    pub text: String,
}

/// The severity of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The issuer requires something that Grapnel does not support: requests will be refused.
    Unsupported,
    /// It works, but the person should know.
    Notice,
}

/// The client authentication methods that Grapnel supports.
const CLIENT_AUTH: &[&str] = &[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
];

/// The response modes that Grapnel supports.
const RESPONSE_MODES: &[&str] = &["query", "form_post", "jwt", "query.jwt", "form_post.jwt"];

/// All notes on an issuer's metadata.
pub(super) fn notes(issuer: &Url, metadata: &Metadata, grant: GrantType) -> Vec<DiscoveryNote> {
    let has_callback = grant == GrantType::AuthorizationCode;
    let told = unsupported(metadata, has_callback)
        .into_iter()
        .map(|text| DiscoveryNote { kind: NoteKind::Unsupported, text });
    let notices = [
        grants::note(grant),
        pkce(metadata).filter(|_| has_callback),
        form_post(metadata).filter(|_| has_callback),
        dpop(metadata),
        signed_responses(metadata).filter(|_| has_callback),
        certificate(metadata),
        other_hosts(issuer, metadata),
        skipped(metadata),
    ];
    let notices = notices.into_iter().flatten().map(|text| DiscoveryNote { kind: NoteKind::Notice, text });
    told.chain(notices).collect()
}

/// What the issuer requires and Grapnel does not support.
fn unsupported(metadata: &Metadata, has_callback: bool) -> Vec<String> {
    let only = |member: &str, supported: &[&str]| {
        let all = metadata.list(member);
        let is_missing = !all.is_empty() && !all.iter().any(|one| supported.contains(one));
        is_missing.then(|| clean(&all.join(", "), &[]))
    };
    let lists = [
        only("grant_types_supported", &GrantType::ALL.map(GrantType::identifier)).map(|all| {
            format!("The issuer announces no grant that Grapnel uses: authorization code, device authorization or \
                client credentials (grant_types_supported: {all}). It will refuse token requests.")
        }),
        only("response_types_supported", &["code"]).filter(|_| has_callback).map(|all| {
            format!("The issuer announces no response type “code”, the only one that Grapnel asks for \
                (response_types_supported: {all}). It will refuse sign-ins.")
        }),
        only("response_modes_supported", RESPONSE_MODES).filter(|_| has_callback).map(|all| {
            format!("The issuer answers in no way that Grapnel can receive: in the query or by a posted form, plainly \
                or signed (response_modes_supported: {all}). Callbacks will not be received.")
        }),
        only("token_endpoint_auth_methods_supported", CLIENT_AUTH).map(|all| {
            format!("The issuer’s token endpoint accepts only client authentication that Grapnel does not support \
                ({all}). It will refuse token requests.")
        }),
        only("revocation_endpoint_auth_methods_supported", CLIENT_AUTH).map(|all| {
            format!("The issuer’s revocation endpoint accepts only client authentication that Grapnel does not support \
                ({all}). Disconnecting will not revoke tokens.")
        }),
        only("introspection_endpoint_auth_methods_supported", CLIENT_AUTH).map(|all| {
            format!("The issuer’s introspection endpoint accepts only client authentication that Grapnel does not \
                support ({all}). It will not say what a token allows.")
        }),
    ];
    pushed_requests(metadata).into_iter().chain(lists.into_iter().flatten()).collect()
}

/// RFC 9126 §5: an issuer that requires them announces where.
fn pushed_requests(metadata: &Metadata) -> Option<String> {
    let is_required = metadata.is_set("require_pushed_authorization_requests");
    (is_required && metadata.endpoint("pushed_authorization_request_endpoint").is_none()).then(|| {
        "The issuer accepts only pushed authorization requests (PAR, RFC 9126), and does not say where. It will refuse \
         sign-ins.".to_owned()
    })
}

/// PKCE is always sent: servers that do not know it ignore it, and leaving it out because of a document would be a
/// downgrade (RFC 9700 §2.1.1).
fn pkce(metadata: &Metadata) -> Option<String> {
    let member = "code_challenge_methods_supported";
    let methods = metadata.list(member);
    if methods.contains(&"S256") {
        return None;
    }
    let announced = if !metadata.announces(member) {
        "The issuer does not say whether it supports PKCE".to_owned()
    } else if methods.is_empty() {
        "The issuer announces no method of PKCE".to_owned()
    } else {
        format!("The issuer announces PKCE without S256 ({})", clean(&methods.join(", "), &[]))
    };
    Some(format!("{announced}. Grapnel sends S256 all the same; a server that does not know it ignores it."))
}

/// A browser can post a form to an http URL, but not to a deep link.
fn form_post(metadata: &Metadata) -> Option<String> {
    let modes = metadata.list("response_modes_supported");
    let by_query = ["query", "jwt", "query.jwt"];
    let by_form = modes.iter().any(|mode| mode.starts_with("form_post"));
    (by_form && !modes.iter().any(|mode| by_query.contains(mode))).then(|| {
        "The issuer answers sign-ins by a posted form (form_post), which comes back by loopback and not by deep \
         link.".to_owned()
    })
}

const DPOP_ALGORITHMS: &str = "dpop_signing_alg_values_supported";

/// A server that accepts Grapnel's proofs (RFC 9449 §5.1) binds whatever comes with one. The tokens are then useless to
/// programs that send them alone, and to an API that knows only bearer tokens; so that is the person's decision.
fn dpop(metadata: &Metadata) -> Option<String> {
    metadata.list(DPOP_ALGORITHMS).contains(&"ES256").then(|| {
        "The issuer can bind access tokens to a key of the connection (DPoP, RFC 9449), so that a stolen token is \
         useless. If the API accepts such tokens, set “Bind tokens to a key (DPoP)” to yes (dpop=true)."
            .to_owned()
    })
}

/// Where no plain response is announced, Grapnel asks for a signed one.
fn signed_responses(metadata: &Metadata) -> Option<String> {
    signed_response_mode(metadata).map(|mode| {
        format!(
            "The issuer answers sign-ins only by signed responses (JARM, response_mode {mode}), which Grapnel \
             verifies. It does not support encrypted ones."
        )
    })
}

/// The response mode with a signature to ask for, if no plain one is announced that Grapnel can receive.
pub(super) fn signed_response_mode(metadata: &Metadata) -> Option<&'static str> {
    let modes = metadata.list("response_modes_supported");
    let is_plain = modes.iter().any(|mode| ["query", "form_post"].contains(mode));
    let signed = ["jwt", "query.jwt", "form_post.jwt"];
    signed.into_iter().find(|mode| modes.contains(mode)).filter(|_| !is_plain)
}

/// The member by which an issuer says that it can bind tokens to a certificate (RFC 8705 §3.3).
pub(super) const CERTIFICATE_BOUND: &str = "tls_client_certificate_bound_access_tokens";

/// The member says that the server supports it, not that it applies to this client.
fn certificate(metadata: &Metadata) -> Option<String> {
    metadata.is_set(CERTIFICATE_BOUND).then(|| {
        "The issuer can bind access tokens to a client certificate (mTLS, RFC 8705). If your client is registered so, \
         set “Tokens are bound to the certificate (mTLS)” to yes (certificate_bound=true)."
            .to_owned()
    })
}

/// The hosts other than the issuer's that receive codes, tokens or secrets.
fn other_hosts(issuer: &Url, metadata: &Metadata) -> Option<String> {
    let mut hosts = BTreeMap::<String, Vec<&str>>::new();
    let plain = ENDPOINTS.iter().filter_map(|(member, key)| Some((metadata.endpoint(member)?, *key)));
    for (text, key) in plain.chain(metadata.aliases().map(|(_, text)| (text, ALIASES))) {
        let url = Some(text).and_then(|text| Url::parse(text).ok());
        if let Some(url) = url.filter(|url| url.origin() != issuer.origin()) {
            let host = url.host_str().unwrap_or_default();
            let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            let keys = hosts.entry(host).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let each: Vec<String> =
        hosts.iter().map(|(host, keys)| format!("{host} ({})", keys.join(", "))).collect();
    (!each.is_empty()).then(|| format!("Addresses on other hosts than the issuer’s: {}.", each.join("; ")))
}

fn skipped(metadata: &Metadata) -> Option<String> {
    let each: Vec<String> = metadata.skipped().map(|(name, reason)| format!("{name} ({reason})")).collect();
    (!each.is_empty()).then(|| format!("Left out, since their values cannot be used: {}.", each.join(", ")))
}
