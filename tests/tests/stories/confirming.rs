//! What a page cannot do alone: for a program, a hook, a proxy, authorities, and to show a token, the system asks the
//! person.

use std::fs;
use std::time::Duration;

use grapnel_tests::artifacts;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::page::{Page, Role};
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::wait::{until, within};
use grapnel_tests::{Context, Result, ensure};
use serde_json::{Value, json};

const PROGRAM: &str = "Open sign-in pages with this program";
const PROXY: &str = "Send all requests through this proxy";
const HOOK: &str = "Run this command whenever a connection is refreshed";
const REVEAL: &str = "Show the access token";
const DECLINES: &str = "Escape";
/// Return presses the safe button.
const DECLINES_TOO: &str = "Return";
const AGREES: &str = "alt+u";
const AGREES_TO_SHOW: &str = "alt+s";
/// A certificate for tests.
const COMPANY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUPg7rb5ncJrz30Qqwnz6m8+yvmnUwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHQ29tcGFueTAgFw0yNjExMjEyMzQxMDFaGA8yMTI2MTAyODIz
NDEwMVowEjEQMA4GA1UEAwwHQ29tcGFueTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABDDBhK7fYNvvrQIZyi+EtQX6Qif6D0YfQyN3iNNjPzvReEsFna7FAor4e1ot
BO0q7HvRRbTbKKWM3itBsg5+TE6jUzBRMB0GA1UdDgQWBBTv07GnEJPwaLftW+XL
yp7o/VhvgzAfBgNVHSMEGDAWgBTv07GnEJPwaLftW+XLyp7o/VhvgzAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIGnS9z6PxL5EkrxDyT/jNGTA/Azq
my0j7TV5CVf4OAFVAiEA5r+5KsiLWrRKCF3EkWaShLQbkXaCbf03npLyg9EoOLc=
-----END CERTIFICATE-----
";

