//! Documents in the formats of the other programs, hostile ones, and random ones.

use std::fmt::Write as _;

use grapnel_model::secret::ExposeSecret;
use proptest::prelude::*;

use super::*;

const DOCUMENTS: &[(&str, &str)] = &[
    ("postman_collection", include_str!("tests/postman-collection.json")),
    ("postman_environment", include_str!("tests/postman-environment.json")),
    ("insomnia_v4", include_str!("tests/insomnia-v4.json")),
    ("insomnia_v5", include_str!("tests/insomnia-v5.yaml")),
    ("bruno_bru", include_str!("tests/bruno.bru")),
    ("bruno_collection", include_str!("tests/bruno-collection.json")),
    ("opencollection", include_str!("tests/opencollection.yml")),
    ("openapi_3", include_str!("tests/openapi-3.yaml")),
    ("swagger_2", include_str!("tests/swagger-2.json")),
    ("dotenv", include_str!("tests/example.env")),
    ("authorization_url", AUTHORIZATION_URL),
    ("curl_body", CURL_BODY),
    ("curl_json", CURL_JSON),
    ("curl_basic", CURL_BASIC),
];

const AUTHORIZATION_URL: &str = "https://build.grigora.co/oauth/authorize?response_type=code&client_id=gri_client_8f2a\
    &redirect_uri=https%3A%2F%2Fagency.example%2Fcallback&scope=cms%20orders&state=af0ifjsldkj\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&project_ids=p1";
const CURL_BODY: &str = r"$ curl -X POST 'https://id.acme.example/oauth/token' \
  -H 'Content-Type: application/x-www-form-urlencoded' \
  -H 'X-Tenant: curl-tenant-secret' \
  -d grant_type=authorization_code \
  --data-urlencode 'client_secret=curl+secret/1' \
  -d 'client_id=acme&code=xWnkliVQJURqB2x1&audience=billing' \
  -d @more.txt";
const CURL_JSON: &str = r#"curl https://api.grigora.co/general/oauth/token --json '{"grant_type": "refresh_token",
  "client_id": "gri_client_8f2a", "client_secret": "curl-json-secret", "refresh_token": "gri_rt_expired"}'"#;
const CURL_BASIC: &str = r#"curl -s -u "acme:$ACME_SECRET" https://id.acme.example/token \
  -d grant_type=client_credentials | jq .access_token"#;

/// Every secret in the documents above.
const SECRETS: &[&str] = &[
    "postman-secret-1",
    "s3cret-header",
    "eyJ-access-token",
    "ssh-by-hand",
    "environment-secret",
    "gri_at_expired",
    "insomnia-secret",
    "pa55word",
    "opencollection-secret",
    "hunter2",
    "dotenv-",
    "curl-tenant-secret",
    "curl+secret/1",
    "curl-json-secret",
    "gri_rt_expired",
];

fn told(import: &Import) -> String {
    let mut text = format!("{}\n", import.format);
    for ImportedApp { preview, .. } in &import.apps {
        let _ = writeln!(text, "\n“{}” at {} ({})", preview.name, preview.provider_name, preview.provider);
        for value in &preview.values {
            let shown = value.value.as_deref().unwrap_or("(secret)");
            let _ = writeln!(text, "  {} = {shown}   [{}]", value.key, value.source);
        }
        for left in &preview.not_taken {
            let _ = writeln!(text, "  not {}: {} [{}]", left.name, left.reason, left.source);
        }
        for sentence in preview.review.sentences() {
            let _ = writeln!(text, "  review: {sentence}");
        }
        if !preview.missing.is_empty() {
            let _ = writeln!(text, "  missing: {}", preview.missing.join(", "));
        }
    }
    text
}

#[test]
fn each_format_is_parsed_with_the_source_of_each_value() {
    for (name, text) in DOCUMENTS {
        let import = read_apps(text, None, None).unwrap();
        insta::assert_snapshot!(*name, told(&import));
    }
}

#[test]
fn no_secret_is_in_what_is_shown() {
    for (name, text) in DOCUMENTS {
        let import = read_apps(text, None, None).unwrap();
        for ImportedApp { preview, .. } in &import.apps {
            let shown = serde_json::to_string(preview).unwrap() + &format!("{preview:?}");
            for secret in SECRETS {
                assert!(!shown.contains(secret), "{name}: {secret}");
            }
        }
    }
}

#[test]
fn an_imported_app_can_be_added() {
    for (name, text) in DOCUMENTS {
        for ImportedApp { preview, app } in read_apps(text, None, None).unwrap().apps {
            if preview.missing.is_empty() && !app.overrides.contains_key("issuer") {
                let added = super::super::validate(app, jiff::Timestamp::UNIX_EPOCH);
                assert!(added.is_ok(), "{name}: {:?}", added.err());
            }
        }
    }
}

