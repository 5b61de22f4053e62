//! `grapnel token --format`: the output for each consumer, and the hosts that get no token.

use grapnel_cli::Exit;
use grapnel_model::error::Code;
use jiff::SignedDuration;
use serde_json::json;

use crate::world::World;

async fn world() -> (World, String) {
    let world = World::new();
    world.connect().await;
    let token = world.run("token acme").await.out.trim_end().to_owned();
    (world, token)
}

impl World {
    /// The host of the API, with its port.
    fn host(&self) -> String {
        self.sandbox.grigora().trim_start_matches("http://").to_owned()
    }

    async fn git(&self, operation: &str, said: &str) -> String {
        let ran = self.pipe(&format!("token acme --format git {operation}"), said).await;
        assert_eq!((ran.exit, ran.said.as_str()), (Exit::Done, ""), "{ran}");
        ran.out
    }
}

#[tokio::test]
async fn a_token_is_printed_in_the_requested_format() {
    let (world, token) = world().await;
    let line = |format: &str| format!("token acme --format {format}");
    assert_eq!(world.run(&line("plain")).await.out, format!("{token}\n"));
    assert_eq!(world.run(&line("header")).await.out, format!("Authorization: Bearer {token}\n"));
    assert_eq!(world.run(&line("env")).await.out, format!("ACME_TOKEN={token}\n"));
    assert_eq!(world.run(&line("env --variable KEY")).await.out, format!("KEY={token}\n"));
    let document = world.run(&line("json")).await.json();
    let plain = world.run("token acme --json").await.json();
    let granted = world.run("status acme --json").await.json()["scopes"]["granted"].clone();
    let expires_at = &plain["expires_at"];
    assert_eq!(plain, json!({ "access_token": token, "token_type": "Bearer", "expires_at": expires_at }));
    let with_scopes = json!({
        "access_token": token, "token_type": "Bearer", "expires_at": expires_at, "scopes": granted,
    });
    assert_eq!(document, with_scopes);
    assert_eq!(world.run(&line("json --json")).await.json(), with_scopes);
    let status = json!({ "token": token, "expirationTimestamp": expires_at });
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status,
    });
    assert_eq!(world.run(&line("exec-credential")).await.json(), credential);
}

