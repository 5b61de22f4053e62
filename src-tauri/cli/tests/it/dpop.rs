//! `grapnel token` with an access token that is bound to a key (DPoP, RFC 9449).

use grapnel_cli::Exit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::World;

/// A token endpoint that answers with a token of this type to a request with a proof, and else with a bearer token.
pub(crate) async fn token_endpoint(proven: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.windows(10).any(|part| part == b"grant_type") {
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer).await {
                    Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            let is_proven = request.windows(7).any(|part| part == b"\r\ndpop:");
            let is_exchange = request.windows(14).any(|part| part == b"token-exchange");
            let body = format!(
                r#"{{"access_token":"{}","token_type":"{}","expires_in":3600}}"#,
                if is_exchange { "derived-token" } else { "bound-token" },
                if is_proven { proven } else { "Bearer" }
            );
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
            let response = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(response.as_bytes()).await.unwrap();
        }
    });
    origin
}

async fn connected(dpop: &str) -> (World, String) {
    let (world, origin) = (World::new(), token_endpoint("DPoP").await);
    let line = format!(
        "app add acme --provider custom --client-id c --client-secret-stdin --set token_url={origin}/token \
         --set api_base={origin} --set grant_type=client_credentials --set dpop={dpop}"
    );
    world.pipe(&line, "the-secret").await;
    let connected = world.run("connect acme").await;
    assert_eq!(connected.exit, Exit::Done, "{connected}");
    (world, origin)
}

#[tokio::test]
async fn a_bound_token_is_printed_with_a_warning_and_proven_for_a_request() {
    let (world, origin) = connected("true").await;
    let token = world.run("token acme").await;
    assert_eq!(token.out.trim(), "bound-token");
    assert!(token.said.contains("bound to a key (DPoP)") && token.said.contains("--dpop"), "{token}");
    assert_eq!(world.run("token acme --json").await.json()["token_type"], "DPoP");
    let status = world.run("status acme").await;
    assert!(status.out.contains("a key of this connection (DPoP)"), "{status}");

    let proven = world.run(&format!("token acme --dpop GET {origin}/me --dpop-nonce n1")).await;
    let lines: Vec<&str> = proven.out.lines().collect();
    let [authorization, proof] = lines[..] else { panic!("{proven}") };
    assert_eq!(authorization, "Authorization: DPoP bound-token");
    assert_eq!(proof.strip_prefix("DPoP: ").map(|proof| proof.split('.').count()), Some(3), "{proven}");
    assert!(!proven.said.contains("warning"), "{proven}");
    let document = world.run(&format!("token acme --dpop GET {origin}/me --json")).await.json();
    assert_eq!((&document["access_token"], &document["token_type"]), (&"bound-token".into(), &"DPoP".into()));
    assert!(document["dpop"].is_string());
}

/// No protocol of a credential helper has a place for a proof.
#[tokio::test]
async fn a_bound_token_is_refused_to_a_helper_and_noted_for_a_command() {
    let (world, origin) = connected("true").await;
    let host = origin.strip_prefix("http://").unwrap();
    for (line, input) in [
        ("token acme --format git get", format!("protocol=http\nhost={host}\n\n")),
        ("token acme --format docker get", origin.clone()),
        ("token acme --format exec-credential", String::new()),
    ] {
        let refused = world.pipe(line, &input).await;
        assert!(refused.exit != Exit::Done && !refused.out.contains("bound-token"), "{line}: {refused}");
        assert!(refused.said.contains("of no use without a proof"), "{line}: {refused}");
    }
    let nothing = if cfg!(windows) { "cmd /c exit" } else { "true" };
    // With a refresh file, the command is a child and does not replace this test.
    let file = world.home.path().join("token");
    let run = world.run(&format!("exec acme=TOKEN --refresh-file {} -- {nothing}", file.display())).await;
    assert!(run.exit == Exit::Command(0) && run.said.contains("bound to a key (DPoP)"), "{run}");
    let derived = world.run("token acme --audience notes --json").await;
    assert_eq!(derived.json()["token_type"], "DPoP");
    let derived = world.run("token acme --audience notes").await;
    assert_eq!(derived.out, "derived-token\n");
    assert!(derived.said.contains("bound to a key (DPoP)"), "{derived}");
}

#[tokio::test]
async fn a_proof_is_not_made_for_another_host_or_a_bearer_token() {
    let (world, origin) = connected("true").await;
    let elsewhere = world.run("token acme --dpop GET https://elsewhere.example/me").await;
    assert!(elsewhere.exit == Exit::Usage && !elsewhere.out.contains("bound-token"), "{elsewhere}");
    for wrong in ["--format git get", "--format docker get", "--format env", "--id-token"] {
        let refused = world.run(&format!("token acme --dpop GET {origin}/me {wrong}")).await;
        assert_eq!(refused.exit, Exit::Usage, "{wrong}: {refused}");
    }
    let (world, origin) = connected("false").await;
    let bearer = world.run(&format!("token acme --dpop GET {origin}/me")).await;
    assert!(bearer.exit == Exit::Usage && bearer.said.contains("needs no proof"), "{bearer}");
}
