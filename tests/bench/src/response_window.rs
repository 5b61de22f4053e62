//! A response of 20 MB on the request page of the real window: until it is shown, scrolled and searched.

use std::time::Duration;

use anyhow::{Context, Result};
use grapnel_tests::artifacts;
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use serde_json::{Value, json};

use crate::figures::load;
use crate::frames::{Frames, script};

/// So many posts are a response of 20 MB.
const POSTS: usize = 60_000;
const PROJECT: &str = "The Lantern Street Chronicle";
/// How long the response may take, with the provider that makes it.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(240);

/// Sends the request, and returns the time until its first lines are shown, with the frames until then.
const SEND: &str = "
    const [done] = arguments;
    const before = document.querySelector('[role=treeitem] .text')?.closest('[role=tree]');
    const times = [];
    document.querySelector('form button[type=submit]').click();
    const start = performance.now();
    let last = start;
    requestAnimationFrame(function frame(now) {
        times.push(now - last);
        last = now;
        const tree = document.querySelector('[role=tree]');
        const isShown = tree && tree !== before && tree.querySelector('[role=treeitem]');
        if (!isShown) return requestAnimationFrame(frame);
        const size = document.querySelector('.facts-line').innerText.replaceAll('\\n', ', ');
        requestAnimationFrame(() => done({ ms: performance.now() - start, times: times.slice(1), size }));
    });";

/// Scrolls by a fixed distance in each of a number of frames. Returns each frame's time, and the number of frames in
/// which the rows of an earlier position were still shown.
const SCROLL: &str = "
    const [step, frames, done] = arguments;
    const list = document.querySelector('[role=tree]');
    const row = list.querySelector('.probe').clientHeight;
    list.scrollTop = 0;
    const times = [];
    let [behind, last] = [0, performance.now()];
    requestAnimationFrame(function frame(now) {
        times.push(now - last);
        last = now;
        const first = list.querySelector('[role=treeitem] .number')?.textContent.replace(/\\D/g, '');
        if (Math.abs(first - 1 - Math.floor(list.scrollTop / row)) > 1) behind += 1;
        list.scrollTop += step;
        if (times.length < frames) requestAnimationFrame(frame);
        else done({ times: times.slice(1), behind });
    });";

/// Enters a text to search for as a person does. Returns the time until the matches are told, with the frames until
/// then.
const SEARCH: &str = "
    const [text, done] = arguments;
    const field = document.querySelector('.viewer .tools input');
    const told = () => document.querySelector('.viewer .tools [role=status]')?.textContent.trim() ?? '';
    const [before, start, times] = [told(), performance.now(), []];
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    let last = start;
    requestAnimationFrame(function frame(now) {
        times.push(now - last);
        last = now;
        if (told() === before && now - start < 20000) return requestAnimationFrame(frame);
        requestAnimationFrame(() => done({ ms: performance.now() - start, times: times.slice(1), told: told() }));
    });";

pub(crate) async fn run() -> Result<()> {
    let scene = Scene::with_posts("bench-response", POSTS).await?;
    let window = scene.open_with_app().await?;
    let page = window.page();
    page.driver().set_script_timeout(SCRIPT_TIMEOUT).await?;
    let consent = scene.connect(&page).await?;
    consent.choose(&[PROJECT]).await?;
    consent.authorize().await?;
    page.says("Active. Expires in").await?;
    println!("{}; {}", artifacts::program().display(), load());

    page.press(Role::Tab, "Requests").await?;
    page.fill("Path", "project/l").await?;
    page.press_about(Role::Option, "project/list").await?;
    script(&page, SEND, Vec::new()).await?;
    let project = project(&page.text().await?)?;
    page.fill("Path", "cms/post/l").await?;
    page.press_about(Role::Option, "cms/post/list").await?;
    page.fill("Body", &json!({ "project_id": project }).to_string()).await?;
    println!("the display, with a page at rest: {}", Frames::at_rest(&page).await?);
    let sent = script(&page, SEND, Vec::new()).await?;
    println!(
        "sent and shown in {}: {} (with the sandbox making it); {}",
        ms(&sent),
        sent["size"],
        Frames::of(&sent)
    );
    for (what, step) in
        [("a row and a half a frame", 27), ("a page a frame", 400), ("500 rows a frame", 9_000)]
    {
        let run = script(&page, SCROLL, vec![json!(step), json!(200)]).await?;
        println!("scrolling by {what}: {}; {} with earlier rows", Frames::of(&run), run["behind"]);
    }
    for text in ["lantern", "zzz", "the", "draft"] {
        let run = script(&page, SEARCH, vec![json!(text)]).await?;
        println!("search {text:?}: {} until told ({}); {}", ms(&run), run["told"], Frames::of(&run));
    }
    page.press(Role::Tab, "Raw").await?;
    page.is_drawn().await?;
    let run = script(&page, SCROLL, vec![json!(400), json!(200)]).await?;
    println!("scrolling as received, a page a frame: {}", Frames::of(&run));
    println!("at the end: {}", load());
    Ok(())
}

/// The ID of the first project that is shown.
fn project(text: &str) -> Result<String> {
    let (_, rest) = text.split_once("\"id\": \"").context("no project is shown")?;
    Ok(rest.chars().take_while(|c| *c != '"').collect())
}

fn ms(run: &Value) -> String {
    format!("{:.0} ms", run["ms"].as_f64().unwrap_or(-1.0))
}
