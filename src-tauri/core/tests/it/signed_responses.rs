//! Signed authorization responses (JARM): what is in them counts only if the provider has signed it for this client.

use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::{Code, Error};
use grapnel_model::secret::{ExposeSecret, SecretString};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use crate::support::openid_provider::{Issuer, Key, unsigned};
use crate::support::scripted_server::{GRANT, Reply, callback_of};
use crate::support::world::end_of;

/// A provider that signs with one key, and an app that asks for signed responses.
struct Signing {
    issuer: Issuer,
    key: Key,
}

impl Signing {
    async fn new() -> Self {
        let mut issuer = Issuer::new(&[], &[("issuer", ""), ("jwks_url", "/jwks")]).await;
        let key = Key::new("ES256");
        issuer.publishes(&[key.jwk(json!({ "kid": "k1" }))]);
        issuer.server.on("/token", [Reply::json(200, GRANT)]);
        let own = issuer.server.origin.clone();
        let jwks = format!("{own}/jwks");
        let new = NewApp {
            name: "Signing".into(),
            ..issuer.server.new_app(&[("issuer", &own), ("jwks_url", &jwks), ("response_mode", "jwt")])
        };
        issuer.app = issuer.world.grapnel.add_app(new).await.unwrap();
        Self { issuer, key }
    }

    async fn start(&self) -> Attempt {
        self.issuer.world.grapnel.start_attempt(&self.issuer.app.id, &SignInRequest::default()).await.unwrap()
    }

    /// The redirect URI and the state of an attempt.
    async fn sent(&self, attempt: &Attempt) -> (String, String) {
        let link = self.issuer.world.grapnel.attempt_link(&attempt.id).await.unwrap();
        let link = Url::parse(link.expose_secret()).unwrap();
        let value = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(value("response_mode"), "jwt");
        (value("redirect_uri"), value("state"))
    }

    /// The claims of a good response.
    fn claims(&self, state: &str) -> Value {
        let exp = Timestamp::now().as_second() + 120;
        json!({ "iss": self.issuer.server.origin, "aud": "c1", "exp": exp, "code": "k", "state": state })
    }

    async fn receive(&self, redirect_uri: &str, response: &str) -> Result<(), Error> {
        let callback = SecretString::from(format!("{redirect_uri}?response={response}"));
        self.issuer.world.grapnel.receive_callback(&callback).await
    }

    fn phase(&self, attempt: &Attempt) -> Phase {
        self.issuer.world.grapnel.attempt(&attempt.id).unwrap().phase
    }

    fn asked_for_keys(&self) -> usize {
        self.issuer.server.received("/jwks").len()
    }

    fn exchanged(&self) -> usize {
        self.issuer.server.received("/token").len()
    }

    fn sign(&self, claims: &Value) -> String {
        self.key.sign(json!({ "kid": "k1" }), claims)
    }
}

#[tokio::test]
async fn a_signed_response_signs_in_and_works_once() {
    let signing = Signing::new().await;
    let attempt = signing.start().await;
    let (place, state) = signing.sent(&attempt).await;
    let response = signing.sign(&signing.claims(&state));
    signing.receive(&place, &response).await.unwrap();
    assert_eq!(signing.phase(&attempt), Phase::Done);
    let keys = signing.asked_for_keys();
    let replayed = signing.receive(&place, &response).await.unwrap_err();
    assert_eq!((replayed.code, signing.exchanged()), (Code::CallbackLate, 1));
    assert_eq!(signing.asked_for_keys(), keys, "no keys are fetched for a sign-in that is over");
    // The response of an earlier sign-in does not fit the next one.
    let next = signing.start().await;
    let (place, _) = signing.sent(&next).await;
    assert!(signing.receive(&place, &response).await.is_err());
    assert_eq!((signing.phase(&next), signing.exchanged()), (Phase::Waiting, 1));
}

