//! Nonces and clocks, against a server that is scripted response by response.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::Profile;
use http::{Request, header};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::clock::{CorrectedClock, SystemClock};
use crate::http::credentials::Credentials;
use crate::http::token::{TokenRequestKind, request_token};
use crate::http::{Client, Limits, Reply, StreamedBody};

const DEMAND: &str =
    r#"{"error": "use_dpop_nonce", "error_description": "Authorization server requires nonce"}"#;
const REFUSED: &str = r#"{"error": "invalid_dpop_proof"}"#;

/// One scripted response: its status, a header, and its body.
type Scripted = (u16, Option<(&'static str, String)>, &'static str);

fn client() -> Client {
    Client::new(Arc::new(CorrectedClock::new(Arc::new(SystemClock::default()))))
}

fn nonced(status: u16, nonce: &str, body: &'static str) -> Scripted {
    (status, Some(("dpop-nonce", nonce.to_owned())), body)
}

/// A server that answers so, one connection each. Returns its address, and the claims of the proofs it got.
async fn server(script: Vec<Scripted>) -> (String, tokio::task::JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/token", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut proofs = Vec::new();
        for (status, header, body) in script {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let mut buffer = [0; 4096];
                let read = client.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let request = String::from_utf8(request).unwrap();
            let sent: Vec<&str> = request.lines().filter_map(|line| line.strip_prefix("dpop: ")).collect();
            let [proof] = sent[..] else { panic!("not one proof: {request}") };
            let claims = BASE64.decode(proof.split('.').nth(1).unwrap()).unwrap();
            proofs.push(serde_json::from_slice(&claims).unwrap());
            let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{header}\r\n"
            );
            client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
        proofs
    });
    (address, served)
}

async fn send(client: &Client, address: &str, token: Option<&SecretString>) -> Reply {
    let mut request =
        Request::post(format!("{address}?a=1")).body(b"grant_type=refresh_token".to_vec()).unwrap();
    let key = Arc::new(DpopKey::generate().unwrap());
    bind(request.extensions_mut(), &key, token, None);
    client.send(ExchangeKind::Refresh, request, Limits::TOKEN).await.unwrap()
}

fn nonces(proofs: &[Value]) -> Vec<Option<&str>> {
    proofs.iter().map(|claims| claims["nonce"].as_str()).collect()
}

#[tokio::test]
async fn a_demanded_nonce_is_used_at_once_and_from_then_on() {
    let script =
        vec![nonced(400, "n1", DEMAND), (200, None, "{}"), nonced(200, "n2", "{}"), (200, None, "{}")];
    let (address, served) = server(script).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(send(&client, &address, None).await.status, StatusCode::OK);
    }
    let proofs = served.await.unwrap();
    assert_eq!(nonces(&proofs), [None, Some("n1"), Some("n1"), Some("n2")]);
    assert!(proofs.iter().all(|claims| claims["htu"] == address && claims["htm"] == "POST"));
    assert_ne!(proofs[0]["jti"], proofs[1]["jti"]);
}

#[tokio::test]
async fn a_server_that_always_demands_another_nonce_gets_two_requests() {
    let (address, served) = server(vec![nonced(400, "n1", DEMAND), nonced(400, "n2", DEMAND)]).await;
    let reply = send(&client(), &address, None).await;
    assert_eq!((reply.status, reply.body.as_slice()), (StatusCode::BAD_REQUEST, DEMAND.as_bytes()));
    assert_eq!(nonces(&served.await.unwrap()), [None, Some("n1")]);
}

