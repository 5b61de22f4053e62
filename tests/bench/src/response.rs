//! A long response on the request page: until its first lines can be shown, for each page of lines, and a search.

use anyhow::{Result, ensure};
use grapnel_core::api_exchange::ResponseBody;
use grapnel_model::api_exchange::{LineRange, ResponseLayout};
use serde_json::{Value, json};

use crate::figures::{Figures, load};

/// The length of the response.
const LENGTH: usize = 20_000_000;
/// The lines of a window, as many as are read at once.
const LINES: u32 = 400;
const ROUNDS: usize = 20;

pub(crate) fn run() -> Result<()> {
    let text = response();
    println!("{ROUNDS} times a response of {} MB; {}", LENGTH / 1_000_000, load());
    show("floor: parsed into values", &Figures::of(ROUNDS, || serde_json::from_str::<Value>(&text)));
    let index = || ResponseBody::unmasked(text.clone().into_bytes(), Some("application/json"));
    show("indexed by lines", &Figures::of(ROUNDS, index));
    let body = index();
    for layout in [ResponseLayout::Pretty, ResponseLayout::Raw] {
        let count = body.line_count(layout);
        ensure!(count > LINES, "only {count} lines");
        let ranges = [LineRange { start: count / 2, count: LINES }];
        let read = Figures::of(ROUNDS, || body.lines(layout, &ranges));
        show(&format!("{LINES} of {count} lines, {layout:?}"), &read);
        let searched = Figures::of(ROUNDS, || body.search(layout, "post number 77"));
        show(&format!("searched, {layout:?}"), &searched);
    }
    Ok(())
}

fn show(what: &str, figures: &Figures) {
    println!("{what:<44}{figures}");
}

/// A list of posts.
fn response() -> String {
    let mut text = String::from("[");
    for number in 0.. {
        let post = json!({ "id": number, "title": format!("Post number {number}"), "tags": ["a", "b"],
            "author": { "name": "Ann", "mail": "ann@example.com" }, "status": "draft", "views": number * 7,
            "body": "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(3) });
        text += &post.to_string();
        if text.len() >= LENGTH {
            return text + "]";
        }
        text.push(',');
    }
    text
}