#[tokio::test]
async fn values_named_by_the_page_need_the_persons_confirmation() -> Result<()> {
    let scene = Scene::set("confirming", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = scene.step("An app is added and connected", scene.open_with_app()).await?;
    let page = window.page();
    scene.connect(&page).await?.authorize().await?;
    page.says("Active. Expires in").await?;
    on_the_token_tab(&scene, &page).await?;
    in_the_settings(&scene, &page).await?;
    of_authorities(&scene, &page).await?;
    by_a_page_that_was_taken_over(&scene, &page).await?;
    with_files_that_the_page_names(&scene, &page).await?;
    at_login(&scene, &page).await
}

/// The system shows the token, not the page, and hides it again without anyone's doing.
async fn on_the_token_tab(scene: &Scene, page: &Page) -> Result<()> {
    let shown = async || scene.desktop().dialog("Access token of").await;
    scene
        .step("The token is revealed beside the page, for half a minute", async {
            page.press(Role::Tab, "Token").await?;
            page.press(Role::Button, "Reveal…").await?;
            scene.desktop().answers_question(REVEAL, DECLINES_TOO).await?;
            ensure!(shown().await?.is_none(), "it is shown although the person declined");
            page.press(Role::Button, "Reveal…").await?;
            scene.desktop().answers_question(REVEAL, AGREES_TO_SHOW).await?;
            until("the token", shown).await?;
            scene.shows_no_secret(page).await?;
            let hidden = async || Ok(shown().await?.is_none().then_some(()));
            within(Duration::from_secs(60), "the token to be hidden", hidden).await
        })
        .await?;
    scene
        .step("Locking the vault hides the token at once", async {
            let passphrase = json!({ "passphrase": "harbour lamp eleven moss" });
            call(page, "protect_with_passphrase", passphrase.clone()).await?;
            page.press(Role::Button, "Reveal…").await?;
            scene.desktop().answers_question(REVEAL, AGREES_TO_SHOW).await?;
            until("the token", shown).await?;
            call(page, "lock_vault", json!({})).await?;
            let hidden = async || Ok(shown().await?.is_none().then_some(()));
            within(Duration::from_secs(15), "the token to be hidden", hidden).await?;
            call(page, "unlock", passphrase).await?;
            call(page, "protect_with_keyring", json!({})).await?;
            ensure!(call(page, "check_vault", json!({})).await? == Value::Null, "the vault does not open");
            Ok(())
        })
        .await
}

async fn in_the_settings(scene: &Scene, page: &Page) -> Result<()> {
    for (group, field, text, question) in [
        ("Sign-in", "Browser", "chromium --profile-directory=Work", PROGRAM),
        ("Network", "Proxy", "http://proxy.example:3128", PROXY),
    ] {
        for (key, said, is_kept) in
            [(DECLINES, "Not changed", ""), (DECLINES_TOO, "Not changed", ""), (AGREES, "Saved", text)]
        {
            scene
                .step(&format!("{field}: {key} at the question"), async {
                    page.settings(group).await?;
                    page.fill(field, text).await?;
                    page.press(Role::Button, group).await?;
                    scene.desktop().answers_question(question, key).await?;
                    page.says(said).await?;
                    // The content that is shown then was read again.
                    page.press(Role::Button, "Activity").await?;
                    page.settings(group).await?;
                    let value = page.value(field).await?;
                    ensure!(value == is_kept, "{field} is {value:?}");
                    Ok(())
                })
                .await?;
        }
        scene
            .step(&format!("{field}: it is cleared without a question"), async {
                // A blank is typed, because emptying a field through the driver does not blur it.
                page.fill(field, " ").await?;
                page.press(Role::Button, group).await?;
                page.says("Saved").await?;
                ensure!(scene.desktop().dialog(question).await?.is_none(), "there is a question");
                Ok(())
            })
            .await?;
    }
    Ok(())
}

async fn of_authorities(scene: &Scene, page: &Page) -> Result<()> {
    let chooses = async |name: &str, text: &str| {
        let file = scene.desktop().home().join(name);
        fs::write(&file, text)?;
        page.press(Role::Button, "Choose file…").await?;
        let file = file.to_str().context("a path in UTF-8")?;
        scene.desktop().answers_dialog("Authorities to trust besides", file).await
    };
    scene
        .step("A file of authorities is chosen in the system’s dialog, and goes again", async {
            chooses("notes.pem", "no certificate").await?;
            page.says("holds no certificate").await?;
            chooses("company.pem", COMPANY).await?;
            page.says("company.pem").await?;
            page.press(Role::Button, "Remove").await?;
            page.says("System CAs only.").await
        })
        .await
}

/// What a compromised page can do: call each command that takes a program, a proxy or authorities.
async fn by_a_page_that_was_taken_over(scene: &Scene, page: &Page) -> Result<()> {
    let mark = scene.desktop().home().join("was-here");
    let program = format!("sh -c 'touch {}'", mark.display());
    let overview = call(page, "overview", json!({ "atFirst": false })).await?;
    let (app, connection) = (&overview["apps"][0]["id"], &overview["connections"][0]["id"]);
    let options = json!({
        "another_account": false, "by_device": false, "more_scopes": [], "login_hint": "", "prompt": "",
        "max_age": "", "acr_values": "",
    });
    let given = json!({ "appId": app, "connectionId": connection, "options": options });
    let attempt = call(page, "start_attempt", given).await?;
    for id in [app, connection, &attempt["id"]] {
        ensure!(id.is_string(), "{overview} {attempt}");
    }
    let settings = call(page, "settings", json!({})).await?["settings"].clone();
    let with = |key: &str, value: &str| json!({ "changes": { key: value } });
    for (question, command, given) in [
        (PROGRAM, "change_settings", with("browser", &program)),
        (PROXY, "change_settings", with("proxy", "http://127.0.0.1:9")),
        (PROGRAM, "set_browser", json!({ "connectionId": connection, "browser": program })),
        (PROGRAM, "open_browser", json!({ "attemptId": attempt["id"], "chosen": program })),
        (REVEAL, "reveal_token", json!({ "connectionId": connection, "confirmed": true })),
        (HOOK, "add_hook", json!({ "event": "refreshed", "command": program, "confirmed": true })),
    ] {
        scene
            .step(
                &format!("{command}: the question comes, whoever calls"),
                declined(scene, page, question, command, given),
            )
            .await?;
    }
    scene
        .step("A file is refused, and nothing of all that was changed", async {
            let refused = call(page, "change_settings", with("certificates", "/etc/hosts")).await?;
            ensure!(refused["field"] == "certificates", "{refused}");
            ensure!(call(page, "settings", json!({})).await?["settings"] == settings, "they changed");
            let details = call(page, "connection", json!({ "connectionId": connection })).await?;
            ensure!(details["browser"] == "", "{details}");
            ensure!(call(page, "hooks", json!({})).await? == json!([]), "there is a hook");
            ensure!(!mark.exists(), "the program was started");
            Ok(())
        })
        .await
}

/// Commands that read or write a file, or return sealed values. A path that the page sends is ignored.
async fn with_files_that_the_page_names(scene: &Scene, page: &Page) -> Result<()> {
    let named = scene.desktop().home().join("named-by-the-page");
    let overview = call(page, "overview", json!({ "atFirst": false })).await?;
    let (app, connection) = (&overview["apps"][0]["id"], &overview["connections"][0]["id"]);
    let posts = json!({ "project_id": "proj_harbour" });
    let words = "harbour lamp eleven moss";
    for (title, command, mut given) in [
        ("Delete all tokens and client secrets", "reset_vault", json!({ "agreed": true, "confirmed": true })),
        (
            "Export to a file",
            "export_archive",
            json!({ "passphrase": words, "withTokens": true, "moves": true, "force": true }),
        ),
        ("Open an exported file", "open_archive", json!({ "passphrase": words })),
        ("Authorities to trust besides", "choose_certificates", json!({})),
        ("Share app", "export_profile", json!({ "appId": app })),
        ("Add app from a file", "import_file", json!({})),
        (
            "Export posts",
            "export_posts",
            json!({ "connectionId": connection, "query": posts, "name": named, "format": "csv" }),
        ),
    ] {
        for name in ["file", "path", "folder", "certificates"] {
            given[name] = json!(named);
        }
        scene
            .step(
                &format!("{command}: the dialog comes, whatever the page names"),
                declined(scene, page, title, command, given),
            )
            .await?;
    }
    scene
        .step("Nothing was written, read or given up", async {
            let refused =
                call(page, "import_archive", json!({ "withTokens": true, "file": "/etc/hosts" })).await?;
            ensure!(refused["code"] == "not_found", "{refused}");
            let refused = call(page, "open_saved_folder", json!({ "path": "/etc" })).await?;
            ensure!(refused["code"] == "not_found", "{refused}");
            let home = fs::read_dir(scene.desktop().home())?
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let left: Vec<String> = home.filter(|name| name.contains("named-by-the-page")).collect();
            ensure!(left.is_empty(), "{left:?}");
            ensure!(call(page, "check_vault", json!({})).await? == Value::Null, "the vault does not open");
            let details = call(page, "connection", json!({ "connectionId": connection })).await?;
            ensure!(details["summary"]["state"] == "active" && details["tokens"].is_object(), "{details}");
            ensure!(
                call(page, "refresh", json!({ "connectionId": connection })).await? == Value::Null,
                "no refresh"
            );
            Ok(())
        })
        .await
}

/// The page switches autostart on and off, but cannot choose the command that starts.
async fn at_login(scene: &Scene, page: &Page) -> Result<()> {
    let entry = scene.desktop().home().join(".config/autostart/dev.grapnel.desktop.desktop");
    scene
        .step("start_at_login: nothing but Grapnel starts", async {
            let program = "sh -c 'touch was-here'";
            let refused = call(page, "start_at_login", json!({ "on": program })).await?;
            ensure!(refused.is_string() && !entry.exists(), "{refused}");
            let given = json!({ "on": true, "program": program, "exec": program, "arguments": [program] });
            ensure!(call(page, "start_at_login", given).await? == Value::Null, "it is not switched on");
            let text = fs::read_to_string(&entry)?;
            let wanted = format!("Exec={} --hidden", artifacts::program().display());
            let starts = text.lines().filter(|line| line.starts_with("Exec"));
            let starts: Vec<String> = starts.map(|line| line.replace('"', "")).collect();
            ensure!(starts == [wanted], "{text}");
            ensure!(
                call(page, "start_at_login", json!({ "on": false })).await? == Value::Null,
                "it stays on"
            );
            ensure!(!entry.exists(), "the entry stays");
            Ok(())
        })
        .await
}

/// Calls a command that asks the person in a dialog with this title; the person declines.
async fn declined(scene: &Scene, page: &Page, title: &str, command: &str, given: Value) -> Result<()> {
    let answer = scene.desktop().answers_question(title, DECLINES);
    let (called, answered) = tokio::join!(call(page, command, given), answer);
    answered?;
    let called = called?;
    ensure!(called == Value::Null || called == Value::Bool(false), "{called}");
    Ok(())
}

/// The result of a command, or its error.
async fn call(page: &Page, command: &str, given: Value) -> Result<Value> {
    let script = "const [command, given, done] = arguments;
        window.__TAURI_INTERNALS__.invoke(command, given).then(done, done)";
    let answer = page.driver().execute_async(script, vec![command.into(), given]).await?;
    Ok(answer.json().clone())
}
