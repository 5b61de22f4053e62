//! The loopback server: which URIs and requests it accepts, what its pages show, and how it treats other programs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;
use reqwest::{Method, RequestBuilder};

use crate::support::scripted_server::{Reply, Scripted, callback_of};
use crate::support::world::{World, end_of};

const GRANTED: &str = r#"{"access_token":"a","token_type":"Bearer"}"#;

/// A world with one app with the redirect URI `redirect`, at a server whose token endpoint returns a fixed response.
struct Scene {
    world: World,
    server: Scripted,
    app: App,
    browser: reqwest::Client,
}

impl Scene {
    async fn new(redirect: &str, token: Reply) -> Self {
        let (world, server) = (World::new(), Scripted::start().await);
        server.on("/token", [token]);
        let new = NewApp { redirect: redirect.into(), ..server.new_app(&[]) };
        let app = world.grapnel.add_app(new).await.unwrap();
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { world, server, app, browser }
    }

    async fn start(&self) -> Attempt {
        self.world.grapnel.start_attempt(&self.app.id, &SignInRequest::default()).await.unwrap()
    }

    fn phase(&self, attempt: &Attempt) -> Phase {
        self.world.grapnel.attempt(&attempt.id).unwrap().phase
    }

    /// Requests the redirect URI of an attempt with these query parameters.
    async fn answer(&self, attempt: &Attempt, parameters: &str) -> String {
        callback_of(&self.world.grapnel, &attempt.id, parameters).await.expose_secret().to_owned()
    }

    async fn get(&self, address: &str) -> (u16, String) {
        read(self.browser.get(address)).await
    }

    /// Asserts that the genuine callback is still received.
    async fn still_listens(&self, attempt: &Attempt) {
        assert_eq!(self.phase(attempt), Phase::Waiting);
        let (status, page) = self.get(&self.answer(attempt, "code=k").await).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(self.phase(attempt), Phase::Done);
    }
}

async fn read(request: RequestBuilder) -> (u16, String) {
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

fn granted() -> Reply {
    Reply::json(200, GRANTED)
}

#[tokio::test]
async fn each_loopback_host_is_listened_on() {
    let has_sixth = std::net::TcpListener::bind("[::1]:0").is_ok();
    for (redirect, families) in [
        ("http://127.0.0.1/", vec![IpAddr::from(Ipv4Addr::LOCALHOST)]),
        ("http://127.0.0.1/any/path", vec![Ipv4Addr::LOCALHOST.into()]),
        ("http://localhost", vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        ("http://localhost/signin-oidc", vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        ("http://[::1]/callback", vec![Ipv6Addr::LOCALHOST.into()]),
    ] {
        let families: Vec<IpAddr> = families.into_iter().filter(|one| has_sixth || one.is_ipv4()).collect();
        if families.is_empty() {
            continue;
        }
        let scene = Scene::new(redirect, granted()).await;
        for family in families {
            let attempt = scene.start().await;
            let url = url::Url::parse(&attempt.redirect_uri).unwrap();
            let (port, host) = (url.port().unwrap(), url.host_str().unwrap());
            assert!(attempt.redirect_uri.starts_with(&format!("http://{host}:{port}")), "{attempt:?}");
            let at = SocketAddr::new(family, port);
            let browser = reqwest::Client::builder().no_proxy().resolve("localhost", at).build().unwrap();
            let foreign = browser.get(attempt.redirect_uri.replacen(host, "127.0.0.1", 1));
            if host == "localhost" && family.is_ipv4() {
                assert_eq!(read(foreign).await.0, 421, "another Host");
            }
            let answer = scene.answer(&attempt, "code=k").await;
            let (status, page) = read(browser.get(&answer)).await;
            assert_eq!((status, scene.phase(&attempt)), (200, Phase::Done), "{redirect} {family}: {page}");
            let exchange = scene.server.received("/token").pop().unwrap().form();
            assert!(exchange.contains(&("redirect_uri".into(), attempt.redirect_uri)), "{exchange:?}");
        }
    }
}

#[tokio::test]
async fn a_callback_can_be_posted_as_a_form() {
    let scene = Scene::new("loopback", granted()).await;
    let attempt = scene.start().await;
    let answer = scene.answer(&attempt, "code=k").await;
    let (address, form) = answer.split_once('?').unwrap();
    let post = |kind: &str, body: String| scene.browser.post(address).header("content-type", kind).body(body);
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(read(post("application/json", form.into())).await.0, 415);
    assert_eq!(read(post(kind, format!("{form}&x={}", "x".repeat(20_000)))).await.0, 413);
    assert_eq!(read(post(kind, "code=k&state=forged".into())).await.0, 400);
    assert_eq!(scene.phase(&attempt), Phase::Waiting);
    let (status, page) = read(post(&format!("{kind}; charset=UTF-8"), form.into())).await;
    assert_eq!((status, scene.phase(&attempt)), (200, Phase::Done), "{page}");
}

/// OAuth 2.0 Form Post Response Mode.
#[tokio::test]
async fn form_post_is_requested_if_configured_and_supported() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [granted()]);
    let new = |redirect: &str, mode| NewApp {
        name: format!("{redirect} {mode}"),
        redirect: redirect.into(),
        ..server.new_app(&[("response_mode", mode)])
    };
    for redirect in ["deep-link", "https://acme.example/callback"] {
        let error = world.grapnel.add_app(new(redirect, "form_post")).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some("response_mode"), "{redirect}");
        assert!(error.hint.unwrap().contains("loopback"));
        world.grapnel.add_app(new(redirect, "query")).await.unwrap();
    }
    let error = world.grapnel.add_app(new("loopback", "fragment")).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("response_mode"));
    for (mode, asked) in [("query", None), ("form_post", Some("form_post"))] {
        let app = world.grapnel.add_app(new("loopback", mode)).await.unwrap();
        let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
        let link = world.grapnel.attempt_link(&attempt.id).await.unwrap();
        let link = url::Url::parse(link.expose_secret()).unwrap();
        let named = link.query_pairs().find(|(name, _)| name == "response_mode");
        assert_eq!(named.map(|(_, mode)| mode.into_owned()).as_deref(), asked);
        let answer = callback_of(&world.grapnel, &attempt.id, "code=k").await.expose_secret().to_owned();
        let (address, form) = answer.split_once('?').unwrap();
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        let kind = "application/x-www-form-urlencoded";
        let post = browser.post(address).header("content-type", kind).body(form.to_owned());
        assert_eq!(read(post).await.0, 200);
        assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().phase, Phase::Done);
    }
}

