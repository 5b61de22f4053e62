//! Behavior common to all providers: ports, shared state, and faults for one or all of them.

use std::collections::HashSet;
use std::net::TcpListener;

use grapnel_sandbox::Endpoint::{Api, TokenExchange, TokenRefresh};
use grapnel_sandbox::{Consent, Fault, Options, ProviderId, Sandbox, Switch};
use serde_json::{Value, json};

use crate::harness::{Harness, harness, harness_with, query};
use crate::provider_client::{ProviderClient, send};

const REDIRECT: &str = "http://127.0.0.1:9/callback";

#[test]
fn each_provider_has_its_own_port() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let urls: HashSet<_> = ProviderId::ALL.iter().map(|id| sandbox.url(*id).unwrap()).collect();
    assert_eq!(urls.len(), 5);
    let named =
        [sandbox.grigora(), sandbox.grindery(), sandbox.the_grid(), sandbox.grovestreams(), sandbox.custom()];
    assert_eq!(HashSet::from(named), urls);
}

#[test]
fn an_unselected_provider_does_not_run_and_needs_no_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let grindery_port = taken.local_addr().unwrap().port();
    let options = Options { grindery_port, ..Options::only(ProviderId::Custom) };
    let sandbox = Sandbox::start(options.clone()).unwrap();
    assert_eq!(sandbox.providers().collect::<Vec<_>>(), [ProviderId::Custom]);
    assert_eq!(sandbox.url(ProviderId::Grindery), None);
    let error = Sandbox::start(Options { providers: ProviderId::ALL.to_vec(), ..options }).unwrap_err();
    assert!(error.to_string().starts_with(&format!("port {grindery_port}: ")));
}

#[test]
fn from_port_needs_five_consecutive_ports() {
    let options = Options::default().from_port(4780).unwrap();
    assert_eq!((options.grigora_port, options.grindery_port), (4780, 4781));
    assert_eq!((options.the_grid_port, options.grovestreams_port, options.custom_port), (4782, 4783, 4784));
    assert_eq!(Options::default().from_port(0).unwrap().custom_port, 0);
    assert!(Options::default().from_port(u16::MAX - 3).is_none());
    assert!(Options::default().from_port(u16::MAX - 4).is_some());
}

/// An exchange that every provider refuses, after its planned faults have been applied.
async fn exchange(client: &ProviderClient<'_>, id: ProviderId) -> u16 {
    let path = match id {
        ProviderId::Grigora => "/general/oauth/token",
        ProviderId::Grindery => "/oauth/token",
        ProviderId::TheGrid => "/login/authorize/token",
        ProviderId::GroveStreams => "/api/oauth_access_token",
        ProviderId::Custom => "/token",
    };
    client.form(path, &[("grant_type", "authorization_code")]).await.status
}

async fn call(client: &ProviderClient<'_>, id: ProviderId) -> crate::harness::Reply {
    match id {
        ProviderId::Grigora => client.get_as("/general/api/v1/project/list", "x").await,
        ProviderId::Grindery => {
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "or_listWorkspaces" });
            send(client.request(reqwest::Method::POST, "/").bearer_auth("x").json(&body)).await
        }
        ProviderId::TheGrid => client.get_as("/user", "x").await,
        ProviderId::GroveStreams => client.get_as("/api/user/x", "x").await,
        ProviderId::Custom => client.get_as("/userinfo", "x").await,
    }
}

#[tokio::test]
async fn a_fault_applies_to_every_provider_or_to_the_named_one() {
    let harness = harness();
    for id in ProviderId::ALL {
        let client = harness.at(id);
        harness.sandbox.faults().set(TokenExchange, Fault::ServerError(503), 1).unwrap();
        assert_eq!(exchange(&client, id).await, 503, "{id}");
        harness.sandbox.faults().set(Api, Fault::TooMany(3), 1).unwrap();
        let limited = call(&client, id).await;
        assert_eq!((limited.status, limited.header("retry-after")), (429, "3"), "{id}");
        for other in ProviderId::ALL {
            harness.sandbox.faults().set_at(id, Api, Fault::ServerError(502), 1).unwrap();
            assert_eq!(call(&harness.at(other), other).await.status == 502, other == id);
            harness.sandbox.faults().clear();
        }
    }
}

