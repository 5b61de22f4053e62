//! The table of faults: every fault of the sandbox × every provider, at the code exchange, the refresh and the API.
//! Shows the status, the message, and the result of the next attempt. No fault loses anything.

use std::collections::BTreeMap;
use std::fmt::Write;

use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::{Details, State};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::token_response::Deviation;
use grapnel_sandbox::{Fault, PlannedFault, ProviderId, Switch, grovestreams};

use crate::leaks::nothing_leaked;
use crate::support::world::{World, again};

/// The results: by fault in the sandbox's order, then by message, with the providers.
#[derive(Default)]
struct Table {
    faults: Vec<String>,
    told: BTreeMap<(usize, String), Vec<&'static str>>,
}

type Rows = Vec<(String, String)>;

impl Table {
    /// The rows of all given providers, computed in parallel.
    async fn of<F: Future<Output = Rows> + Send + 'static>(
        providers: impl IntoIterator<Item = ProviderId>,
        rows: fn(ProviderId) -> F,
    ) -> Self {
        let asked: Vec<_> = providers.into_iter().map(|one| (one, tokio::spawn(rows(one)))).collect();
        let mut table = Self::default();
        for (provider, rows) in asked {
            rows.await.unwrap().into_iter().for_each(|(fault, told)| table.add(&fault, provider, told));
        }
        table
    }

    fn add(&mut self, fault: &str, provider: ProviderId, told: String) {
        let at = self.faults.iter().position(|known| known == fault).unwrap_or_else(|| {
            self.faults.push(fault.to_owned());
            self.faults.len() - 1
        });
        self.told.entry((at, told)).or_default().push(provider.title());
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for ((fault, told), providers) in &self.told {
            let everywhere = providers.len() == ProviderId::ALL.len();
            let places = if everywhere { "every provider".into() } else { providers.join(", ") };
            let _ = writeln!(text, "{} · {places}\n{told}\n", self.faults[*fault]);
        }
        text
    }
}

/// The table without the system's message about a broken connection, which differs between systems.
macro_rules! assert_table {
    ($table:expr) => {
        let table = $table.text();
        report(&table);
        let filters = vec![(r"(did not arrive whole): .*\.", "$1: […]."), ("wait [12] seconds", "wait 2 seconds")];
        insta::with_settings!({ filters => filters, omit_expression => true }, {
            insta::assert_snapshot!(table);
        });
    };
}

/// Prints a table for `./dev prove faults`. Each row has asserted that nothing was deleted.
#[expect(clippy::print_stdout, reason = "the proof shows what the test found")]
fn report(table: &str) {
    let rows = table.trim_end().split("\n\n").count();
    let rotated = table.matches("and a sign-in helps").count();
    println!("{table}\n{rows} rows; in {rotated} the provider rotated unseen, and a sign-in helps");
}

#[test]
fn every_fault_is_in_a_table() {
    let world = World::new();
    for fault in faults() {
        let happens =
            ["token-exchange", "token-refresh", "api"].map(|endpoint| plan(&world, endpoint, &fault));
        assert!(happens.contains(&true), "{fault} is nowhere");
        assert_eq!(happens[0], happens[1], "{fault} is in one of the tables of the token endpoint");
    }
}

/// Every fault by name. The slow response is short, which suffices to show that it is no failure.
fn faults() -> impl Iterator<Item = String> {
    Fault::names().map(|name| if name.starts_with("slow") { "slow=50".to_owned() } else { name })
}

/// A world with an app of its provider that gives access to content.
async fn world(provider: ProviderId) -> World {
    let world = World::of(provider);
    let mut new = world.new_app();
    match provider {
        ProviderId::GroveStreams => {
            new.overrides.insert("user_uid".into(), grovestreams::USER_UID.into());
        }
        ProviderId::Custom => {
            new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
            new.scopes = vec!["openid".into()];
        }
        _ => {}
    }
    world.grapnel.add_app(new).await.unwrap();
    world
}

/// A world with a connection to a provider that supports everything.
async fn connected(provider: ProviderId) -> (World, ConnectionId) {
    let world = world(provider).await;
    world.sandbox.switches().set(Switch::TheGridRefreshToken, true);
    let id = world.connect().await;
    (world, id)
}

/// Plans a fault; returns whether the endpoint can have it.
fn plan(world: &World, endpoint: &str, fault: &str) -> bool {
    let planned: PlannedFault = format!("{endpoint}:{fault}").parse().unwrap();
    world.sandbox.faults().plan(planned).is_ok()
}

