//! Times for loading, scrolling and filtering 100,000 posts in the real window.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use grapnel_tests::page::Role;
use grapnel_tests::scene::Scene;
use grapnel_tests::{artifacts, wait};
use serde_json::json;

use crate::figures::load;
use crate::frames::{Frames, script};

const POSTS: usize = 100_000;
const PROJECT: &str = "The Lantern Street Chronicle";

/// Scrolls by a fixed distance in each of a number of frames. Returns each frame's time, and the number of frames in
/// which a visible row had no text yet.
const SCROLL: &str = "
    const [step, frames, done] = arguments;
    const grid = document.querySelector('[role=grid]').parentElement;
    grid.scrollTop = 0;
    const [row, height] = [grid.querySelector('.probe').clientHeight, grid.clientHeight];
    const times = [];
    let blank = 0;
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
        times.push(now - last);
        last = now;
        grid.scrollTop += step;
        // By row number, so that looking does not cause a layout.
        const first = 2 + grid.scrollTop / row;
        const rows = [...grid.querySelectorAll('tbody tr[aria-rowindex]')];
        const isInSight = (at) => at >= first && at < first + height / row - 2;
        if (rows.some((one) => isInSight(one.getAttribute('aria-rowindex')) && !one.textContent.trim())) blank += 1;
        if (times.length < frames) requestAnimationFrame(frame);
        else done({ times: times.slice(1), blank });
    });";

/// Scrolls a list of plain texts in the place of the table, as [`SCROLL`] does. Nothing is loaded or made while it
/// scrolls: what is left is what this display needs to paint that much text.
const PLAIN: &str = "
    const [step, frames, done] = arguments;
    const { left, top, width, height } = document.querySelector('[role=grid]').parentElement.getBoundingClientRect();
    const list = document.createElement('div');
    for (const [name, value] of Object.entries({ left, top, width, height })) list.style[name] = `${value}px`;
    Object.assign(list.style, { position: 'fixed', overflow: 'auto', background: 'Canvas', zIndex: 9 });
    const text = document.querySelector('[role=grid] tbody tr[aria-rowindex]').innerText.replaceAll('\\n', ' ');
    const row = document.querySelector('[role=grid]').parentElement.querySelector('.probe').clientHeight;
    for (let at = 0; at < 2000; at++)
        list.append(Object.assign(document.createElement('div'), { textContent: text }));
    const cut = { height: `${row}px`, whiteSpace: 'nowrap', overflow: 'hidden' };
    for (const { style } of list.children) Object.assign(style, cut);
    document.body.append(list);
    const times = [];
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
        times.push(now - last);
        last = now;
        list.scrollTop += step;
        if (times.length < frames) return requestAnimationFrame(frame);
        list.remove();
        done({ times: times.slice(1) });
    });";

/// Enters a filter as a person does, and returns the times until the page has its answer, until the table holds the
/// result, and until that is drawn.
const FILTER: &str = "
    const [text, done] = arguments;
    const field = document.querySelector('#filter_title');
    const count = () => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount');
    const [before, start] = [count(), performance.now()];
    const ask = window.fetch;
    let answered = -1;
    window.fetch = async (...request) => {
        const answer = await ask(...request);
        if (answered < 0 && String(request[0]).includes('post_page')) answered = performance.now() - start;
        return answer;
    };
    const end = (shown, drawn) => {
        window.fetch = ask;
        done({ answered, shown, drawn, rows: count() - 1 });
    };
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    requestAnimationFrame(function look() {
        const now = performance.now() - start;
        if (count() !== before) requestAnimationFrame(() => end(now, performance.now() - start));
        else if (now < 20000) requestAnimationFrame(look);
        else end(-1, -1);
    });";

pub(crate) async fn run() -> Result<()> {
    println!("{}", load());
    let scene = Scene::with_posts("bench-browse", POSTS).await?;
    let window = scene.open_with_app().await?;
    let page = window.page();
    let consent = scene.connect(&page).await?;
    consent.choose(&[PROJECT]).await?;
    consent.authorize().await?;
    page.press(Role::Tab, "Browse").await?;
    page.says(PROJECT).await?;

    let start = Instant::now();
    page.press_about(Role::Button, PROJECT).await?;
    wait::within(Duration::from_secs(240), "all posts", async || {
        let text = page.text().await?;
        ensure!(!text.contains("Loading posts from Grigora (this computer)"), "still loading");
        // With the system's digit grouping, or without.
        Ok(["100,000 posts", "100000 posts"].iter().any(|words| text.contains(words)).then_some(()))
    })
    .await?;
    println!("{}", artifacts::program().display());
    println!("load, keep and show: {:.1} s (with the sandbox making them)", start.elapsed().as_secs_f32());
    println!("the display, with a page at rest: {}", Frames::at_rest(&page).await?);
    let plain = script(&page, PLAIN, vec![json!(42), json!(200)]).await?;
    println!("scrolling plain text in its place by a row and a half a frame: {}", Frames::of(&plain));
    for (what, step) in
        [("a row and a half a frame", 42), ("a page a frame", 500), ("500 rows a frame", 14_000)]
    {
        let run = script(&page, SCROLL, vec![json!(step), json!(200)]).await?;
        println!("scrolling by {what}: {}; {} with an empty row", Frames::of(&run), run["blank"]);
    }
    for text in ["tram", "bridge", "the", "", "market", "rain", ""] {
        let run = script(&page, FILTER, vec![json!(text)]).await?;
        let [answered, shown, drawn] =
            ["answered", "shown", "drawn"].map(|what| run[what].as_f64().unwrap_or(-1.0));
        println!(
            "filter {text:?}: answered in {answered:.0} ms, shown in {shown:.0}, drawn in {drawn:.0}, {} posts",
            run["rows"]
        );
    }
    println!("at the end: {}", load());
    Ok(())
}