#[tokio::test]
async fn requests_without_a_callback_do_not_end_the_sign_in() {
    let scene = Scene::new("loopback", granted()).await;
    let attempt = scene.start().await;
    let answer = scene.answer(&attempt, "code=k").await;
    let asked = |origin: &str| {
        let request = scene.browser.request(Method::OPTIONS, &answer).header("origin", origin);
        request.header("access-control-request-private-network", "true").send()
    };
    let own = asked(&scene.server.origin).await.unwrap();
    assert_eq!(own.status().as_u16(), 204);
    assert_eq!(own.headers()["access-control-allow-private-network"], "true");
    assert_eq!(own.headers()["access-control-allow-origin"], scene.server.origin.as_str());
    let other = asked("https://evil.example").await.unwrap();
    assert_eq!(other.status().as_u16(), 204);
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    assert_eq!(scene.browser.head(&answer).send().await.unwrap().status().as_u16(), 405);
    let icon = url::Url::parse(&answer).unwrap().join("/favicon.ico").unwrap();
    assert_eq!(scene.get(icon.as_str()).await.0, 404);
    scene.still_listens(&attempt).await;
    assert_eq!(scene.server.received("/token").len(), 1);
}

#[tokio::test]
async fn the_page_shows_the_result_of_the_sign_in() {
    let refused = r#"{"error":"invalid_grant","error_description":"<b>too old</b>"}"#;
    let scene = Scene::new("loopback", Reply::json(400, refused)).await;
    let attempt = scene.start().await;
    let answer = scene.answer(&attempt, "code=k").await;
    for (query, says) in [
        ("code=k&state=forged".to_owned(), "belongs to none of Grapnel’s sign-ins"),
        ("error=access_denied&error_description=%3Cb%3Eno".to_owned(), "access_denied: &lt;b&gt;no"),
        (format!("{}&iss=https://other.example", answer.split_once('?').unwrap().1), "names the issuer"),
    ] {
        let (status, page) = scene.get(&format!("{}?{query}", attempt.redirect_uri)).await;
        assert_eq!(status, 400);
        assert!(page.contains("Callback not accepted") && page.contains(says), "{page}");
        assert!(!page.contains("You can close this page") && page.contains("history.replaceState"), "{page}");
    }
    assert_eq!(scene.phase(&attempt), Phase::Waiting);
    let (status, page) = scene.get(&answer).await;
    assert_eq!((status, scene.phase(&attempt)), (502, Phase::Failed));
    assert!(page.contains("Sign-in failed") && page.contains("&lt;b&gt;too old&lt;/b&gt;"), "{page}");

    let attempt = scene.start().await;
    let denied = scene.answer(&attempt, "error=access_denied").await;
    let (status, page) = scene.get(&denied).await;
    assert_eq!((status, scene.phase(&attempt)), (403, Phase::Denied));
    assert!(page.contains("Sign-in denied"), "{page}");
}

/// Idle connections are closed in favor of those that send a request.
#[tokio::test]
async fn many_connections_do_not_keep_the_browser_out() {
    let scene = Scene::new("loopback", granted()).await;
    let attempt = scene.start().await;
    let at = url::Url::parse(&attempt.redirect_uri).unwrap().socket_addrs(|| None).unwrap()[0];
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(tokio::net::TcpStream::connect(at).await.unwrap());
    }
    scene.still_listens(&attempt).await;
}