#[tokio::test]
async fn a_demand_without_a_new_nonce_is_not_repeated() {
    for demand in
        [(400, None, DEMAND), nonced(400, "two words", DEMAND), nonced(400, &"n".repeat(2000), DEMAND)]
    {
        let (address, served) = server(vec![demand]).await;
        assert_eq!(send(&client(), &address, None).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(nonces(&served.await.unwrap()), [None]);
    }
    // The same one again.
    let (address, served) = server(vec![nonced(200, "n1", "{}"), nonced(400, "n1", DEMAND)]).await;
    let client = client();
    send(&client, &address, None).await;
    assert_eq!(send(&client, &address, None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(nonces(&served.await.unwrap()), [None, Some("n1")]);
}

/// A nonce of the authorization server is none of the resource server, even at one origin.
#[tokio::test]
async fn a_resource_server_has_nonces_of_its_own() {
    let challenge = "Bearer, DPoP error=\"use_dpop_nonce\", algs=\"ES256\"".to_owned();
    let script = vec![
        nonced(200, "of-as", "{}"),
        (401, Some(("www-authenticate", challenge)), ""),
        nonced(200, "of-rs", "{}"),
        (200, None, "{}"),
        (200, None, "{}"),
    ];
    let (address, served) = server(script).await;
    let (client, token) = (client(), SecretString::from("at"));
    send(&client, &address, None).await;
    assert_eq!(
        send(&client, &address, Some(&token)).await.status,
        StatusCode::UNAUTHORIZED,
        "it gave no nonce"
    );
    send(&client, &address, Some(&token)).await;
    send(&client, &address, Some(&token)).await;
    send(&client, &address, None).await;
    let proofs = served.await.unwrap();
    assert_eq!(nonces(&proofs), [None, None, None, Some("of-rs"), Some("of-as")]);
    assert_eq!((&proofs[0]["ath"], proofs[1]["ath"].is_string()), (&Value::Null, true));
}

/// A refusal by a server whose clock shows `at`.
fn dated(status: u16, at: Timestamp, body: &'static str) -> Scripted {
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap();
    (status, Some(("date", date)), body)
}

/// A time ten minutes from now.
fn ten_minutes_ahead() -> Timestamp {
    crate::retry::after(Timestamp::now(), Duration::from_secs(600))
}

#[tokio::test]
async fn a_refused_time_is_replaced_by_that_of_the_server() {
    let at = ten_minutes_ahead();
    let (address, served) = server(vec![dated(400, at, REFUSED), (200, None, "{}")]).await;
    assert_eq!(send(&client(), &address, None).await.status, StatusCode::OK);
    assert_eq!(served.await.unwrap()[1]["iat"], at.as_second());
    // Nobody collects proofs for the years to come (RFC 9449 §11.2).
    let (address, served) = server(vec![dated(400, "2040-01-01T00:00:00Z".parse().unwrap(), REFUSED)]).await;
    assert_eq!(send(&client(), &address, None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(served.await.unwrap().len(), 1);
    // The clock is right; the proof is refused for another reason.
    let (address, served) = server(vec![(400, None, REFUSED)]).await;
    assert_eq!(send(&client(), &address, None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(served.await.unwrap().len(), 1);
}

/// The response of a token endpoint that refuses nonce, time and client, in each order.
#[tokio::test]
async fn a_server_that_refuses_everything_gets_three_requests() {
    let at = ten_minutes_ahead();
    let is_client = r#"{"error": "invalid_client"}"#;
    let proof = || [nonced(400, "n1", DEMAND), dated(400, at, REFUSED), dated(401, at, is_client)].to_vec();
    let jwt = || [dated(401, at, is_client), nonced(400, "n1", DEMAND), dated(400, at, REFUSED)].to_vec();
    for (script, nonces_sent, is_new_time) in [
        (proof(), [None, Some("n1"), Some("n1")], [false, false, true]),
        (jwt(), [None, None, Some("n1")], [false, true, true]),
    ] {
        let (address, served) = server(script).await;
        let own =
            [("authorize_url", address.as_str()), ("token_url", &address), ("client_auth", "secret_jwt")];
        let own = own.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
        let config = Profile::find("custom").unwrap().config(&own).unwrap();
        let credentials = Credentials {
            client_id: "client".into(),
            client_secret: Some("s&cret-of-the-client".into()),
            private_key: None,
            dpop: Some(Arc::new(DpopKey::generate().unwrap())),
            certificate: None,
        };
        let client = client();
        let permit = client.permit(&config.token_url).await;
        let asked = TokenRequestKind::Refresh("rt".into());
        assert!(request_token(&client, &permit, &config, &credentials, asked).await.is_err());
        let proofs = served.await.unwrap();
        assert_eq!(nonces(&proofs), nonces_sent);
        let is_of_server = |claims: &Value| claims["iat"] == at.as_second();
        assert_eq!(proofs.iter().map(is_of_server).collect::<Vec<_>>(), is_new_time);
    }
}

/// The caller decides whether a streamed body can be sent again.
#[tokio::test]
async fn a_streamed_response_tells_how_to_retry() {
    let refuse = |kind: &str| (401, Some(("www-authenticate", format!("DPoP error=\"{kind}\""))), "");
    let (address, served) =
        server(vec![refuse("invalid_token"), nonced(401, "n1", DEMAND), (200, None, "")]).await;
    let (client, key) = (client(), Arc::new(DpopKey::generate().unwrap()));
    let ask = async || {
        let mut request = Request::get(&address).body(StreamedBody::default()).unwrap();
        bind(request.extensions_mut(), &key, Some(&"at".into()), None);
        client.stream(request, Duration::from_secs(20)).await.unwrap()
    };
    assert_eq!(ask().await.extensions().get::<ProofRetry>(), None);
    // Without a challenge, nothing says that the proof was refused.
    assert_eq!(ask().await.extensions().get::<ProofRetry>(), None);
    ask().await;
    assert_eq!(nonces(&served.await.unwrap()), [None, None, Some("n1")]);
}

#[test]
fn a_challenge_is_read_among_others() {
    let read = |challenge: &str| {
        let headers = HeaderMap::from_iter([
            (header::WWW_AUTHENTICATE, challenge.parse().unwrap()),
            (NONCE, HeaderValue::from_static("n")),
        ]);
        refusal(StatusCode::UNAUTHORIZED, &headers, b"").map(|refusal| matches!(refusal, ProofRefusal::Nonce))
    };
    assert_eq!(
        read(
            r#"DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof""#
        ),
        Some(true)
    );
    assert_eq!(read("Bearer realm=\"x\", dpop error = \"use_dpop_nonce\""), Some(true));
    assert_eq!(read("DPoP error=\"invalid_dpop_proof\""), Some(false));
    assert_eq!(read("DPoP error=\"invalid_token\""), None);
    // The words in a value, or at another scheme, are none of a challenge.
    assert_eq!(read(r#"DPoP error="invalid_token", error_description="error=use_dpop_nonce""#), None);
    assert_eq!(read(r#"DPoP algs="ES256", Bearer error="use_dpop_nonce""#), None);
    assert_eq!(read("Bearer error=\"use_dpop_nonce\""), None);
}