#[tokio::test]
async fn options_that_do_not_fit_the_format_are_refused() {
    let world = World::new();
    let mut told = Vec::new();
    for line in [
        "token acme get",
        "token acme --format git",
        "token acme --format docker version",
        "token acme --format yaml",
        "token acme --format header --json",
        "token acme --format env --variable PATH",
    ] {
        let ran = world.run(line).await;
        assert_ne!(ran.exit, Exit::Done, "{ran}");
        told.push(ran.to_string());
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn git_gets_the_token_for_the_apis_host_and_for_no_other() {
    let (world, token) = world().await;
    let host = world.host();
    let got =
        world.git("get", &format!("capability[]=state\nprotocol=http\nhost={host}\npath=a.git\n\n")).await;
    assert!(got.starts_with(&format!("username=oauth2\npassword={token}\npassword_expiry_utc=")), "{got}");
    let got = world.git("get", &format!("protocol=http\nhost={host}\ncapability[]=authtype\n\n")).await;
    assert!(got.contains(&format!("authtype=Bearer\ncredential={token}\n")), "{got}");
    let allowed = "protocol=https\nhost=git.example\n\n";
    assert!(world.git("get --allow git.example", allowed).await.contains(&token));

    // A request for another host does not even decrypt the token.
    world.keyring.fail(Code::KeyringLocked);
    for (protocol, host) in [
        ("https", "git.example"),
        ("https", host.as_str()),
        ("http", "127.0.0.1:1"),
        ("http", "api.grigora.co"),
        ("ssh", host.as_str()),
        ("http", ""),
        ("http", &format!("evil.example/@{host}")),
        ("http", &format!("{host}@evil.example")),
        ("http", &format!("{host}/x")),
    ] {
        let said = format!("protocol={protocol}\nhost={host}\n\n");
        assert_eq!(world.git("get", &said).await, "", "{protocol} {host}");
    }
    assert_eq!(world.git("get", "").await, "");
    assert_eq!(world.git("store", &format!("protocol=http\nhost={host}\npassword=x\n")).await, "");
    assert_eq!(world.git("an-operation-of-2030", "").await, "");
}

#[tokio::test]
async fn a_token_that_git_rejects_is_refreshed_once() {
    let (world, token) = world().await;
    let erase =
        |host: &str, token: &str| format!("protocol=http\nhost={host}\nusername=x\npassword={token}\n\n");
    let host = world.host();
    let current = async || world.run("token acme").await.out.trim_end().to_owned();
    // The token was issued a moment ago, so a refresh would not help.
    world.git("erase", &erase(&host, &token)).await;
    assert_eq!(current().await, token);
    world.clock.advance(SignedDuration::from_mins(2));
    // An unknown token is not rejected, and neither is one for another host.
    world.git("erase", &erase(&host, "another")).await;
    world.git("erase", &erase("git.example", &token)).await;
    assert_eq!(current().await, token);
    world.git("erase", &erase(&host, &token)).await;
    let second = current().await;
    assert_ne!(second, token);
    for rejected in [&token, &second] {
        world.git("erase", &erase(&host, rejected)).await;
        assert_eq!(current().await, second);
    }
}

#[tokio::test]
async fn docker_gets_the_token_for_the_apis_host_and_for_no_other() {
    let (world, token) = world().await;
    let host = world.host();
    for server in [host.clone(), format!("http://{host}"), format!("http://{host}/v2/\n")] {
        let ran = world.pipe("token acme --format docker get", &server).await;
        let credential = json!({ "ServerURL": server.trim(), "Username": "oauth2", "Secret": token });
        assert_eq!(ran.json(), credential, "{ran}");
    }
    let list = world.run("token acme --format docker list --allow registry.example").await.json();
    let origin = format!("http://{host}");
    assert_eq!(list, json!({ origin: "oauth2", "https://registry.example": "oauth2" }));
    world.keyring.fail(Code::KeyringLocked);
    for other in
        ["https://index.docker.io/v1/", "registry.example", "127.0.0.1:1", "", &format!("https://{host}")]
    {
        let ran = world.pipe("token acme --format docker get", other).await;
        assert_eq!((ran.exit, ran.said.as_str()), (Exit::Failed, ""), "{ran}");
        assert_eq!(ran.out, "credentials not found in native keychain\n");
    }
    for operation in ["store", "erase"] {
        let ran = world.pipe(&format!("token acme --format docker {operation}"), "{}").await;
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, ""), "{ran}");
    }
}

#[tokio::test]
async fn with_the_token_agent_running_no_form_needs_the_passphrase() {
    let (mut world, token) = world().await;
    let words = "quiet anchor seven plums\n";
    assert_eq!(world.pipe("vault passphrase --passphrase-stdin", words).await.exit, Exit::Done);
    let git = format!("protocol=http\nhost={}\n\n", world.host());
    let docker = world.host();
    let asked = [
        ("token acme", ""),
        ("token acme --format json", ""),
        ("token acme --format git get", &git),
        ("token acme --format docker get", &docker),
        ("api acme project/list", ""),
    ];
    for (line, said) in asked {
        assert_eq!(world.pipe(line, said).await.exit, Exit::Keyring, "{line}");
    }
    world.of_agent = Some(token.clone());
    for (line, said) in asked {
        let ran = world.pipe(line, said).await;
        assert_eq!(ran.exit, Exit::Done, "{ran}");
        assert!(line.starts_with("api") || ran.out.contains(&token), "{ran}");
    }
    // After a rejection another token is needed, for which the vault must open.
    let erase = format!("protocol=http\nhost={}\npassword={token}\n\n", world.host());
    for (line, said) in [("token acme --rejected", ""), ("token acme --format git erase", &erase)] {
        let ran = world.pipe(line, said).await;
        assert_eq!(ran.exit, Exit::Keyring, "{ran}");
    }
}
