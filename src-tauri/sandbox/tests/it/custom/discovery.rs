//! What the provider announces of itself.

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::Switch;
use grapnel_sandbox::custom::{METADATA_PATH, OPENID_PATH};
use serde_json::json;

use crate::harness::{content_type, house};

#[tokio::test]
async fn both_documents_name_the_issuer_and_endpoints_that_answer() {
    let house = house();
    for path in [METADATA_PATH, OPENID_PATH] {
        let reply = house.at(Custom).get(path).await;
        assert_eq!((reply.status, content_type(&reply)), (200, "application/json".to_owned()));
        let document = reply.json();
        assert_eq!(document["issuer"], house.sandbox.custom());
        for (member, status) in [
            ("authorization_endpoint", 400),
            ("token_endpoint", 405),
            ("introspection_endpoint", 405),
            ("revocation_endpoint", 405),
            ("userinfo_endpoint", 401),
            ("jwks_uri", 200),
        ] {
            let url = document[member].as_str().unwrap();
            assert_eq!(house.http.get(url).send().await.unwrap().status(), status, "{member}");
        }
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        let ways = json!(["client_secret_basic", "client_secret_post"]);
        assert_eq!(document["token_endpoint_auth_methods_supported"], ways);
    }
    let openid = house.at(Custom).get(OPENID_PATH).await.json();
    assert_eq!(openid["subject_types_supported"], json!(["public"]));
    assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn the_issuer_may_be_another() {
    let house = house();
    house.sandbox.switches().set(Switch::CustomIssuerMismatch, true);
    for path in [METADATA_PATH, OPENID_PATH] {
        let document = house.at(Custom).get(path).await.json();
        assert_eq!(document["issuer"], "https://someone-else.example");
        assert!(document["token_endpoint"].as_str().unwrap().starts_with(house.sandbox.custom()));
    }
}

#[tokio::test]
async fn a_document_may_have_ten_mib() {
    let house = house();
    house.sandbox.switches().set(Switch::CustomHugeDocument, true);
    for path in [METADATA_PATH, OPENID_PATH] {
        let reply = house.at(Custom).get(path).await;
        assert!(reply.text.len() > 10 * 1024 * 1024);
        assert_eq!(reply.json()["issuer"], house.sandbox.custom());
    }
}

#[tokio::test]
async fn there_may_be_no_revocation() {
    let house = house();
    house.sandbox.switches().set(Switch::CustomNoRevocation, true);
    let document = house.at(Custom).get(METADATA_PATH).await.json();
    assert!(
        document.get("revocation_endpoint").is_none() && document.get("introspection_endpoint").is_some()
    );
    house.at(Custom).form("/revoke", &[("token", "x")]).await.refused(404, "not_found");
}
