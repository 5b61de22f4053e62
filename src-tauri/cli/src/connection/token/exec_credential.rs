//! A token for Kubernetes clients: the `ExecCredential` of `client.authentication.k8s.io`.

use grapnel_model::access_token::AccessToken;
use grapnel_model::error::{Error, Result};
use grapnel_model::secret::ExposeSecret;
use serde_json::{Value, json};

use crate::print;

/// The variable with which the client states the version that it expects.
const INFO: &str = "KUBERNETES_EXEC_INFO";
const V1: &str = "client.authentication.k8s.io/v1";
/// Both have the same members.
const VERSIONS: [&str; 2] = [V1, "client.authentication.k8s.io/v1beta1"];

/// The document that the client reads.
pub(super) fn document(token: &AccessToken) -> Result<String> {
    print::json(&credential(token, std::env::var(INFO).ok().as_deref())?)
}

fn credential(token: &AccessToken, info: Option<&str>) -> Result<Value> {
    let mut status = json!({ "token": token.value.expose_secret() });
    if let Some(end) = token.expires_at {
        // In whole seconds: metav1.Time has no fractions.
        status["expirationTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    }
    Ok(json!({ "apiVersion": version(info)?, "kind": "ExecCredential", "status": status }))
}

fn version(info: Option<&str>) -> Result<&'static str> {
    let Some(info) = info.filter(|info| !info.is_empty()) else { return Ok(V1) };
    let info: Option<Value> = serde_json::from_str(info).ok();
    let asked = info.as_ref().and_then(|info| info["apiVersion"].as_str()).unwrap_or_default();
    VERSIONS.into_iter().find(|version| *version == asked).ok_or_else(|| {
        Error::input("format", format!("{INFO} asks for the version “{asked}”, which Grapnel does not know."))
            .means("No token was printed.")
            .hint(format!("Set apiVersion to {V1} in the kubeconfig."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use grapnel_model::access_token::AccessTokenType;

    #[test]
    fn it_has_the_version_that_the_client_requests() {
        let expires_at = Some("2026-03-02T13:00:00.25Z".parse().unwrap());
        let token = AccessToken { value: "x".into(), token_type: AccessTokenType::Bearer, expires_at };
        let expected = |version: &str| {
            let status = json!({ "token": "x", "expirationTimestamp": "2026-03-02T13:00:00Z" });
            json!({ "apiVersion": version, "kind": "ExecCredential", "status": status })
        };
        assert_eq!(credential(&token, None).unwrap(), expected(V1));
        for version in VERSIONS {
            let info = format!(r#"{{"apiVersion":"{version}","kind":"ExecCredential","spec":{{}}}}"#);
            assert_eq!(credential(&token, Some(&info)).unwrap(), expected(version));
        }
        for wrong in ["{", "{}", r#"{"apiVersion":"client.authentication.k8s.io/v2"}"#] {
            assert_eq!(credential(&token, Some(wrong)).unwrap_err().field.as_deref(), Some("format"));
        }
    }

    #[test]
    fn a_token_without_expiry_has_no_timestamp() {
        let token = AccessToken { value: "x".into(), token_type: AccessTokenType::Bearer, expires_at: None };
        assert_eq!(credential(&token, None).unwrap()["status"], json!({ "token": "x" }));
    }
}
