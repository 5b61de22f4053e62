//! No secret is unencrypted in any file of the data directory, or in anything that is sent to a window.

use std::fs;

use grapnel_core::app::NewApp;
use grapnel_core::content::export::Format;
use grapnel_model::content::PostQuery;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_sandbox::grigora;

use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

#[tokio::test]
async fn no_secret_is_in_the_clear_on_disk_or_sent_to_the_window() {
    let mut world = World::new();
    let mut events = world.grapnel.events();
    let (attempt, callback) = world.attempt().await;
    let link = world.grapnel.attempt_link(&attempt.id).await.unwrap();
    let link = url::Url::parse(link.expose_secret()).unwrap();
    let state = link.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    let mut secrets = vec![
        ("the client secret".to_owned(), grigora::CLIENT_SECRET.to_owned()),
        ("the state".to_owned(), state),
    ];
    scan_files(&world, &secrets);
    world.grapnel.receive_callback(&callback).await.unwrap();
    let id = world.grapnel.connections().unwrap().pop().unwrap().id;
    world.grapnel.refresh(&id).await.unwrap();
    let revealed = world.sandbox.revealed();
    assert_eq!(revealed.len(), 6, "the code, the verifier, and two of each token");
    secrets.extend(revealed.into_iter().map(|one| (format!("{:?}", one.kind), one.value)));
    scan_files(&world, &secrets);

    let mut crossed = serde_json::to_string(&(
        world.grapnel.apps().unwrap(),
        world.grapnel.connection(&id).unwrap(),
        world.grapnel.activity(None, None).unwrap(),
    ))
    .unwrap();
    while let Ok(event) = events.try_recv() {
        crossed += &serde_json::to_string(&event).unwrap();
    }
    scan("what crosses to the window", crossed.as_bytes(), &secrets);
    world.start_again();
    world.grapnel.disconnect(&id).await.unwrap();
    scan_files(&world, &secrets);
}

/// The encodings in which a provider may repeat a secret in JSON.
fn echoes(secret: &str) -> serde_json::Value {
    serde_json::json!({ "debug": format!("Bearer {secret}"), "url": format!("https://x.example/?t={secret}&a=b"),
        "deep": [{ secret: [secret, format!("cut off: {}", &secret[..secret.len() - 3])] }] })
}

#[tokio::test]
async fn secrets_repeated_by_a_provider_are_neither_stored_nor_shown() {
    const SECRETS: [&str; 3] = [
        "access/token+0123456789abcdef==",
        "refresh-token-0123456789abcdef",
        "client secret \\0123456789 abcdef",
    ];
    let (world, server) = (World::new(), Scripted::start().await);
    let all: Vec<_> = SECRETS.iter().map(|secret| echoes(secret)).collect();
    let grant = serde_json::json!({
        "access_token": SECRETS[0], "refresh_token": SECRETS[1], "expires_in": 3600, "token_type": "bearer",
        "scope": format!("read {} {}", SECRETS[0], SECRETS[1]), "project_ids": ["p1", SECRETS[1]], "more": all,
    });
    server.on("/token", [Reply::json(200, grant.to_string())]);
    let account = serde_json::json!({ "id": "1", "firstName": SECRETS[0], "email": SECRETS[1], "more": all });
    server.on("/token/authorized_by", [Reply::json(200, account.to_string())]);
    let introspection = serde_json::json!({
        "authorization": { "id": "1", "scope": format!("a {}", SECRETS[0]),
        "authorizedTo": { "projectIds": [SECRETS[1]] } },
        "application": { "id": "1", "displayName": SECRETS[2] },
    });
    server.on("/token/introspect", [Reply::json(200, introspection.to_string())]);
    let project = serde_json::json!({ "id": "p1", "name": SECRETS[0], "domain": SECRETS[1], "more": all });
    let escaped = |value: serde_json::Value| value.to_string().replace('/', "\\/").replace('=', "\\u003d");
    server.on("/project/list", [Reply::json(200, escaped(serde_json::json!({ "projects": [project] })))]);
    let posts: Vec<_> = (0..3)
        .map(|id| serde_json::json!({
            "id": id, "title": format!("Post {}", SECRETS[0]), "slug": SECRETS[1], "author": SECRETS[2], "more": all,
            "settings": {
                "api_key": "live-key-of-another",
                "headers": [{ "name": "Authorization", "value": "live-key-of-another" }],
            },
        }))
        .collect();
    server.on(
        "/cms/post/list",
        [Reply::json(200, escaped(serde_json::json!({ "success": true, "data": posts })))],
    );
    let new = NewApp {
        client_secret: Some(SecretInput(SECRETS[2].into())),
        ..server.new_app(&[("content", "grigora"), ("api_base", &server.origin)])
    };
    let app = world.grapnel.add_app(new).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let kept = world.grapnel.cached();
    let query = PostQuery { project_id: "p1".into(), ..PostQuery::default() };
    let shown = serde_json::to_string(&(
        world.grapnel.projects(&id).await.unwrap(),
        world.grapnel.posts(&id, &query).await.unwrap(),
        kept.posts(&id, &query).await.unwrap(),
        kept.post_json(&id, &query, "1").await.unwrap(),
        kept.search("Post").await.unwrap(),
        world.grapnel.connection(&id).unwrap(),
        world.grapnel.activity(None, None).unwrap(),
    ))
    .unwrap();
    assert!(shown.contains("[secret]") && shown.matches("Post ").count() >= 3, "{shown}");
    let mut secrets: Vec<_> = SECRETS.map(|secret| (secret.to_owned(), secret.to_owned())).into();
    secrets.push(("another's key".into(), "live-key-of-another".into()));
    scan("what crosses to the window", shown.as_bytes(), &secrets);
    scan("the same, unescaped", shown.replace('\\', "").as_bytes(), &secrets);
    for format in [Format::Csv, Format::Json] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export");
        let count = kept.export(&id, &query, format, fs::File::create(&file).unwrap()).await.unwrap();
        assert_eq!(count, 3);
        scan("an exported file", &fs::read(&file).unwrap(), &secrets);
    }
    scan_files(&world, &secrets);
}

