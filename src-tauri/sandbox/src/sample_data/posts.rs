//! Generated posts of every status over three years, some with null fields.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::rng::Rng;
use super::titles::{Style, excerpt, slug};
use crate::clock::iso;

/// 15 November 2026, 9:00 UTC. Scheduled posts lie after it, all others before.
const TODAY: i64 = 1_794_733_200;
const DAY: i64 = 86_400;

const AUTHORS: [&str; 7] = [
    "Ines Marchetti",
    "Tomás O’Brien-Nguyễn",
    "高橋 美咲",
    "Adaeze Okonkwo",
    "Jonas Lindqvist",
    "Layla Haddad",
    "Priya Raghunathan",
];

const CATEGORIES: [&str; 8] =
    ["News", "Guides", "People", "Places", "Behind the scenes", "Recipes", "Events", "Opinion"];

/// A post of the list. The fields up to `word_count` are documented.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "post_publish is the provider’s own name")]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) status: &'static str,
    pub(crate) author: Option<&'static str>,
    pub(crate) created_on: Moment,
    pub(crate) last_update: Moment,
    pub(crate) category: Option<&'static str>,
    pub(crate) word_count: Option<u32>,
    pub(crate) post_publish: Option<Moment>,
    excerpt: Option<String>,
    featured: bool,
}

/// A time, serialized as ISO text or as a Unix timestamp: the format is undocumented, so clients must read both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) as_number: bool,
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.as_number {
            return serializer.serialize_i64(self.seconds);
        }
        serializer.serialize_str(&iso(Timestamp::from_second(self.seconds).unwrap_or_default()))
    }
}

/// The parameters from which a project's posts are generated.
#[derive(Clone, Copy, Debug)]
pub(super) struct PostSeed {
    pub(super) number: u64,
    pub(super) count: usize,
    pub(super) style: Style,
    pub(super) numeric_times: bool,
}

/// The posts of a project, newest first.
pub(super) fn generate_posts(seed: PostSeed) -> Vec<Post> {
    let mut rng = Rng::new(seed.number);
    let mut posts: Vec<Post> = (0..seed.count).map(|n| post(n, seed, &mut rng)).collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post.created_on.seconds));
    posts
}

fn post(n: usize, seed: PostSeed, rng: &mut Rng) -> Post {
    let moment = |seconds| Moment { seconds, as_number: seed.numeric_times };
    let (title, subject) = seed.style.title(n, rng);
    let created = TODAY - i64::from(rng.below(3 * 365)) * DAY - i64::from(rng.below(86_400)) - DAY;
    let updated = created + (TODAY - created) * i64::from(rng.below(100)) / 100;
    let status = status(rng);
    let published = match status {
        "published" | "archived" => Some(created + i64::from(rng.below(86_400))),
        "scheduled" => Some(TODAY + i64::from(rng.below(60) + 1) * DAY),
        _ => None,
    };
    Post {
        id: format!("post_{:x}{n:05}", seed.number),
        slug: slug(&title, n),
        status,
        author: (!rng.chance(2)).then(|| rng.pick(&AUTHORS)),
        created_on: moment(created),
        last_update: moment(updated),
        category: (!rng.chance(6)).then(|| rng.pick(&CATEGORIES)),
        word_count: (!rng.chance(1)).then(|| 120 + rng.below(900) + rng.below(1_400)),
        post_publish: published.map(moment),
        excerpt: (!rng.chance(15)).then(|| excerpt(&subject, rng)),
        featured: rng.chance(5),
        title,
    }
}

/// The provider documents `published` and `draft`; the others are seeded.
fn status(rng: &mut Rng) -> &'static str {
    match rng.below(100) {
        0..62 => "published",
        62..82 => "draft",
        82..90 => "scheduled",
        90..97 => "archived",
        _ => "in_review",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: PostSeed = PostSeed { number: 7, count: 500, style: Style::Chronicle, numeric_times: false };

    #[test]
    fn the_sample_data_is_the_same_at_every_start() {
        let (one, other) = (generate_posts(SEED), generate_posts(SEED));
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
    }

    #[test]
    fn every_status_occurs_and_nulls_do_too() {
        let posts = generate_posts(SEED);
        for status in ["published", "draft", "scheduled", "archived", "in_review"] {
            assert!(posts.iter().any(|post| post.status == status), "{status}");
        }
        assert!(posts.iter().any(|post| post.category.is_none()));
        assert!(posts.iter().any(|post| post.excerpt.is_none()));
        assert!(posts.iter().all(|post| post.created_on.seconds <= post.last_update.seconds));
    }

    #[test]
    fn titles_are_of_many_kinds() {
        let titles: std::collections::HashSet<_> =
            generate_posts(SEED).into_iter().map(|post| post.title).collect();
        assert!(titles.len() > 300, "{} of 500", titles.len());
    }
}
