//! The route to a provider: proxies, certificates and names, and the message for each failure.

use std::io::{Read, Write};
use std::net::TcpListener;

use grapnel_model::error::{Code, Error};
use grapnel_model::settings::Settings;
use rcgen::date_time_ymd;

use crate::support::proxy_server::Internet;
use crate::support::scripted_server::{GRANT, Reply, Scripted, sign_in};
use crate::support::world::World;

/// The failure of a sign-in at `a.example` with these settings.
async fn failure(settings: Settings) -> Error {
    let world = World::new();
    world.grapnel.change_settings(settings).unwrap();
    let app = world.grapnel.add_app(Scripted::app_at("https://a.example", &[])).await.unwrap();
    let error = sign_in(&world.grapnel, &app).await.unwrap_err();
    assert!(!error.message.contains("os error"), "{error}");
    assert_eq!(error.code, Code::ProviderUnavailable, "{error}");
    error
}

#[tokio::test]
async fn a_sign_in_goes_through_each_kind_of_proxy() {
    for (kind, asked) in [
        ("http", "CONNECT a.example:443"),
        ("socks5h", "SOCKS5 a.example:443"),
        ("SOCKS5H", "SOCKS5 a.example:443"),
    ] {
        let (world, internet) = (World::new(), Internet::start().await);
        internet.server.on("/token", [Reply::json(200, GRANT)]);
        let proxy = format!("{kind}://{}", internet.proxy);
        world.grapnel.change_settings(Settings { proxy, ..internet.settings() }).unwrap();
        let app = world.grapnel.add_app(Scripted::app_at("https://a.example", &[])).await.unwrap();
        let id = sign_in(&world.grapnel, &app).await.unwrap();
        world.grapnel.refresh(&id).await.unwrap();
        assert_eq!(internet.connected(), [asked, asked], "{kind}");
        assert_eq!(internet.server.received("/token").len(), 2);
    }
}

#[tokio::test]
async fn host_names_are_resolved_locally_for_a_socks5_proxy() {
    let internet = Internet::start().await;
    let proxy = format!("socks5://{}", internet.proxy);
    // The name does not resolve.
    let error = failure(Settings { proxy, ..internet.settings() }).await;
    assert!(error.message.contains("a.example cannot be found (DNS)"), "{error}");
    assert!(internet.connected().is_empty());
}

#[tokio::test]
async fn an_unsupported_kind_of_proxy_is_refused() {
    let world = World::new();
    for proxy in
        ["ftp://proxy.example:21", "socks4://proxy.example:1080", "socks://proxy.example", "socks5://"]
    {
        let settings = Settings { proxy: proxy.into(), ..Settings::default() };
        let error = world.grapnel.change_settings(settings).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("proxy"), "{proxy}");
    }
    let proxy = "http://me:word@proxy.example:3128".to_owned();
    let error = world.grapnel.change_settings(Settings { proxy, ..Settings::default() }).unwrap_err();
    let hint = error.hint.unwrap();
    assert!(hint.contains("HTTPS_PROXY=http://USER:PASSWORD@proxy.example:3128"), "{hint}");
    assert!(!hint.contains("word@"), "{hint}");
}

/// Starts a server that responds to one request with these bytes.
fn answering(reply: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(reply).unwrap();
    });
    place
}

#[tokio::test]
async fn a_proxy_that_requires_a_password_is_named() {
    let place = answering(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
    );
    let error = failure(Settings { proxy: format!("http://{place}"), ..Settings::default() }).await;
    assert!(error.message.contains(&place) && error.message.contains("407"), "{error}");
    let hint = error.hint.unwrap();
    assert!(hint.contains(&format!("HTTPS_PROXY=http://USER:PASSWORD@{place}")), "{hint}");
}

