//! Each provider as documented: sign-in, account, refresh and content.

use std::time::Duration;

use grapnel_model::connection::{Details, State};
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Revocation;
use grapnel_sandbox::{ProviderId, Switch, custom, grovestreams, the_grid};
use jiff::SignedDuration;

use crate::support::world::World;

fn details(world: &World, id: &ConnectionId) -> Details {
    world.grapnel.connection(id).unwrap()
}

fn no_departures(world: &World) {
    assert!(world.sandbox.departures().is_empty(), "{:#?}", world.sandbox.departures().all());
}

#[tokio::test]
async fn grindery_has_no_client_and_does_not_rotate() {
    let world = World::of(ProviderId::Grindery);
    let id = world.connect().await;
    let before = details(&world, &id);
    assert!(before.account.unwrap().id.starts_with("eip155:1:0x"));
    let claims = before.claims.unwrap();
    assert!(claims.is_verified);
    assert!(claims.fields.iter().any(|claim| claim.name == "aud"));
    world.grapnel.refresh(&id).await.unwrap();
    let after = details(&world, &id).tokens.unwrap();
    assert_eq!(after.refresh, before.tokens.as_ref().unwrap().refresh);
    assert_ne!(after.access, before.tokens.unwrap().access);

    let kinds = world.grapnel.collections(&id).unwrap();
    assert_eq!(kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>(), ["workspaces", "workflows"]);
    let workspaces = world.grapnel.items(&id, "workspaces", None).await.unwrap().items;
    assert!(!workspaces.is_empty());
    assert!(workspaces.iter().all(|one| one.others.iter().all(|field| field.name != "token")));
    let workflows = world.grapnel.items(&id, "workflows", Some(&workspaces[0].id)).await.unwrap().items;
    assert!(!workflows.is_empty());
    no_departures(&world);
}

#[tokio::test]
async fn grinderys_claims_are_not_verified_without_its_keys() {
    let world = World::of(ProviderId::Grindery);
    let mut new = world.new_app();
    new.overrides.remove("jwks_url");
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    assert!(!details(&world, &id).claims.unwrap().is_verified);
}

#[tokio::test]
async fn grinderys_errors_for_an_unusable_token_are_recognized() {
    let world = World::of(ProviderId::Grindery);
    let id = world.connect().await;
    let token = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    world
        .sandbox
        .grants(ProviderId::Grindery)
        .revoke(grapnel_model::secret::ExposeSecret::expose_secret(&token));
    world.grapnel.items(&id, "workspaces", None).await.unwrap();
    assert_eq!(details(&world, &id).tokens.unwrap().refresh_count, 1);
}

