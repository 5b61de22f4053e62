//! Programs use a connection without ever holding its token: `grapnel api`, and a dev server, curl and a web page
//! through `grapnel proxy`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};

use grapnel_sandbox::{SecretKind, grigora};
use grapnel_tests::keyring::Keyring;
use grapnel_tests::process::terminate;
use grapnel_tests::scene::Scene;
use grapnel_tests::story::Pictures;
use grapnel_tests::terminal::Terminal;
use grapnel_tests::{Context, Result, ensure, sign_in};
use serde_json::Value;

/// A dev server whose handler and whose page use the API, at two ports, which are two origins.
const DEV_SERVER: &str = r#"
const http = require("node:http");
const api = () => process.env.API;
const page = `<!doctype html><title>Shop</title><p id=told>Asking…</p><script type=module>
  const told = document.getElementById("told");
  try {
    const reply = await fetch("API/project/list");
    told.textContent = "The page got " + (await reply.json()).projects.length + " projects.";
  } catch { told.textContent = "The page got nothing."; }
</script>`;
const serve = async (request, response) => {
  if (request.url === "/projects") {
    const reply = await fetch(api() + "/project/list");
    response.end(JSON.stringify(await reply.json()));
  } else response.end(page.replace("API", api()));
};
const own = http.createServer(serve), other = http.createServer(serve);
process.stdin.once("data", (line) => { process.env.API = String(line).trim(); console.log("ready"); });
own.listen(0, "127.0.0.1", () => other.listen(0, "127.0.0.1", () =>
  console.log(own.address().port + " " + other.address().port)));
"#;

#[tokio::test]
async fn programs_use_a_connection_without_its_token() -> Result<()> {
    let scene = Scene::set("requests", Keyring::Unlocked, Pictures::OfFailure).await?;
    let terminal = Terminal::on(scene.desktop());
    scene
        .step("An app is added and connected from a terminal", sign_in::from_terminal(&scene, terminal))
        .await?;
    let projects = scene
        .step("grapnel api lists the projects, as curl does that has a token", async {
            let listed: Value = serde_json::from_str(&terminal.print(&["api", "acme", "project/list"])?)?;
            let token = terminal.print(&["token", "acme"])?;
            let url = format!("{}{}/project/list", scene.origin()?, grigora::API_BASE);
            let by_curl = curl(&scene, &["--oauth2-bearer", token.trim(), &url])?;
            ensure!(listed == by_curl, "{listed} {by_curl}");
            listed["projects"].as_array().map(Vec::len).context("projects")
        })
        .await?;
    let mut server = DevServer::start(&scene)?;
    let (mut proxy, base) = start_proxy(terminal, &["--origin", &server.own])?;
    server.uses(&base)?;
    scene
        .step("curl and a dev server get them through grapnel proxy, without a token", async {
            let by_curl = curl(&scene, &[&format!("{base}/project/list")])?;
            let by_server = curl(&scene, &[&format!("{}/projects", server.own)])?;
            ensure!(by_curl["projects"].as_array().is_some_and(|found| found.len() == projects), "{by_curl}");
            ensure!(by_curl == by_server, "{by_server}");
            Ok(())
        })
        .await?;
    scene
        .step("So does the dev server’s page in Chromium, and no page of another origin", async {
            scene.desktop().open(&server.own)?;
            let page = scene.page_at(&server.own).await?;
            page.says(&format!("The page got {projects} projects.")).await?;
            scene.desktop().open(&server.other)?;
            scene.page_at(&server.other).await?.says("The page got nothing.").await
        })
        .await?;
    scene
        .check("Nor does a name that was pointed at this computer", async {
            let rebound = curl(&scene, &["--header", "host: evil.example", &format!("{base}/project/list")])?;
            ensure!(rebound["error"]["code"] == "wrong_host", "{rebound}");
            Ok(())
        })
        .await?;
    in_a_namespace(&scene, terminal).await?;
    scene
        .check("No argument list and no environment of the proxy or its clients contains a token", async {
            let tokens = scene.sandbox().revealed().into_iter();
            let tokens: Vec<_> = tokens.filter(|one| one.kind == SecretKind::AccessToken).collect();
            for (pid, file) in [proxy.id(), server.node.id()]
                .into_iter()
                .flat_map(|pid| [(pid, "cmdline"), (pid, "environ")])
            {
                let text = std::fs::read(format!("/proc/{pid}/{file}"))?;
                let text = String::from_utf8_lossy(&text);
                ensure!(
                    !tokens.is_empty() && tokens.iter().all(|token| !text.contains(&token.value)),
                    "{file}"
                );
            }
            Ok(())
        })
        .await?;
    scene
        .step("A signal ends the proxy, with success", async {
            terminate(proxy.id());
            let ended = proxy.wait()?;
            ensure!(ended.success(), "{ended}");
            ensure!(curl(&scene, &[&format!("{base}/project/list")]).is_err(), "it still answers");
            Ok(())
        })
        .await
}

