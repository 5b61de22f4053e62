//! The client's TLS certificate (RFC 8705): it authenticates the client, and access tokens are bound to it.

mod pem;
mod public_key;

use std::fmt;
use std::sync::Arc;

use ::pem::{EncodeConfig, LineEnding, Pem, encode_config};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::provider::{CLIENT_CERTIFICATE, KeyAlgorithm};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::text::spell_out;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::signing_key::SigningKey;
use pem::Block;

/// How many years a certificate is valid that Grapnel makes. A new one must be registered at the provider.
const YEARS_VALID: i16 = 5;
/// The maximum number of certificates in a chain.
const MAX_CERTIFICATES: usize = 16;
/// How long before its end a certificate is said to expire soon.
const EXPIRY_NOTICE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A certificate of the client with its private key. Nothing shows the key.
pub struct ClientCertificate {
    certified: Arc<CertifiedKey>,
    subject: String,
    issuer: String,
    not_before: Timestamp,
    not_after: Timestamp,
    thumbprint: String,
    /// The public key as a JSON Web Key.
    public: Value,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

impl ClientCertificate {
    /// Makes a self-signed certificate with a new key, in PEM. It is valid from the day before `now`, since clocks
    /// differ.
    ///
    /// # Errors
    /// The system's random number generator fails.
    pub fn generate(algorithm: KeyAlgorithm, name: &str, now: Timestamp) -> Result<SecretString> {
        let failed = || Error::new(Code::Internal, "No certificate could be made.");
        let key = SigningKey::generate(algorithm)?;
        let pair = KeyPair::from_pem(key.expose_secret()).map_err(|_| failed())?;
        let mut parameters = CertificateParams::new(Vec::new()).map_err(|_| failed())?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let today = now.to_zoned(TimeZone::UTC).date();
        let day = |date: Date| {
            rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
        };
        parameters.not_before = day(today.saturating_sub(1.day()));
        parameters.not_after = day(today.saturating_add(YEARS_VALID.years()));
        let certificate = parameters.self_signed(&pair).map_err(|_| failed())?;
        Ok(format!("{}{}", certificate.pem(), key.expose_secret()).into())
    }

    /// Reads a certificate with its chain and its private key, all in PEM: PKCS#8, PKCS#1 or SEC 1.
    ///
    /// # Errors
    /// One of them is missing or cannot be used, or the key is another's. The error contains no part of the text.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let (mut chain, mut keys) = (Vec::new(), Vec::new());
        for block in pem::blocks(text.expose_secret()).map_err(|()| unreadable())? {
            match block {
                Block::Certificate(der) => chain.push(CertificateDer::from(der)),
                Block::Key(key) => keys.push(key),
                Block::EncryptedKey => return Err(encrypted()),
                Block::Other => {}
            }
        }
        if chain.len() > MAX_CERTIFICATES {
            return Err(wrong(
                &format!("There are {} certificates; at most {MAX_CERTIFICATES} are sent.", chain.len()),
                "Enter the client’s own certificate and those of the authorities between it and the root.",
            ));
        }
        let leaf = chain.first().ok_or_else(|| {
            wrong(
                "This is no certificate.",
                "Enter the certificates in PEM, from BEGIN CERTIFICATE to END CERTIFICATE, \
                the client’s own one first, and its private key after them.",
            )
        })?;
        let read = Certificate::from_der(leaf).map_err(|_| unreadable())?;
        let of = read.tbs_certificate;
        let key = keys.pop().filter(|_| keys.is_empty());
        let key = key.ok_or_else(|| {
            wrong(
                "There is not one private key with the certificate.",
                "Enter the certificates and the private key one \
                after the other: cat cert.pem key.pem.",
            )
        })?;
        let public = public_key::jwk(&of.subject_public_key_info).ok_or_else(unsupported)?;
        let certified = certified(&chain, key)?;
        let thumbprint = thumbprint(leaf);
        Ok(Self {
            certified: Arc::new(certified),
            subject: of.subject.to_string(),
            issuer: of.issuer.to_string(),
            not_before: timestamp(of.validity.not_before),
            not_after: timestamp(of.validity.not_after),
            thumbprint,
            public,
        })
    }

    /// The SHA-256 thumbprint of the certificate (`x5t#S256`, RFC 8705 §3.1).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The subject as it is registered, exactly as RFC 4514 writes it (`tls_client_auth_subject_dn`); `None` if it is
    /// empty, as in certificates that name their subject by another member.
    pub fn subject_dn(&self) -> Option<&str> {
        Some(self.subject.as_str()).filter(|subject| !subject.is_empty())
    }

