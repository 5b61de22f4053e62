//! What the token endpoint of a provider that nobody here wrote may answer.

use crate::scripted::{Reply, Scripted, sign_in};
use crate::world::World;

#[tokio::test]
async fn a_reply_as_rfc_6749_has_it_makes_a_connection() {
    let (world, server) = (World::new(), Scripted::start().await);
    let grant = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}"#;
    server.on("/token", [Reply::json(200, grant)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    assert!(world.grapnel.connection(&id).unwrap().deviations.is_empty());
    let [asked] = server.received("/token").try_into().unwrap();
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(asked.form().contains(&("code".into(), "k".into())));
}

#[tokio::test]
async fn a_code_that_brings_no_reply_or_a_redirect_makes_no_connection() {
    let (world, server) = (World::new(), Scripted::start().await);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let redirect = Reply::new(307, "text/plain", "").header("location", &format!("{}/other", server.origin));
    for reply in [Reply::dropped(), redirect] {
        server.on("/token", [reply]);
        sign_in(&world.grapnel, &app).await.unwrap_err();
    }
    assert!(world.grapnel.connections().unwrap().is_empty());
    assert!(server.received("/other").is_empty(), "no redirect is followed");
}
