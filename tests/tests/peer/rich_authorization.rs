//! Rich authorization requests (RFC 9396): by the front channel, pushed, signed, for a device, and of a client itself.

use grapnel_core::app::App;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Phase;
use grapnel_model::authorization_details::{AuthorizationDetails, DetailsComparison, DetailsView};
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_tests::{Context, Result};

use crate::browser::{self, Person};
use crate::world::{NOTES, STAY, World, end_of};

/// This server grants authorization details for a resource only.
const RESOURCE: (&str, &str) = ("resource", "http://127.0.0.1/notes");
const ACCOUNTS: (&str, &str) =
    ("authorization_details", r#"[{"type":"account_information","actions":["read_balances"]}]"#);

fn details(world: &World, id: &ConnectionId) -> Result<DetailsView> {
    world.grapnel.connection(id)?.authorization_details.context("no authorization details")
}

async fn app(world: &World, own: &[(&str, &str)]) -> Result<App> {
    world.add_app(&world.server.confidential, NOTES, &[&[STAY, RESOURCE], own].concat()).await
}

/// Userinfo and introspection refuse the JWTs of a resource, which is no fault of the request.
async fn no_request_was_refused(world: World) -> Result<()> {
    let mut refused = world.server.refusals().await?;
    let of_token = ["introspection", "revocation", "userinfo"];
    refused.retain(|told| !of_token.iter().any(|place| told.starts_with(place)));
    assert_eq!(refused, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn authorization_details_are_granted_and_stay_after_a_refresh() -> Result<()> {
    let world = World::new().await?;
    for own in [&[ACCOUNTS][..], &[ACCOUNTS, ("par", "true")]] {
        let app = app(&world, own).await?;
        let id = world.connect(&app).await?;
        let granted = details(&world, &id)?;
        assert_eq!(granted.comparison, DetailsComparison::Granted);
        assert_eq!(granted.details[0].kind, "account_information");
        assert_eq!(granted.details[0].fields[0].value, "read_balances");
        world.grapnel.refresh(&id).await?;
        assert_eq!(details(&world, &id)?, granted);
        world.grapnel.remove_app_with_connections(&app.id).await?;
    }
    no_request_was_refused(world).await
}

/// RFC 9396 §7.1: the account is known only after the person chose it.
#[tokio::test]
async fn details_that_the_server_completes_are_shown_as_granted() -> Result<()> {
    let world = World::new().await?;
    let app = app(&world, &[ACCOUNTS]).await?;
    let payment =
        r#"[{"type":"payment_initiation","instructedAmount":{"currency":"EUR","amount":"123.50"}}]"#;
    let payment = AuthorizationDetails::parse(payment)?;
    let wanted = SignInRequest { authorization_details: Some(payment), ..SignInRequest::default() };
    let attempt = world.attempt_for(&app.id, &wanted, Person::SignsInAndAgrees).await?;
    let granted = details(&world, &attempt.connection_id.context("not connected")?)?;
    assert_eq!(granted.comparison, DetailsComparison::Different);
    let account = granted.details[0].fields.iter().find(|field| field.name == "debtorAccount.iban");
    assert_eq!(account.context("no account")?.value, "DE40100100103307118608");
    no_request_was_refused(world).await
}

#[tokio::test]
async fn a_type_that_is_not_announced_is_told_and_refused() -> Result<()> {
    let world = World::new().await?;
    let app = app(&world, &[("authorization_details", r#"[{"type":"tax_data"}]"#)]).await?;
    let attempt = world.attempt(&app.id, Person::SignsInAndAgrees).await?;
    assert_eq!(attempt.phase, Phase::Failed);
    assert!(attempt.notes[0].contains("not tax_data"), "{:?}", attempt.notes);
    let error = attempt.error.context("no error")?;
    assert_eq!(error.code, Code::ProviderError);
    assert!(error.message.contains("does not accept the authorization details"), "{}", error.message);
    Ok(())
}

#[tokio::test]
async fn a_device_and_a_client_of_its_own_get_them_too() -> Result<()> {
    let world = World::new().await?;
    let app = app(&world, &[ACCOUNTS]).await?;
    let mut events = world.grapnel.events();
    let wanted = SignInRequest { by_device: true, ..SignInRequest::default() };
    let attempt = world.grapnel.start_attempt(&app.id, &wanted).await?;
    let prompt = world.grapnel.device_prompt(&attempt.id).await?;
    browser::approve(&prompt.link.context("no link")?, Person::SignsInAndAgrees).await?;
    let attempt = end_of(&mut events, &attempt.id).await?;
    let id = attempt.connection_id.with_context(|| format!("{:?}", attempt.error))?;
    assert_eq!(details(&world, &id)?.comparison, DetailsComparison::Granted);

    let own = [("grant_type", "client_credentials"), RESOURCE, ACCOUNTS];
    let service = world.add_app(&world.server.service, "notes:read", &own).await?;
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&service.id, &SignInRequest::default()).await?;
    let attempt = end_of(&mut events, &attempt.id).await?;
    let id = attempt.connection_id.with_context(|| format!("{:?}", attempt.error))?;
    assert_eq!(details(&world, &id)?.comparison, DetailsComparison::Granted);
    no_request_was_refused(world).await
}
