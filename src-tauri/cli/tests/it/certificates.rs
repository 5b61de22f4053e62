//! `grapnel app` for clients with a TLS certificate.

use grapnel_cli::Exit;

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
