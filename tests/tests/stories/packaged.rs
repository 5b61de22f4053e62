//! The installed package: its own desktop entry delivers the callback.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use grapnel_sandbox::grigora;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::scene::{SCHEME, Scene};
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::wait::until;
use grapnel_tests::{Context, Result, ensure};

/// By then a page that accepts a driver has accepted it.
const UNDRIVEN: Duration = Duration::from_secs(10);

/// Observed from outside: the shipped build's page accepts no driver.
#[tokio::test]
#[ignore = "needs a package, which ./dev bundle makes"]
async fn the_installed_package_takes_callbacks() -> Result<()> {
    let package = PathBuf::from(std::env::var_os("GRAPNEL_PACKAGE").context("GRAPNEL_PACKAGE names none")?);
    let scene = Scene::set("packaged", Keyring::Unlocked, Pictures::OfFailure).await?;
    let desktop = scene.desktop();
    let entry = scene
        .step("The package is installed, with a desktop entry that takes an address", async {
            desktop.install(&package).await?;
            let entry = desktop.installed().join("share/applications/Grapnel.desktop");
            desktop.run("desktop-file-validate", &[&entry.to_string_lossy()]).await?;
            let text = fs::read_to_string(&entry)?;
            ensure!(text.contains(&format!("MimeType=x-scheme-handler/{SCHEME};")), "{text}");
            let exec = text.lines().find_map(|line| line.strip_prefix("Exec=")).context("no Exec")?;
            Ok(exec.strip_suffix(" %u").with_context(|| format!("no %u: {exec}"))?.to_owned())
        })
        .await?;
    let program = desktop.installed().join("bin").join(entry);
    let scene = scene.with_program(program);
    let terminal = Terminal::on(scene.desktop());
    scene
        .step("The package has manual pages, completion scripts, the agent's units and metadata", async {
            let usr = scene.desktop().installed();
            let page = usr.join("share/man/man1/grapnel-exec.1.gz");
            let text = scene.desktop().run("gzip", &["-dc", &page.to_string_lossy()]).await?;
            ensure!(text.contains(".SH SYNOPSIS"), "{text}");
            let script = usr.join("share/bash-completion/completions/grapnel");
            // As a shell sees it after `grapnel re` and Tab.
            let completed = format!(
                "PATH={}:$PATH; source {}; COMP_WORDS=(grapnel re); COMP_CWORD=1; \
                 _clap_complete_grapnel grapnel re grapnel; \
                 echo \"${{COMPREPLY[@]}}\"",
                usr.join("bin").display(),
                script.display()
            );
            let completed = scene.desktop().run("bash", &["-c", &completed]).await?;
            ensure!(completed.contains("refresh"), "{completed:?}");
            for file in [
                "share/zsh/vendor-completions/_grapnel",
                "share/fish/vendor_completions.d/grapnel.fish",
                "lib/systemd/user/grapnel-agent.socket",
                "share/metainfo/dev.grapnel.desktop.metainfo.xml",
                "share/icons/hicolor/scalable/apps/grapnel-desktop.svg",
                "share/doc/grapnel/copyright",
                "share/doc/grapnel/third-party-notices.txt.gz",
            ] {
                ensure!(usr.join(file).is_file(), "{file} is missing");
            }
            Ok(())
        })
        .await?;
    scene
        .step("A link opens with nothing but the package's entry", async {
            let asked = format!("x-scheme-handler/{SCHEME}");
            let opener = scene.desktop().run("xdg-mime", &["query", "default", &asked]).await?;
            ensure!(opener.trim() == "Grapnel.desktop", "{opener:?} would open the callback");
            Ok(())
        })
        .await?;
    scene
        .step("Authorize starts the program, which shows its window and finishes the sign-in", async {
            add_app(&scene, terminal)?;
            let (mut sign_in, address) = terminal.connect("acme", &[])?;
            scene.desktop().open(&address)?;
            scene.consent().await?.authorize().await?;
            let ended = until("the sign-in to end", async || Ok(sign_in.try_wait()?)).await?;
            ensure!(ended.success(), "it ended with {ended}");
            ensure!(terminal.json(&["list"])?[0]["state"] == "active", "it is not active");
            let grapnels = scene.grapnels();
            let [pid] = grapnels[..] else { anyhow::bail!("they are {grapnels:?}") };
            scene.desktop().brings_to_front(pid).await
        })
        .await?;
    scene
        .step("Its page takes in no driver, although the environment asks for one", async {
            let driven = tokio::time::timeout(UNDRIVEN, scene.find_grapnel()).await;
            ensure!(!matches!(driven, Ok(Ok(_))), "whoever sets the environment can drive it");
            scene.find_no_secret()
        })
        .await
}

fn add_app(scene: &Scene, terminal: Terminal<'_>) -> Result<()> {
    let at = scene.origin()?;
    let values = [
        format!("authorize_url={at}{}", grigora::AUTHORIZE_PATH),
        format!("token_url={at}{}", grigora::TOKEN_PATH),
        format!("api_base={at}{}", grigora::API_BASE),
    ];
    let mut arguments =
        vec!["app", "add", "acme", "--provider", "grigora", "--client-id", grigora::CLIENT_ID];
    arguments.push("--client-secret-stdin");
    for value in &values {
        arguments.extend(["--set", value]);
    }
    let added = terminal.run(&arguments, grigora::CLIENT_SECRET)?;
    ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    Ok(())
}
