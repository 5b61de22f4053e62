//! The metadata documents.

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::Switch;
use grapnel_sandbox::custom::{METADATA_PATH, OPENID_PATH};
use serde_json::json;

use crate::harness::{content_type, harness};

#[tokio::test]
async fn both_documents_name_the_issuer_and_working_endpoints() {
    let harness = harness();
    for path in [METADATA_PATH, OPENID_PATH] {
        let reply = harness.at(Custom).get(path).await;
        assert_eq!((reply.status, content_type(&reply)), (200, "application/json".to_owned()));
        let document = reply.json();
        assert_eq!(document["issuer"], harness.sandbox.custom());
        for (member, status) in [
            ("authorization_endpoint", 400),
            ("token_endpoint", 405),
            ("device_authorization_endpoint", 405),
            ("introspection_endpoint", 405),
            ("revocation_endpoint", 405),
            ("userinfo_endpoint", 401),
            ("jwks_uri", 200),
        ] {
            let url = document[member].as_str().unwrap();
            assert_eq!(harness.http.get(url).send().await.unwrap().status(), status, "{member}");
        }
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        let ways = json!(["client_secret_basic", "client_secret_post"]);
        assert_eq!(document["token_endpoint_auth_methods_supported"], ways);
    }
    let openid = harness.at(Custom).get(OPENID_PATH).await.json();
    assert_eq!(openid["subject_types_supported"], json!(["public"]));
    assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn a_switch_changes_the_issuer() {
    let harness = harness();
    harness.sandbox.switches().set(Switch::CustomIssuerMismatch, true);
    for path in [METADATA_PATH, OPENID_PATH] {
        let document = harness.at(Custom).get(path).await.json();
        assert_eq!(document["issuer"], "https://someone-else.example");
        assert!(document["token_endpoint"].as_str().unwrap().starts_with(harness.sandbox.custom()));
    }
}

#[tokio::test]
async fn a_switch_makes_the_document_10_mib() {
    let harness = harness();
    harness.sandbox.switches().set(Switch::CustomHugeDocument, true);
    for path in [METADATA_PATH, OPENID_PATH] {
        let reply = harness.at(Custom).get(path).await;
        assert!(reply.text.len() > 10 * 1024 * 1024);
        assert_eq!(reply.json()["issuer"], harness.sandbox.custom());
    }
}

#[tokio::test]
async fn a_switch_removes_revocation() {
    let harness = harness();
    harness.sandbox.switches().set(Switch::CustomNoRevocation, true);
    let document = harness.at(Custom).get(METADATA_PATH).await.json();
    assert!(
        document.get("revocation_endpoint").is_none() && document.get("introspection_endpoint").is_some()
    );
    harness.at(Custom).form("/revoke", &[("token", "x")]).await.refused(404, "not_found");
}
