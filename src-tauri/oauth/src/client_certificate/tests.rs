use proptest::prelude::*;

use super::*;

const ALL: [KeyAlgorithm; 4] =
    [KeyAlgorithm::Es256, KeyAlgorithm::EdDsa, KeyAlgorithm::Rs256, KeyAlgorithm::Ps256];

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn made(algorithm: KeyAlgorithm) -> String {
    ClientCertificate::generate(algorithm, "Grapnel", now()).unwrap().expose_secret().to_owned()
}

fn read(text: &str) -> Result<ClientCertificate> {
    ClientCertificate::parse(&text.into())
}

/// Certificate and private key of a text.
fn halves(text: &str) -> (&str, &str) {
    text.split_at(text.find("-----BEGIN PRIVATE KEY").unwrap())
}

/// The certificate of RFC 8705 Appendix A.
#[test]
fn thumbprint_and_key_are_those_of_the_rfc() {
    let pem = "-----BEGIN CERTIFICATE-----
        MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
        ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
        SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
        /Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
        SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
        bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
        -----END CERTIFICATE-----";
    let blocks = pem::blocks(pem).unwrap();
    let [Block::Certificate(der)] = &blocks[..] else { panic!("no certificate") };
    assert_eq!(thumbprint(der), "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
    let key = Certificate::from_der(der).unwrap().tbs_certificate.subject_public_key_info;
    let expected = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "1yfLHCpXqFjxCeHHHMVDTcLscpb07KUxudBmOMn8C7Q",
        "y": "8_coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8",
    });
    assert_eq!(public_key::jwk(&key), Some(expected));
}

#[test]
fn a_made_certificate_of_each_key_is_read_and_registered() {
    for algorithm in ALL {
        let text = made(algorithm);
        let certificate = read(&text).unwrap();
        assert_eq!((certificate.subject(), certificate.issuer()), ("CN=Grapnel".into(), "CN=Grapnel".into()));
        let (from, until) = certificate.validity();
        assert_eq!(from.to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(until.to_string(), "2031-03-02T00:00:00Z");
        let key = certificate.jwk();
        // The same key as `jsonwebtoken` reads from the private half.
        let (_, private) = halves(&text);
        let signing = SigningKey::parse(&private.into(), algorithm, None).unwrap();
        let expected = serde_json::to_value(signing.public()).unwrap();
        for member in ["kty", "crv", "x", "y", "n", "e"] {
            assert_eq!(key.get(member), expected.get(member), "{algorithm:?} {member}");
        }
        assert_eq!(key["x5t#S256"], certificate.thumbprint());
        assert_eq!(key["x5c"].as_array().unwrap().len(), 1);
        let shown = format!("{certificate:?} {key} {}", certificate.pem());
        let secret: String = private.lines().skip(1).take(1).collect();
        assert!(key.get("d").is_none() && !shown.contains(&secret), "{shown}");
    }
}

#[test]
fn a_text_that_lost_its_line_breaks_is_read() {
    for joint in ["", " "] {
        read(&made(KeyAlgorithm::Es256).lines().collect::<Vec<_>>().join(joint)).unwrap();
    }
}

#[test]
fn each_kind_of_wrong_text_has_its_reason_and_shows_nothing_of_it() {
    let (own, other) = (made(KeyAlgorithm::Es256), made(KeyAlgorithm::Es256));
    let ((certificate, key), (other_certificate, other_key)) = (halves(&own), halves(&other));
    let cases = [
        ("empty", String::new()),
        ("no PEM", "certificate".into()),
        ("no certificate", key.into()),
        ("no key", certificate.into()),
        ("another key", format!("{certificate}{other_key}")),
        ("two keys", format!("{own}{other_key}")),
        ("the authority first", format!("{other_certificate}{own}")),
        (
            "encrypted",
            format!(
                "{certificate}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
            ),
        ),
        (
            "encrypted by the older method",
            format!(
                "{certificate}-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0\n\nAAAA\n\
                 -----END EC PRIVATE KEY-----\n"
            ),
        ),
        ("cut", own[..own.len() - 30].into()),
        ("no DER", format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{key}")),
        (
            "no key in DER",
            format!("{certificate}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ),
        ("no base64", own.replace("MIG", "*IG")),
        ("too many", format!("{}{key}", certificate.repeat(MAX_CERTIFICATES + 1))),
    ];
    let secret = &key.lines().nth(1).unwrap()[..20];
    let said = cases.map(|(name, text)| {
        let error = read(&text).map(drop).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(CLIENT_CERTIFICATE), "{name}");
        assert!(!format!("{error:?}").contains(secret), "{name}");
        format!("{name}: {} {}", error.message, error.hint.unwrap())
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_certificate_that_is_not_valid_says_so_and_what_to_do() {
    let certificate = read(&made(KeyAlgorithm::Es256)).unwrap();
    let at = |days: i64| {
        let at = now() + SignedDuration::from_hours(24 * days);
        (certificate.note(at), certificate.fault(at))
    };
    assert_eq!(at(0), (None, None));
    insta::assert_debug_snapshot!([at(-2), at(5 * 365 - 20), at(5 * 365 + 2)]);
}

proptest! {
    /// A text from outside is read or refused, and ends nothing.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,400}", der in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&text);
        let der = BASE64_STANDARD.encode(der);
        let _ = read(&format!(
            "-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n\
             -----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----"
        ));
    }

    /// A changed certificate is never panicked over, wherever the change is.
    #[test]
    fn a_changed_byte_is_read_or_refused(at in 0usize..700, to in any::<u8>()) {
        let own = made(KeyAlgorithm::Es256);
        let (certificate, key) = halves(&own);
        let blocks = pem::blocks(certificate).unwrap();
        let [Block::Certificate(der)] = &blocks[..] else { panic!("no certificate") };
        let mut der = der.clone();
        let at = at % der.len();
        der[at] = to;
        let der = BASE64_STANDARD.encode(der);
        let _ = read(&format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n{key}"));
    }
}
