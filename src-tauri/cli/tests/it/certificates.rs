//! `grapnel app` for clients with a TLS certificate.

use grapnel_cli::Exit;

use crate::dpop::token_endpoint;
use crate::world::World;

const ADD: &str = "app add acme --provider custom --client-id acme --set authorize_url=https://id.example/a \
                   --set token_url=https://id.example/t";

#[tokio::test]
async fn a_certificate_is_made_printed_and_replaced() {
    let world = World::new();
    let added = world.run(&format!("{ADD} --set client_auth=self_signed_tls_client_auth")).await;
    assert!(added.out.contains("grapnel app certificate acme"), "{added}");
    let shown = world.run("app certificate acme").await;
    assert!(shown.out.contains("CN=Grapnel") && shown.out.contains("self-signed"), "{shown}");
    let made = world.run("app certificate acme --json").await.json();
    assert!(shown.out.contains(made["thumbprint"].as_str().unwrap()), "{shown}");
    let pem = world.run("app certificate acme --pem").await;
    assert!(pem.out.starts_with("-----BEGIN CERTIFICATE-----") && !pem.out.contains("PRIVATE"), "{pem}");
    let keys = world.run("app key acme").await.json();
    assert_eq!(keys["keys"][0]["x5t#S256"], made["thumbprint"]);
    assert_eq!(world.run("app set acme --reset client_certificate").await.exit, Exit::Done);
    assert_ne!(world.run("app certificate acme --json").await.json()["thumbprint"], made["thumbprint"]);
}

#[tokio::test]
async fn certificate_and_key_are_read_from_files() {
    let world = World::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    let arguments =
        format!("--client-certificate {} --client-certificate {}", path("cert.pem"), path("key.pem"));
    let added = world.run(&format!("{ADD} --set client_auth=tls_client_auth {arguments}")).await;
    assert_eq!(added.exit, Exit::Done, "{added}");
    let pem = world.run("app certificate acme --pem").await;
    assert_eq!(pem.out.trim(), certificate.pem().replace('\r', "").trim());
    let alone = world.run(&format!("app set acme --client-certificate {}", path("cert.pem"))).await;
    assert_eq!(alone.exit, Exit::Usage, "{alone}");
    assert!(alone.to_string().contains("not one private key"), "{alone}");
}

/// No protocol of a credential helper has a place for a certificate.
#[tokio::test]
async fn a_token_bound_to_the_certificate_is_refused_to_a_helper_and_noted_for_a_person() {
    let (world, origin) = (World::new(), token_endpoint("Bearer").await);
    let line = format!(
        "app add acme --provider custom --client-id c --client-secret-stdin --set token_url={origin}/token \
         --set api_base={origin} --set grant_type=client_credentials --set certificate_bound=true"
    );
    world.pipe(&line, "the-secret").await;
    let connected = world.run("connect acme").await;
    assert_eq!(connected.exit, Exit::Done, "{connected}");
    let token = world.run("token acme").await;
    assert!(token.said.contains("bound to the app’s certificate (mTLS)"), "{token}");
    let host = origin.strip_prefix("http://").unwrap();
    for (line, input) in [
        ("token acme --format git get", format!("protocol=http\nhost={host}\n\n")),
        ("token acme --format docker get", origin.clone()),
        ("token acme --format exec-credential", String::new()),
    ] {
        let refused = world.pipe(line, &input).await;
        assert!(refused.exit != Exit::Done && !refused.out.contains("bound-token"), "{line}: {refused}");
        assert!(refused.said.contains("presents the certificate"), "{line}: {refused}");
    }
}
