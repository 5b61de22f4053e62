//! The built command line with a real keyring, as a script uses it.

use std::io::{BufRead, BufReader};

use grapnel_sandbox::SecretKind;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::script::Script;
use grapnel_tests::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

#[tokio::test]
async fn a_script_signs_in_and_gets_a_token() -> Result<()> {
    let script = Script::connected(Keyring::Unlocked).await?;
    let terminal = script.terminal();
    assert_eq!(terminal.json(&["status", "acme"])?["state"], "active");
    assert_eq!(terminal.json(&["projects", "acme"])?["projects"][0]["id"], "proj_harbour");
    let token = terminal.print(&["token", "acme"])?;
    let mut issued =
        script.sandbox().revealed().into_iter().filter(|one| one.kind == SecretKind::AccessToken);
    assert_eq!(token, format!("{}\n", issued.next_back().context("a token")?.value));
    script.find_no_secret()
}

#[tokio::test]
async fn ctrl_c_cancels_a_sign_in() -> Result<()> {
    let script = Script::begin(Keyring::Unlocked).await?;
    let terminal = script.terminal();
    script.add_app()?;
    let (mut sign_in, _) = terminal.connect("acme", &[])?;
    let mut said = BufReader::new(sign_in.stderr.take().context("its messages")?);
    let mut waiting = String::new();
    said.read_line(&mut waiting)?;
    ensure!(waiting.starts_with("Waiting"), "{waiting}");
    let pid = i32::try_from(sign_in.id()).ok().and_then(Pid::from_raw).context("a process id")?;
    kill_process(pid, Signal::INT)?;
    assert_eq!(sign_in.wait()?.code(), Some(6));
    let mut error = String::new();
    said.read_line(&mut error)?;
    assert_eq!(error, "error[cancelled]: The sign-in was cancelled.\n");
    let newest = &terminal.json(&["activity"])?[0];
    assert_eq!(newest["text"], "Sign-in cancelled.");
    Ok(())
}

#[tokio::test]
async fn without_a_keyring_nothing_is_stored_in_the_clear() -> Result<()> {
    let script = Script::begin(Keyring::Absent).await?;
    let added = script.add_app()?;
    assert_eq!(added.status.code(), Some(5));
    let said = String::from_utf8(added.stderr)?;
    ensure!(said.starts_with("error[keyring_absent]: "), "{said}");
    ensure!(said.contains("\nhint: "), "{said}");
    assert_eq!(script.terminal().json(&["app", "list"])?, serde_json::json!([]));
    script.find_no_secret()
}
