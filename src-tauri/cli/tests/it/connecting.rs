//! `grapnel connect`: each redirect method, and each way to fail.

use std::io::Write;

use grapnel_cli::Exit;
use grapnel_core::authorize::SignInRequest;
use grapnel_core::browser::Launch;
use grapnel_sandbox::{Consent, ProviderId, grovestreams};
use insta::assert_snapshot;

use crate::machine::{Paper, sign_in, visit};
use crate::world::World;

#[tokio::test]
async fn by_loopback() {
    let world = World::new();
    world.add_app().await;
    assert_snapshot!("loopback", world.run("connect acme").await);
}

#[tokio::test]
async fn by_deep_link_into_another_process() {
    let world = World::new();
    world.add("acme", "").await;
    let ran = world.run("connect acme --json").await;
    assert_eq!(ran.json()["state"], "active");
}

#[tokio::test]
async fn without_a_browser_the_url_is_the_only_line() {
    let world = World::new();
    world.add_app().await;
    let paper = Paper::default();
    let (ran, address) =
        tokio::join!(world.run_with("connect acme --no-browser", std::io::empty(), false, &paper), async {
            let address = paper.first_line().await;
            sign_in(address.as_str().into(), None).await;
            address
        });
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_eq!(ran.out, format!("{address}\n"));
    assert_snapshot!("no_browser_says", ran.said);
}

/// The URL is one document, printed while the command waits; the exit code tells the result.
#[tokio::test]
async fn without_a_browser_json_has_the_url_in_a_document() {
    let world = World::new();
    world.add_app().await;
    let paper = Paper::default();
    let line = "connect acme --no-browser --json";
    let (ran, address) = tokio::join!(world.run_with(line, std::io::empty(), false, &paper), async {
        let document: serde_json::Value = serde_json::from_str(&paper.first_line().await).unwrap();
        let address = document["authorization_url"].as_str().unwrap().to_owned();
        sign_in(address.as_str().into(), None).await;
        address
    });
    assert_eq!((ran.exit, ran.said.as_str()), (Exit::Done, ""), "{ran}");
    assert_snapshot!("no_browser_json", ran.out.replace(&address, "[address]"));
    let ran = world.run("connect acme --no-browser --json --timeout 100ms").await;
    let error: serde_json::Value = serde_json::from_str(&ran.said).unwrap();
    assert_eq!((ran.out.lines().count(), error["error"]["code"].as_str()), (1, Some("timed_out")), "{ran}");
}

#[tokio::test]
async fn by_pasting_after_an_invalid_line() {
    let world = World::new();
    world.add("acme", "").await;
    let (input, mut keyboard) = std::io::pipe().unwrap();
    let paper = Paper::default();
    let (ran, ()) = tokio::join!(
        world.run_with("connect acme --no-browser --paste --name 'by hand'", input, true, &paper),
        async {
            let back = visit(&paper.first_line().await).await;
            writeln!(keyboard, "https://example.org/\n\n{back}").unwrap();
        }
    );
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_snapshot!("pasted_says", ran.said);
}

#[tokio::test]
async fn input_that_ends_without_a_callback_is_an_error() {
    let world = World::new();
    world.add("acme", "").await;
    let ran = world.pipe("connect acme --no-browser --paste", "nonsense?\n").await;
    assert_eq!(ran.exit, Exit::Usage, "{ran}");
    assert_snapshot!("pasted_nonsense_says", ran.said);
    assert!(world.grapnel().attempts().unwrap().is_empty());
}

#[tokio::test]
async fn by_email_and_password() {
    let world = World::of(ProviderId::GroveStreams);
    let at = world.sandbox.grovestreams();
    let line = format!(
        "app add grove --provider grovestreams --client-id my-own --set login_url={at}/api/oauth_login \
         --set token_url={at}/api/oauth_access_token --set api_base={at}/api"
    );
    assert_eq!(world.run(&line).await.exit, Exit::Done);
    let typed: &'static str = format!("{}\n{}\n", grovestreams::EMAIL, grovestreams::PASSWORD).leak();
    let connected = world.pipe("connect grove --password --json", typed).await;
    assert_eq!(connected.json()["state"], "active");
    let wrong =
        world.pipe("connect grove --password --name other", "ada@example.org\nanother-password\n").await;
    assert_snapshot!("wrong_password", wrong);
}

#[tokio::test]
async fn an_app_can_have_several_connections() {
    let world = World::new();
    world.connect().await;
    let before = world.run("status acme --json").await.json();
    let other = world.run("connect acme --name staging --json").await.json();
    assert_eq!(other["name"], "staging");
    assert_snapshot!("again", world.run("connect acme").await);
    for line in ["connect staging --json", "connect acme --name staging --json"] {
        assert_eq!(world.run(line).await.json()["id"], other["id"]);
    }
    assert_eq!(world.run("status acme --json").await.json()["id"], before["id"]);
    assert_eq!(world.run("list --json").await.json().as_array().unwrap().len(), 2);
    world.add("beta", "--redirect loopback").await;
    assert_snapshot!("name_of_another", world.run("connect beta --name staging").await);
    assert_snapshot!("unknown", world.run("connect gamma").await);
}

