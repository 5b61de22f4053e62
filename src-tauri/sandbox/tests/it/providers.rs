//! What holds for all providers: which of them run and where, what they share, and faults for one or for any.

use std::collections::HashSet;
use std::net::TcpListener;

use grapnel_sandbox::Endpoint::{Api, TokenExchange, TokenRefresh};
use grapnel_sandbox::{Consent, Fault, Options, ProviderId, Sandbox, Switch};
use serde_json::{Value, json};

use crate::harness::{House, house, house_with, query};
use crate::place::{Place, send};

const REDIRECT: &str = "http://127.0.0.1:9/callback";

#[test]
fn each_has_a_port_of_its_own() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let urls: HashSet<_> = ProviderId::ALL.iter().map(|id| sandbox.url(*id).unwrap()).collect();
    assert_eq!(urls.len(), 5);
    let named =
        [sandbox.grigora(), sandbox.grindery(), sandbox.the_grid(), sandbox.grovestreams(), sandbox.custom()];
    assert_eq!(HashSet::from(named), urls);
}

#[test]
fn one_that_is_not_asked_for_does_not_run_and_needs_no_port() {
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
fn five_ports_in_a_row_or_none() {
    let options = Options::default().from_port(4780).unwrap();
    assert_eq!((options.grigora_port, options.grindery_port), (4780, 4781));
    assert_eq!((options.the_grid_port, options.grovestreams_port, options.custom_port), (4782, 4783, 4784));
    assert_eq!(Options::default().from_port(0).unwrap().custom_port, 0);
    assert!(Options::default().from_port(u16::MAX - 3).is_none());
    assert!(Options::default().from_port(u16::MAX - 4).is_some());
}

/// An exchange that is refused at every provider, but only after a fault had its chance.
async fn exchange(place: &Place<'_>, id: ProviderId) -> u16 {
    let path = match id {
        ProviderId::Grigora => "/general/oauth/token",
        ProviderId::Grindery => "/oauth/token",
        ProviderId::TheGrid => "/login/authorize/token",
        ProviderId::GroveStreams => "/api/oauth_access_token",
        ProviderId::Custom => "/token",
    };
    place.form(path, &[("grant_type", "authorization_code")]).await.status
}

async fn call(place: &Place<'_>, id: ProviderId) -> crate::harness::Reply {
    match id {
        ProviderId::Grigora => place.get_as("/general/api/v1/project/list", "x").await,
        ProviderId::Grindery => {
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "or_listWorkspaces" });
            send(place.request(reqwest::Method::POST, "/").bearer_auth("x").json(&body)).await
        }
        ProviderId::TheGrid => place.get_as("/user", "x").await,
        ProviderId::GroveStreams => place.get_as("/api/user/x", "x").await,
        ProviderId::Custom => place.get_as("/userinfo", "x").await,
    }
}

#[tokio::test]
async fn a_fault_strikes_at_every_provider_or_at_the_one_that_is_named() {
    let house = house();
    for id in ProviderId::ALL {
        let place = house.at(id);
        house.sandbox.faults().set(TokenExchange, Fault::ServerError(503), 1).unwrap();
        assert_eq!(exchange(&place, id).await, 503, "{id}");
        house.sandbox.faults().set(Api, Fault::TooMany(3), 1).unwrap();
        let limited = call(&place, id).await;
        assert_eq!((limited.status, limited.header("retry-after")), (429, "3"), "{id}");
        for other in ProviderId::ALL {
            house.sandbox.faults().set_at(id, Api, Fault::ServerError(502), 1).unwrap();
            assert_eq!(call(&house.at(other), other).await.status == 502, other == id);
            house.sandbox.faults().clear();
        }
    }
}

#[tokio::test]
async fn a_refusal_by_fault_is_in_the_providers_own_form() {
    let house = house();
    let told = async |id| {
        house.sandbox.faults().set(Api, Fault::InvalidToken, 1).unwrap();
        let reply = call(&house.at(id), id).await;
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
        house.sandbox.faults().set(TokenRefresh, Fault::InvalidGrant, 1).unwrap();
        let reply = house.at(id).form(path, pairs).await;
        (reply.status, reply.json())
    };
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let (status, body) = refused(ProviderId::Grindery, "/oauth/token", &form).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    let (status, body) = refused(ProviderId::GroveStreams, "/api/oauth_access_token", &form).await;
    assert_eq!((status, &body["success"]), (200, &json!(false)));
}

#[tokio::test]
async fn without_a_refresh_token_in_the_reply_the_old_one_goes_on_wherever_it_rotates() {
    let house = house_with(Options { consent: Consent::Authorize, ..Options::default() });
    let id = ProviderId::GroveStreams;
    let code = skip_the_page(&house, id).await.param("code").unwrap();
    let place = house.at(id);
    let path = "/api/oauth_access_token";
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("client_id", "x")];
    let (_, token) = crate::harness::pair(&place.form(path, &form).await);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("client_id", "x")];
    house.sandbox.faults().set_at(id, TokenRefresh, Fault::NoRefreshToken, 1).unwrap();
    let reply = place.form(path, &form).await.json();
    assert!(reply["access_token"].is_string() && reply.get("refresh_token").is_none());
    crate::harness::pair(&place.form(path, &form).await);
}

/// What a script does where nobody is to see a page.
async fn skip_the_page(house: &House, id: ProviderId) -> crate::harness::Reply {
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
    house.at(id).get(&format!("{path}?{}", query(&pairs))).await
}

#[tokio::test]
async fn nobody_need_answer_a_page_and_each_departure_names_its_provider() {
    let house = house_with(Options { consent: Consent::Authorize, reveal: true, ..Options::default() });
    for id in ProviderId::ALL {
        let back = skip_the_page(&house, id).await;
        assert!(back.header("location").starts_with(REDIRECT), "{id}: {}", back.text);
        assert_eq!(back.param("state").as_deref(), Some("s1"));
        assert!(house.sandbox.departures().is_empty(), "{id}");
        assert_eq!(house.sandbox.grants(id).issued().codes, 1);
        let code = back.param("code").unwrap();
        assert!(house.sandbox.revealed().iter().any(|secret| secret.value == code));
        house.at(id).get("/nowhere").await.refused(404, "not_found");
        assert_eq!(house.sandbox.departures().all()[0].provider, id.name());
        house.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn the_control_endpoint_of_one_turns_what_all_share() {
    let house = house();
    let (grindery, custom) = (house.at(ProviderId::Grindery), house.at(ProviderId::Custom));
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
async fn switches_are_turned_over_the_control_endpoint() {
    let house = house();
    let place = house.at(ProviderId::Custom);
    let turned = place.json("/_sandbox/switches", &json!({ "switch": "custom-wrong-iss", "on": true })).await;
    assert_eq!(turned.json(), json!({ "switches": ["custom-wrong-iss"] }));
    assert!(house.sandbox.switches().is_on(Switch::CustomWrongIss));
    assert_eq!(place.get("/_sandbox").await.json()["switches"], json!(["custom-wrong-iss"]));
    place.json("/_sandbox/switches", &json!({ "switch": "custom-wrong-iss", "on": false })).await;
    assert!(house.sandbox.switches().on().is_empty());
    let unknown = json!({ "switch": "everything", "on": true });
    place.json("/_sandbox/switches", &unknown).await.refused(400, "invalid_request");
    house.sandbox.switches().set(Switch::TheGridNoState, true);
    let cleared = send(place.request(reqwest::Method::DELETE, "/_sandbox/switches")).await;
    assert_eq!(cleared.json(), json!({ "switches": [] }));
}
