//! Proxies and certificate authorities from the environment. Requests to loopback, which may be unencrypted, never use
//! a proxy.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::settings::Settings;
use grapnel_sandbox::ProviderId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::support::proxy_server::Internet;
use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

#[tokio::test]
async fn loopback_requests_use_no_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let mut client = BufReader::new(client);
            let mut line = String::new();
            client.read_line(&mut line).await.unwrap();
            record.lock().unwrap().push(line.trim().to_owned());
            let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let variables = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    run("proxy::behind_a_proxy", &variables.map(|name| (name, proxy.clone()))).await;
    let heard = heard.lock().unwrap();
    // Both metadata documents are requested.
    assert_eq!(heard[..], ["CONNECT elsewhere.invalid:443 HTTP/1.1"; 2], "only what leaves this machine");
}

#[tokio::test]
#[ignore = "its environment comes from the test above, which runs it"]
async fn behind_a_proxy() {
    let world = World::of(ProviderId::Custom);
    // Uses the proxy, which shows that there is one.
    world.grapnel.discover("https://elsewhere.invalid").await.unwrap_err();
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
    new.scopes = vec!["openid".into()];
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
}

/// Runs the ignored test `name` in a child process with this environment, and no other proxy or authority. The
/// environment belongs to the whole process, so a test that runs beside others cannot change it.
async fn run(name: &str, environment: &[(&str, String)]) {
    let mut program = tokio::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", name, "--ignored"]).stdin(Stdio::null());
    for kind in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        program.env_remove(kind).env_remove(kind.to_lowercase());
    }
    program.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    let ended = program.envs(environment.iter().cloned()).output().await.unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

fn from_environment(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Signs in with an app of `host`.
async fn sign_in_at(world: &World, host: &str) -> Result<ConnectionId> {
    let mut new = Scripted::app_at(&format!("https://{host}"), &[]);
    new.name = host.into();
    let app = world.grapnel.add_app(new).await.unwrap();
    sign_in(&world.grapnel, &app).await
}

async fn internet() -> Internet {
    let internet = Internet::start().await;
    internet.server.on("/token", [Reply::json(200, GRANT)]);
    internet
}

const GRANT: &str = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}"#;

#[tokio::test]
async fn no_proxy_applies_to_the_configured_proxy_too() {
    let internet = internet().await;
    let file = internet.authority_file().display().to_string();
    let environment = [
        ("NO_PROXY", "a.example, 10.0.0.0/8".into()),
        ("PROXY", internet.proxy.clone()),
        ("AUTHORITY", file),
    ];
    run("proxy::with_an_exception", &environment).await;
    assert_eq!(internet.connected(), ["CONNECT b.example:443"]);
}

#[tokio::test]
#[ignore = "its environment comes from the test above, which runs it"]
async fn with_an_exception() {
    let world = World::new();
    let proxy = format!("http://{}", from_environment("PROXY"));
    let certificates = from_environment("AUTHORITY");
    world.grapnel.change_settings(Settings { proxy, certificates, ..Settings::default() }).unwrap();
    let error = sign_in_at(&world, "a.example").await.unwrap_err();
    assert!(error.message.contains("a.example cannot be found (DNS)"), "{error}");
    sign_in_at(&world, "b.example").await.unwrap();
}

#[tokio::test]
async fn proxies_and_passwords_are_read_from_the_environment() {
    for (variable, kind, asked) in [
        ("ALL_PROXY", "socks5h://", "SOCKS5 a.example:443"),
        ("https_proxy", "http://", "CONNECT a.example:443"),
        ("HTTPS_PROXY", "http://me:word@", "CONNECT a.example:443 Basic bWU6d29yZA=="),
    ] {
        let internet = internet().await;
        let file = internet.authority_file().display().to_string();
        let proxy = format!("{kind}{}", internet.proxy);
        run("proxy::by_the_environment", &[(variable, proxy), ("SSL_CERT_FILE", file)]).await;
        assert_eq!(internet.connected(), [asked]);
    }
}

#[tokio::test]
#[ignore = "its environment comes from the test above, which runs it"]
async fn by_the_environment() {
    sign_in_at(&World::new(), "a.example").await.unwrap();
}

#[tokio::test]
async fn an_unusable_proxy_of_the_environment_is_not_bypassed() {
    run("proxy::by_an_unknown_kind", &[("HTTPS_PROXY", "gopher://me:word@proxy.example:70".into())]).await;
}

#[tokio::test]
#[ignore = "its environment comes from the test above, which runs it"]
async fn by_an_unknown_kind() {
    let error = sign_in_at(&World::new(), "a.example").await.unwrap_err();
    assert!(error.message.contains("HTTPS_PROXY names a proxy that cannot be used (gopher://)"), "{error}");
    assert!(!format!("{error:?}").contains("word"), "{error:?}");
}

#[tokio::test]
async fn authorities_of_environment_and_settings_are_combined() {
    let (one, other, third) = (internet().await, internet().await, internet().await);
    let directory = third.authority_file().parent().unwrap().display().to_string();
    let environment = [
        ("SSL_CERT_FILE", one.authority_file().display().to_string()),
        ("SSL_CERT_DIR", directory),
        ("AUTHORITY", other.authority_file().display().to_string()),
        ("PROXIES", format!("{} {} {}", one.proxy, other.proxy, third.proxy)),
    ];
    run("proxy::by_three_authorities", &environment).await;
}

#[tokio::test]
#[ignore = "its environment comes from the test above, which runs it"]
async fn by_three_authorities() {
    let (world, proxies) = (World::new(), from_environment("PROXIES"));
    let proxies = proxies.split(' ').zip(["a.example", "b.example", "c.example"]);
    let certificates = from_environment("AUTHORITY");
    for (proxy, host) in proxies {
        let proxy = format!("http://{proxy}");
        let settings = Settings { proxy, certificates: certificates.clone(), ..Settings::default() };
        world.grapnel.change_settings(settings).unwrap();
        sign_in_at(&world, host).await.unwrap();
    }
    // A certificate that none of them has issued is reported with the sources of the authorities.
    let stranger = Internet::start().await;
    let settings = Settings { certificates, ..stranger.settings() };
    world.grapnel.change_settings(settings).unwrap();
    let mut new = Scripted::app_at("https://a.example", &[]);
    new.name = "Stranger".into();
    let app = world.grapnel.add_app(new).await.unwrap();
    let error = sign_in(&world.grapnel, &app).await.unwrap_err();
    for source in ["the system’s", "SSL_CERT_FILE", "SSL_CERT_DIR", "those in the settings"] {
        assert!(error.message.contains(source), "{error}");
    }
}
