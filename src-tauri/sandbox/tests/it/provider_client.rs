//! One provider of a sandbox, and the requests that tests make to any of them.

use grapnel_sandbox::ProviderId;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::harness::{Harness, Reply, query};

pub(crate) struct ProviderClient<'h> {
    pub(crate) harness: &'h Harness,
    pub(crate) base: &'h str,
}

impl Harness {
    pub(crate) fn at(&self, provider: ProviderId) -> ProviderClient<'_> {
        ProviderClient { harness: self, base: self.sandbox.url(provider).unwrap() }
    }
}

impl ProviderClient<'_> {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.harness.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// Requests a path with a query.
    pub(crate) async fn ask(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.get(&format!("{path}?{}", query(pairs))).await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Reply {
        send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub(crate) async fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        send(self.request(Method::POST, path).form(pairs)).await
    }

    pub(crate) async fn json(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    Reply::of(request.send().await.unwrap()).await
}

/// A member of a JSON reply, as text.
pub(crate) fn text(reply: &Reply, member: &str) -> String {
    reply.json()[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", reply.text)).to_owned()
}

/// The claims of a JWT, without verification.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