/// A container cannot reach the computer's loopback ports, but a socket that is mounted into it.
#[expect(clippy::print_stdout, reason = "a part that is skipped says so")]
async fn in_a_namespace(scene: &Scene, terminal: Terminal<'_>) -> Result<()> {
    const ALONE: [&str; 3] = ["--user", "--map-root-user", "--net"];
    let mut unshare = scene.desktop().command("unshare");
    if !unshare.args(ALONE).arg("true").status().is_ok_and(|status| status.success()) {
        println!("skipped: this system gives no network namespace to a process (unshare --user --net)");
        return Ok(());
    }
    let socket = scene.desktop().home().join("proxy.sock");
    let path = socket.to_str().context("a path in UTF-8")?;
    let (mut proxy, base) = start_proxy(terminal, &["--socket", path])?;
    scene
        .step("A process in a network namespace of its own reaches it by a Unix socket", async {
            let mut curl = scene.desktop().command("unshare");
            let url = format!("{base}/project/list");
            let curl = curl
                .args(ALONE)
                .args(["curl", "--silent", "--show-error", "--unix-socket", path, &url])
                .output()?;
            let projects: Value = serde_json::from_slice(&curl.stdout)?;
            ensure!(projects["projects"].is_array(), "{projects}");
            terminate(proxy.id());
            ensure!(proxy.wait()?.success() && !socket.exists(), "the socket stays");
            Ok(())
        })
        .await
}

/// What curl receives, as JSON; an error if there is no response.
fn curl(scene: &Scene, arguments: &[&str]) -> Result<Value> {
    let output = scene
        .desktop()
        .command("curl")
        .args(["--silent", "--show-error", "--noproxy", "*"])
        .args(arguments)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts `grapnel proxy`, and returns the URL that it prints.
fn start_proxy(terminal: Terminal<'_>, more: &[&str]) -> Result<(Child, String)> {
    let mut child = terminal.command(&[&["proxy", "acme"], more].concat()).spawn()?;
    let mut base = String::new();
    BufReader::new(child.stdout.as_mut().context("its output")?).read_line(&mut base)?;
    Ok((child, base.trim_end().to_owned()))
}

/// A dev server of Node, with two origins.
struct DevServer {
    node: Child,
    input: ChildStdin,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    own: String,
    other: String,
}

impl DevServer {
    fn start(scene: &Scene) -> Result<Self> {
        let mut node = scene.desktop().command("node");
        let mut node = node.args(["-e", DEV_SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(node.stdout.take().context("its output")?).lines();
        let ports = lines.next().context("the dev server’s ports")??;
        let (own, other) = ports.split_once(' ').context("two ports")?;
        let [own, other] = [own, other].map(|port| format!("http://127.0.0.1:{port}"));
        let input = node.stdin.take().context("its input")?;
        Ok(Self { node, input, lines, own, other })
    }

    /// Sets the API's base URL, as an environment variable would.
    fn uses(&mut self, base: &str) -> Result<()> {
        writeln!(self.input, "{base}")?;
        ensure!(self.lines.next().context("the dev server")?? == "ready", "it is not ready");
        Ok(())
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        let _ = self.node.kill().and_then(|()| self.node.wait());
    }
}
