//! Deviations of token responses, accepted and refused, one per line.

use super::*;
use crate::http::failure::ENVELOPE_FAILURE;

fn reply(status: u16, content_type: &str, body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        content_type: content_type.into(),
        retry_after: None,
        headers: http::HeaderMap::new(),
        body: body.into(),
    }
}

fn normalize(
    reply: &Reply,
    config: &ProviderConfig,
    sent: &[SecretString],
    noted: &mut Vec<Deviation>,
) -> Result<Response<Vec<u8>>, TokenFailure> {
    super::normalize(reply, config, (sent, false), noted)
}

fn config(id: &str) -> ProviderConfig {
    let own = [("authorize_url", "https://id.example/authorize"), ("token_url", "https://id.example/token")];
    let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let own = if id == "custom" { own.into() } else { grapnel_model::provider::Overrides::new() };
    grapnel_model::provider::Profile::find(id).unwrap().config(&own).unwrap()
}

fn outcome(status: u16, content_type: &str, body: &str) -> String {
    let mut noted = Vec::new();
    let outcome = match normalize(&reply(status, content_type, body), &config("grigora"), &[], &mut noted) {
        Ok(response) => {
            format!("{} {}", response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
        }
        Err(failure) => format!("refused: {failure}"),
    };
    let noted = noted.iter().map(|deviation| format!("\n    {} {}", deviation.member, deviation.found));
    format!("{status} {body}\n  → {outcome}{}", noted.collect::<String>())
}

#[test]
fn deviations_are_accepted_or_refused() {
    let json = "application/json";
    let table = [
        (200, json, r#"{"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"a b"}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","expires_in":"3600"}"#),
        (200, json, r#"{"access_token":"t","token_type":"BEARER","expires_in":3599.5}"#),
        (200, json, r#"{"access_token":"t","expires_in":"soon"}"#),
        (200, json, r#"{"access_token":"t","token_type":null,"expires_in":-5}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","expires_in":null,"refresh_token":""}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","scope":"a,b, c"}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","scope":["a","b"]}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","scope":" a  b "}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","scope":""}"#),
        (201, json, r#"{"access_token":"t","token_type":"bearer","expires_in":99999999999}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","project_ids":[1,"p2"]}"#),
        (200, json, r#"{"access_token":"t","token_type":"bearer","project_ids":"p1,p2","new":{"x":1}}"#),
        (200, "application/x-www-form-urlencoded", "access_token=t&token_type=bearer&expires_in=60"),
        (200, "text/plain", "access_token=t&token_type=bearer"),
        (200, json, "\u{feff}{\"access_token\":\"t\",\"token_type\":\"bearer\"}"),
        (200, json, r#"{"token_type":"bearer"}"#),
        (200, json, r#"{"access_token":"","token_type":"bearer"}"#),
        (200, json, r#"{"access_token":7,"token_type":"bearer"}"#),
        (200, json, r#"{"access_token":"t","token_type":"mac"}"#),
        (200, json, r#"{"access_token":"t","token_type":"DPoP"}"#),
        (200, json, r#"{"access_token":"t","token_type":"at+pop"}"#),
        (200, json, r#"{"access_token":"t","token_type":"bot"}"#),
        (200, json, r#"{"access_token":"t","token_type":"user"}"#),
        (200, json, r#"{"access_token":"t","token_type":7}"#),
        (200, json, r#"{"access_token":"a\nb","token_type":"bearer"}"#),
        (200, json, r#"{"access_token":"t","refresh_token":"a b"}"#),
        (200, json, r#"{"access_token":"t","id_token":"é"}"#),
        (200, json, r#"{"id_token":"h.p.s","token_type":"Bearer"}"#),
        (200, json, r#"{"ok":true,"authed_user":{"access_token":"t","token_type":"user"}}"#),
        (200, json, r#"{"access_token":"t","expires_at":4000000000,"refresh_expires_in":"60"}"#),
        (200, json, r#"{"access_token":"t","expires":3600,"refresh_token_expires_in":0}"#),
        (200, json, r#"{"access_token":"t","expires_in":null,"expires_at":"2030-01-01T00:00:00Z"}"#),
        (200, json, r#"{"access_token":"t","x_refresh_token_expires_in":8726400}"#),
        (200, json, r#"{"error":"invalid_grant"}"#),
        (200, json, r#"["access_token"]"#),
        (200, json, r#"{"access_token":"t","#),
        (200, json, ""),
        (200, "text/html", "<!doctype html><title>Hello</title>"),
        (302, "text/html", ""),
        (400, json, r#"{"error":"invalid_grant","error_description":"gone"}"#),
        (400, json, r#"{"message":"no"}"#),
        (400, json, r#"{"error":{"message":"Session has expired","type":"OAuthException","code":190}}"#),
        (400, json, r#"{"status":400,"title":"Bad","type":"https://x.example/e"}"#),
        (400, json, "{}"),
        (400, json, ""),
        (401, "text/plain", "Unauthorized"),
        (200, "application/x-www-form-urlencoded", "error=bad_refresh_token&error_description=gone"),
        (408, json, ""),
        (404, "text/html", "<h1>Not found</h1>"),
        (429, json, r#"{"error":"slow_down"}"#),
        (503, "text/html", "<h1>Busy</h1>"),
    ];
    let lines = table.map(|(status, content_type, body)| outcome(status, content_type, body));
    insta::assert_snapshot!(lines.join("\n"));
}

proptest::proptest! {
    #[test]
    fn any_response_is_classified_without_panic(status in 100u16..600, body: Vec<u8>) {
        let mut noted = Vec::new();
        let reply = Reply {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: String::new(),
            retry_after: None,
            headers: http::HeaderMap::new(),
            body,
        };
        let _ = normalize(&reply, &config("grovestreams"), &[], &mut noted);
    }
}

#[test]
fn a_failure_in_an_envelope_is_a_failure() {
    let mut noted = Vec::new();
    let body = r#"{"success":false,"message":"Invalid grant."}"#;
    let refused = normalize(&reply(200, "application/json", body), &config("grovestreams"), &[], &mut noted);
    let told = TokenFailure::Refused {
        status: StatusCode::OK,
        error: ENVELOPE_FAILURE.into(),
        description: Some("Invalid grant.".into()),
    };
    assert_eq!(refused.unwrap_err(), told);
}

/// The grant that a response is read as, with its recorded deviations.
fn granted(config: &ProviderConfig, body: &str) -> Result<Value, TokenFailure> {
    let sent = ["one-time-code-123".into()];
    let response = normalize(&reply(200, "application/json", body), config, &sent, &mut Vec::new())?;
    Ok(serde_json::from_slice(&response.into_body()).unwrap())
}

#[test]
fn a_nested_grant_is_read_if_configured() {
    let slack = r#"{"ok":true,"access_token":"xoxb-1","refresh_token":"bot",
        "authed_user":{"access_token":"xoxp-1","token_type":"user"}}"#;
    let nested = ProviderConfig { token_path: Some("authed_user".into()), ..config("custom") };
    let read = granted(&nested, slack).unwrap();
    assert_eq!((read["access_token"].as_str(), read.get("refresh_token")), (Some("xoxp-1"), None));
    let refreshed = granted(&nested, r#"{"ok":true,"access_token":"xoxe-2","token_type":"user"}"#).unwrap();
    assert_eq!(refreshed["access_token"], "xoxe-2");
    // To the token itself, under any name, as a path with dots or as a JSON pointer.
    for (path, body) in [
        ("authed_user.access_token", slack),
        ("/authed_user/access_token", slack),
        ("data.tokens.0.value", r#"{"data":{"tokens":[{"value":"xoxp-1","expires_in":"60"}]}}"#),
        ("token", r#"{"token":"xoxp-1","expires_in":"60"}"#),
    ] {
        let own = ProviderConfig { token_path: Some(path.into()), ..config("custom") };
        let read = granted(&own, body).unwrap();
        assert_eq!(
            (read["access_token"].as_str(), read.get("refresh_token")),
            (Some("xoxp-1"), None),
            "{path}"
        );
        assert_eq!(read.get("expires_in").is_some(), !body.contains("xoxb"), "{path}");
    }
    for path in ["", ".", "/", "a.b.c", "authed_user.access_token.more", "ok"] {
        let own = ProviderConfig { token_path: Some(path.into()), ..config("custom") };
        assert_eq!(granted(&own, slack).unwrap()["access_token"], "xoxb-1", "{path}");
    }
    for (body, path) in [
        (r#"{"authed_user":{"id":"U1","access_token":"xoxp-1"}}"#, "authed_user"),
        (r#"{"data":{"token":{"access_token":"t"}}}"#, "data.token"),
    ] {
        let Err(TokenFailure::Failed(failure)) = granted(&config("custom"), body) else { panic!("{body}") };
        assert!(failure.explain("P").hint.unwrap().contains(&format!("token_path={path}")), "{body}");
    }
}

/// RFC 9396 §7, figure 12; and what departs from it.
#[test]
fn the_token_response_of_rfc_9396_is_read() {
    let details = serde_json::json!([{
        "type": "payment_initiation", "actions": ["initiate", "status", "cancel"],
        "locations": ["https://example.com/payments"],
        "instructedAmount": { "currency": "EUR", "amount": "123.50" }, "creditorName": "Merchant A",
        "creditorAccount": { "iban": "DE02100100109307118603" },
        "remittanceInformationUnstructured": "Ref Number Merchant",
    }]);
    let read = |details: &Value| {
        let body = serde_json::json!({
            "access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "example", "expires_in": 3600,
            "refresh_token": "tGzv3JOkF0XG5Qx2TlKWIA", "authorization_details": details,
        });
        granted(&config("custom"), &body.to_string()).unwrap().get("authorization_details").cloned()
    };
    assert_eq!(read(&details), Some(details.clone()));
    assert_eq!(read(&details.to_string().into()), Some(details.clone()), "as text");
    for none in
        [serde_json::json!([]), Value::Null, "none".into(), details[0].clone(), serde_json::json!([7])]
    {
        assert_eq!(read(&none), None, "{none}");
    }
    let repeats = serde_json::json!([{ "type": "a", "of": "2YotnFZFEjr1zCsicMWpAA one-time-code-123" }]);
    let masked = read(&repeats).unwrap().to_string();
    assert!(!masked.contains("2Yotn") && !masked.contains("one-time"), "{masked}");
}

#[test]
fn an_error_reveals_no_token_of_the_response() {
    for (status, body) in [
        (200, r#"{"at-0123456789abcdef":{"access_token":"at-0123456789abcdef"}}"#),
        (200, r#"{"code-0123456789abcdef":{"access_token":"at"}}"#),
        (200, r#"{"access_token":"at","token_type":"DPoP code-0123456789abcdef"}"#),
        (400, r#"{"error":"at-0123456789abcdef","access_token":"at-0123456789abcdef"}"#),
        (
            400,
            r#"{"error":{"message":"of at-0123456789abcdef","tokens":[{"id_token":"at-0123456789abcdef"}]}}"#,
        ),
    ] {
        let (sent, mut noted) = (["code-0123456789abcdef".into()], Vec::new());
        let outcome = normalize(&reply(status, "", body), &config("grigora"), &sent, &mut noted);
        let told = match outcome.unwrap_err() {
            TokenFailure::Failed(failure) => format!("{:?}", failure.explain("Acme")),
            refused @ TokenFailure::Refused { .. } => format!("{refused:?}"),
        };
        assert!(told.contains("[secret]") && !told.contains("0123456789"), "{told}");
    }
}

#[test]
fn a_token_type_that_repeats_a_secret_is_noted_without_it() {
    let (sent, mut noted) = (["code-0123456789abcdef".into()], Vec::new());
    let body = r#"{"access_token":"at","token_type":"of code-0123456789abcdef"}"#;
    normalize(&reply(200, "", body), &config("grigora"), &sent, &mut noted).unwrap();
    assert_eq!(noted[0].found, "was “of [secret]” and was taken to be Bearer");
}

/// An RFC 3339 time is neither a lifetime nor milliseconds, in any year.
#[test]
fn an_rfc_3339_time_is_read_as_a_time() {
    let ends = |value: &str| {
        let body = format!(r#"{{"access_token":"at","expires_at":{value},"refresh_expires_at":{value}}}"#);
        let read = granted(&config("custom"), &body).unwrap();
        ["expires_in", "expires_at", "refresh_expires_in", "refresh_expires_at"]
            .map(|name| read[name].as_i64())
    };
    assert_eq!(ends("\"9999-12-30T22:00:00Z\""), [None, Some(253_402_207_200), None, Some(253_402_207_200)]);
    assert_eq!(ends("\"1971-01-01T00:00:00Z\""), [None, Some(31_536_000), None, Some(31_536_000)]);
    assert_eq!(ends("3600"), [Some(3600), None, Some(3600), None]);
    for unknown in ["\"0001-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\"", "9223372036854775807"] {
        assert_eq!(ends(unknown), [None; 4], "{unknown}");
    }
}

#[test]
fn members_that_repeat_a_secret_are_masked() {
    let token = "access-token-0123456789";
    let body = format!(
        r#"{{"access_token":"{token}","scope":"read {token}","project_ids":["one-time-code-123",7],
            "note":{{"{token}":"Bearer {token}"}}}}"#
    );
    let read = granted(&config("custom"), &body).unwrap();
    assert_eq!(read["access_token"], token);
    assert_eq!(read["scope"], "read [secret]");
    assert_eq!(read["project_ids"][0], "[secret]");
    assert_eq!(read.to_string().matches(token).count(), 1, "{read}");
}

proptest::proptest! {
    #[test]
    fn no_token_invalid_in_a_header_is_accepted(token in "\\PC{0,20}", bad in "[\\x00-\\x20\\x7f-\\u{ff}]",
    tail in "\\PC{0,5}", name in 0_usize..3) {
        let mut body = serde_json::json!({ "access_token": "good", "refresh_token": "good", "id_token": "good" });
        body[tokens::TOKENS[name]] = format!("x{token}{bad}{tail}x").into();
        let read = granted(&config("custom"), &body.to_string());
        proptest::prop_assert!(matches!(read, Err(TokenFailure::Failed(Failure::Unusable(..)))));
    }
}
