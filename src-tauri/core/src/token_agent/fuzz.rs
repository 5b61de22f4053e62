//! The fuzz target of the token agent's protocol: only a complete request gets a token, and a response is accepted only
//! with the length that it states.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use std::cell::LazyCell;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::line_protocol::{self, LineRequest};
use super::response::{Gate, HandOut};
use super::server::{Server, attend};
use crate::fuzz::world::{NOW, World};
use crate::grant::access_associated_data;
use grapnel_model::access_token::AccessToken;
use grapnel_model::authorization_details::GrantedDetails;
use grapnel_model::connection::{ExpirySource, TokenMetadata};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::GrantType;
use grapnel_model::secret::{ExposeSecret, SecretString, TokenPreview};
use grapnel_store::connection::{self, SealedGrant};
use grapnel_token_client::wire::{AgentRequest, MAX_REQUEST_BYTES, RESPONSE_HEAD_BYTES, encode};

/// Connections: the name, and the token's remaining validity in seconds, if known.
const CONNECTIONS: [(&str, Option<i64>); 4] =
    [("acme", Some(3600)), ("Acme 2", None), ("over", Some(-1)), ("世界", Some(60))];

thread_local! {
    static WORLD: LazyCell<World> = LazyCell::new(world);
}

fn world() -> World {
    let world = World::new();
    let app = world.add_app("grigora", grapnel_model::provider::DEEP_LINK, &[]);
    for (name, good_for) in CONNECTIONS {
        let id = ConnectionId::random();
        let token = token_of(name);
        let access = world.runtime.block_on(world.ctx.vault.seal(&access_associated_data(&id), &token));
        let grant = SealedGrant {
            access: access.expect("a sealed token"),
            refresh: None,
            id_token: None,
            dpop: None,
            id_claims: None,
            metadata: TokenMetadata {
                access: TokenPreview::of(&token, ""),
                refresh: None,
                refresh_claims: None,
                issued_at: NOW - SignedDuration::from_mins(5),
                expires_at: good_for.map(|seconds| NOW + SignedDuration::from_secs(seconds)),
                refresh_count: 0,
                expiry_source: ExpirySource::default(),
                refresh_expires_at: None,
                refresh_end_is_fixed: false,
                grant_type: GrantType::default(),
                signed_in_at: None,
                id_token: None,
                dpop: None,
                authorization_details: GrantedDetails::default(),
                certificate: None,
            },
            scopes: Vec::new(),
            project_ids: Vec::new(),
            deviations: Vec::new(),
            token_response: None,
            error: None,
        };
        let kept = world.ctx.store.write(|tx| {
            connection::insert(tx, &id, &app.id, name, NOW)?;
            connection::set_grant(tx, &id, 0, &grant)
        });
        assert!(kept.expect("a connection"));
    }
    world
}

fn token_of(name: &str) -> SecretString {
    SecretString::from(format!("token-of-{}-0123456789", name.len()))
}

pub(crate) fn agent(data: &[u8]) {
    match data.split_first() {
        Some((b'q', script)) => question(script),
        Some((b'a', answer)) => answered(answer),
        _ => {}
    }
}

/// Splits a script into pieces, each after a byte with its length; the last may be shorter. 255 stands for 2,048 more.
fn pieces(mut script: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = script.split_first() {
        let length = if *length == u8::MAX { 2048 } else { usize::from(*length) };
        let (piece, rest) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        script = rest;
    }
    pieces
}

