//! A person's own requests to a connection's API: which hosts get the access token, and the handling of a rejection.

use std::sync::Mutex;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::api_request::{ApiClient, ApiRequest, ApiResponse, RequestBody, Waiting};
use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::connection::State;
use grapnel_model::error::{Code, Result};
use grapnel_model::id::ConnectionId;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde_json::json;

use crate::support::scripted_server::{GRANT, Received, Reply, Scripted, sign_in};
use crate::support::world::World;

/// The token that [`GRANT`] contains.
pub(crate) const FIRST: &str = "Bearer 2YotnFZFEjr1zCsicMWpAA";
pub(crate) const SECOND: &str = "Bearer the-second-access-token";

pub(crate) struct Api {
    pub(crate) world: World,
    pub(crate) server: Scripted,
    pub(crate) id: ConnectionId,
}

impl Api {
    /// A connection whose refresh returns another token.
    pub(crate) async fn new() -> Self {
        let (world, server) = (World::new(), Scripted::start().await);
        let second =
            json!({ "access_token": "the-second-access-token", "token_type": "Bearer", "expires_in": 3600 });
        server.on("/token", [Reply::json(200, GRANT), Reply::json(200, second.to_string())]);
        let base = format!("{}/api", server.origin);
        let app = world
            .grapnel
            .add_app(server.new_app(&[("api_base", &base), ("refresh", "keeps")]))
            .await
            .unwrap();
        let id = sign_in(&world.grapnel, &app).await.unwrap();
        Self { world, server, id }
    }

    fn client(&self, allowed: &[&str]) -> ApiClient {
        let allowed = allowed.iter().map(|host| host.parse().unwrap()).collect();
        self.world.grapnel.api(&self.id, allowed)
    }

    async fn get(&self, target: &str) -> Result<ApiResponse> {
        let client = self.client(&[]);
        let url = client.resolve(target)?;
        client.send(request(Method::GET, url, ""), &NO_WAIT).await
    }

    /// The `Authorization` headers that `path` received.
    fn authorizations(&self, path: &str) -> Vec<String> {
        let received = self.server.received(path);
        received.iter().map(|one| one.header("authorization").unwrap_or_default().to_owned()).collect()
    }

    fn refreshes(&self) -> usize {
        self.server.received("/token").len() - 1
    }
}

const NO_WAIT: Waiting<'static> =
    Waiting { response: Duration::from_secs(30), retry_after: Duration::ZERO, on_retry: &|_, _| () };

fn request(method: Method, url: url::Url, body: &'static str) -> ApiRequest {
    ApiRequest { method, url, headers: HeaderMap::new(), body: RequestBody::Bytes(body.into()) }
}

async fn text(mut response: ApiResponse) -> String {
    String::from_utf8(response.body(1 << 20).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once_and_the_request_repeated() {
    let api = Api::new().await;
    api.server.answer("/api/posts", |received| match received.header("authorization") {
        Some(SECOND) => Reply::json(200, format!("{} {}", received.method, received.body)),
        _ => Reply::json(401, "{}"),
    });
    let client = api.client(&[]);
    let url = client.resolve("posts").unwrap();
    let response = client.send(request(Method::PUT, url, "a body"), &NO_WAIT).await.unwrap();
    assert_eq!(text(response).await, "PUT a body");
    assert_eq!(api.authorizations("/api/posts"), [FIRST, SECOND]);
    api.get("posts").await.unwrap();
    assert_eq!((api.authorizations("/api/posts").len(), api.refreshes()), (3, 1));
}

#[tokio::test]
async fn a_token_of_the_agent_is_sent_until_it_is_rejected_or_expires() {
    let api = Api::new().await;
    let first_is_rejected = |received: &Received| match received.header("authorization") {
        Some(SECOND) => Reply::json(200, "{}"),
        _ => Reply::json(401, "{}"),
    };
    api.server.answer("/api/x", first_is_rejected);
    let given = |expires_at| {
        Some(AccessToken { value: "of-the-agent".into(), token_type: AccessTokenType::Bearer, expires_at })
    };
    let client = api.client(&[]).with_token_of(|| given(None)).unwrap();
    let url = client.resolve("x").unwrap();
    for _ in 0..2 {
        assert_eq!(client.send(request(Method::GET, url.clone(), ""), &NO_WAIT).await.unwrap().status(), 200);
    }
    assert_eq!(api.authorizations("/api/x"), ["Bearer of-the-agent", SECOND, SECOND]);
    assert_eq!(api.refreshes(), 1);
    let client = api.client(&[]).with_token_of(|| given(Some(Timestamp::now()))).unwrap();
    client.send(request(Method::GET, url, ""), &NO_WAIT).await.unwrap();
    assert_eq!(api.authorizations("/api/x").last().unwrap(), SECOND);
}

#[tokio::test]
async fn a_response_that_stays_401_is_returned_and_the_connection_kept() {
    let api = Api::new().await;
    api.server.on("/api/closed", [Reply::json(401, "no")]);
    let response = api.get("closed").await.unwrap();
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (401, "no"));
    assert_eq!(api.authorizations("/api/closed"), [FIRST, SECOND]);
    let connection = api.world.grapnel.connection(&api.id).unwrap();
    assert_eq!(connection.summary.state, State::Active);
}

#[tokio::test]
async fn a_stream_is_not_sent_again_but_the_token_is_refreshed() {
    let api = Api::new().await;
    api.server.on("/api/upload", [Reply::json(401, "no")]);
    let client = api.client(&[]);
    let (sender, pieces) = tokio::sync::mpsc::channel(1);
    drop(sender);
    let url = client.resolve("upload").unwrap();
    let mut request = request(Method::POST, url, "");
    request.headers.insert("content-length", 4.into());
    request.body = RequestBody::of_pieces("body".into(), pieces);
    let response = client.send(request, &NO_WAIT).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!((api.server.received("/api/upload").len(), api.refreshes()), (1, 1));
}

#[tokio::test]
async fn the_token_follows_no_redirect_and_goes_to_no_other_host() {
    let (api, elsewhere) = (Api::new().await, Scripted::start().await);
    for status in [301, 302, 303, 307, 308] {
        let moved =
            Reply::new(status, "text/plain", "").header("location", &format!("{}/taken", elsewhere.origin));
        api.server.on("/api/moved", [moved]);
        assert_eq!(api.get("moved").await.unwrap().status().as_u16(), status);
    }
    let taken = format!("{}/taken", elsewhere.origin);
    let error = api.get(&taken).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("url")), "{error:?}");
    // Not even if the caller skips `resolve`.
    let client = api.client(&[]);
    assert!(client.send(request(Method::GET, taken.parse().unwrap(), ""), &NO_WAIT).await.is_err());
    assert!(elsewhere.all_received().is_empty());

    let host = elsewhere.origin.strip_prefix("http://").unwrap();
    let allowing = api.client(&[host]);
    let url = allowing.resolve(&taken).unwrap();
    allowing.send(request(Method::GET, url, ""), &NO_WAIT).await.unwrap();
    assert_eq!(elsewhere.received("/taken")[0].header("authorization"), Some(FIRST));
}