#[tokio::test]
async fn an_injected_refusal_has_the_providers_format() {
    let harness = harness();
    let told = async |id| {
        harness.sandbox.faults().set(Api, Fault::InvalidToken, 1).unwrap();
        let reply = call(&harness.at(id), id).await;
        (reply.status, reply.json())
    };
    let (status, body) = told(ProviderId::Grindery).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32602)));
    let (status, body) = told(ProviderId::GroveStreams).await;
    assert_eq!((status, &body["success"]), (200, &json!(false)));
    for id in [ProviderId::Grigora, ProviderId::TheGrid, ProviderId::Custom] {
        let (status, body) = told(id).await;
        assert_eq!((status, &body["error"]), (401, &json!("invalid_token")));
    }
    let refused = async |id: ProviderId, path: &str, pairs: &[(&str, &str)]| {
        harness.sandbox.faults().set(TokenRefresh, Fault::InvalidGrant, 1).unwrap();
        let reply = harness.at(id).form(path, pairs).await;
        (reply.status, reply.json())
    };
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let (status, body) = refused(ProviderId::Grindery, "/oauth/token", &form).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    let (status, body) = refused(ProviderId::GroveStreams, "/api/oauth_access_token", &form).await;
    assert_eq!((status, &body["success"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_keeps_the_old_one_valid_wherever_it_rotates() {
    let harness = harness_with(Options { consent: Consent::Authorize, ..Options::default() });
    let id = ProviderId::GroveStreams;
    let code = skip_the_page(&harness, id).await.param("code").unwrap();
    let client = harness.at(id);
    let path = "/api/oauth_access_token";
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("client_id", "x")];
    let (_, token) = crate::harness::pair(&client.form(path, &form).await);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("client_id", "x")];
    harness.sandbox.faults().set_at(id, TokenRefresh, Fault::NoRefreshToken, 1).unwrap();
    let reply = client.form(path, &form).await.json();
    assert!(reply["access_token"].is_string() && reply.get("refresh_token").is_none());
    crate::harness::pair(&client.form(path, &form).await);
}

/// An authorization request when the consent page is skipped.
async fn skip_the_page(harness: &Harness, id: ProviderId) -> crate::harness::Reply {
    use grapnel_sandbox::{custom, grigora, the_grid};
    let challenge = [("code_challenge", crate::harness::CHALLENGE), ("code_challenge_method", "S256")];
    let (path, mut pairs) = match id {
        ProviderId::Grigora => (grigora::AUTHORIZE_PATH, vec![("client_id", grigora::CLIENT_ID)]),
        ProviderId::Grindery => ("/oauth/authorize", vec![]),
        ProviderId::TheGrid => (the_grid::AUTHORIZE_PATH, vec![("client_id", the_grid::CLIENT_ID)]),
        ProviderId::GroveStreams => ("/Modern/", vec![("client_id", "x")]),
        ProviderId::Custom => {
            let mut pairs = vec![("client_id", custom::CLIENT_ID), ("scope", "openid")];
            pairs.extend(challenge);
            (custom::AUTHORIZE_PATH, pairs)
        }
    };
    pairs.extend([("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "s1")]);
    harness.at(id).get(&format!("{path}?{}", query(&pairs))).await
}

#[tokio::test]
async fn pages_can_be_skipped_and_departures_name_their_provider() {
    let harness = harness_with(Options { consent: Consent::Authorize, reveal: true, ..Options::default() });
    for id in ProviderId::ALL {
        let back = skip_the_page(&harness, id).await;
        assert!(back.header("location").starts_with(REDIRECT), "{id}: {}", back.text);
        assert_eq!(back.param("state").as_deref(), Some("s1"));
        assert!(harness.sandbox.departures().is_empty(), "{id}");
        assert_eq!(harness.sandbox.grants(id).issued().codes, 1);
        let code = back.param("code").unwrap();
        assert!(harness.sandbox.revealed().iter().any(|secret| secret.value == code));
        harness.at(id).get("/nowhere").await.refused(404, "not_found");
        assert_eq!(harness.sandbox.departures().all()[0].provider, id.name());
        harness.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn each_control_endpoint_sets_the_shared_state() {
    let harness = harness();
    let (grindery, custom) = (harness.at(ProviderId::Grindery), harness.at(ProviderId::Custom));
    grindery.json("/_sandbox/clock", &json!({ "advance": 7200 })).await;
    assert_eq!(grindery.get("/_sandbox").await.json()["provider"], "grindery");
    let clocks = [grindery.get("/_sandbox/clock").await.json(), custom.get("/_sandbox/clock").await.json()];
    let minute = |clock: &Value| clock["now"].as_str().unwrap()[..15].to_owned();
    assert_eq!(minute(&clocks[0]), minute(&clocks[1]));
    let plan = json!({ "provider": "custom", "endpoint": "api", "fault": "500" });
    grindery.json("/_sandbox/faults", &plan).await;
    let listed = json!({ "provider": "custom", "endpoint": "api", "fault": "500", "times": "1" });
    assert_eq!(custom.get("/_sandbox/faults").await.json()["faults"], json!([listed]));
    let wrong = json!({ "provider": "nobody", "endpoint": "api", "fault": "500" });
    grindery.json("/_sandbox/faults", &wrong).await.refused(400, "invalid_request");
    grindery.json("/_sandbox/consent", &json!({ "mode": "cancel" })).await;
    assert_eq!(
        custom.get("/_sandbox/consent").await.json(),
        json!({ "mode": "ask" }),
        "each has its own page"
    );
}

#[tokio::test]
async fn switches_are_set_over_the_control_endpoint() {
    let harness = harness();
    let client = harness.at(ProviderId::Custom);
    let turned =
        client.json("/_sandbox/switches", &json!({ "switch": "custom-wrong-iss", "on": true })).await;
    assert_eq!(turned.json(), json!({ "switches": ["custom-wrong-iss"] }));
    assert!(harness.sandbox.switches().is_on(Switch::CustomWrongIss));
    assert_eq!(client.get("/_sandbox").await.json()["switches"], json!(["custom-wrong-iss"]));
    client.json("/_sandbox/switches", &json!({ "switch": "custom-wrong-iss", "on": false })).await;
    assert!(harness.sandbox.switches().on().is_empty());
    let unknown = json!({ "switch": "everything", "on": true });
    client.json("/_sandbox/switches", &unknown).await.refused(400, "invalid_request");
    harness.sandbox.switches().set(Switch::TheGridNoState, true);
    let cleared = send(client.request(reqwest::Method::DELETE, "/_sandbox/switches")).await;
    assert_eq!(cleared.json(), json!({ "switches": [] }));
}