#[tokio::test]
async fn the_grid_returns_only_an_access_token() {
    let world = World::of(ProviderId::TheGrid);
    let mut new = world.new_app();
    new.scopes = vec!["share".into(), "website_management".into()];
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    let connection = details(&world, &id);
    assert_eq!(connection.summary.state, State::Active);
    assert_eq!(connection.summary.expires_at, None);
    assert!(connection.tokens.unwrap().refresh.is_none());
    assert_eq!(connection.scopes.granted, ["share", "website_management"]);
    assert!(connection.deviations.iter().any(|noted| noted.member == "token_type"));
    assert!(!connection.account.unwrap().name.is_empty());

    let sites = world.grapnel.items(&id, "sites", None).await.unwrap().items;
    let all = world.grapnel.items(&id, "items", None).await.unwrap().items;
    assert!(all.len() > 49, "more than a page of them");
    let some = world.grapnel.items(&id, "items", Some(&sites[0].id)).await.unwrap().items;
    assert!(!some.is_empty() && some.len() < all.len());
    // Without a refresh token, only a new sign-in helps.
    assert_eq!(world.grapnel.refresh(&id).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(details(&world, &id).summary.state, State::Active, "the token is as good as before");
    no_departures(&world);
}

#[tokio::test]
async fn the_grid_refreshes_with_put_if_it_issued_a_refresh_token() {
    let world = World::of(ProviderId::TheGrid);
    world.sandbox.switches().set(Switch::TheGridRefreshToken, true);
    let id = world.connect().await;
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(details(&world, &id).tokens.unwrap().refresh_count, 1);
    no_departures(&world);
}

#[tokio::test]
async fn a_callback_without_state_is_accepted_only_if_configured() {
    let world = World::of(ProviderId::TheGrid);
    world.sandbox.switches().set(Switch::TheGridNoState, true);
    let (_, callback) = world.attempt().await;
    assert_eq!(world.grapnel.receive_callback(&callback).await.unwrap_err().code, Code::CallbackInvalid);

    let world = World::of(ProviderId::TheGrid);
    world.sandbox.switches().set(Switch::TheGridNoState, true);
    let mut new = world.new_app();
    new.overrides.insert("require_state".into(), "false".into());
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    assert_eq!(details(&world, &id).summary.state, State::Active);
}

#[tokio::test]
async fn grovestreams_sends_its_parameters_in_the_fragment() {
    let world = World::of(ProviderId::GroveStreams);
    let mut new = world.new_app();
    new.overrides.insert("user_uid".into(), grovestreams::USER_UID.into());
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    assert_eq!(details(&world, &id).account.unwrap().email.as_deref(), Some(grovestreams::EMAIL));
    assert!(!world.grapnel.items(&id, "organizations", None).await.unwrap().items.is_empty());
    world.pass(SignedDuration::from_hours(25));
    world.grapnel.items(&id, "organizations", None).await.unwrap();
    assert_eq!(details(&world, &id).tokens.unwrap().refresh_count, 1);
    no_departures(&world);
}

#[tokio::test]
async fn grovestreams_can_use_other_names_for_code_and_state() {
    let world = World::of(ProviderId::GroveStreams);
    world.sandbox.switches().set(Switch::GroveStreamsOauthNames, true);
    world.connect().await;
    no_departures(&world);
}

#[tokio::test]
async fn grovestreams_signs_in_without_a_browser() {
    let world = World::of(ProviderId::GroveStreams);
    let app = world.add_app().await;
    let wanted = grapnel_core::authorize::SignInRequest::default();
    let sign_in = |password: &str| {
        let (grapnel, app, wanted) = (world.grapnel.clone(), app.id.clone(), wanted.clone());
        let password = password.into();
        async move { grapnel.sign_in_with_password(&app, &wanted, grovestreams::EMAIL, &password).await }
    };
    let error = sign_in("not-the-password").await.unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    insta::assert_json_snapshot!(error);
    let attempt = sign_in(grovestreams::PASSWORD).await.unwrap();
    assert!(attempt.connection_id.is_some());
    no_departures(&world);
}

#[tokio::test]
async fn custom_providers_are_discovered_by_their_issuer() {
    let world = World::of(ProviderId::Custom);
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
    new.scopes = custom::SCOPES.iter().take(2).map(|(name, _)| (*name).to_owned()).collect();
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    let connection = details(&world, &id);
    assert!(connection.account.is_some());
    assert!(connection.authorization.is_some_and(|authorization| !authorization.scopes.is_empty()));
    world.grapnel.refresh(&id).await.unwrap();
    assert!(world.grapnel.collections(&id).unwrap().is_empty());
    assert_eq!(world.grapnel.disconnect(&id).await.unwrap().revocation, Revocation::Done);
    let issued = world.sandbox.grants(ProviderId::Custom).issued();
    assert_eq!((issued.access_tokens_live, issued.refresh_tokens_live), (0, 0));
    no_departures(&world);
}

#[tokio::test]
async fn a_callback_from_another_issuer_changes_nothing() {
    for switch in [Switch::CustomWrongIss, Switch::CustomNoIss] {
        let world = World::of(ProviderId::Custom);
        world.sandbox.switches().set(switch, true);
        let mut new = world.new_app();
        new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
        new.scopes = vec!["profile".into()];
        world.grapnel.add_app(new).await.unwrap();
        let (attempt, callback) = world.attempt().await;
        let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
        assert_eq!(error.code, Code::CallbackInvalid, "{switch}");
        assert_eq!(world.grapnel.attempts().unwrap()[0].id, attempt.id, "it goes on waiting");
        assert_eq!(world.sandbox.grants(ProviderId::Custom).issued().access_tokens, 0);
    }
}

#[tokio::test]
async fn the_identity_provider_is_part_of_the_authorization_url() {
    let world = World::of(ProviderId::TheGrid);
    let mut new = world.new_app();
    new.overrides.insert("identity_provider".into(), the_grid::IDENTITY_PROVIDERS[1].0.into());
    world.grapnel.add_app(new).await.unwrap();
    world.connect().await;
    no_departures(&world);
}

#[tokio::test]
async fn without_revocation_the_local_tokens_are_still_deleted() {
    let world = World::of(ProviderId::Grigora);
    let id = world.connect().await;
    assert_eq!(world.grapnel.disconnect(&id).await.unwrap().revocation, Revocation::NotOffered);

    let world = World::of(ProviderId::Custom);
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
    new.scopes = vec![custom::SCOPES[0].0.into()];
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    world.sandbox.switches().set(Switch::CustomNoRevocation, true);
    assert_eq!(world.grapnel.disconnect(&id).await.unwrap().revocation, Revocation::Failed);
    assert_eq!(details(&world, &id).summary.state, State::Disconnected);
}