#[tokio::test]
async fn a_callers_own_authorization_is_replaced() {
    let api = Api::new().await;
    api.server.on("/api/x", [Reply::json(200, "{}")]);
    let client = api.client(&[]);
    let mut request = request(Method::GET, client.resolve("x").unwrap(), "");
    request.headers.append("authorization", "Basic eA==".parse().unwrap());
    request.headers.append("authorization", "Bearer other".parse().unwrap());
    client.send(request, &NO_WAIT).await.unwrap();
    let received = &api.server.received("/api/x")[0];
    let sent: Vec<_> = received.headers.iter().filter(|(name, _)| name == "authorization").collect();
    assert_eq!(sent.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), [FIRST]);
}

#[tokio::test]
async fn an_api_that_asks_to_wait_is_waited_for_within_the_limit() {
    let api = Api::new().await;
    let busy = |seconds: &str| Reply::json(429, "slow down").header("retry-after", seconds);
    api.server.on("/api/busy", [busy("0"), busy("1"), Reply::json(200, "done")]);
    let waits = Mutex::new(Vec::new());
    let on_retry = |_, wait: Duration| waits.lock().unwrap().push(wait.as_secs());
    let waiting = Waiting { retry_after: Duration::from_secs(5), on_retry: &on_retry, ..NO_WAIT };
    let client = api.client(&[]);
    let url = client.resolve("busy").unwrap();
    let response = client.send(request(Method::GET, url, ""), &waiting).await.unwrap();
    assert_eq!(text(response).await, "done");
    assert_eq!(*waits.lock().unwrap(), [1, 1]);

    api.server.on("/api/always", [busy("0")]);
    let waiting = Waiting { retry_after: Duration::from_secs(1), ..waiting };
    let url = client.resolve("always").unwrap();
    assert_eq!(client.send(request(Method::GET, url, ""), &waiting).await.unwrap().status(), 429);
    assert_eq!(api.server.received("/api/always").len(), 2);

    api.server.on("/api/long", [busy("60")]);
    let url = client.resolve("long").unwrap();
    let response = client.send(request(Method::GET, url, ""), &waiting).await.unwrap();
    assert_eq!((response.status().as_u16(), api.server.received("/api/long").len()), (429, 1));
}

/// After an app's endpoints change, they get no token that was issued for the old ones.
#[tokio::test]
async fn a_token_of_other_hosts_is_not_sent_after_the_apps_endpoints_change() {
    let (api, elsewhere) = (Api::new().await, Scripted::start().await);
    let grapnel: &Grapnel = &api.world.grapnel;
    let app = grapnel.apps().unwrap().pop().unwrap();
    let moved = api.server.new_app(&[("api_base", &elsewhere.origin), ("refresh", "keeps")]);
    grapnel.change_app(&app.id, moved).await.unwrap();
    let error = api.get("x").await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectNeeded, "{error:?}");
    assert!(elsewhere.all_received().is_empty());
}