#[tokio::test]
async fn a_signed_refusal_is_told() {
    let signing = Signing::new().await;
    let attempt = signing.start().await;
    let (place, state) = signing.sent(&attempt).await;
    let mut claims = signing.claims(&state);
    claims.as_object_mut().unwrap().remove("code");
    (claims["error"], claims["error_description"]) = (json!("access_denied"), json!("not today"));
    let error = signing.receive(&place, &signing.sign(&claims)).await.unwrap_err();
    assert_eq!(error.code, Code::AccessDenied);
    assert!(error.message.contains("not today"), "{}", error.message);
    assert_eq!(signing.phase(&attempt), Phase::Denied);
}

/// What anybody could have written, or was written for another, changes nothing; the sign-in waits on.
#[tokio::test]
async fn a_response_that_the_provider_did_not_sign_for_this_client_is_refused() {
    let signing = Signing::new().await;
    let attempt = signing.start().await;
    let (place, state) = signing.sent(&attempt).await;
    let changed = |name: &str, value: Value| {
        let mut claims = signing.claims(&state);
        claims[name] = value;
        signing.sign(&claims)
    };
    let long_ago = Timestamp::now().as_second() - 1_000;
    let good = signing.sign(&signing.claims(&state));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other_code = changed("code", json!("of-another"));
    let swapped = format!("{}.{signature}", other_code.rsplit_once('.').unwrap().0);
    let table = [
        ("another audience", changed("aud", json!("c2"))),
        ("no audience", changed("aud", Value::Null)),
        ("expired", changed("exp", json!(long_ago))),
        ("no expiry", changed("exp", Value::Null)),
        ("another issuer", changed("iss", json!("https://evil.example"))),
        ("no issuer", changed("iss", Value::Null)),
        ("another key", Key::new("ES256").sign(json!({ "kid": "k1" }), &signing.claims(&state))),
        ("an unknown key", signing.key.sign(json!({ "kid": "k9" }), &signing.claims(&state))),
        ("other claims", swapped),
        ("alg none", unsigned(&signing.claims(&state))),
        ("no signature", format!("{signed}.")),
        ("a shared secret", signing.key.sign(json!({ "alg": "HS256" }), &signing.claims(&state))),
        ("encrypted", "e30.a.b.c.d".to_owned()),
        ("no JWT", "k".to_owned()),
    ];
    let mut told = Vec::new();
    for (what, response) in table {
        let error = signing.receive(&place, &response).await.unwrap_err();
        assert_eq!(error.code, Code::CallbackInvalid, "{what}");
        assert_eq!(signing.phase(&attempt), Phase::Waiting, "{what}");
        let message = error.message.replace(&signing.issuer.server.origin, "ISSUER");
        // The time changes with each run.
        let message = message.split_once(" expired at ").map_or(message.as_str(), |(said, _)| said);
        told.push(format!("{what}: {message}"));
    }
    assert_eq!(signing.exchanged(), 0, "no code was sent");
    insta::assert_snapshot!(told.join("\n"));
    signing.receive(&place, &good).await.unwrap();
    assert_eq!(signing.phase(&attempt), Phase::Done);
}

#[tokio::test]
async fn plain_parameters_are_refused_if_a_signed_response_was_asked_for() {
    let signing = Signing::new().await;
    let grapnel = &signing.issuer.world.grapnel;
    let attempt = signing.start().await;
    let iss = &signing.issuer.server.origin;
    for plain in [format!("code=k&iss={iss}"), format!("error=access_denied&iss={iss}"), "code=k".to_owned()]
    {
        let callback = callback_of(grapnel, &attempt.id, &plain).await;
        let error = grapnel.receive_callback(&callback).await.unwrap_err();
        assert!(error.message.contains("it is not signed"), "{}", error.message);
        let error = grapnel.paste_callback(&attempt.id, &callback).await.unwrap_err();
        assert!(error.message.contains("it is not signed"), "{}", error.message);
    }
    // Plain parameters beside a signed response count for nothing.
    let (place, state) = signing.sent(&attempt).await;
    let mut claims = signing.claims(&state);
    claims.as_object_mut().unwrap().remove("code");
    let beside = format!("{}&code=k&state={state}&iss={iss}", signing.sign(&claims));
    assert!(signing.receive(&place, &beside).await.is_err());
    assert!(grapnel.paste_callback(&attempt.id, &"only-a-code".into()).await.is_err());
    assert_eq!((signing.phase(&attempt), signing.exchanged()), (Phase::Waiting, 0));
    // Pasted, a signed response is verified as well.
    let forged = Key::new("ES256").sign(json!({ "kid": "k1" }), &signing.claims(&state));
    let pasted = |response: &str| SecretString::from(format!("{place}?response={response}"));
    assert!(grapnel.paste_callback(&attempt.id, &pasted(&forged)).await.is_err());
    let good = signing.sign(&signing.claims(&state));
    grapnel.paste_callback(&attempt.id, &pasted(&good)).await.unwrap();
    assert_eq!((signing.phase(&attempt), signing.exchanged()), (Phase::Done, 1));
}