    /// The subject as it is shown: with hidden characters spelled out.
    pub fn subject(&self) -> String {
        spell_out(&self.subject)
    }

    /// Whether [`Self::generate`] made it for this name.
    pub fn is_made_for(&self, name: &str) -> bool {
        self.subject == format!("CN={name}") && self.issuer == self.subject
    }

    /// Whether its key is one for this algorithm.
    pub fn has_key_for(&self, algorithm: KeyAlgorithm) -> bool {
        let kind = match algorithm {
            KeyAlgorithm::Es256 => "EC",
            KeyAlgorithm::EdDsa => "OKP",
            KeyAlgorithm::Rs256 | KeyAlgorithm::Ps256 => "RSA",
        };
        self.public["kty"] == kind
    }

    /// Who issued it.
    pub fn issuer(&self) -> String {
        spell_out(&self.issuer)
    }

    /// From when to when it is valid.
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        (self.not_before, self.not_after)
    }

    /// The certificates in PEM, the client's own one first.
    pub fn pem(&self) -> String {
        let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
        let one = |der: &CertificateDer<'_>| encode_config(&Pem::new("CERTIFICATE", der.to_vec()), lines);
        self.certified.cert.iter().map(one).collect()
    }

    /// The public key as a JSON Web Key with the certificates (RFC 8705 §2.2.2).
    pub fn jwk(&self) -> Value {
        let chain: Vec<String> = self.certified.cert.iter().map(|der| BASE64_STANDARD.encode(der)).collect();
        let mut key = self.public.clone();
        key["kid"] = json!(self.thumbprint);
        key["use"] = json!("sig");
        key["x5c"] = json!(chain);
        key["x5t#S256"] = json!(self.thumbprint);
        key
    }

    /// What the person should do about it, as a sentence, if it is not valid or not for long.
    pub fn note(&self, now: Timestamp) -> Option<String> {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d");
        if now < self.not_before {
            return Some(format!("The certificate is not valid before {}.", day(self.not_before)));
        }
        if now > self.not_after {
            return Some(format!("The certificate expired on {}. {REPLACE}", day(self.not_after)));
        }
        (now + EXPIRY_NOTICE > self.not_after)
            .then(|| format!("The certificate expires on {}. {REPLACE}", day(self.not_after)))
    }

    /// Why it cannot be used now, as a phrase.
    pub(crate) fn fault(&self, now: Timestamp) -> Option<String> {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d");
        if now > self.not_after {
            Some(format!("the app’s client certificate expired on {}", day(self.not_after)))
        } else if now < self.not_before {
            Some(format!("the app’s client certificate is not valid before {}", day(self.not_before)))
        } else {
            None
        }
    }

    /// The certificate with its key, for the TLS settings.
    pub(crate) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }
}

/// What to do about a certificate that is not valid.
pub(crate) const REPLACE: &str = "Edit the app, and replace the certificate: enter a new one, or remove one that \
    Grapnel made to have another made. Then register the new one at the provider.";

/// Certificates and key together, if they belong together and can be used for TLS.
fn certified(chain: &[CertificateDer<'static>], key: PrivateKeyDer<'static>) -> Result<CertifiedKey> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain.to_vec(), key, &provider).map_err(|error| match error {
        rustls::Error::InvalidCertificate(_) => wrong(
            "The first certificate is of a version or has an extension that cannot be used.",
            "Have the authority issue an X.509 certificate of version 3 for client authentication.",
        ),
        rustls::Error::InconsistentKeys(_) => wrong(
            "The private key is not that of the first certificate.",
            "Enter the client’s own certificate first, then those of the authorities that issued it, and its key.",
        ),
        _ => unsupported(),
    })
}

/// The SHA-256 thumbprint of a certificate in DER (RFC 8705 §3.1).
fn thumbprint(der: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, der))
}

fn timestamp(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn wrong(message: &str, hint: &str) -> Error {
    Error::input(CLIENT_CERTIFICATE, message).hint(hint)
}

fn unreadable() -> Error {
    wrong(
        "The certificate or its private key is damaged.",
        "Copy both again in PEM, each from its BEGIN to its END line.",
    )
}

fn unsupported() -> Error {
    wrong(
        "The certificate or its private key is of a kind that cannot be used.",
        "Use an RSA key of at least 2048 bits, an elliptic curve key (P-256 or P-384), or an Ed25519 key.",
    )
}

fn encrypted() -> Error {
    wrong(
        "The private key is encrypted with a password.",
        "Decrypt it first, such as by openssl pkey -in key.pem. Grapnel encrypts it with the vault’s key.",
    )
}

#[cfg(test)]
mod tests;