/// The same client as each program writes it.
const AS_ITSELF: &[(&str, &str)] = &[
    (
        "Postman",
        r#"{"info": {"name": "Jobs", "schema": "getpostman.com"}, "item": [], "auth": {"type": "oauth2", "oauth2": [
            {"key": "grant_type", "value": "{{grant}}"}, {"key": "clientId", "value": "jobs"},
            {"key": "clientSecret", "value": "hunter2"}, {"key": "scope", "value": "read write"},
            {"key": "accessTokenUrl", "value": "https://id.acme.example/token"},
            {"key": "client_authentication", "value": "body"}, {"key": "audience", "value": "acme"}]},
            "variable": [{"key": "grant", "value": "client_credentials"}]}"#,
    ),
    (
        "Insomnia",
        r#"{"_type": "export", "__export_format": 4, "resources": [{"_type": "request", "name": "Jobs",
            "authentication": {"type": "oauth2", "grantType": "client_credentials", "clientId": "jobs",
            "clientSecret": "hunter2", "scope": "read write", "credentialsInBody": true, "audience": "acme",
            "accessTokenUrl": "https://id.acme.example/token"}}]}"#,
    ),
    (
        "Bruno",
        "meta {\n  name: Jobs\n}\n\nauth:oauth2 {\n  grant_type: client_credentials\n  client_id: jobs\n  \
         client_secret: hunter2\n  scope: read write\n  access_token_url: https://id.acme.example/token\n  \
         credentials_placement: body\n}\n\n\
         auth:oauth2:additional_params:access_token_req:body {\n  audience: acme\n}\n",
    ),
    (
        "curl",
        "curl https://id.acme.example/token -d grant_type=client_credentials -d client_id=jobs \
         -d client_secret=hunter2 -d audience=acme --data-urlencode 'scope=read write'",
    ),
];

#[test]
fn a_client_that_connects_as_itself_is_imported_and_can_be_added() {
    for (name, text) in AS_ITSELF {
        let ImportedApp { preview, app } = read_apps(text, None, None).unwrap().apps.remove(0);
        assert_eq!((&preview.missing, &preview.not_taken), (&Vec::new(), &Vec::new()), "{name}");
        let own = |key: &str| app.overrides.get(key).map(String::as_str);
        assert_eq!(
            (own("grant_type"), own("client_auth")),
            (Some("client_credentials"), Some("body")),
            "{name}"
        );
        assert_eq!(app.scopes, ["read", "write"], "{name}");
        let audience = app.secrets["token.audience"].as_ref().map(|value| value.0.expose_secret().to_owned());
        assert_eq!(audience.as_deref(), Some("acme"), "{name}");
        assert!(super::super::validate(app, jiff::Timestamp::UNIX_EPOCH).is_ok(), "{name}");
    }
}

#[test]
fn a_grant_that_no_app_has_is_listed_with_the_reason() {
    let told = ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"].map(|grant| {
        let text = format!("CLIENT_ID=a\nTOKEN_URL=https://id.example/token\nGRANT_TYPE={grant}");
        let app = read_apps(&text, None, None).unwrap().apps.remove(0);
        assert_eq!(app.app.overrides.get("grant_type"), None);
        format!("{grant}: {}", app.preview.not_taken[0].reason)
    });
    insta::assert_snapshot!(told.join("\n"), @"
    password: OAuth 2.1 has no such grant any more, and Grapnel does not use it.
    implicit: OAuth 2.1 has no such grant any more, and Grapnel does not use it.
    urn:ietf:params:oauth:grant-type:jwt-bearer: It needs a private key: add the app by hand.
    x: No app connects by this grant.
    ");
}

#[test]
fn secrets_are_imported_unchanged() {
    let secret = |text: &str| {
        let app = read_apps(text, None, None).unwrap().apps.remove(0).app;
        app.client_secret.map(|secret| secret.0.expose_secret().to_owned()).unwrap_or_default()
    };
    assert_eq!(secret(CURL_BODY), "curl+secret/1");
    assert_eq!(secret(CURL_JSON), "curl-json-secret");
    assert_eq!(secret("curl https://id.example/token -ufoo:b:ar -d grant_type=x"), "b:ar");
    let basic = "curl https://id.example/token -d grant_type=x -H 'Authorization: Basic Zm9vOmElMkZi'";
    assert_eq!(secret(basic), "a/b");
    assert_eq!(secret("CLIENT_ID=a\nCLIENT_SECRET='b$c#d'\nTOKEN_URL=https://id.example/t"), "b$c#d");
}

#[test]
fn a_profile_file_is_read_and_lacks_only_the_client() {
    let grigora = Profile::find("grigora").unwrap();
    let own = [("token_url".to_owned(), "https://api.acme.example/oauth/token".to_owned())].into();
    let file = grapnel_model::provider::ProfileFile::of(grigora, &own, &[], &["cms".into()]);
    let import = read_apps(&file.write().unwrap(), None, None).unwrap();
    insta::assert_snapshot!(told(&import));
}