#[tokio::test]
async fn credentials_within_workspaces_and_workflows_are_not_cached() {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [Reply::json(200, r#"{"access_token":"one-token","expires_in":3600}"#)]);
    let workflow = serde_json::json!({ "key": "w1", "state": "on", "workflow": {
        "title": "Mint", "trigger": { "authentication": "live-trigger-token", "input": { "apiKey": "live-api-key" } },
        "actions": [{ "authentication": { "value": "live-action-token" } }],
    } });
    let workspace = serde_json::json!({ "key": "ws1", "title": "Mint", "token": "live-workspace-token",
        "integrations": [{ "name": "shop", "details": { "token": "live-nested-token" } }],
    });
    let reply = |item| serde_json::json!({ "jsonrpc": "2.0", "id": 1, "result": [item] }).to_string();
    server.on("/rpc", [Reply::json(200, reply(workspace)), Reply::json(200, reply(workflow))]);
    let api = format!("{}/rpc", server.origin);
    let app =
        world.grapnel.add_app(server.new_app(&[("content", "grindery"), ("api_base", &api)])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let secrets = [
        "live-workspace-token",
        "live-nested-token",
        "live-trigger-token",
        "live-api-key",
        "live-action-token",
    ]
    .map(|text| (text.to_owned(), text.to_owned()));
    for collection in ["workspaces", "workflows"] {
        let items = world.grapnel.items(&id, collection, None).await.unwrap();
        assert_eq!(items.items[0].name, "Mint");
        scan("what crosses to the window", serde_json::to_string(&items).unwrap().as_bytes(), &secrets);
    }
    scan_files(&world, &secrets);
}

/// Fails if a secret that the provider issued or received is unencrypted in this world's data.
pub(crate) fn nothing_leaked(world: &World) {
    scan_files(world, &secrets_of(world));
}

/// Like [`nothing_leaked`], and also fails if a secret is in what is shown.
pub(crate) fn nothing_is_repeated(world: &World, shown: &str) {
    let secrets = secrets_of(world);
    scan("what is shown", shown.as_bytes(), &secrets);
    scan_files(world, &secrets);
}

fn secrets_of(world: &World) -> Vec<(String, String)> {
    let mut secrets = vec![("the client secret".to_owned(), world.client_secret().to_owned())];
    let revealed = world.sandbox.revealed();
    assert!(!revealed.is_empty(), "nothing was secret");
    secrets.extend(revealed.into_iter().map(|one| (format!("{:?}", one.kind), one.value)));
    secrets
}

pub(crate) fn scan_files(world: &World, secrets: &[(String, String)]) {
    let mut files = 0;
    for entry in fs::read_dir(world.home.path()).unwrap() {
        let path = entry.unwrap().path();
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&path.symlink_metadata().unwrap());
            assert_eq!(mode & 0o077, 0, "{} is open to other accounts", path.display());
        }
        if path.is_dir() {
            assert!(fs::read_dir(path).unwrap().all(|lock| lock.unwrap().metadata().unwrap().len() == 0));
            continue;
        }
        scan(&path.display().to_string(), &fs::read(&path).unwrap(), secrets);
        files += 1;
    }
    assert!(files >= 2, "the database and its log were read");
}

fn scan(place: &str, bytes: &[u8], secrets: &[(String, String)]) {
    for (what, secret) in secrets {
        // The end of the secret, since a prefix may be shown.
        let end = &secret.as_bytes()[secret.len() / 3..];
        assert!(memchr::memmem::find(bytes, end).is_none(), "{what} is in {place}");
    }
}