fn question(script: &[u8]) {
    let pieces = pieces(script);
    let bytes = pieces.concat();
    if bytes.first() == Some(&line_protocol::FIRST_BYTE) {
        return line(&bytes, &pieces);
    }
    let asked = AgentRequest::of_bytes(&bytes);
    if let Some(asked) = &asked {
        assert!(bytes.len() <= MAX_REQUEST_BYTES);
        assert_eq!(asked.to_bytes().as_deref(), Some(&*bytes), "it is the same when it is sent on");
    }
    let heard = WORLD.with(|world| world.runtime.block_on(ask_in(world, &pieces)));
    let expected = asked.as_ref().and_then(|asked| {
        WORLD.with(|world| HandOut::without_refresh(&world.ctx, &open_gate(), asked)).expect("a database")
    });
    let Some(answer) = grapnel_token_client::answer(&mut Cursor::new(&heard)) else {
        assert!(heard.is_empty(), "an answer is whole, or there is none");
        assert!(expected.is_none(), "it is answered");
        return;
    };
    let asked = asked.expect("only a question is answered");
    let (name, _) = CONNECTIONS
        .iter()
        .find(|(name, _)| name.to_lowercase() == asked.name.trim().to_lowercase())
        .expect("only who names a connection gets its token");
    assert_eq!(answer.value.expose_secret(), token_of(name).expose_secret());
    assert!(answer.expires_at.is_none_or(|end| end > NOW), "what is over is not handed out");
    let expected = expected.expect("the same answer").token;
    assert_eq!(expected.expires_at, answer.expires_at);
}

/// A gate that permits handing out tokens.
fn open_gate() -> Gate {
    let gate = Gate::new(false);
    gate.set_keyring_open(true);
    gate
}

/// A request of the line protocol gets one line: the token of the named connection, or an error without a token.
fn line(bytes: &[u8], pieces: &[&[u8]]) {
    let heard = WORLD.with(|world| world.runtime.block_on(ask_in(world, pieces)));
    if heard.is_empty() {
        assert!(bytes.len() > line_protocol::MAX_LINE_BYTES, "only what is too long is not answered");
        return;
    }
    assert_eq!(heard.iter().position(|byte| *byte == b'\n'), Some(heard.len() - 1), "one line");
    let answer: serde_json::Value = serde_json::from_slice(&heard).expect("JSON");
    let asked = LineRequest::parse(bytes);
    let named = asked.as_ref().ok().and_then(|asked| {
        let name = asked.connection().to_lowercase();
        CONNECTIONS.iter().find(|(known, _)| known.to_lowercase() == name)
    });
    if let Some(token) = answer["access_token"].as_str() {
        let (name, good_for) = named.expect("only who names a connection gets its token");
        assert_eq!(token, token_of(name).expose_secret());
        assert!(good_for.is_none_or(|seconds| seconds > 0), "what is over is not handed out");
    } else {
        assert!(answer["error"]["code"].is_string());
        let text = String::from_utf8(heard).expect("text");
        assert!(CONNECTIONS.iter().all(|(name, _)| !text.contains(token_of(name).expose_secret())));
    }
}

/// The agent's response to a request that arrives in pieces.
async fn ask_in(world: &World, pieces: &[&[u8]]) -> Vec<u8> {
    let (window, mut program) = UnixStream::pair().expect("a pair of sockets");
    let server = Server::new(Arc::clone(&world.ctx), open_gate());
    let serve = attend(&server, window, ());
    let talk = async {
        for piece in pieces {
            // The agent disconnects after too much input.
            if program.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let _ = program.shutdown().await;
        let mut heard = Vec::new();
        let _ = program.read_to_end(&mut heard).await;
        heard
    };
    tokio::join!(serve, talk).1
}

fn answered(bytes: &[u8]) {
    let mut stream = Cursor::new(bytes);
    let Some(AccessToken { value, token_type, expires_at }) = grapnel_token_client::answer(&mut stream)
    else {
        return;
    };
    let taken = usize::try_from(stream.position()).expect("it is in memory");
    assert_eq!(taken, RESPONSE_HEAD_BYTES + value.expose_secret().len());
    assert!(value.expose_secret().len() <= 1 << 20);
    let said = encode(&AccessToken { value, token_type, expires_at }).expect("it is as long as it may be");
    let again = grapnel_token_client::answer(&mut Cursor::new(&*said)).expect("what is said is heard");
    let end = |end: Option<Timestamp>| end.map(Timestamp::as_nanosecond);
    assert_eq!(end(again.expires_at), end(expires_at));
    assert_eq!(&said[RESPONSE_HEAD_BYTES..], &bytes[RESPONSE_HEAD_BYTES..taken]);
    // The client computes the remaining validity.
    let _ = expires_at.map(|end| Duration::try_from(NOW.duration_until(end)));
}