/// Needs a process of its own, as nextest provides, since the limit applies to the process.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_out_of_file_descriptors_recovers() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    if std::env::var_os("NEXTEST").is_none() {
        eprintln!("skipped: the tests of this process share its file descriptors");
        return;
    }
    let scene = Scene::new("loopback", granted()).await;
    let attempt = scene.start().await;
    let at = url::Url::parse(&attempt.redirect_uri).unwrap().socket_addrs(|| None).unwrap()[0];
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(512), ..before }).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    drop(taken.pop());
    // The kernel accepts the connection, but the program has no file descriptor for it.
    let waiting = std::net::TcpStream::connect(at).unwrap();
    let tried = std::time::Instant::now() + std::time::Duration::from_millis(250);
    while std::time::Instant::now() < tried {
        tokio::task::yield_now().await;
    }
    drop((taken, waiting));
    scene.still_listens(&attempt).await;
}

/// Another account may know the state, which is in an argument list while the browser starts.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_from_another_account_is_refused() {
    use std::io::{Read, Write};

    use crate::support::second_account::{can_be_another, nobody};

    if !can_be_another("loopback::a_callback_from_another_account_is_refused") {
        return;
    }
    let scene = Scene::new("loopback", granted()).await;
    let attempt = scene.start().await;
    let answer = scene.answer(&attempt, "code=theirs").await;
    let url = url::Url::parse(&answer).unwrap();
    let at = url.socket_addrs(|| None).unwrap()[0];
    let head = format!(
        "GET {}?{} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n",
        url.path(),
        url.query().unwrap()
    );
    for leaves_at_once in [false, true] {
        let head = head.clone();
        // Changing the account affects only this thread.
        let asked = std::thread::spawn(move || {
            rustix::thread::set_thread_uid(nobody()).unwrap();
            let mut stream = std::net::TcpStream::connect(at).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            let mut page = String::new();
            if !leaves_at_once {
                stream.read_to_string(&mut page).unwrap();
            }
            page
        });
        let page = tokio::task::spawn_blocking(|| asked.join().unwrap()).await.unwrap();
        assert!(
            leaves_at_once || page.starts_with("HTTP/1.1 403") && page.contains("another account"),
            "{page}"
        );
    }
    let now = scene.world.grapnel.attempt(&attempt.id).unwrap();
    assert!(now.refused.unwrap().message.contains("Another account"));
    scene.still_listens(&attempt).await;
    assert_eq!(scene.server.received("/token")[0].form()[1].1, "k");
}

#[tokio::test]
async fn a_port_taken_by_another_program_ends_the_sign_in() {
    let mut scene = Scene::new("loopback", granted()).await;
    let attempt = scene.start().await;
    let port = url::Url::parse(&attempt.redirect_uri).unwrap().port().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (keyring, clock) = (scene.world.keyring.clone(), scene.world.clock.clone());
    scene.world.grapnel = grapnel_core::Grapnel::with(elsewhere.path(), keyring, clock).unwrap();
    let _other = loop {
        match std::net::TcpListener::bind(("127.0.0.1", port)) {
            Ok(other) => break other,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    scene.world.start_again();
    let mut events = scene.world.grapnel.events();
    let ended = match scene.world.grapnel.attempt(&attempt.id).unwrap() {
        over if over.phase.is_over() => over,
        _ => *end_of(&mut events, &attempt.id).await,
    };
    assert_eq!((ended.phase, ended.error.as_ref().unwrap().code), (Phase::Failed, Code::PortTaken));
    assert!(ended.error.unwrap().meaning.unwrap().contains("The sign-in was ended"));
}

#[tokio::test]
async fn two_sign_ins_on_one_port_are_distinguished() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scene = Scene::new(&format!("loopback:{free}"), granted()).await;
    let new = NewApp {
        name: "Second".into(),
        redirect: format!("http://127.0.0.1:{free}/callback"),
        ..scene.server.new_app(&[])
    };
    let second = scene.world.grapnel.add_app(new).await.unwrap();
    let attempt = scene.start().await;
    for app in [&second.id, &scene.app.id] {
        let error = scene.world.grapnel.start_attempt(app, &SignInRequest::default()).await.unwrap_err();
        assert_eq!(error.code, Code::PortTaken);
        assert!(error.message.contains("“Scripted”") && error.message.contains(&free.to_string()), "{error}");
    }
    // The port of a sign-in that was just cancelled is waited for.
    scene.world.grapnel.cancel_attempt(&attempt.id).unwrap();
    let attempt = scene.world.grapnel.start_attempt(&second.id, &SignInRequest::default()).await.unwrap();
    scene.still_listens(&attempt).await;
    // The same applies to one whose browser has not loaded the last page yet.
    let attempt = scene.start().await;
    scene.still_listens(&attempt).await;
}
