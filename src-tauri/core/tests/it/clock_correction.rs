//! Clock correction by the `Date` of token responses: which hosts are believed, and how far.

use grapnel_core::Grapnel;
use grapnel_model::connection::State;
use grapnel_model::id::ConnectionId;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

use crate::support::proxy_server::Internet;
use crate::support::scripted_server::{GRANT, Reply, Scripted, sign_in};
use crate::support::world::World;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// A token response whose `Date` is ahead of this test's time.
fn dated(ahead: SignedDuration) -> Reply {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&(Timestamp::now() + ahead)).unwrap();
    Reply::json(200, GRANT).header("date", &date)
}

/// Signs in with an app whose token endpoint is at `host`, and refreshes: two responses.
async fn connect(grapnel: &Grapnel, host: &str, values: &[(&str, &str)]) -> ConnectionId {
    let mut new = Scripted::app_at(&format!("https://{host}"), values);
    new.name = host.into();
    let app = grapnel.add_app(new).await.unwrap();
    let id = sign_in(grapnel, &app).await.unwrap();
    grapnel.refresh(&id).await.unwrap();
    id
}

fn end(grapnel: &Grapnel, id: &ConnectionId) -> Timestamp {
    grapnel.connection(id).unwrap().summary.expires_at.unwrap()
}

/// The system clock was wrong before the program started: only providers' responses can tell.
#[tokio::test]
async fn a_clock_that_is_wrong_at_start_is_corrected() {
    let (world, internet) = (World::new(), Internet::start().await);
    world.clock.advance(HOUR * -3);
    world.grapnel.change_settings(internet.settings()).unwrap();
    internet.server.on("/token", [dated(SignedDuration::ZERO)]);
    connect(&world.grapnel, "a.example", &[]).await;
    let id = connect(&world.grapnel, "b.example", &[]).await;
    world.grapnel.refresh(&id).await.unwrap();
    // The real time, which this test shares with the server.
    let true_end = Timestamp::now() + HOUR;
    assert!((end(&world.grapnel, &id).duration_since(true_end)).abs() < MINUTE);
    // A program that starts now has received no response, but knows the offset.
    world.pass(MINUTE * 61);
    let other = world.second_start();
    assert_eq!(other.connection(&id).unwrap().summary.state, State::Expired);
}

/// One owner's app, with each endpoint on a host of its own, and a clock of its own.
#[tokio::test]
async fn one_app_cannot_shift_the_time_of_others() {
    let (world, internet) = (World::new(), Internet::start().await);
    world.grapnel.change_settings(internet.settings()).unwrap();
    let late = HOUR * 23;
    internet.server.on("/token", [dated(SignedDuration::ZERO), dated(SignedDuration::ZERO), dated(late)]);
    internet.server.on("/refresh", [dated(late)]);
    internet.server.on("/userinfo", [dated(late)]);
    internet.server.on("/introspect", [dated(late)]);
    let honest = connect(&world.grapnel, "a.example", &[]).await;
    let values = [
        ("refresh_url", "https://c.example/refresh"),
        ("userinfo_url", "https://c.example/userinfo"),
        ("introspection_url", "https://c.example/introspect"),
    ];
    let other = connect(&world.grapnel, "b.example", &values).await;
    for _ in 0..3 {
        world.grapnel.refresh(&other).await.unwrap();
    }
    assert!(
        internet.server.received("/refresh").len() > 2 && !internet.server.received("/userinfo").is_empty()
    );
    internet.server.on("/token", [dated(SignedDuration::ZERO)]);
    world.grapnel.refresh(&honest).await.unwrap();
    assert!((end(&world.grapnel, &honest).duration_since(Timestamp::now() + HOUR)).abs() < MINUTE);
}

/// Two loopback providers with a wrong clock, such as those of the sandbox.
#[tokio::test]
async fn dates_of_loopback_responses_are_ignored() {
    let (world, sandbox) = (World::new(), Scripted::start().await);
    sandbox.on("/token", [dated(HOUR * 20)]);
    let id = world.connect().await;
    world.sandbox.clock().advance(std::time::Duration::from_secs(20 * 3_600));
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    let app = world.grapnel.add_app(sandbox.new_app(&[])).await.unwrap();
    let scripted = sign_in(&world.grapnel, &app).await.unwrap();
    world.grapnel.refresh(&scripted).await.unwrap();
    assert!((end(&world.grapnel, &scripted).duration_since(Timestamp::now() + HOUR)).abs() < MINUTE);
}
