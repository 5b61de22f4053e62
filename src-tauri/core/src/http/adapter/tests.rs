//! Reply deviations, accepted and refused, one line each.

use super::*;

fn reply(status: u16, content_type: &str, body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        content_type: content_type.into(),
        retry_after: None,
        body: body.into(),
    }
}

fn conventions(id: &str) -> Conventions {
    let own = [("authorize_url", "https://id.example/authorize"), ("token_url", "https://id.example/token")];
    let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let own = if id == "custom" { own.into() } else { crate::provider::Overrides::new() };
    crate::provider::Profile::find(id).unwrap().conventions(&own).unwrap()
}

fn outcome(status: u16, content_type: &str, body: &str) -> String {
    let mut noted = Vec::new();
    let outcome = match normalize(&reply(status, content_type, body), &conventions("grigora"), &mut noted) {
        Ok(response) => {
            format!("{} {}", response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
        }
        Err(failure) => format!("refused: {failure}"),
    };
    let noted = noted.iter().map(|deviation| format!("\n    {} {}", deviation.member, deviation.found));
    format!("{status} {body}\n  → {outcome}{}", noted.collect::<String>())
}

#[test]
fn what_is_accepted_and_what_is_refused() {
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
        (200, json, r#"{"error":"invalid_grant"}"#),
        (200, json, r#"["access_token"]"#),
        (200, json, r#"{"access_token":"t","#),
        (200, json, ""),
        (200, "text/html", "<!doctype html><title>Hello</title>"),
        (302, "text/html", ""),
        (400, json, r#"{"error":"invalid_grant","error_description":"gone"}"#),
        (400, json, r#"{"message":"no"}"#),
        (404, "text/html", "<h1>Not found</h1>"),
        (429, json, r#"{"error":"slow_down"}"#),
        (503, "text/html", "<h1>Busy</h1>"),
    ];
    let lines = table.map(|(status, content_type, body)| outcome(status, content_type, body));
    insta::assert_snapshot!(lines.join("\n"));
}

proptest::proptest! {
    #[test]
    fn any_reply_has_an_outcome(status in 100u16..600, body: Vec<u8>) {
        let mut noted = Vec::new();
        let reply = Reply {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: String::new(),
            retry_after: None,
            body,
        };
        let _ = normalize(&reply, &conventions("grovestreams"), &mut noted);
    }
}

#[test]
fn a_failure_in_an_envelope_is_a_failure() {
    let mut noted = Vec::new();
    let body = r#"{"success":false,"message":"Invalid grant."}"#;
    let response =
        normalize(&reply(200, "application/json", body), &conventions("grovestreams"), &mut noted).unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(String::from_utf8(response.into_body()).unwrap().contains("Invalid grant."));
}