async fn sign_in(world: &World, wanted: &SignInRequest) -> Result<()> {
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, wanted).await.unwrap();
    let callback = world.visit(&attempt.id).await;
    world.grapnel.receive_callback(&callback).await
}

fn details(world: &World, id: &ConnectionId) -> Details {
    world.grapnel.connection(id).unwrap()
}

/// Reads some content of the connection.
async fn read(world: &World, id: &ConnectionId) -> Result<()> {
    let collection = match world.provider {
        ProviderId::Grigora => return world.grapnel.projects(id).await.map(drop),
        ProviderId::Grindery => "workspaces",
        ProviderId::TheGrid => "sites",
        ProviderId::GroveStreams => "organizations",
        ProviderId::Custom => unreachable!("its API is nobody's"),
    };
    world.grapnel.items(id, collection, None).await.map(drop)
}

/// The connection's status, and the message: of the failure, or of unusual deviations.
fn told(world: &World, outcome: &Result<()>, after: &Details, usual: &[Deviation]) -> String {
    let state = serde_json::to_value(after.summary.state).unwrap();
    let said = match outcome {
        Ok(()) => {
            let noted = after.deviations.iter().filter(|noted| !usual.contains(noted));
            noted.fold("fine".to_owned(), |said, noted| {
                // Lifetimes differ between providers.
                let found = noted.found.trim_end_matches(char::is_numeric);
                let number = if found == noted.found { "" } else { "N" };
                format!("{said}\n    noted: {} {found}{number}", noted.member)
            })
        }
        Err(error) => sentences(error),
    };
    format!("  {} · {said}", state.as_str().unwrap()).replace(&named(world), "PROVIDER")
}

fn sentences(error: &Error) -> String {
    let code = serde_json::to_value(error.code).unwrap();
    format!(
        "{}: {}\n    means: {}\n    hint:  {}",
        code.as_str().unwrap(),
        error.message,
        error.meaning.as_deref().unwrap_or_default(),
        error.hint.as_deref().unwrap_or_default()
    )
}