#[tokio::test]
async fn a_refusing_or_unreachable_proxy_is_named() {
    let place = answering(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    let error = failure(Settings { proxy: format!("http://{place}"), ..Settings::default() }).await;
    let told = format!("the proxy {place} made no connection to a.example:443");
    assert!(error.message.contains(&told), "{error}");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for kind in ["http", "socks5h"] {
        let error = failure(Settings { proxy: format!("{kind}://{gone}"), ..Settings::default() }).await;
        assert!(error.message.contains(&format!("the proxy {gone}")), "{kind}: {error}");
    }
}

#[tokio::test]
async fn a_refused_certificate_is_reported_with_host_and_issuer() {
    let internet = Internet::start().await;
    let untrusting = Settings { certificates: String::new(), ..internet.settings() };
    let error = failure(untrusting).await;
    let told = "the certificate of a.example is not trusted (issued by CN=Greenhouse Test CA)";
    assert!(error.message.contains(told), "{error}");
    assert!(error.message.contains("the system’s authorities"), "{error}");
    assert!(error.hint.unwrap().contains("settings"));
    // Another authority is trusted, which the message names.
    let other = Internet::start().await;
    let file = other.authority_file().display().to_string();
    let error = failure(Settings { certificates: file.clone(), ..internet.settings() }).await;
    assert!(error.message.contains(told) && error.message.contains(&file), "{error}");
}

#[tokio::test]
async fn an_expired_or_mismatched_certificate_is_reported_as_such() {
    let over = Internet::with(|leaf| {
        leaf.not_before = date_time_ymd(2020, 1, 1);
        leaf.not_after = date_time_ymd(2020, 2, 3);
    })
    .await;
    let error = failure(over.settings()).await;
    assert!(error.message.contains("the certificate of a.example has expired on 2020-02-03"), "{error}");
    let later = Internet::with(|leaf| leaf.not_before = date_time_ymd(2090, 1, 1)).await;
    let error = failure(later.settings()).await;
    assert!(error.message.contains("the certificate of a.example is not valid before 2090-01-01"), "{error}");
    let others = Internet::with(|leaf| {
        leaf.subject_alt_names = vec![rcgen::SanType::DnsName("other.example".try_into().unwrap())];
    })
    .await;
    let error = failure(others.settings()).await;
    let told = "the certificate of a.example is for another name: other.example";
    assert!(error.message.contains(told), "{error}");
}

#[tokio::test]
async fn an_unknown_host_and_a_closed_port_are_reported() {
    let world = World::new();
    let error = world.grapnel.discover("https://nowhere.invalid").await.unwrap_err();
    assert!(error.message.contains("nowhere.invalid cannot be found (DNS)"), "{error}");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = world.grapnel.discover(&format!("http://{free}")).await.unwrap_err();
    assert!(error.message.contains(&format!("connection refused ({free})")), "{error}");
    assert!(!error.message.contains("os error"), "{error}");
}

#[tokio::test]
async fn authorities_are_read_from_each_file_format() {
    let internet = Internet::start().await;
    internet.server.on("/token", [Reply::json(200, GRANT)]);
    let text = std::fs::read_to_string(internet.authority_file()).unwrap();
    let leaf = pem(&internet.leaf);
    let files = [
        internet.file("ca.der", &internet.authority),
        internet.file("leaf-first.pem", format!("{leaf}{text}")),
        internet.file("with-words.pem", format!("Greenhouse\r\n==========\r\n{text}")),
    ];
    for file in files {
        let world = World::new();
        let certificates = file.display().to_string();
        world.grapnel.change_settings(Settings { certificates, ..internet.settings() }).unwrap();
        let app = world.grapnel.add_app(Scripted::app_at("https://a.example", &[])).await.unwrap();
        sign_in(&world.grapnel, &app).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

fn pem(certificate: &[u8]) -> String {
    use base64::Engine;
    let text = base64::prelude::BASE64_STANDARD.encode(certificate);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[tokio::test]
async fn a_missing_file_of_authorities_is_named() {
    let (world, internet) = (World::new(), Internet::start().await);
    let file = internet.authority_file();
    world.grapnel.change_settings(internet.settings()).unwrap();
    let app = world.grapnel.add_app(Scripted::app_at("https://a.example", &[])).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = sign_in(&world.second_start(), &app).await.unwrap_err();
    let told = format!("“{}” cannot be read: ", file.display());
    assert!(error.message.contains(&told) && !error.message.contains("os error"), "{error}");
    assert!(error.hint.unwrap().contains("PEM"));
}
