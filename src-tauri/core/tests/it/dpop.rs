//! Tokens that are bound to a key (DPoP): what a server may do, and where the key is.

use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;

use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

const BOUND: &str = r#"{"access_token":"at1","refresh_token":"rt1","token_type":"DPoP","expires_in":3600}"#;
const BEARER: &str =
    r#"{"access_token":"at1","refresh_token":"rt1","token_type":"Bearer","expires_in":3600}"#;

async fn signed_in(dpop: &str, grant: &str) -> (World, Scripted, grapnel_model::error::Result<ConnectionId>) {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, grant)]);
    let app = world.grapnel.add_app(server.new_app(&[("dpop", dpop)])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await;
    (world, server, id)
}

fn demand(nonce: &str) -> Reply {
    Reply::json(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", nonce)
}

#[tokio::test]
async fn a_server_that_binds_nothing_is_reported_or_refused() {
    let (world, _server, id) = signed_in("true", BEARER).await;
    let details = world.grapnel.connection(&id.unwrap()).unwrap();
    assert_eq!(details.tokens.unwrap().dpop, None);
    assert!(details.deviations.iter().any(|one| one.found.contains("not bound")), "{:?}", details.deviations);
    let (world, _server, refused) = signed_in("required", BEARER).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code, Code::ProviderError);
    assert!(error.message.contains("did not bind"), "{error:?}");
    assert!(world.grapnel.connections().unwrap().is_empty());
}

#[tokio::test]
async fn a_bound_token_without_a_proof_is_refused_with_what_to_set() {
    let (_world, _server, refused) = signed_in("false", BOUND).await;
    assert!(refused.unwrap_err().hint.unwrap().contains("dpop=true"));
}

/// A demand for a nonce means that the refresh token was not used.
#[tokio::test]
async fn a_refresh_without_an_accepted_nonce_loses_nothing() {
    let (world, server, id) = signed_in("true", BOUND).await;
    let id = id.unwrap();
    let before = server.received("/token").len();
    server.on("/token", [demand("n1"), demand("n2")]);
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert!(error.message.contains("another nonce"), "{error:?}");
    assert_eq!(server.received("/token").len(), before + 2);
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Retrying);
    // At the next try, the last nonce is accepted.
    server.on("/token", [Reply::json(200, BOUND.replace("at1", "at2"))]);
    world.grapnel.refresh(&id).await.unwrap();
    let sent = server.received("/token");
    let used = |form: Vec<(String, String)>| form.contains(&("refresh_token".into(), "rt1".into()));
    assert!(sent[before..].iter().all(|request| used(request.form()) && request.header("dpop").is_some()));
}

#[tokio::test]
async fn the_key_is_nowhere_in_the_clear_and_goes_with_the_tokens() {
    let (world, _server, id) = signed_in("true", BOUND).await;
    let id = id.unwrap();
    let stored = || {
        let data = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
        let of = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table} WHERE sealed_dpop IS NOT NULL");
            data.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        (of("connection"), of("attempt"))
    };
    assert_eq!(stored(), (1, 0));
    let shown = serde_json::to_string(&world.grapnel.connection(&id).unwrap()).unwrap();
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    for file in ["grapnel.db", "grapnel.db-wal"] {
        let content = std::fs::read(world.home.path().join(file)).unwrap_or_default();
        assert!(memchr::memmem::find(&content, b"PRIVATE KEY").is_none(), "{file}");
    }
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(stored(), (0, 0));
}
