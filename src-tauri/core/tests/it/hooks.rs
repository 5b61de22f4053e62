//! Hooks: what runs them, what they are told, and who cannot set one.

use std::time::Duration;

use grapnel_core::hooks::HookOutput;
use grapnel_model::activity::Kind;
use grapnel_model::connection_event::ConnectionEventKind::{Disconnected, NeedsAttention, Refreshed};
use grapnel_model::error::Code;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_sandbox::{Endpoint, Fault};
use serde_json::Value;

use crate::support::hook_script::Scripts;
use crate::support::keep_alive::{Keeper, keep_alive};
use crate::support::world::World;

/// Prints its environment, its arguments and its input.
const REPORT: &str = r#"exec > "$1"; cat /proc/$$/environ; echo; cat /proc/$$/cmdline; echo; cat"#;

fn database(world: &World) -> rusqlite::Connection {
    rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap()
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

#[tokio::test]
async fn the_event_arrives_byte_exact_and_nothing_is_executed_or_secret() {
    let (world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let canary = scripts.path("executed");
    let name = format!("-rf \"' \n$(touch {canary}) `touch {canary}`; touch {canary}");
    database(&world).execute("UPDATE connection SET name = ?1", [&name]).unwrap();
    let (script, pipe) = (scripts.script("report", REPORT), scripts.pipe("reported"));
    scripts.hook(&world.grapnel, Refreshed, &[&script, &pipe, "a b", "$(id)"]).await;
    let before = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    let _keeper = keep_alive(&world);
    world.grapnel.refresh(&id).await.unwrap();

    let report = scripts.read(&pipe).await;
    let environment: Vec<&[u8]> = report.split(|byte| *byte == 0).collect();
    let variable = |text: String| assert!(environment.contains(&text.as_bytes()), "{text}");
    variable("GRAPNEL_EVENT=refreshed".into());
    variable(format!("GRAPNEL_CONNECTION={name}"));
    variable(format!("GRAPNEL_CONNECTION_ID={id}"));
    variable("GRAPNEL_APP=Acme".into());
    variable("GRAPNEL_PROVIDER=grigora".into());
    variable("GRAPNEL_STATUS=active".into());
    variable(format!("GRAPNEL_HOME={}", world.home.path().display()));
    assert!(contains(&report, &format!("/bin/sh\0{script}\0{pipe}\0a b\0$(id)\0\n")), "other arguments");
    let input = report.rsplit(|byte| *byte == b'\n').nth(1).unwrap();
    let event: Value = serde_json::from_slice(input).unwrap();
    assert_eq!((&event["event"], &event["connection"]), (&"refreshed".into(), &Value::from(name)));
    assert_eq!(event["connection_id"], id.0);
    assert!(event["expires_at"].is_string() && event["at"].is_string(), "{event}");

    let after = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    for secret in [before.expose_secret(), after.expose_secret(), world.client_secret(), "gri_at_", "gri_rt_"]
    {
        assert!(!contains(&report, secret), "a secret");
    }
    assert!(!std::fs::exists(canary).unwrap(), "a name was executed");
}

#[tokio::test]
async fn each_kind_of_event_runs_its_own_hooks() {
    let (world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let script = scripts.script("report", r#"echo "$GRAPNEL_EVENT $GRAPNEL_STATUS" > "$1""#);
    let pipe = scripts.pipe("reported");
    for event in [Refreshed, NeedsAttention, Disconnected] {
        scripts.hook(&world.grapnel, event, &[&script, &pipe]).await;
    }
    let _keeper = keep_alive(&world);
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(scripts.read(&pipe).await, b"refreshed active\n");
    world.sandbox.faults().set(Endpoint::TokenRefresh, Fault::InvalidGrant, 1).unwrap();
    world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!(scripts.read(&pipe).await, b"needs_attention reconnect_needed\n");
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(scripts.read(&pipe).await, b"disconnected disconnected\n");
}

#[tokio::test]
async fn of_two_processes_one_runs_each_hook() {
    const REFRESHES: usize = 12;
    let (world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let script = scripts.script("note", r#"echo run >> "$1"; echo run > "$2""#);
    let (log, pipe) = (scripts.path("log"), scripts.pipe("ran"));
    scripts.hook(&world.grapnel, Refreshed, &[&script, &log, &pipe]).await;
    scripts.hook(&world.grapnel, Disconnected, &[&script, &scripts.path("ends"), &pipe]).await;
    let (one, other) = (world.second_start(), world.second_start());
    let keepers = [one, other].map(|process| {
        process.follow_others().unwrap();
        Keeper(tokio::spawn(async move { process.keep_alive().await }))
    });
    // Like a command that refreshes: this process runs no hooks.
    for _ in 0..REFRESHES {
        world.grapnel.refresh(&id).await.unwrap();
        scripts.read(&pipe).await;
    }
    world.grapnel.disconnect(&id).await.unwrap();
    scripts.read(&pipe).await;
    drop(keepers);
    assert_eq!((scripts.lines("log"), scripts.lines("ends")), (REFRESHES, 1));
}

#[tokio::test]
async fn what_happens_while_a_hook_runs_is_one_more_run() {
    let (world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let script = scripts.script("wait", r#"echo run >> "$1"; echo started > "$2"; read go < "$3""#);
    let (log, started, go) = (scripts.path("log"), scripts.pipe("started"), scripts.pipe("go"));
    for event in [Refreshed, Disconnected] {
        scripts.hook(&world.grapnel, event, &[&script, &log, &started, &go]).await;
    }
    let _keeper = keep_alive(&world);
    world.grapnel.refresh(&id).await.unwrap();
    scripts.read(&started).await;
    for _ in 0..5 {
        world.grapnel.refresh(&id).await.unwrap();
    }
    scripts.release(&go).await;
    scripts.read(&started).await;
    world.grapnel.disconnect(&id).await.unwrap();
    scripts.release(&go).await;
    scripts.read(&started).await;
    assert_eq!(scripts.lines("log"), 3, "twice for six refreshes, and once for the end");
    scripts.release(&go).await;
}

#[tokio::test]
async fn what_happened_while_no_process_ran_hooks_is_made_up_for_once() {
    let (mut world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let script = scripts.script("note", r#"echo run >> "$1"; echo "$GRAPNEL_EVENT" > "$2""#);
    let (log, pipe) = (scripts.path("log"), scripts.pipe("ran"));
    for event in [Refreshed, Disconnected] {
        scripts.hook(&world.grapnel, event, &[&script, &log, &pipe]).await;
    }
    world.grapnel.refresh(&id).await.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    for _ in 0..2 {
        world.start_again();
        let _keeper = keep_alive(&world);
        if scripts.lines("log") == 0 {
            assert_eq!(scripts.read(&pipe).await, b"refreshed\n");
        }
    }
    let _keeper = keep_alive(&world);
    world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(scripts.read(&pipe).await, b"disconnected\n");
    assert_eq!(scripts.lines("log"), 2);
}

#[tokio::test]
async fn a_hook_that_another_program_planted_or_changed_does_not_run() {
    let (world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let script = scripts.script("note", r#"echo run >> "$1""#);
    let log = scripts.path("log");
    // Each is broken in another way; all come before the one that runs.
    let event = format!(r#"{{"event":"refreshed","program":"{script}","arguments":["{log}"]}}"#);
    database(&world)
        .execute("INSERT INTO hook (id, sealed_command) VALUES ('planted', CAST(?1 AS BLOB))", [&event])
        .unwrap();
    let changed = scripts.hook(&world.grapnel, Refreshed, &[&script, &log]).await;
    let copied = scripts.hook(&world.grapnel, Disconnected, &[&script, &log]).await;
    database(&world)
        .execute_batch(&format!(
            "INSERT INTO hook (id, sealed_command) SELECT 'copied', sealed_command FROM hook WHERE id = '{changed}';
             UPDATE hook SET sealed_command =
                CAST(substr(sealed_command, 1, 40) || x'00' || substr(sealed_command, 42) AS BLOB)
                WHERE id = '{changed}';
             UPDATE hook SET sealed_command = (SELECT sealed_access FROM connection) WHERE id = '{copied}';"
        ))
        .unwrap();
    let (report, pipe) = (scripts.script("report", r#"echo ran > "$1""#), scripts.pipe("ran"));
    let whole = scripts.hook(&world.grapnel, Refreshed, &[&report, &pipe]).await;
    let _keeper = keep_alive(&world);
    world.grapnel.refresh(&id).await.unwrap();
    scripts.read(&pipe).await;
    assert_eq!(scripts.lines("log"), 0, "a command was run that the person has not confirmed");
    let hooks = world.grapnel.hooks().await.unwrap();
    let verified: Vec<_> = hooks.iter().filter(|hook| hook.command.is_some()).map(|hook| &hook.id).collect();
    assert_eq!((hooks.len(), verified), (5, vec![&whole]));
    let told = world.grapnel.activity(Some(&id), Some("could not be verified")).unwrap();
    assert_eq!((told.len(), told[0].kind), (4, Kind::HookFailed));
    let error = world.grapnel.test_hook(&changed, None, HookOutput::Discard).await.unwrap_err();
    assert_eq!(error.code, Code::DataDamaged);
    assert_eq!(scripts.lines("log"), 0);
    for hook in hooks {
        world.grapnel.remove_hook(&hook.id).unwrap();
    }
    assert_eq!(world.grapnel.hooks().await.unwrap(), []);
}

#[tokio::test]
async fn while_the_vault_is_locked_hooks_wait() {
    let passphrase = SecretString::from("harbour lamp eleven moss");
    let (mut world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    world.grapnel.protect_with_passphrase(&passphrase).await.unwrap();
    let (script, pipe) = (scripts.script("report", r#"echo "$GRAPNEL_EVENT" > "$1""#), scripts.pipe("ran"));
    scripts.hook(&world.grapnel, Refreshed, &[&script, &pipe]).await;
    world.start_again();
    world.grapnel.check_vault().await;
    world.grapnel.follow_others().unwrap();
    let _keeper = keep_alive(&world);
    let other = world.second_start();
    other.unlock(&passphrase).await.unwrap();
    let mut events = world.grapnel.events();
    other.refresh(&id).await.unwrap();
    while world.grapnel.connection(&id).unwrap().tokens.unwrap().refresh_count == 0 {
        events.recv().await.unwrap();
    }
    assert_eq!(other.hooks().await.unwrap()[0].last_run, None);
    world.grapnel.unlock(&passphrase).await.unwrap();
    assert_eq!(scripts.read(&pipe).await, b"refreshed\n");
}

#[tokio::test]
async fn a_hook_that_fails_is_one_entry_of_the_activity() {
    let (world, scripts) = (World::new(), Scripts::new());
    let id = world.connect().await;
    let script = scripts.script("fail", "exit 3");
    let hook = scripts.hook(&world.grapnel, Refreshed, &[&script]).await;
    let _keeper = keep_alive(&world);
    let mut events = world.grapnel.events();
    let failures = || world.grapnel.activity(Some(&id), Some("The hook")).unwrap();
    for times in 1..=2 {
        world.grapnel.refresh(&id).await.unwrap();
        while failures().first().is_none_or(|entry| entry.times < times) {
            events.recv().await.unwrap();
        }
    }
    assert_eq!(failures().len(), 1);
    assert_eq!(failures()[0].text, format!("The hook {script} exited with 3."));
    let run = world.grapnel.hooks().await.unwrap().remove(0).last_run.unwrap();
    assert_eq!(run.failure.as_deref(), Some("exited with 3"));
    assert_eq!(world.grapnel.take_pending_notifications().unwrap(), []);
    let tried = world.grapnel.test_hook(&hook, Some(&id), HookOutput::Discard).await.unwrap();
    assert_eq!(tried.failure.as_deref(), Some("exited with 3"));
}
