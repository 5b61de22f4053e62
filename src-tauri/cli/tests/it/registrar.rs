//! An authorization server that registers clients (RFC 7591, RFC 7592), and a protected API that names it (RFC 9728):
//! the sandbox has neither. Its state is what the last request left.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What the server holds.
#[derive(Default)]
pub(crate) struct State {
    /// The registered client, as the server describes it; none if it was never registered, or is deleted.
    pub(crate) client: Option<Value>,
    /// How many clients were registered so far.
    registered: u32,
    /// The `Authorization` headers of the registrations.
    pub(crate) initial_access_tokens: Vec<Option<String>>,
    /// The error that a registration is refused with (RFC 7591 §3.2.2).
    pub(crate) refusal: Option<Value>,
}

/// The server. Its thread ends with the test's process.
pub(crate) struct Registrar {
    pub(crate) origin: String,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Registrar {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let registrar = Self { origin: origin.clone(), state: Arc::clone(&state) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                converse(&mut stream.unwrap(), &origin, &state);
            }
        });
        registrar
    }
}

fn converse(stream: &mut TcpStream, origin: &str, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length, mut authorization) = (String::new(), 0, None);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
            break;
        }
        match line.trim().split_once(": ").map(|(name, value)| (name.to_lowercase(), value)) {
            Some((name, value)) if name == "content-length" => length = value.parse().unwrap(),
            Some((name, value)) if name == "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let asked = Asked { origin, method, path, authorization, body };
    let (status, header, body) = asked.answer(&mut state.lock().unwrap());
    let body = body.to_string();
    let mut head = format!("HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\n{header}");
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

struct Asked<'a> {
    origin: &'a str,
    method: &'a str,
    path: &'a str,
    authorization: Option<String>,
    body: Vec<u8>,
}

impl Asked<'_> {
    fn answer(self, state: &mut State) -> (u16, String, Value) {
        let at = |path: &str| format!("{}{path}", self.origin);
        let found = |body: Value| (200, String::new(), body);
        match (self.method, self.path) {
            (_, "/.well-known/oauth-authorization-server") => found(json!({
                "issuer": self.origin,
                "authorization_endpoint": at("/authorize"),
                "token_endpoint": at("/token"),
                "registration_endpoint": at("/register"),
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["notes:read", "notes:write"],
            })),
            (_, "/.well-known/oauth-protected-resource/notes") => found(json!({
                "resource": at("/notes"),
                "resource_name": "Notes",
                "authorization_servers": [self.origin],
                "scopes_supported": ["notes:read"],
            })),
            (_, "/notes") => {
                let document = at("/.well-known/oauth-protected-resource/notes");
                let header = format!("www-authenticate: Bearer resource_metadata=\"{document}\"\r\n");
                (401, header, json!({}))
            }
            ("POST", "/register") => {
                state.initial_access_tokens.push(self.authorization.clone());
                if let Some(refusal) = &state.refusal {
                    return (400, String::new(), refusal.clone());
                }
                state.registered += 1;
                let id = format!("client-{}", state.registered);
                let own = json!({
                    "client_id": id,
                    "registration_client_uri": at(&format!("/register/{id}")),
                    "registration_access_token": format!("token-of-{id}"),
                });
                let client = self.with(&own);
                state.client = Some(client.clone());
                (201, String::new(), client)
            }
            (_, path) if path.starts_with("/register/") => self.configuration(state),
            _ => (404, String::new(), json!({})),
        }
    }

    /// The client configuration endpoint (RFC 7592 §2).
    fn configuration(self, state: &mut State) -> (u16, String, Value) {
        let known = state.client.clone().filter(|client| {
            let token = client["registration_access_token"].as_str().unwrap();
            self.authorization.as_deref() == Some(&format!("Bearer {token}"))
                && self.path.ends_with(client["client_id"].as_str().unwrap())
        });
        let Some(known) = known else { return (401, String::new(), json!({ "error": "invalid_token" })) };
        match self.method {
            "GET" => (200, String::new(), known),
            "PUT" => {
                let own: Value = ["client_id", "registration_client_uri", "registration_access_token"]
                    .iter()
                    .map(|name| ((*name).to_owned(), known[*name].clone()))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                let client = self.with(&own);
                state.client = Some(client.clone());
                (200, String::new(), client)
            }
            _ => {
                state.client = None;
                (204, String::new(), Value::Null)
            }
        }
    }

    /// The members of the request, and these.
    fn with(&self, own: &Value) -> Value {
        let mut client: Value = serde_json::from_slice(&self.body).unwrap();
        client.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        client
    }
}