/// Nobody can make Grapnel send requests by a forged callback.
#[tokio::test]
async fn keys_are_fetched_only_for_a_response_with_a_known_state_at_its_redirect_uri() {
    let signing = Signing::new().await;
    let attempt = signing.start().await;
    let (place, state) = signing.sent(&attempt).await;
    let unknown = signing.sign(&signing.claims("a-state-of-nobody"));
    assert_eq!(signing.receive(&place, &unknown).await.unwrap_err().code, Code::CallbackUnknown);
    let good = signing.sign(&signing.claims(&state));
    assert!(signing.receive("https://app.example/elsewhere", &good).await.is_err());
    assert!(signing.receive(&place, &format!("{good}&response={good}")).await.is_err());
    assert_eq!(signing.asked_for_keys(), 0);
    assert_eq!(signing.phase(&attempt), Phase::Waiting);
    // An app that did not ask for a signed response takes none.
    let grapnel = &signing.issuer.world.grapnel;
    let plain = NewApp { name: "Plain".into(), ..signing.issuer.server.new_app(&[]) };
    let plain = grapnel.add_app(plain).await.unwrap();
    let other = grapnel.start_attempt(&plain.id, &SignInRequest::default()).await.unwrap();
    let link = Url::parse(grapnel.attempt_link(&other.id).await.unwrap().expose_secret()).unwrap();
    let value = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let response = signing.sign(&signing.claims(&value("state")));
    assert!(signing.receive(&value("redirect_uri"), &response).await.is_err());
    assert_eq!((signing.phase(&other), signing.asked_for_keys()), (Phase::Waiting, 0));
}

#[tokio::test]
async fn a_signed_response_needs_an_issuer_with_keys() {
    let signing = Signing::new().await;
    for (missing, own) in [
        ("issuer", vec![("response_mode", "query.jwt"), ("jwks_url", "https://id.example/keys")]),
        ("jwks_url", vec![("response_mode", "form_post.jwt"), ("issuer", "https://id.example")]),
    ] {
        let new = NewApp {
            name: missing.into(),
            redirect: "loopback".into(),
            ..signing.issuer.server.new_app(&own)
        };
        let error = signing.issuer.world.grapnel.add_app(new).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(missing));
    }
}

/// `form_post.jwt`: the browser posts the signed response to a port of this computer.
#[tokio::test]
async fn a_signed_response_can_be_posted_as_a_form() {
    let signing = Signing::new().await;
    let (world, origin) = (&signing.issuer.world, &signing.issuer.server.origin);
    let jwks = format!("{origin}/jwks");
    let own = [("issuer", origin.as_str()), ("jwks_url", jwks.as_str()), ("response_mode", "form_post.jwt")];
    let by = |redirect: &str| NewApp {
        name: "By form".into(),
        redirect: redirect.into(),
        ..signing.issuer.server.new_app(&own)
    };
    let error = world.grapnel.add_app(by("deep-link")).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("response_mode"), "a form cannot be posted to a deep link");
    let app = world.grapnel.add_app(by("loopback")).await.unwrap();
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let link = Url::parse(world.grapnel.attempt_link(&attempt.id).await.unwrap().expose_secret()).unwrap();
    let state = link.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (claims, status) in [(signing.claims("of-nobody"), 400), (signing.claims(&state), 200)] {
        let posted = client
            .post(&attempt.redirect_uri)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("response={}", signing.sign(&claims)));
        assert_eq!(posted.send().await.unwrap().status().as_u16(), status);
    }
    assert_eq!(end_of(&mut events, &attempt.id).await.phase, Phase::Done);
}
