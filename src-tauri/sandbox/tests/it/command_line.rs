//! The command line: output, options and exit.

use std::collections::BTreeSet;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grapnel-sandbox"));
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the program, and waits for the line that says that it is ready.
fn start(args: &[&str]) -> (Running, Value) {
    try_start(args).unwrap()
}

fn try_start(args: &[&str]) -> Option<(Running, Value)> {
    let mut running = Running(program(args).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Some((running, serde_json::from_str(&line).ok()?))
}

#[tokio::test]
async fn json_prints_one_line_with_the_client_configuration() {
    let (mut running, ready) = start(&["--port", "0", "--json", "--consent", "authorize"]);
    let grigora = &ready["grigora"];
    let text = |name: &str| grigora[name].as_str().unwrap();
    assert!(
        text("authorize_url").starts_with(text("url")) && text("authorize_url").ends_with("/oauth/authorize")
    );
    assert!(
        text("token_url").ends_with("/general/oauth/token") && text("api_base").ends_with("/general/api/v1")
    );
    assert_eq!(grigora["redirect_uris"].as_array().unwrap().len(), 3);
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!(
        "{}?client_id={}&redirect_uri=http://127.0.0.1:9/callback&response_type=code&scope=x",
        text("authorize_url"),
        text("client_id")
    );
    let back = client.get(url).send().await.unwrap();
    assert!(back.headers()["location"].to_str().unwrap().starts_with("http://127.0.0.1:9/callback?code="));
    let mut line = String::new();
    BufReader::new(running.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "departure: grigora GET /oauth/authorize: unknown parameter (scope)");
}

#[test]
fn the_startup_message_has_one_column_of_values() {
    let mut running = Running(program(&["--port", "0", "--provider", "custom"]).spawn().unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let rows: Vec<String> = lines
        .take_while(|line| !line.starts_with("A redirect URI"))
        .filter(|line| line.starts_with("  "))
        .collect();
    let value = |row: &str| row.find("http").filter(|_| row.contains("_url"));
    let columns: BTreeSet<usize> = rows.iter().filter_map(|row| value(row)).collect();
    assert_eq!(columns.len(), 1, "{rows:#?}");
    let column = columns.into_iter().next().unwrap();
    assert!(rows.iter().all(|row| row[..column].ends_with("  ")), "{rows:#?}");
}

#[tokio::test]
async fn faults_are_taken_from_the_command_line() {
    let (_running, ready) =
        start(&["--port", "0", "--json", "--fault", "api:503*2", "--fault", "token-refresh:html"]);
    let control = format!("{}/faults", ready["grigora"]["control_url"].as_str().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let planned: Value = client.get(control).send().await.unwrap().json().await.unwrap();
    assert_eq!(planned["faults"].as_array().unwrap().len(), 2);
}

#[test]
fn an_unknown_fault_exits_with_the_list_of_faults() {
    let output = program(&["--port", "0", "--fault", "api:explode"]).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("lost-reply") && told.contains("date-skew"), "{told}");
}

#[test]
fn a_taken_port_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program(&["--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with(&format!("error: port {port}: ")));
}

#[cfg(unix)]
#[test]
fn sigterm_exits_with_success() {
    let (mut running, _) = start(&["--port", "0", "--json"]);
    let killed = Command::new("kill").arg(running.0.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn every_provider_is_listed_and_takes_switches_and_faults() {
    let args = ["--switch", "custom-no-revocation", "--fault", "grindery/api:500", "--consent", "authorize"];
    let (_running, ready) = start(&[&["--port", "0", "--json"][..], &args].concat());
    let told: BTreeSet<_> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(told, BTreeSet::from(["custom", "grigora", "grindery", "grovestreams", "the-grid"]));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = ready["custom"]["control_url"].as_str().unwrap();
    let control: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(control["switches"], serde_json::json!(["custom-no-revocation"]));
    assert_eq!(control["faults"][0]["provider"], "grindery");
    assert_eq!(control["consent"], "authorize");
    let text = |provider: &str, name: &str| ready[provider][name].as_str().unwrap().to_owned();
    assert!(text("grovestreams", "authorize_url").ends_with("/Modern/#signinoauth/"));
    assert!(text("grovestreams", "brand_url").starts_with("http://brand.localhost:"));
    assert_eq!(text("custom", "issuer"), text("custom", "url"));
    assert!(text("the-grid", "token_url").ends_with("/login/authorize/token"));
    assert!(text("grindery", "jwks_url").ends_with("/oauth/jwks"));
}

#[test]
fn ports_are_consecutive_and_one_provider_can_run_alone() {
    // Another program may take a port between its selection and its use; then the next one is tried.
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = (0..5).find_map(|_| {
        let port = free();
        let args = ["--port", &(port - 2).to_string(), "--json", "--provider", "the-grid"];
        Some((try_start(&args)?, port))
    });
    let ((_running, ready), port) = started.unwrap();
    let told: BTreeSet<_> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(told, BTreeSet::from(["the-grid"]));
    assert_eq!(ready["the-grid"]["url"], format!("http://127.0.0.1:{port}"));
}

#[test]
fn the_help_lists_the_switches_and_an_unknown_one_is_refused() {
    let help = String::from_utf8(program(&["--help"]).output().unwrap().stdout).unwrap();
    for (_, name, words) in grapnel_sandbox::Switch::all() {
        assert!(help.contains(name) && help.contains(words), "{name}");
    }
    let output = program(&["--port", "0", "--switch", "everything"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("the-grid-no-state"));
    assert_eq!(program(&["--port", "65533"]).output().unwrap().status.code(), Some(1));
}
