//! The server's discovery document.

use grapnel_model::error::Code;
use grapnel_tests::Result;

use crate::world::World;

#[tokio::test]
async fn discovery_fills_the_values() -> Result<()> {
    let world = World::new().await?;
    let issuer = &world.server.issuer;
    let found = world.grapnel.discover(issuer).await?;
    assert_eq!(found.grant_types, ["authorization_code", "device_code", "client_credentials"]);
    let values = found.values;
    assert_eq!(values.get("grant_type"), None, "a person chooses among them");
    let expected = [
        ("issuer", issuer.clone()),
        ("authorize_url", format!("{issuer}/auth")),
        ("token_url", format!("{issuer}/token")),
        ("device_authorization_url", format!("{issuer}/device/auth")),
        ("revocation_url", format!("{issuer}/token/revocation")),
        ("introspection_url", format!("{issuer}/token/introspection")),
        ("userinfo_url", format!("{issuer}/me")),
        ("jwks_url", format!("{issuer}/jwks")),
        ("end_session_url", format!("{issuer}/session/end")),
        ("client_auth", "basic".into()),
        ("pkce", "always".into()),
        ("require_iss", "true".into()),
    ];
    for (key, value) in expected {
        assert_eq!(values.get(key), Some(&value), "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn an_issuer_must_match_exactly() -> Result<()> {
    let world = World::new().await?;
    for other in ["/", "/elsewhere"] {
        let error = world.grapnel.discover(&format!("{}{other}", world.server.issuer)).await.unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::ProviderError, Some("issuer")), "{other}");
    }
    Ok(())
}
