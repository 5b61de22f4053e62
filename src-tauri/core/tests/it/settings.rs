//! The settings, and that they take effect.

use std::io::{Read, Write};
use std::net::TcpListener;

use grapnel_core::Grapnel;
use grapnel_model::error::Code;
use grapnel_model::settings::{Margin, Settings};
use jiff::SignedDuration;

use crate::support::world::{BROWSER, World};

#[tokio::test]
async fn invalid_settings_name_their_field_and_change_nothing() {
    let world = World::new();
    let wrong = [
        ("proxy", Settings { proxy: "proxy.example:3128".into(), ..Settings::default() }),
        ("proxy", Settings { proxy: "http://me:word@proxy.example".into(), ..Settings::default() }),
        ("proxy", Settings { proxy: "http://".into(), ..Settings::default() }),
        ("certificates", Settings { certificates: "/no/such/file.pem".into(), ..Settings::default() }),
        ("certificates", Settings { certificates: file!().into(), ..Settings::default() }),
        ("browser", Settings { browser: "firefox 'work".into(), ..Settings::default() }),
        ("browser", Settings { browser: "nosuchbrowser --x".into(), ..Settings::default() }),
    ];
    for (field, settings) in wrong {
        let error = world.grapnel.change_settings(settings).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some(field)), "{error}");
    }
    assert_eq!(world.grapnel.settings().unwrap(), Settings::default());
}

#[cfg(unix)]
#[test]
fn authorities_are_read_when_chosen_and_only_from_a_file() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let (file, pipe) = (folder.path().join("company.pem"), folder.path().join("pipe"));
    let certificate = rcgen::generate_simple_self_signed(["company.example".to_owned()]).unwrap();
    std::fs::write(&file, certificate.cert.pem()).unwrap();
    let chosen = Settings { certificates: file.display().to_string(), ..Settings::default() };
    let kept = world.grapnel.change_settings(chosen).unwrap();
    // An unmounted disk does not prevent other changes.
    std::fs::remove_file(&file).unwrap();
    let changed = Settings { quiet: true, ..kept };
    assert_eq!(world.grapnel.change_settings(changed.clone()).unwrap(), changed);

    // Reading a pipe blocks until it is written.
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), std::path::Path::new("/dev/zero"), folder.path()] {
        let wrong = Settings { certificates: path.display().to_string(), ..changed.clone() };
        let error = world.grapnel.change_settings(wrong).unwrap_err();
        assert!(error.message.contains("not a file"), "{error}");
    }
    assert_eq!(world.grapnel.settings().unwrap(), changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_providers_use_the_configured_proxy() {
    let world = World::new();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!(" http://{} ", proxy.local_addr().unwrap());
    let set = world.grapnel.change_settings(Settings { proxy: address, ..Settings::default() }).unwrap();
    assert!(!set.proxy.contains(' '));
    assert_eq!(world.grapnel.settings().unwrap(), set);
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut line = [0; 64];
        let read = stream.read(&mut line).unwrap();
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&line[..read]).into_owned()
    });
    world.grapnel.discover("https://issuer.example").await.unwrap_err();
    assert!(asked.join().unwrap().starts_with("CONNECT issuer.example:443"));
}

/// With tokens of an hour.
#[tokio::test]
async fn a_changed_margin_applies_at_once_in_every_process() {
    let world = World::new();
    let id = world.connect().await;
    world.grapnel.follow_others().unwrap();
    let ours = world.grapnel.clone();
    let keeper = tokio::spawn(async move { ours.keep_alive().await });
    let set = |grapnel: &Grapnel, margin| {
        grapnel.change_settings(Settings { margin, ..Settings::default() }).unwrap();
    };
    // How many minutes before the expiry the scheduler waits for, which the window shows as due.
    let early = |due: jiff::Timestamp| {
        let details = world.grapnel.connection(&id).unwrap();
        assert!(due.duration_since(details.refreshes_at.unwrap()).abs() < SignedDuration::from_secs(1));
        details.summary.expires_at.unwrap().duration_since(due).as_mins()
    };
    let usual = world.clock.settled().await;
    assert!((5..=7).contains(&early(usual)));
    set(&world.grapnel, Margin::FifteenMinutes);
    let fifteen = world.clock.settled_anew(usual).await;
    assert!((15..=22).contains(&early(fifteen)));
    set(&world.second_start(), Margin::OneMinute);
    let one = world.clock.settled_anew(fifteen).await;
    assert!((0..=1).contains(&early(one)));
    keeper.abort();
}

#[tokio::test]
async fn settings_survive_a_restart() {
    let world = World::new();
    let settings = Settings { browser: BROWSER.into(), margin: Margin::OneHour, ..Settings::default() };
    world.grapnel.change_settings(settings.clone()).unwrap();
    assert_eq!(world.second_start().settings().unwrap(), settings);
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_kept_with_a_warning() {
    let world = World::new();
    assert_eq!(world.grapnel.check_proxy().await.unwrap(), None);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    world.grapnel.change_settings(Settings { proxy: proxy.clone(), ..Settings::default() }).unwrap();
    assert_eq!(world.grapnel.check_proxy().await.unwrap(), None);
    drop(listener);
    for proxy in [proxy, "socks5://[::1]:1".into()] {
        world.grapnel.change_settings(Settings { proxy: proxy.clone(), ..Settings::default() }).unwrap();
        let warning = world.grapnel.check_proxy().await.unwrap().unwrap();
        assert_eq!(warning.field.as_deref(), Some("proxy"));
        assert!(warning.message.contains("could not be reached"), "{warning}");
        assert_eq!(world.grapnel.settings().unwrap().proxy, proxy);
    }
}