#[tokio::test]
async fn the_url_is_printed_if_no_page_may_have_opened() {
    let mut world = World::new();
    world.add_app().await;
    world.launch = Launch::Unclear;
    let ran = world.run("connect acme").await;
    assert_eq!(ran.exit, Exit::Done);
    let said: Vec<&str> = ran.said.lines().collect();
    let at = said.iter().position(|line| *line == "If no page opens, open this URL yourself:").unwrap();
    assert!(said[at + 1].starts_with(world.sandbox.grigora()), "{said:?}");
    world.launch = Launch::Failed;
    let ran = world.run("connect acme --json").await;
    assert!(ran.said.contains("browser_failed"), "{}", ran.said);
}

#[tokio::test]
async fn a_connection_keeps_its_browser() {
    const BROWSER: &str = if cfg!(windows) { "cmd -P work" } else { "sh -P work" };
    let world = World::new();
    world.add_app().await;
    assert_eq!(world.run("connect acme --browser 'firefox \"work'").await.exit, Exit::Usage);
    assert_eq!(world.grapnel().activity(None, Some("Sign-in")).unwrap(), []);
    world.run(&format!("connect acme --browser '{BROWSER}' --json")).await.json();
    assert_eq!(world.run("status acme --json").await.json()["browser"], BROWSER);
    world.run("connect acme").await;
    world.run("connect acme --name other").await;
    world.run("connect acme --browser ''").await;
    assert_eq!(*world.browsers.lock().unwrap(), [BROWSER, BROWSER, "", ""]);
    assert_eq!(world.run("status acme --json").await.json()["browser"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_denied_sign_in_is_reported() {
    let world = World::new();
    world.add_app().await;
    world.sandbox.set_grigora_consent(Consent::Cancel);
    assert_snapshot!("denied", world.run("connect acme").await);
}

#[tokio::test]
async fn a_sign_in_without_a_callback_times_out() {
    let world = World::new();
    world.add("acme", "").await;
    let ran = world.run("connect acme --no-browser --timeout 100ms").await;
    assert_eq!(ran.exit, Exit::NotAuthorized, "{ran}");
    assert_snapshot!("timed_out_says", ran.said);
    assert!(world.grapnel().attempts().unwrap().is_empty());
}

#[tokio::test]
async fn a_sign_in_cancelled_by_another_process_ends() {
    let world = World::new();
    world.add("acme", "").await;
    let paper = Paper::default();
    let (ran, ()) =
        tokio::join!(world.run_with("connect acme --no-browser", std::io::empty(), false, &paper), async {
            paper.first_line().await;
            let window = world.grapnel();
            let attempt = window.attempts().unwrap().pop().unwrap();
            window.cancel_attempt(&attempt.id).unwrap();
        });
    assert_eq!(ran.exit, Exit::NotAuthorized, "{ran}");
}

/// The redirect URI with the port of this sign-in, from the authorization URL.
fn redirect_uri(address: &str) -> String {
    let address = reqwest::Url::parse(address).unwrap();
    address.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

#[tokio::test]
async fn a_refused_callback_is_reported_at_once_and_after_the_timeout() {
    let world = World::new();
    world.add_app().await;
    let paper = Paper::default();
    let forge = |address: String| async move {
        let forged = format!("{}?error=access_denied&error_description=not%20you", redirect_uri(&address));
        let page = reqwest::get(forged).await.unwrap();
        assert_eq!(page.status().as_u16(), 400);
        address
    };
    let (ran, ()) =
        tokio::join!(world.run_with("connect acme --no-browser", std::io::empty(), false, &paper), async {
            let address = forge(paper.first_line().await).await;
            sign_in(address.as_str().into(), None).await;
        });
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_snapshot!("not_accepted_says", ran.said);

    let paper = Paper::default();
    let line = "connect acme --name other --no-browser --timeout 3s";
    let (ran, _) = tokio::join!(world.run_with(line, std::io::empty(), false, &paper), async {
        forge(paper.first_line().await).await
    });
    assert_eq!(ran.exit, Exit::NotAuthorized, "{ran}");
    assert_snapshot!("timed_out_after_an_answer_says", ran.said);
}

#[tokio::test]
async fn hints_are_printed_and_a_pasted_url_finishes_the_same_attempt() {
    let mut world = World::new();
    world.timeouts.answer = std::time::Duration::ZERO;
    world.add_app().await;
    let (input, mut keyboard) = std::io::pipe().unwrap();
    let paper = Paper::default();
    let (ran, ()) = tokio::join!(world.run_with("connect acme --no-browser", input, true, &paper), async {
        let back = visit(&paper.first_line().await).await;
        writeln!(keyboard, "what?\n{back}").unwrap();
    });
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_snapshot!("help_at_a_terminal_says", ran.said);
    let ran = world.pipe("connect acme --no-browser --timeout 100ms", "not read\n").await;
    assert_snapshot!("help_without_a_terminal_says", ran.said);
}

#[tokio::test]
async fn a_waiting_sign_in_is_joined() {
    let world = World::new();
    world.add("acme", "").await;
    let window = world.grapnel();
    let app = window.apps().unwrap().pop().unwrap();
    let waiting = window.join_or_start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    assert!(!waiting.is_joined);
    let (ran, again) =
        tokio::join!(world.run("connect acme --timeout 300ms"), world.run("connect acme --timeout 300ms"));
    for ran in [ran, again] {
        assert_eq!(ran.exit, Exit::NotAuthorized, "{ran}");
        assert_snapshot!("joined_says", ran.said);
    }
    assert!(world.browsers.lock().unwrap().is_empty(), "no page was opened");
    let attempts = window.attempts().unwrap();
    assert_eq!(attempts.iter().map(|one| &one.id).collect::<Vec<_>>(), [&waiting.attempt.id]);
    // Another name creates another connection.
    let ran = world.run("connect acme --name other").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
}

/// Its program was killed, so no process holds its lock any more. On Windows, an open file cannot be taken away so.
#[cfg(unix)]
#[tokio::test]
async fn an_abandoned_sign_in_is_not_joined() {
    let world = World::new();
    world.add("acme", "").await;
    let window = world.grapnel();
    let app = window.apps().unwrap().pop().unwrap();
    let left = window.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    std::fs::remove_file(world.home.path().join(format!("locks/attempt-{}", left.id))).unwrap();
    let ran = world.run("connect acme").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_eq!(world.browsers.lock().unwrap().len(), 1);
    assert_eq!(window.attempt(&left.id).unwrap().phase, grapnel_model::attempt::Phase::Cancelled);
}

/// A browser that keeps its connection open, and does not follow the redirect to the final page.
#[tokio::test]
async fn an_open_browser_connection_does_not_delay_the_exit() {
    let world = World::new();
    world.add_app().await;
    let paper = Paper::default();
    let (ran, elapsed) =
        tokio::join!(world.run_with("connect acme --no-browser", std::io::empty(), false, &paper), async {
            let back = visit(&paper.first_line().await).await;
            let url = reqwest::Url::parse(&back).unwrap();
            let at = ("127.0.0.1", url.port().unwrap());
            let mut stream = std::net::TcpStream::connect(at).unwrap();
            let (path, query, port) = (url.path(), url.query().unwrap(), at.1);
            write!(stream, "GET {path}?{query} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n").unwrap();
            (std::time::Instant::now(), stream)
        });
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    let (sent, _open) = elapsed;
    assert!(sent.elapsed() < std::time::Duration::from_secs(10), "it waits for the browser to hang up");
}

/// Makes `acme` the connection of an account that does not sign in.
fn give_away(world: &World) {
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let sql =
        "UPDATE connection SET account = json_set(account, '$.id', 'other', '$.name', 'Somebody Else', \
        '$.email', null)
        WHERE name = 'acme'";
    assert_eq!(database.execute(sql, []).unwrap(), 1);
}

#[tokio::test]
async fn another_account_replaces_nothing_without_consent() {
    let world = World::new();
    world.connect().await;
    give_away(&world);
    let ran = world.run("connect acme").await;
    assert_eq!(ran.exit, Exit::NotAuthorized, "{ran}");
    assert_snapshot!("another_account_says", ran.said);
    let status = world.run("status acme --json").await.json();
    assert_eq!(status["account"]["name"], "Somebody Else");
    let ran = world.run("disconnect 'acme 2' --forget --yes").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");

    let ran = world.answer("connect acme --json", "replace\n").await;
    assert_eq!(ran.exit, Exit::NotAuthorized, "with --json, nothing is asked: {ran}");
    assert_eq!(world.run("disconnect 'acme 2' --forget --yes").await.exit, Exit::Done);

    let ran = world.answer_to("connect acme", "[replace/keep/discard]", "perhaps\ndiscard\n").await;
    assert_eq!(ran.exit, Exit::NotAuthorized, "{ran}");
    assert_snapshot!("another_account_discarded_says", ran.said);
    assert_eq!(world.run("list --json").await.json().as_array().unwrap().len(), 1);

    let ran = world.answer_to("connect acme", "[replace/keep/discard]", "keep\n").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_snapshot!("another_account_kept", ran.out);

    let ran = world.answer_to("connect acme", "[replace/keep/discard]", "replace\n").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
    assert_snapshot!("another_account_replaced", ran.out);
    let status = world.run("status acme --json").await.json();
    assert_eq!(status["account"]["name"], "Ines Marchetti");

    give_away(&world);
    let ran = world.run("connect acme --replace-account").await;
    assert_eq!(ran.exit, Exit::Done, "{ran}");
}

#[tokio::test]
async fn an_unsupported_login_hint_is_reported() {
    let world = World::new();
    world.add_app().await;
    for wish in ["--login-hint ines@harbour.example", "--another-account"] {
        let ran = world.run(&format!("connect acme {wish}")).await;
        assert_eq!(ran.exit, Exit::Usage, "{ran}");
    }
}