fn named(world: &World) -> String {
    world.grapnel.apps().unwrap().pop().unwrap().provider_name
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_exchange() {
    assert_table!(Table::of(ProviderId::ALL, exchanges).await);
}

async fn exchanges(provider: ProviderId) -> Rows {
    let ((world, id), mut rows) = (connected(provider).await, Rows::new());
    let usual = details(&world, &id).deviations;
    for fault in faults() {
        let before = details(&world, &id);
        if !plan(&world, "token-exchange", &fault) {
            continue;
        }
        let outcome = sign_in(&world, &again(&id)).await;
        let after = details(&world, &id);
        rows.push((fault.clone(), told(&world, &outcome, &after, &usual)));

        assert!(world.grapnel.attempts().unwrap().is_empty(), "{fault} leaves no attempt hanging");
        world.sandbox.faults().clear();
        if outcome.is_err() {
            assert_eq!(after.tokens, before.tokens, "{fault} leaves the tokens that were there");
            assert_eq!(after.summary.state, State::Active, "{fault} leaves them good");
            sign_in(&world, &again(&id)).await.unwrap();
        }
        assert_ne!(details(&world, &id).tokens, before.tokens, "{fault}, or else a new try, brings new ones");
    }
    nothing_leaked(&world);
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_refresh() {
    assert_table!(Table::of(ProviderId::ALL, refreshes).await);
}

async fn refreshes(provider: ProviderId) -> Rows {
    let ((world, id), mut rows) = (connected(provider).await, Rows::new());
    let usual = details(&world, &id).deviations;
    for fault in faults() {
        let before = details(&world, &id);
        if !plan(&world, "token-refresh", &fault) {
            continue;
        }
        let outcome = world.grapnel.refresh(&id).await;
        let after = details(&world, &id);
        let mut told = told(&world, &outcome, &after, &usual);
        if let Err(error) = &outcome {
            assert_eq!(after.tokens, before.tokens, "{fault} deletes nothing");
            assert_eq!(after.error.as_ref(), Some(error), "{fault} is told by the connection too");
        }
        world.sandbox.faults().clear();
        told += &next_try(&world, &outcome, &after).await;
        rows.push((fault, told));
    }
    nothing_leaked(&world);
    rows
}

/// The result of a refresh after the fault: new tokens; or, if the provider has rotated and the new tokens are lost,
/// the need for a new sign-in, which then succeeds.
async fn next_try(world: &World, outcome: &Result<()>, before: &Details) -> String {
    let id = &before.summary.id;
    let next = world.grapnel.refresh(id).await;
    let after = details(world, id);
    let Err(error) = next else {
        assert_eq!((after.summary.state, after.error), (State::Active, None));
        assert_ne!(after.tokens.unwrap().access, before.tokens.as_ref().unwrap().access);
        return "\n  the next try refreshes".to_owned();
    };
    let is_unknown = outcome.as_ref().is_err_and(|first| first.code == Code::AnswerLost);
    assert!(is_unknown, "only a provider that rotated unseen makes a token void: {error}");
    assert_eq!((error.code, after.summary.state), (Code::ReconnectNeeded, State::ReconnectNeeded));
    assert_eq!(after.tokens, before.tokens, "kept even so");
    sign_in(world, &again(id)).await.unwrap();
    assert_eq!(details(world, id).summary.state, State::Active);
    let sentences = sentences(&error).replace(&named(world), "PROVIDER");
    format!("\n  the next try: {sentences}\n  and a sign-in helps")
}

/// The custom provider has no content API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_api() {
    let with_content = ProviderId::ALL.into_iter().filter(|provider| *provider != ProviderId::Custom);
    assert_table!(Table::of(with_content, calls).await);
}

async fn calls(provider: ProviderId) -> Rows {
    let ((world, id), mut rows) = (connected(provider).await, Rows::new());
    let usual = details(&world, &id).deviations;
    let count = |details: &Details| details.tokens.as_ref().unwrap().refresh_count;
    for fault in faults().chain(["invalid-token*2".to_owned()]) {
        let before = details(&world, &id);
        if !plan(&world, "api", &fault) {
            continue;
        }
        let outcome = read(&world, &id).await;
        let after = details(&world, &id);
        let refreshed = count(&after) > count(&before);
        rows.push((
            fault.clone(),
            told(&world, &outcome, &after, &usual) + if refreshed { "\n  after a refresh" } else { "" },
        ));
        if !refreshed {
            assert_eq!(after.tokens, before.tokens, "{fault} leaves the tokens as they are");
        }
        world.sandbox.faults().clear();
        if after.summary.state != State::Active {
            // A person can have it retried.
            world.grapnel.refresh(&id).await.unwrap();
        }
        read(&world, &id).await.unwrap();
        assert_eq!(details(&world, &id).summary.state, State::Active);
    }
    nothing_leaked(&world);
    rows
}

/// The alternative behavior of a provider with each switch of the sandbox, step by step. Custom's discovery took place
/// before.
#[tokio::test]
async fn of_the_switches() {
    let mut rows = Vec::new();
    for (switch, name, what) in Switch::all() {
        let provider = ProviderId::ALL.into_iter().find(|one| name.starts_with(one.name())).unwrap();
        let world = world(provider).await;
        let id = world.connect().await;
        let before = details(&world, &id);
        world.sandbox.switches().set(switch, true);
        let mut row = format!("{name}: {what}");
        let mut step = |name: &str, outcome: Result<()>| {
            let told = told(&world, &outcome, &details(&world, &id), &before.deviations);
            let _ = write!(row, "\n  {name}:{told}");
        };
        if provider == ProviderId::Custom {
            step("discovery", world.grapnel.discover(world.sandbox.custom()).await.map(drop));
        }
        let signed_in = sign_in(&world, &again(&id)).await;
        if signed_in.is_err() {
            assert_eq!(
                details(&world, &id).tokens,
                before.tokens,
                "{switch} leaves the tokens that were there"
            );
        }
        step("sign-in", signed_in);
        step("refresh", world.grapnel.refresh(&id).await);
        if provider != ProviderId::Custom {
            step("reading", read(&world, &id).await);
        }
        assert_eq!(details(&world, &id).summary.state, State::Active);
        let taken_back = world.grapnel.disconnect(&id).await.unwrap();
        nothing_leaked(&world);
        let taken_back = serde_json::to_value(taken_back.revocation).unwrap();
        rows.push(format!("{row}\n  tokens taken back at the provider: {}", taken_back.as_str().unwrap()));
    }
    let filters = vec![(r"PROVIDER:\d+", "HOST")];
    let table = rows.join("\n\n");
    report(&table);
    insta::with_settings!({ filters => filters, omit_expression => true }, {
        insta::assert_snapshot!(table);
    });
}
