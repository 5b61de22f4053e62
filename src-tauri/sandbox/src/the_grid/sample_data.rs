//! Made-up sites and items of The Grid, with the documented members.

use std::sync::OnceLock;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::iso;
use crate::sample_data::{Rng, Style, slug};

/// 15 November 2026, 9:00 UTC.
const TODAY: i64 = 1_794_733_200;
const DAY: i64 = 86_400;

#[derive(Debug, Default)]
pub(super) struct Catalog {
    items: OnceLock<Vec<Item>>,
}

/// Id, name, domain, how many items and of what.
type Site = (&'static str, &'static str, Option<&'static str>, usize, Style);

const SITES: [Site; 4] = [
    (
        "4f0c2e1a-93d7-4b58-8a16-0d7be5f3c921",
        "Harbour Coffee Roasters",
        Some("harbourcoffee.example"),
        180,
        Style::Coffee,
    ),
    ("b7a51f08-2c6e-4d93-9f40-e81d36c5a7b2", "Northwind Bakery", None, 75, Style::Bakery),
    (
        "0de8c4f7-61b9-4a2c-b3d5-7f92e10a486c",
        "The Walled Garden",
        Some("walledgarden.example"),
        0,
        Style::Bakery,
    ),
    ("e93b6d25-0f8a-47c1-85e4-1ca07d94f3b8", "世界の台所 · Kitchens of the World", None, 64, Style::Scripts),
];

/// Content on a site.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    id: String,
    pub(super) site: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    slug: String,
    pub(super) published: bool,
    starred: bool,
    created_at: String,
    updated_at: String,
}

impl Catalog {
    pub(super) fn sites() -> Vec<Value> {
        SITES.iter().map(site).collect()
    }

    pub(super) fn has_site(id: &str) -> bool {
        SITES.iter().any(|site| site.0 == id)
    }

    /// Newest first. Generated on first use.
    pub(super) fn items(&self) -> &[Item] {
        self.items.get_or_init(|| {
            let mut all: Vec<Item> = SITES.iter().enumerate().flat_map(|(n, site)| items(n, site)).collect();
            all.sort_by(|one, other| other.created_at.cmp(&one.created_at));
            all
        })
    }
}

fn site(&(id, name, domain, _, _): &Site) -> Value {
    let path = slug(name, 1);
    json!({
        "id": id,
        "name": name,
        "repo": format!("ines-harbour/{path}"),
        "domain": domain,
        "path": format!("/{path}"),
        "url": domain.map_or_else(
            || format!("https://ines-harbour.thegrid.example/{path}"),
            |domain| format!("https://{domain}/"),
        ),
        "config": { "color": { "hue": name.len() * 7 % 360 }, "layout_spectrum": 0.5, "typography_spectrum": 0.25 },
        "owner": "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70",
        "created_at": "2016-03-09T10:12:44.000Z",
    })
}

fn items(number: usize, &(id, _, _, count, style): &Site) -> Vec<Item> {
    let mut rng = Rng::new(0x6_1d + number as u64);
    let mut item = |n: usize| {
        let (title, _) = style.title(n, &mut rng);
        let created = TODAY - i64::from(rng.below(3 * 365)) * DAY - i64::from(rng.below(86_400));
        let updated = created + (TODAY - created) * i64::from(rng.below(100)) / 100;
        let time = |seconds| iso(Timestamp::from_second(seconds).unwrap_or_default());
        Item {
            id: format!("{}{:02x}{n:06x}", &id[..28], number),
            site: id,
            kind: rng.pick(&["article", "article", "image", "video", "quote"]),
            slug: slug(&title, n),
            title,
            published: rng.chance(70),
            starred: rng.chance(8),
            created_at: time(created),
            updated_at: time(updated),
        }
    };
    (0..count).map(&mut item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_hundreds_of_items_with_unique_ids() {
        let data = Catalog::default();
        let ids: std::collections::HashSet<_> = data.items().iter().map(|item| &item.id).collect();
        assert_eq!(ids.len(), 319);
        assert!(ids.iter().all(|id| id.len() == 36));
        assert!(data.items().is_sorted_by(|one, other| one.created_at >= other.created_at));
    }
}
