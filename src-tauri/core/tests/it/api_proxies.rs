//! The local proxy to a connection's API.

use grapnel_core::api_proxy::{Listen, ProxyOptions, SecretLocation};
#[cfg(unix)]
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::scripted_server::{GRANT, Reply, Scripted, sign_in};
use crate::support::world::World;

const FIRST: &str = "Bearer 2YotnFZFEjr1zCsicMWpAA";
const SECOND: &str = "Bearer the-second-access-token";

struct Proxied {
    /// The URL that replaces the API base.
    base: String,
    header: Option<String>,
    server: Scripted,
    world: World,
    id: ConnectionId,
    task: JoinHandle<()>,
}

impl Drop for Proxied {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxied {
    async fn new() -> Self {
        Self::with(SecretLocation::Path, &[], None).await
    }

    /// A proxy to `/api` of a scripted server, or to `api_base`.
    async fn with(secret: SecretLocation, origins: &[&str], api_base: Option<&str>) -> Self {
        let (world, server) = (World::new(), Scripted::start().await);
        let second =
            json!({ "access_token": "the-second-access-token", "token_type": "Bearer", "expires_in": 3600 });
        server.on("/token", [Reply::json(200, GRANT), Reply::json(200, second.to_string())]);
        let base = api_base.map_or_else(|| format!("{}/api", server.origin), str::to_owned);
        let app = server.new_app(&[("api_base", &base), ("refresh", "keeps")]);
        let app = world.grapnel.add_app(app).await.unwrap();
        let id = sign_in(&world.grapnel, &app).await.unwrap();
        let listen = Listen::Tcp("127.0.0.1:0".parse().unwrap());
        let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
        let options = ProxyOptions { listen, secret, origins };
        let proxy = world.grapnel.api_proxy(&id, Vec::new(), options).await.unwrap();
        let (base, header) = (proxy.base_url(), proxy.secret_header().map(str::to_owned));
        let task = tokio::spawn(proxy.serve(|_| ()));
        Self { base, header, server, world, id, task }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of the proxy, such as `127.0.0.1:4711`.
    fn address(&self) -> &str {
        self.base["http://".len()..].split('/').next().unwrap()
    }
}

fn client() -> Client {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn document(response: reqwest::Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_request_is_forwarded_with_the_token_and_without_client_headers() {
    let proxied = Proxied::new().await;
    let reply = Reply::json(201, r#"{"ok":true}"#).header("set-cookie", "a=b").header("x-own", "1");
    proxied.server.on("/api/posts", [reply]);
    let request = client()
        .patch(proxied.url("/posts?a=b"))
        .header("authorization", "Bearer of-the-client")
        .header("cookie", "session=of-another-port")
        .header("x-own", "2")
        .body("a body");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(
        (response.headers().get("x-own").unwrap(), response.headers().get("set-cookie")),
        (&"1".parse().unwrap(), None)
    );
    assert_eq!(document(response).await, json!({ "ok": true }));
    let [received] = &proxied.server.received("/api/posts")[..] else { panic!("one request") };
    assert_eq!(
        (&*received.method, &*received.target, &*received.body),
        ("PATCH", "/api/posts?a=b", "a body")
    );
    let sent = |name: &str| received.header(name);
    assert_eq!((sent("authorization"), sent("x-own"), sent("cookie")), (Some(FIRST), Some("2"), None));
    let host = proxied.server.origin.strip_prefix("http://").unwrap();
    assert_eq!(sent("host"), Some(host));
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_and_a_short_body_sent_again() {
    let proxied = Proxied::new().await;
    proxied.server.answer("/api/posts", |received| match received.header("authorization") {
        Some(SECOND) => Reply::json(200, received.body.clone()),
        _ => Reply::json(401, "rejected"),
    });
    let response = client().post(proxied.url("/posts")).body("a body").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "a body"));
    assert_eq!(proxied.server.received("/token").len(), 2);
}

#[tokio::test]
async fn a_request_without_the_secret_or_from_a_web_page_is_refused() {
    let proxied = Proxied::with(SecretLocation::Header, &["http://localhost:3000"], None).await;
    proxied.server.on("/api/x", [Reply::json(200, "{}")]);
    let secret = proxied.header.clone().unwrap();
    let get = |headers: &[(&str, &str)]| {
        let mut request = client().get(proxied.url("/x"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap() }
    };
    let own = ("grapnel-proxy-secret", &*secret);
    for (headers, status) in [
        (&[][..], 401),
        (&[("grapnel-proxy-secret", "wrong")], 401),
        (&[own, ("host", "evil.example")], 421),
        (&[own, ("origin", "https://evil.example")], 403),
        (&[own, ("origin", "null")], 403),
        (&[own, ("sec-fetch-site", "cross-site")], 403),
    ] {
        let response = get(headers).await;
        assert_eq!(response.status().as_u16(), status, "{headers:?}");
        assert!(response.headers().get("access-control-allow-origin").is_none(), "{headers:?}");
    }
    assert!(proxied.server.received("/api/x").is_empty());

    let response = get(&[own, ("origin", "http://localhost:3000")]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), "http://localhost:3000");
    let preflight = client()
        .request(reqwest::Method::OPTIONS, proxied.url("/x"))
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "grapnel-proxy-secret");
    let response = preflight.send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers().get("access-control-allow-headers").unwrap(), "grapnel-proxy-secret");
    assert_eq!(proxied.server.received("/api/x").len(), 1);
}

#[tokio::test]
async fn no_path_sends_the_token_to_another_host() {
    let (proxied, elsewhere) = (Proxied::new().await, Scripted::start().await);
    for path in [format!("/{}/x", elsewhere.origin), format!("//{}/x", &elsewhere.origin[7..])] {
        let response = client().get(proxied.url(&path)).send().await.unwrap();
        assert!(matches!(response.status().as_u16(), 403 | 404), "{path}: {}", response.status());
    }
    let moved = Reply::new(307, "text/plain", "").header("location", &format!("{}/x", elsewhere.origin));
    proxied.server.on("/api/moved", [moved]);
    assert_eq!(client().get(proxied.url("/moved")).send().await.unwrap().status(), 307);
    assert!(elsewhere.all_received().is_empty());
}

#[tokio::test]
async fn without_usable_tokens_the_error_says_what_to_do() {
    let proxied = Proxied::new().await;
    proxied.world.grapnel.disconnect(&proxied.id).await.unwrap();
    let response = client().get(proxied.url("/x")).send().await.unwrap();
    assert_eq!(response.status(), 502);
    let error = document(response).await;
    assert_eq!(error["error"]["code"], "reconnect_needed", "{error}");
}

/// A server that handles its first connection with `script`.
async fn raw_server<F, D>(script: F) -> (String, JoinHandle<()>)
where
    F: FnOnce(TcpStream) -> D + Send + 'static,
    D: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { script(listener.accept().await.unwrap().0).await });
    (origin, task)
}