/// Attacks by a file that must not succeed.
#[test]
fn hostile_files_change_nothing_that_is_protected() {
    let at = "\"authUrl\", \"value\": \"https://build.grigora.co/oauth/authorize\"";
    let with = |token: &str, more: &str| {
        format!(
            "{{\"info\": {{\"schema\": \"getpostman.com\", \"name\": \"x\"}}, \"item\": [], \"auth\": {{\"type\": \
             \"oauth2\", \"oauth2\": [{{\"key\": {at}}}, {{\"key\": \"clientId\", \"value\": \"id\"}}, {{\"key\": \
             \"accessTokenUrl\", \"value\": \"{token}\"}}{more}]}}}}"
        )
    };
    let parameter = |list: &str, name: &str, value: &str| {
        format!(", {{\"key\": \"{list}\", \"value\": [{{\"key\": \"{name}\", \"value\": \"{value}\"}}]}}")
    };
    let cases = [
        // Another host for the code and the secret: the provider is no longer Grigora, and the host is named.
        with("https://evil.example/token", ""),
        with("http://evil.example/token", ""),
        with("http://127.0.0.1:631/token", ""),
        with("https://user:pass@api.grigora.co/token", ""),
        with("javascript:alert(1)", ""),
        with(
            "https://api.grigora.co/general/oauth/token",
            &parameter("authRequestParams", "Redirect_URI", "x"),
        ),
        with(
            "https://api.grigora.co/general/oauth/token",
            &parameter("tokenRequestParams", "Client_Secret", "x"),
        ),
        with(
            "https://api.grigora.co/general/oauth/token",
            &parameter("authRequestParams", "a\u{202e}b", "x"),
        ),
        with(
            "https://api.grigora.co/general/oauth/token",
            &parameter("authRequestParams", "prompt", "\u{202e}x"),
        ),
    ];
    let told: Vec<String> = cases.iter().map(|text| told(&read_apps(text, None, None).unwrap())).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn text_without_a_client_is_refused_with_the_reason() {
    let deep = "[".repeat(1000);
    let large = "x".repeat(MAX_IMPORT_BYTES + 1);
    let refused = [
        "",
        "hello",
        "{}",
        "[1, 2]",
        &deep,
        "{\"openapi\": \"3.0.0\", \"paths\": {}}",
        "DATABASE_URL=postgres://app:hunter2@db/app",
        "https://id.example/authorize?response_type=code",
        "curl",
        "curl 'https://id.example",
        "curl https://api.example/me -H 'Authorization: Bearer hunter2'",
        "curl -u ada:hunter2 https://api.example/me",
        "provider = \"grigora\"\nclient_secret = \"hunter2\"",
        "meta {\n  name: x\n}",
        &large,
    ];
    let told = refused.map(|text| {
        let error = read_apps(text, None, None).err().unwrap_or_else(|| panic!("{text:.40}"));
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        let text: String = text.chars().take(60).collect();
        format!("{text:?}: {}", error.message)
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn no_file_lists_more_apps_than_a_person_can_read() {
    let mut many = String::new();
    for n in 0..500 {
        let _ = writeln!(many, "A{n}_CLIENT_ID=x{n}\nA{n}_AUTH_URL=https://a{n}.example/a");
    }
    assert_eq!(read_apps(&many, None, None).unwrap().apps.len(), MAX_APPS);
}

fn any_format() -> impl Strategy<Value = Option<ImportFormat>> {
    use ImportFormat as Format;
    prop::option::of(prop::sample::select(vec![
        Format::Postman,
        Format::Insomnia,
        Format::Bruno,
        Format::OpenApi,
        Format::Dotenv,
        Format::AuthorizationUrl,
        Format::Curl,
        Format::Profile,
    ]))
}

proptest! {
    #[test]
    fn no_input_panics(text in "\\PC*|[ -~\n]*|(curl |https://|\\{\"|a: )[ -~\n]*", format in any_format()) {
        let _ = read_apps(&text, format, None);
    }

    /// A real document with a part replaced, which is closer to what the parsers expect.
    #[test]
    fn no_changed_document_panics(
        which in 0..DOCUMENTS.len(),
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
        new in "[{}\\[\\]\":,'@$\\\\\n -~]{0,12}",
        format in any_format(),
    ) {
        let text = DOCUMENTS[which].1;
        let from = text.floor_char_boundary(from.index(text.len()));
        let to = text.floor_char_boundary((from + length).min(text.len())).max(from);
        let changed = format!("{}{new}{}", &text[..from], &text[to..]);
        if let Ok(import) = read_apps(&changed, None, None) {
            for app in import.apps {
                prop_assert!(!app.preview.name.chars().any(char::is_control));
            }
        }
        let _ = read_apps(&changed, format, None);
    }
}
