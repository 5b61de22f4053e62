//! The sample projects: plain, without a domain, empty, large, multilingual, and with many fields.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::details;
use super::posts::{Post, PostSeed, generate_posts};
use super::titles::Style;

/// A site.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) domain: Option<&'static str>,
    pub(crate) slug: &'static str,
    /// The other members of the project's details.
    pub(crate) details: Map<String, Value>,
    seed: PostSeed,
    posts: OnceLock<Vec<Post>>,
}

impl Project {
    /// Generated on first use, so that the start does not wait for them.
    pub(crate) fn posts(&self) -> &[Post] {
        self.posts.get_or_init(|| generate_posts(self.seed))
    }

    fn new(names: [&'static str; 3], domain: Option<&'static str>, details: Value, seed: PostSeed) -> Self {
        let [id, name, slug] = names;
        let Value::Object(details) = details else { unreachable!("details are an object") };
        Self { id, name, domain, slug, details, seed, posts: OnceLock::new() }
    }
}

pub(super) fn seed(posts: usize) -> Vec<Project> {
    let of = |number, count, style| PostSeed { number, count, style, numeric_times: false };
    vec![
        Project::new(
            ["proj_harbour", "Harbour Coffee Roasters", "harbour-coffee-roasters"],
            Some("harbourcoffee.example"),
            details::plain("Coffee, roasted by the water since 2011.", "Europe/Lisbon"),
            of(0x11, 240, Style::Coffee),
        ),
        Project::new(
            ["proj_northwind", "Northwind Bakery", "northwind-bakery"],
            None,
            details::plain("Sourdough, rye and cardamom buns.", "Europe/Copenhagen"),
            of(0x22, 64, Style::Bakery),
        ),
        Project::new(
            ["proj_garden", "The Walled Garden", "the-walled-garden"],
            Some("walledgarden.example"),
            details::plain("A site that has only just begun.", "Europe/Dublin"),
            of(0x33, 0, Style::Bakery),
        ),
        Project::new(
            ["proj_chronicle", "The Lantern Street Chronicle", "the-lantern-street-chronicle"],
            Some("chronicle.example"),
            details::plain("Everything that happens between the bridge and the market.", "America/Halifax"),
            of(0x44, posts, Style::Chronicle),
        ),
        Project::new(
            ["proj_sekai", "世界の台所 · مطابخ العالم · Kitchens of the World", "kitchens-of-the-world"],
            Some("sekai.example"),
            details::plain("どの国の台所にも、語るべき物語がある。", "Asia/Tokyo"),
            of(0x55, 120, Style::Scripts),
        ),
        Project::new(
            ["proj_lindqvist", "Atelier Lindqvist", "atelier-lindqvist"],
            Some("atelier-lindqvist.example"),
            details::rich(),
            PostSeed { numeric_times: true, ..of(0x66, 48, Style::Atelier) },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_does_not_generate_the_posts() {
        let projects = seed(100_000);
        assert!(projects.iter().all(|project| project.posts.get().is_none()));
        assert_eq!(projects[3].posts().len(), 100_000);
    }
}