async fn read_until(stream: &mut TcpStream, end: &[u8]) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn events_arrive_as_they_are_sent() {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let (origin, server) = raw_server(|mut stream| async move {
        read_until(&mut stream, b"\r\n\r\n").await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n")
            .await
            .unwrap();
        wait.await.unwrap();
        stream.write_all(b"data: 2\n\n").await.unwrap();
    })
    .await;
    let proxied = Proxied::with(SecretLocation::Path, &[], Some(&origin)).await;
    let mut response = client().get(proxied.url("/events")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    go.send(()).unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 2\n\n");
    server.await.unwrap();
}

#[tokio::test]
async fn a_web_socket_passes_both_ways() {
    let (origin, server) = raw_server(|mut stream| async move {
        let head = read_until(&mut stream, b"\r\n\r\n").await.to_ascii_lowercase();
        assert!(head.contains("upgrade: websocket") && head.contains("sec-websocket-key: "), "{head}");
        assert!(head.contains(&format!("authorization: {}", FIRST.to_ascii_lowercase())), "{head}");
        assert!(!head.contains("origin:"), "{head}");
        let accept = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
            sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello";
        stream.write_all(accept.as_bytes()).await.unwrap();
        assert_eq!(read_until(&mut stream, b"!").await, "frames!");
        stream.write_all(b"bye").await.unwrap();
    })
    .await;
    let proxied = Proxied::with(SecretLocation::Path, &["http://localhost:3000"], Some(&origin)).await;
    let path = &proxied.base["http://".len() + proxied.address().len()..];
    let ask = |origin: &str| {
        format!(
            "GET {path}/live HTTP/1.1\r\nhost: {}\r\nupgrade: websocket\r\nconnection: Upgrade\r\norigin: {origin}\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
            proxied.address()
        )
    };
    let mut foreign = TcpStream::connect(proxied.address()).await.unwrap();
    foreign.write_all(ask("https://evil.example").as_bytes()).await.unwrap();
    assert!(read_until(&mut foreign, b"}}\n").await.starts_with("HTTP/1.1 403"));

    let mut stream = TcpStream::connect(proxied.address()).await.unwrap();
    stream.write_all(ask("http://localhost:3000").as_bytes()).await.unwrap();
    let head = read_until(&mut stream, b"hello").await.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3ppl"), "{head}");
    stream.write_all(b"frames!").await.unwrap();
    assert_eq!(read_until(&mut stream, b"bye").await, "bye");
    server.await.unwrap();
}

#[tokio::test]
async fn a_large_upload_is_streamed() {
    const LENGTH: usize = 24 << 20;
    let (origin, server) = raw_server(|mut stream| async move {
        let mut head = Vec::new();
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(head.contains(&format!("content-length: {LENGTH}")), "{head}");
        let mut body = (&mut stream).take(LENGTH as u64);
        let read = tokio::io::copy(&mut body, &mut tokio::io::sink()).await.unwrap();
        assert_eq!(read, LENGTH as u64);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    })
    .await;
    let proxied = Proxied::with(SecretLocation::Path, &[], Some(&origin)).await;
    let response = client().put(proxied.url("/upload")).body(vec![7; LENGTH]).send().await.unwrap();
    assert_eq!(response.status(), 204);
    server.await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_private_and_removed_with_the_proxy() {
    use std::os::unix::fs::PermissionsExt;
    let proxied = Proxied::new().await;
    proxied.server.on("/api/x", [Reply::json(200, "through the socket")]);
    let path = proxied.world.home.path().join("proxy.sock");
    let options = || ProxyOptions {
        listen: Listen::Unix(path.clone()),
        secret: SecretLocation::None,
        origins: Vec::new(),
    };
    let proxy = proxied.world.grapnel.api_proxy(&proxied.id, Vec::new(), options()).await.unwrap();
    let taken = proxied.world.grapnel.api_proxy(&proxied.id, Vec::new(), options()).await;
    assert!(taken.is_err_and(|error| error.code == Code::PortTaken));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let task = tokio::spawn(proxy.serve(|_| ()));
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.ends_with("through the socket"), "{response}");
    task.abort();
    let _ = task.await;
    assert!(!path.exists());
    // Another file is kept.
    std::fs::write(&path, "precious").unwrap();
    let taken = proxied.world.grapnel.api_proxy(&proxied.id, Vec::new(), options()).await;
    assert!(taken.is_err_and(|error| error.message.contains("not a socket")));
    std::fs::remove_file(&path).unwrap();
    // A socket left by a killed proxy is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    proxied.world.grapnel.api_proxy(&proxied.id, Vec::new(), options()).await.unwrap();
}

#[tokio::test]
async fn other_computers_cannot_reach_it() {
    let proxied = Proxied::new().await;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let options = ProxyOptions {
            listen: Listen::Tcp(address.parse().unwrap()),
            secret: SecretLocation::Path,
            origins: Vec::new(),
        };
        let bound = proxied.world.grapnel.api_proxy(&proxied.id, Vec::new(), options).await;
        assert!(bound.is_err_and(|error| error.field.as_deref() == Some("listen")), "{address}");
    }
}

