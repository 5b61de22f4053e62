//! The content of an archive, and of the record of a shared connection: a JSON document with a version. It is input
//! from outside, and validated like what a person enters.

use std::collections::BTreeMap;
use std::io;

use grapnel_model::account::Account;
use grapnel_model::annotations::Annotations;
use grapnel_model::authorization_details::GrantedDetails;
use grapnel_model::connection::ExpirySource;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{GrantType, Origins, is_reserved};
use grapnel_model::registration::Registration;
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

/// The version that is written, and the newest that is read. In version 1, the parameters `token.NAME` were also sent
/// with refreshes.
const VERSION: u32 = 2;

/// The apps and connections of a file, with their secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Archive {
    grapnel: u32,
    pub(crate) exported_at: Timestamp,
    pub(crate) apps: Vec<ArchivedApp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ArchivedApp {
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<PlaintextSecret>,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) projects: Vec<String>,
    pub(crate) overrides: BTreeMap<String, String>,
    /// Extra parameters and headers that may be secret.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, PlaintextSecret>,
    #[serde(default)]
    pub(crate) discovered: Vec<String>,
    #[serde(default)]
    pub(crate) environment: Option<String>,
    /// How its client was registered, and the token to manage that.
    #[serde(default)]
    pub(crate) registration: Option<Registration>,
    #[serde(default)]
    pub(crate) registration_token: Option<PlaintextSecret>,
    pub(crate) connections: Vec<ArchivedConnection>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ArchivedConnection {
    /// Identifies the connection across imports, whatever its name is.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) scopes: Vec<String>,
    pub(crate) project_ids: Vec<String>,
    pub(crate) account: Option<Account>,
    /// The origins that its tokens may be sent to, if the app's endpoints have changed since they were issued.
    #[serde(rename = "kept_for")]
    pub(crate) allowed_origins: Option<Origins>,
    pub(crate) tokens: Option<ArchivedTokens>,
    /// What the person notes about it.
    #[serde(default)]
    pub(crate) annotations: Annotations,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ArchivedTokens {
    pub(crate) access: PlaintextSecret,
    pub(crate) refresh: Option<PlaintextSecret>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(rename = "renewals")]
    pub(crate) refresh_count: u32,
    #[serde(default)]
    pub(crate) expiry_source: ExpirySource,
    #[serde(default)]
    pub(crate) refresh_expires_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) refresh_end_is_fixed: bool,
    #[serde(default)]
    pub(crate) signed_in_at: Option<Timestamp>,
    /// The validated ID token.
    #[serde(default)]
    pub(crate) id_token: Option<PlaintextSecret>,
    /// The key that the tokens are bound to (DPoP).
    #[serde(default)]
    pub(crate) dpop_key: Option<PlaintextSecret>,
    /// Whether the access token is.
    #[serde(default)]
    pub(crate) is_bound: bool,
    /// The thumbprint of the app's TLS certificate that the access token is bound to.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    #[serde(default)]
    pub(crate) grant_type: GrantType,
    #[serde(default)]
    pub(crate) authorization_details: GrantedDetails,
}

/// A secret that is serialized. Use it only for data that is encrypted at once.
#[derive(Debug, Clone)]
pub(crate) struct PlaintextSecret(pub(crate) SecretString);

impl Serialize for PlaintextSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl<'de> Deserialize<'de> for PlaintextSecret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Archive {
    pub(crate) fn new(exported_at: Timestamp, apps: Vec<ArchivedApp>) -> Self {
        Self { grapnel: VERSION, exported_at, apps }
    }

    /// Whether a newer Grapnel wrote it.
    pub(crate) fn is_newer(&self) -> bool {
        self.grapnel > VERSION
    }
}

/// Renders the document. It is unencrypted; pass it to nothing but the encryption.
pub(crate) fn write(archive: &impl Serialize) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |_| Error::new(Code::Internal, "The archive could not be written.");
    // Measured first, so that the buffer does not grow and leave copies behind.
    let mut length = ByteCounter(0);
    serde_json::to_writer(&mut length, archive).map_err(failed)?;
    let mut document = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *document, archive).map_err(failed)?;
    Ok(document)
}

/// Counts the bytes that are written.
struct ByteCounter(usize);

impl io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Parses a document.
pub(crate) fn parse(document: &[u8]) -> Result<Archive> {
    #[derive(Deserialize)]
    struct Versioned {
        grapnel: u32,
    }
    let versioned: Option<Versioned> = serde_json::from_slice(document).ok();
    let Some(Versioned { grapnel: grapnel @ 1.. }) = versioned else {
        return Err(invalid("This file opens, and holds nothing that Grapnel exported."));
    };
    if grapnel > VERSION {
        return Err(invalid(format!(
            "This file was written by a newer Grapnel (version {grapnel} of the form; this one reads {VERSION})."
        ))
        .hint("Install the newer Grapnel here, then try again."));
    }
    // The parser's own message could quote a secret.
    let mut archive: Archive = serde_json::from_slice(document)
        .map_err(|error| invalid(format!("This file is damaged inside, in line {}.", error.line())))?;
    if grapnel == 1 {
        for app in &mut archive.apps {
            let refreshes = app.overrides.iter().filter_map(|(key, value)| {
                let name = key.strip_prefix("token.")?;
                Some(if name.eq_ignore_ascii_case("redirect_uri") {
                    ("refresh_redirect_uri".to_owned(), "true".to_owned())
                } else {
                    (format!("refresh.{name}"), value.clone())
                })
            });
            let refreshes: Vec<_> = refreshes.collect();
            app.overrides.extend(refreshes);
        }
        archive.grapnel = VERSION;
    }
    // Earlier versions accepted these values but did not send them.
    for app in &mut archive.apps {
        app.overrides.retain(|key, _| !is_reserved(key));
    }
    Ok(archive)
}

