use grapnel_model::provider::{DEEP_LINK, KeyAlgorithm, Overrides, Profile};
use grapnel_model::secret::ExposeSecret;

use super::*;
use crate::sign_in_messages::{by_password, messages};

static AUTHENTICATION: Authentication = Authentication { prompt: None, max_age: None, acr_values: None };

fn config(id: &str, own: &[(&str, &str)]) -> ProviderConfig {
    let own: Overrides = own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Profile::find(id).unwrap().config(&own).unwrap()
}

fn request(id: &str, own: &[(&str, &str)]) -> (PreparedRequest, ProviderConfig) {
    let config = config(id, own);
    let words = |list: [&str; 2]| list.map(str::to_owned);
    let asked = RequestParameters {
        client_id: "client 1",
        redirect_uri: DEEP_LINK,
        scopes: &words(["share", "balance"]),
        projects: &words(["proj_1", "proj_2"]),
        login_hint: None,
        another_account: false,
        authentication: &AUTHENTICATION,
        dpop_jkt: None,
    };
    (prepare(&config, &asked).unwrap(), config)
}

#[test]
fn a_sign_in_by_password_shows_no_password() {
    let (request, config) = request("grovestreams", &[]);
    let mut messages = messages(&request, &config, DEEP_LINK, false);
    by_password(&mut messages, config.login_url.as_ref().unwrap(), "ines@harbour.example");
    let told = messages.iter().take(2).map(|message| {
        let told = message.parameters.iter().map(|it| format!("{}={}", it.name, it.value));
        format!("{} {}\n{}", message.method, message.address, told.collect::<Vec<_>>().join("\n"))
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}

/// RFC 9396 §3: text as a parameter, and JSON in a signed request.
#[test]
fn authorization_details_are_sent_plainly_and_signed() {
    let details = serde_json::json!([{ "type": "account_information", "actions": ["list_accounts"] }]);
    let own = [
        ("authorize_url", "https://id.example/authorize"),
        ("token_url", "https://id.example/token"),
        ("authorization_details", &details.to_string()),
    ];
    let (mut request, config) = request("custom", &own);
    let named = |(name, _): &(String, String)| name == "authorization_details";
    let (_, text) = request.parameters.iter().find(|one| named(one)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), details);
    let key = SigningKey::generate(config.client_key_alg).unwrap();
    let key = SigningKey::parse(&key, config.client_key_alg, None).unwrap();
    request.sign(&config, "c1", &key, Timestamp::UNIX_EPOCH).unwrap();
    let sent = request.sent("c1");
    let (_, signed) = sent.iter().find(|(name, _)| name == "request").unwrap();
    let claims: Value =
        serde_json::from_slice(&BASE64.decode(signed.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(claims["authorization_details"], details);
    assert!(!sent.iter().any(named), "only in the signed request");
}

fn plain<'a>(redirect_uri: &'a str, projects: &'a [String]) -> RequestParameters<'a> {
    RequestParameters {
        client_id: "c1",
        redirect_uri,
        scopes: &[],
        projects,
        login_hint: None,
        another_account: false,
        authentication: &AUTHENTICATION,
        dpop_jkt: None,
    }
}

#[test]
fn the_login_hint_is_sent_if_supported() {
    let endpoints =
        [("authorize_url", "https://id.example/authorize"), ("token_url", "https://id.example/token")];
    let asked = |id: &str,
                 own: &[(&str, &str)],
                 change: fn(RequestParameters<'static>) -> RequestParameters<'static>| {
        let own = if id == "custom" { [&endpoints, own].concat() } else { own.to_vec() };
        let request = prepare(&config(id, &own), &change(plain(DEEP_LINK, &[]))).unwrap();
        let named = |name: &&(String, String)| ["login_hint", "email", "prompt"].contains(&name.0.as_str());
        let told = request.parameters.iter().filter(named).map(|(name, value)| format!("{name}={value}"));
        format!("{id} {own:?}: {}", told.collect::<Vec<_>>().join(" "), own = &own[own.len().min(2)..])
    };
    let hint = |asked| RequestParameters { login_hint: Some("ann@id.example"), ..asked };
    let another = |asked| RequestParameters { another_account: true, ..asked };
    let rows = [
        asked("custom", &[], |asked| asked),
        asked("custom", &[], hint),
        asked("custom", &[("login_hint", "false")], hint),
        asked("custom", &[("authorize.login_hint", "bob@id.example")], hint),
        asked("custom", &[], another),
        asked("custom", &[("authorize.prompt", "consent")], another),
        asked("custom", &[("authorize.prompt", "none")], another),
        asked("grigora", &[], hint),
        asked("grovestreams", &[("email", "bob@id.example")], hint),
    ];
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn offline_access_is_requested_with_a_consent_prompt() {
    let endpoints =
        [("authorize_url", "https://id.example/authorize"), ("token_url", "https://id.example/token")];
    for (scope, prompts) in [("offline_access", 1), ("notes", 0)] {
        let scopes = [scope.to_owned()];
        let asked = RequestParameters { scopes: &scopes, ..plain(DEEP_LINK, &[]) };
        let request = prepare(&config("custom", &endpoints), &asked).unwrap();
        assert_eq!(request.parameters.iter().filter(|(name, _)| name == "prompt").count(), prompts);
    }
}

#[test]
fn a_sign_in_can_ask_how_the_account_authenticates() {
    let own = [
        ("authorize_url", "https://id.example/authorize"),
        ("token_url", "https://id.example/token"),
        ("authorize.max_age", "900"),
        ("authorize.acr_values", "silver"),
    ];
    let sent = |prompt: Option<&str>, max_age, acr_values: Option<&str>, is_offline: bool| {
        let [prompt, acr_values] = [prompt, acr_values].map(|value| value.map(str::to_owned));
        let authentication = Authentication { prompt, max_age, acr_values };
        let scopes = [if is_offline { "offline_access" } else { "openid" }.to_owned()];
        let asked =
            RequestParameters { scopes: &scopes, authentication: &authentication, ..plain(DEEP_LINK, &[]) };
        let request = prepare(&config("custom", &own), &asked).unwrap();
        let named = |name: &&(String, String)| ["prompt", "max_age", "acr_values"].contains(&name.0.as_str());
        let told = request.parameters.iter().filter(named).map(|(name, value)| format!("{name}={value}"));
        let mut told: Vec<String> = told.collect();
        told.sort_unstable();
        format!("{} {:?}", told.join("&"), request.max_age)
    };
    let app = "acr_values=silver&max_age=900";
    assert_eq!(sent(None, None, None, false), format!("{app} Some(900)"));
    assert_eq!(sent(None, None, None, true), format!("{app}&prompt=consent Some(900)"));
    let all = sent(Some("login"), Some(0), Some("gold silver"), false);
    assert_eq!(all, "acr_values=gold silver&max_age=0&prompt=login Some(0)");
    assert_eq!(sent(Some("login"), None, None, true), format!("{app}&prompt=login consent Some(900)"));
    assert_eq!(sent(Some("none"), None, None, true), format!("{app}&prompt=none Some(900)"));
}

/// The URL, one parameter per line, with placeholders for random values.
fn readable(id: &str, own: &[(&str, &str)]) -> String {
    let (request, _) = request(id, own);
    let mut text = request.url.to_string().replace(request.state.expose_secret(), "STATE");
    if let Some((_, challenge)) = request.parameters.iter().find(|(name, _)| name == "code_challenge") {
        text = text.replace(challenge, "CHALLENGE");
    }
    text.replace('&', "\n    &").replace('?', "\n    ?")
}

#[test]
fn the_request_to_each_provider() {
    let by_hand: &[(&str, &str)] = &[
        ("authorize_url", "https://id.example/authorize?tenant=7"),
        ("token_url", "https://id.example/token"),
    ];
    let table = [
        ("grigora", &[][..]),
        ("grindery", &[]),
        ("thegrid", &[]),
        ("thegrid", &[("identity_provider", "github")]),
        ("grovestreams", &[("email", "bbb@grovestreams.com")]),
        ("grovestreams", &[("authorize_params", "query")]),
        ("grovestreams", &[("authorize_params", "both")]),
        ("custom", by_hand),
        ("grigora", &[("authorize.prompt", "consent"), ("pkce", "never")]),
    ];
    let rows = table.map(|(id, own)| format!("{id} {own:?}\n  {}", readable(id, own)));
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn the_state_has_256_bits_and_is_unique() {
    let (one, two) = (request("grigora", &[]).0, request("grigora", &[]).0);
    assert_eq!(one.state.expose_secret().len(), 43);
    assert_ne!(one.state.expose_secret(), two.state.expose_secret());
    assert_ne!(one.verifier.unwrap().expose_secret(), two.verifier.unwrap().expose_secret());
}

#[test]
fn a_nonce_is_sent_with_openid_and_always_random() {
    let endpoints =
        [("authorize_url", "https://id.example/authorize"), ("token_url", "https://id.example/token")];
    let asked = |own: &[(&str, &str)], scopes: &[&str]| {
        let own = [&endpoints, own].concat();
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let (redirect_uri, projects) = (DEEP_LINK, &[][..]);
        let asked = RequestParameters { scopes: &scopes, ..plain(redirect_uri, projects) };
        let request = prepare(&config("custom", &own), &asked).unwrap();
        let nonces = request.parameters.iter().filter(|(name, _)| name == "nonce");
        let nonces: Vec<String> = nonces.map(|(_, value)| value.clone()).collect();
        assert_eq!(nonces.first(), request.nonce.as_ref());
        nonces
    };
    let constant: &[(&str, &str)] = &[("authorize.nonce", "always-the-same")];
    for own in [&[], constant] {
        let [one] = asked(own, &["profile", "openid"]).try_into().unwrap();
        assert_eq!(one.len(), 43);
        assert_ne!([one].to_vec(), asked(own, &["openid"]));
        assert!(asked(own, &["openidx"]).is_empty());
    }
}

/// RFC 9101 §4: JSON types, not the strings of a query.
#[test]
fn a_signed_request_has_these_claims() {
    let own = [
        ("authorize_url", "https://id.example/authorize"),
        ("token_url", "https://id.example/token"),
        ("issuer", "https://id.example"),
        ("resource", "https://one.example https://two.example"),
        ("authorize.claims", r#"{"id_token":{"auth_time":{"essential":true}}}"#),
        ("authorize.authorization_details", r#"[{"type":"notes"}]"#),
        ("authorize.display", "7"),
    ];
    let config = config("custom", &own);
    let authentication = Authentication { max_age: Some(300), ..Authentication::default() };
    let asked = RequestParameters { authentication: &authentication, ..plain(DEEP_LINK, &[]) };
    let mut request = prepare(&config, &asked).unwrap();
    let key = SigningKey::generate(KeyAlgorithm::Es256).unwrap();
    let key = SigningKey::parse(&key, KeyAlgorithm::Es256, None).unwrap();
    request.sign(&config, "c1", &key, Timestamp::UNIX_EPOCH).unwrap();
    let sent = request.sent("c1");
    let (_, signed) = sent.iter().find(|(name, _)| name == "request").unwrap();
    let claims = BASE64.decode(signed.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Map<String, Value> = serde_json::from_slice(&claims).unwrap();
    for random in ["jti", "state", "code_challenge"] {
        assert!(claims.remove(random).is_some_and(|value| value.is_string()), "{random}");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&claims).unwrap());
}

#[test]
fn the_messages_of_a_sign_in_contain_no_secret() {
    let (request, config) = request("grigora", &[]);
    let shown = serde_json::to_string(&messages(&request, &config, DEEP_LINK, true)).unwrap();
    assert!(!shown.contains(request.state.expose_secret()));
    assert!(!shown.contains(request.verifier.unwrap().expose_secret()));
    assert!(shown.contains("code_challenge"));
}

mod any {
    use super::*;
    use grapnel_model::provider::is_reserved;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    /// Authorization URLs, each with its own query and fragment, if any.
    fn addresses() -> impl Strategy<Value = (&'static str, Option<&'static str>, &'static str)> {
        prop::sample::select(vec![
            ("https://id.example/authorize", None, ""),
            ("https://id.example/authorize?tenant=7&x=%26", Some("tenant=7&x=%26"), ""),
            ("https://id.example/Modern/#signinoauth/", None, "signinoauth/"),
            ("https://id.example/Modern/?tenant=7#signinoauth/", Some("tenant=7"), "signinoauth/"),
        ])
    }

    /// Names of extra parameters: any, and those that Grapnel sets itself, in any case.
    fn extra_names() -> impl Strategy<Value = String> {
        let own = [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "code_challenge_method",
            "scope",
            "request",
        ];
        let own = prop::sample::select(own.map(str::to_owned).to_vec());
        let of_any_case = (own, any::<bool>())
            .prop_map(|(name, is_upper)| if is_upper { name.to_ascii_uppercase() } else { name });
        prop_oneof!["\\PC{1,12}", Just("x y&z".to_owned()), of_any_case]
            .prop_filter("the profile has it", |name| name != "email")
    }

    proptest! {
        /// Nothing that a person or a profile enters breaks out of its parameter.
        #[test]
        fn url_parameters_round_trip(
            (address, own_query, own_fragment) in addresses(),
            place in prop::sample::select(vec!["query", "fragment", "both"]),
            client_id in "[!-~]{1,40}",
            scopes in prop::collection::vec("[!-+--~]{1,12}", 0..4),
            separator in prop::sample::select(vec![("space", " "), ("comma", ",")]),
            email in "\\PC{1,30}",
            (extra_name, extra) in (extra_names(), "\\PC{1,30}"),
            redirect_uri in prop::sample::select(vec![DEEP_LINK, "http://127.0.0.1:4711/callback",
            "https://a.example/cb?a=b&c"]),
        ) {
            let extra_key = format!("authorize.{extra_name}");
            let config = config("grovestreams", &[
                ("authorize_url", address), ("authorize_params", place), ("send_scope", "true"),
                ("scope_separator", separator.0), ("email", &email), (&extra_key, &extra), ("pkce", "always"),
            ]);
            let asked = RequestParameters { client_id: &client_id, scopes: &scopes, ..plain(redirect_uri, &[]) };
            let request = prepare(&config, &asked).unwrap();
            let shown = String::from(request.url.clone());
            prop_assert!(shown.is_ascii() && !shown.contains(char::is_whitespace));
            prop_assert!(shown.matches('#').count() <= 1);

            let mut wanted = vec![
                ("response_type", "code".to_owned()), ("client_id", client_id), ("redirect_uri",
                redirect_uri.into()),
                ("email", email), ("code_challenge_method", "S256".into()),
                ("state", request.state.expose_secret().into()),
            ];
            if !scopes.is_empty() {
                wanted.push(("scope", scopes.join(separator.1)));
            }
            if is_reserved(&extra_key) {
                let is_own = |(name, _): &&(&str, String)| *name == extra_name;
                let own = wanted.iter().filter(is_own).count();
                let sent = request.parameters.iter().filter(|(name, _)| *name == extra_name).count();
                prop_assert_eq!(sent, own, "{} is not for an app to set", extra_name);
            } else {
                wanted.push((&extra_name, extra));
            }
            for (name, value) in wanted {
                let found: Vec<_> = request.parameters.iter().filter(|(key, _)| key == name).collect();
                prop_assert_eq!(found, [&(name.to_owned(), value)]);
            }

            let fragment = request.url.fragment().unwrap_or_default();
            let own = own_query.map(read).unwrap_or_default();
            let query = read(request.url.query().unwrap_or_default());
            if place == "fragment" {
                prop_assert_eq!(request.url.query(), own_query);
            } else {
                prop_assert_eq!(query, [own, request.parameters.clone()].concat());
            }
            if place == "query" {
                prop_assert_eq!(fragment, own_fragment);
            } else {
                let behind = fragment.strip_prefix(&format!("{own_fragment}?")).unwrap();
                prop_assert_eq!(read(behind), request.parameters);
            }
        }
    }
}