/// RFC 6750 §3.1: the client gets the response unchanged, and whoever runs the proxy is told once.
#[tokio::test]
async fn scopes_that_the_api_wants_are_told_once() {
    let proxied = Proxied::new().await;
    let refused = |scope: &str| {
        let challenge = format!(r#"Bearer error="insufficient_scope"{scope}"#);
        Reply::json(403, r#"{"error":"insufficient_scope"}"#).header("www-authenticate", &challenge)
    };
    proxied.server.on("/api/notes", [refused(r#", scope="notes:write notes:read""#)]);
    proxied.server.on("/api/other", [refused("")]);
    let listen = Listen::Tcp("127.0.0.1:0".parse().unwrap());
    let options = ProxyOptions { listen, secret: SecretLocation::Path, origins: Vec::new() };
    let proxy = proxied.world.grapnel.api_proxy(&proxied.id, Vec::new(), options).await.unwrap();
    let (base, (sender, mut told)) = (proxy.base_url(), tokio::sync::mpsc::unbounded_channel());
    let task = tokio::spawn(proxy.serve(move |scopes| sender.send(scopes.to_vec()).unwrap()));
    for path in ["/notes", "/notes", "/other", "/notes"] {
        let response = client().get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(response.status(), 403);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
    }
    assert_eq!(told.recv().await.unwrap(), ["notes:write", "notes:read"]);
    assert_eq!(told.recv().await.unwrap(), [""; 0]);
    assert!(told.try_recv().is_err(), "each is told once");
    task.abort();
}
