//! A proxy between the program and its provider that records each request as it was sent.

use std::mem;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

type Kept = Arc<Mutex<Vec<String>>>;

pub(crate) struct Recorder {
    /// Its origin, such as `http://127.0.0.1:4711`.
    pub(crate) origin: String,
    kept: Kept,
}

impl Recorder {
    /// Listens in front of `provider`, an origin like its own.
    pub(crate) async fn before(provider: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (host, kept) = (provider.strip_prefix("http://").unwrap().to_owned(), Kept::default());
        let record = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(hand_on(client, host.clone(), Arc::clone(&record)));
            }
        });
        Self { origin, kept }
    }

    /// Removes and returns the requests since the last call, in order.
    pub(crate) fn take(&self) -> Vec<String> {
        mem::take(&mut self.kept.lock().unwrap())
    }
}

/// Forwards requests with the provider's own `Host`, which it requires, and responses unchanged.
async fn hand_on(client: TcpStream, host: String, kept: Kept) {
    let server = TcpStream::connect(&host).await.unwrap();
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut from_client = BufReader::new(from_client);
    while let Some((head, body)) = request(&mut from_client).await {
        let is_host = |line: &&str| line.to_ascii_lowercase().starts_with("host:");
        let named = head.lines().find(is_host).unwrap();
        let sent = head.replacen(named, &format!("host: {host}"), 1) + &body;
        kept.lock().unwrap().push(head + &body);
        to_server.write_all(sent.as_bytes()).await.unwrap();
    }
}

/// Reads the next request: its head including the empty line, and its body.
async fn request(client: &mut (impl AsyncBufReadExt + Unpin)) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}