/// The error for a file that is not an archive.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::FileInvalid, message)
        .means("Nothing was imported, and nothing was changed.")
        .hint("Choose another file.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["\\PC{0,12}", "[ -~]{0,40}"]
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        (0i64..4_000_000_000).prop_map(|seconds| Timestamp::from_second(seconds).unwrap())
    }

    prop_compose! {
        fn tokens()(access in text(), refresh in prop::option::of(text()), issued_at in moment(),
            expires_at in prop::option::of(moment()), refresh_count: u32) -> ArchivedTokens {
            ArchivedTokens {
                access: PlaintextSecret(access.into()), refresh: refresh.map(|token| PlaintextSecret(token.into())),
                issued_at, expires_at, refresh_count, expiry_source: ExpirySource::TokenClaim,
                refresh_expires_at: expires_at, refresh_end_is_fixed: true, signed_in_at: Some(issued_at),
                id_token: Some(PlaintextSecret("a.b.c".into())),
                dpop_key: Some(PlaintextSecret("a key".into())), is_bound: true, certificate: Some("print".into()),
                grant_type: GrantType::DeviceCode,
                authorization_details: GrantedDetails::default(),
            }
        }
    }

    prop_compose! {
        fn connection()(id in text(), name in text(), created_at in moment(),
            scopes in prop::collection::vec(text(), 0..3), tokens in prop::option::of(tokens()),
            label in prop::option::of(text())) -> ArchivedConnection {
            ArchivedConnection { id, name, created_at, project_ids: scopes.clone(), scopes, account: None,
                allowed_origins: None, tokens,
                annotations: Annotations { note: label.clone().unwrap_or_default(), pinned: label.is_some(),
                    position: None, label } }
        }
    }

    prop_compose! {
        fn app()(name in text(), client_id in text(), client_secret in prop::option::of(text()),
            environment in prop::option::of(text()),
            overrides in prop::collection::btree_map(text(), text(), 0..3),
            connections in prop::collection::vec(connection(), 0..3)) -> ArchivedApp {
            ArchivedApp {
                name, provider: "grigora".into(), client_id,
                client_secret: client_secret.map(|secret| PlaintextSecret(secret.into())),
                redirect_uri: "deep-link".into(), scopes: Vec::new(), projects: Vec::new(), overrides,
                secrets: BTreeMap::new(), discovered: Vec::new(), environment,
                registration: None, registration_token: None, connections,
            }
        }
    }

    #[test]
    fn version_1_token_parameters_are_converted_to_refresh_parameters() {
        let app = r#"{"name":"a","provider":"grigora","client_id":"c","client_secret":null,"redirect_uri":"",
            "scopes":[],"projects":[],"overrides":{"token.audience":"x","token.redirect_uri":"y","authorize.state":"z"},
            "connections":[]}"#;
        let read = |version: u32| {
            let document =
                format!(r#"{{"grapnel":{version},"exported_at":"2026-01-01T00:00:00Z","apps":[{app}]}}"#);
            parse(document.as_bytes()).unwrap().apps.remove(0).overrides.into_iter().collect::<Vec<_>>()
        };
        let own = |values: &[(&str, &str)]| -> Vec<_> {
            values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let audience = ("token.audience", "x");
        let also = [("refresh.audience", "x"), ("refresh_redirect_uri", "true"), audience];
        assert_eq!(read(1), own(&also));
        assert_eq!(read(2), own(&[audience]));
    }

    proptest! {
        #[test]
        fn a_document_round_trips(apps in prop::collection::vec(app(), 0..3), at in moment()) {
            let document = write(&Archive::new(at, apps)).unwrap();
            let again = write(&parse(&document).unwrap()).unwrap();
            prop_assert_eq!(&*document, &*again);
        }

        #[test]
        fn any_bytes_parse_without_panic(document: Vec<u8>) {
            prop_assert!(parse(&document).is_err());
        }
    }

    #[test]
    fn each_invalid_document_has_a_reason_without_its_content() {
        let documents = [
            "",
            "[]",
            r#"{"apps": []}"#,
            r#"{"grapnel": 0, "secret": "hunter2"}"#,
            r#"{"grapnel": 3, "better": true}"#,
            r#"{"grapnel": 1, "exported_at": "hunter2", "apps": []}"#,
        ];
        let said = documents.map(|document| {
            let error = parse(document.as_bytes()).err().unwrap();
            format!("{document}: {} {}", error.message, error.hint.unwrap())
        });
        insta::assert_snapshot!(said.join("\n"));
    }
}
