//! Requests to this machine, which may be in clear, pass no proxy, whatever the environment says.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use grapnel_sandbox::ProviderId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::world::World;

/// The environment is a process's own, so that the requests are made by another.
#[tokio::test]
async fn requests_to_this_machine_pass_no_proxy() {
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
    let mut program = tokio::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "proxy::behind_a_proxy", "--ignored"]).stdin(Stdio::null());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        program.env(name, &proxy);
    }
    let ended = program.env_remove("NO_PROXY").env_remove("no_proxy").output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("1 passed"));
    let heard = heard.lock().unwrap();
    // Both metadata documents are asked for.
    assert_eq!(heard[..], ["CONNECT elsewhere.invalid:443 HTTP/1.1"; 2], "only what leaves this machine");
}

#[tokio::test]
#[ignore = "its environment comes from the test above, which runs it"]
async fn behind_a_proxy() {
    let world = World::of(ProviderId::Custom);
    // Goes to the proxy, which shows that there is one.
    world.grapnel.discover("https://elsewhere.invalid").await.unwrap_err();
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
    new.scopes = vec!["openid".into()];
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
}
