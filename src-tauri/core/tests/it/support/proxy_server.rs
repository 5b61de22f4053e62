//! Remote hosts for a test: a proxy (HTTP and SOCKS5) that connects every host to one server, whose certificate is
//! issued by the test's own authority.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use grapnel_model::settings::Settings;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::scripted_server::Scripted;

/// The hosts in the server's certificate.
pub(crate) const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

pub(crate) struct Internet {
    /// The server behind every host.
    pub(crate) server: Scripted,
    /// Host and port of the proxy.
    pub(crate) proxy: String,
    /// The authority's certificate, which has issued the server's.
    pub(crate) authority: CertificateDer<'static>,
    pub(crate) leaf: CertificateDer<'static>,
    connected: Arc<Mutex<Vec<String>>>,
    files: TempDir,
    task: JoinHandle<()>,
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Internet {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// With a modified server certificate.
    pub(crate) async fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Greenhouse Test CA");
        let authority_key = KeyPair::generate().unwrap();
        let authority_certificate = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let mut leaf = CertificateParams::new(HOSTS.map(str::to_owned)).unwrap();
        change(&mut leaf);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap().der().clone();
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.clone()], PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()))
            .unwrap();
        let server = Scripted::start_tls(TlsAcceptor::from(Arc::new(tls))).await;
        let target = server.origin.trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap().to_string();
        let connected = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&connected);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (record, target) = (Arc::clone(&record), target.clone());
                tokio::spawn(async move { lead(client, &target, &record).await });
            }
        });
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("ca.pem"), authority_certificate.pem()).unwrap();
        let authority = authority_certificate.der().clone();
        Self { server, proxy, authority, leaf, connected, files, task }
    }

    /// The authority's certificate as a PEM file.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.files.path().join("ca.pem")
    }

    /// Another file in the same directory.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The settings with this proxy and this authority.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            proxy: format!("http://{}", self.proxy),
            certificates: self.authority_file().display().to_string(),
            ..Settings::default()
        }
    }

    /// The requests to the proxy: protocol, host and port.
    pub(crate) fn connected(&self) -> Vec<String> {
        self.connected.lock().unwrap().clone()
    }
}

/// Connects one client to the server, after the opening of either protocol.
async fn lead(mut client: TcpStream, target: &str, record: &Mutex<Vec<String>>) -> Option<()> {
    let mut first = [0];
    client.peek(&mut first).await.ok()?;
    let asked = if first == [5] { socks(&mut client).await? } else { connect(&mut client).await? };
    record.lock().unwrap().push(asked);
    let mut server = TcpStream::connect(target).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}

/// `CONNECT` (RFC 9110 §9.3.6).
async fn connect(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    let head = String::from_utf8(head).ok()?;
    let asked = head.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let lower = head.to_lowercase();
    let given =
        lower.find("proxy-authorization: ").map(|at| head[at + 21..].lines().next().unwrap_or_default());
    Some(given.map_or_else(|| asked.clone(), |given| format!("{asked} {given}")))
}

/// SOCKS5 without authentication (RFC 1928).
async fn socks(client: &mut TcpStream) -> Option<String> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await.ok()?;
    client.read_exact(&mut vec![0; greeting[1].into()]).await.ok()?;
    client.write_all(&[5, 0]).await.ok()?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await.ok()?;
    let length = if request[3] == 3 { client.read_u8().await.ok()?.into() } else { 4 };
    let mut address = vec![0; length];
    client.read_exact(&mut address).await.ok()?;
    let port = client.read_u16().await.ok()?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    let host = if request[3] == 3 { String::from_utf8(address).ok()? } else { format!("{address:?}") };
    Some(format!("SOCKS5 {host}:{port}"))
}
