//! Generated titles: patterns whose placeholders are filled from a project's word lists.

use super::rng::Rng;

/// The subject of a project's posts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Coffee,
    Bakery,
    Chronicle,
    Atelier,
    Scripts,
}

const PATTERNS: [&str; 24] = [
    "A morning with {what} at {where}",
    "What {who} taught us about {what}",
    "{what}, explained by {who}",
    "{number} things to know about {what} before {season}",
    "There is more to {what} than you think",
    "Notes from {where}: {what} in {season}",
    "How {who} fell for {what}",
    "The quiet return of {what}",
    "{where} after the rain",
    "In praise of {what}",
    "A beginner’s guide to {what}",
    "{season} at {where}",
    "Letters: readers on {what}",
    "From the archive: {where}, as it was",
    "{who} on {what}, patience and {season}",
    "We tried {what} for {number} days",
    "Everything we got wrong about {what}",
    "Where to find {what} near {where}",
    "{what} or nothing: an evening at {where}",
    "The people behind {what}: {who}",
    "Looking back on {number} years of {what}",
    "Open day at {where}: what to expect",
    "A short history of {what}",
    "Ask {who} about {what}",
];

const PEOPLE: [&str; 12] = [
    "Adaeze Okonkwo",
    "old Mr Pereira",
    "the night shift",
    "Layla Haddad",
    "our youngest apprentice",
    "Jonas Lindqvist",
    "a retired ferryman",
    "Priya Raghunathan",
    "the choir of St Brendan’s",
    "three generations of beekeepers",
    "Captain Sørensen",
    "the woman who repairs clocks",
];

const PLACES: [&str; 12] = [
    "the east pier",
    "Lantern Street",
    "the old ropewalk",
    "Saturday market",
    "the reading room",
    "Fisher’s Steps",
    "the allotments",
    "Platform 3",
    "the lighthouse",
    "Mill Lane",
    "the covered bridge",
    "the boatyard",
];

const SEASONS: [&str; 8] = [
    "early spring",
    "midsummer",
    "the long weekend",
    "late autumn",
    "the first frost",
    "winter",
    "harvest",
    "the holidays",
];

const COFFEE: [&str; 12] = [
    "washed Ethiopian beans",
    "cold brew",
    "the perfect grind",
    "our new roaster",
    "oat milk",
    "the pour-over",
    "single-origin espresso",
    "fair contracts",
    "the tasting table",
    "decaf",
    "the moka pot",
    "water hardness",
];

const BAKERY: [&str; 12] = [
    "rye sourdough",
    "cardamom buns",
    "a patient starter",
    "the wood oven",
    "crusts that sing",
    "stone-milled flour",
    "yesterday’s bread",
    "seeded crispbread",
    "the four o’clock bake",
    "plum tart",
    "salted butter",
    "a good crumb",
];

const CHRONICLE: [&str; 24] = [
    "the new tram line",
    "school dinners",
    "the flood wall",
    "community choirs",
    "night buses",
    "the library’s bees",
    "street lighting",
    "the ferry timetable",
    "amateur astronomy",
    "the football derby",
    "allotment politics",
    "the bakery queue",
    "sea swimming",
    "repair cafés",
    "the town clock",
    "borrowed bicycles",
    "the harbour seals",
    "jazz on Thursdays",
    "the council budget",
    "chess in the park",
    "rooftop gardens",
    "the fog signal",
    "second-hand books",
    "the winter market",
];

const ATELIER: [&str; 12] = [
    "steam-bent ash",
    "a chair with three legs",
    "linseed oil",
    "paper lanterns",
    "joints without glue",
    "the drawing board",
    "reclaimed oak",
    "the perfect stool",
    "hand planes",
    "brass and patina",
    "north light",
    "mistakes worth keeping",
];

/// Long titles and other scripts: right to left, without spaces, with combining marks, joined emoji and mixtures.
const SCRIPTS: [&str; 16] = [
    "祖母の味噌汁と、火を止めるまでの静かな三十分について",
    "築地の朝四時、包丁を研ぐ音だけが聞こえる",
    "رحلة الخبز من حقول القمح في دلتا النيل إلى مائدة الإفطار",
    "كيف يُحضَّر القهوة العربية بالهيل (الطريقة الأصلية)",
    "חלה של שבת: שלושה דורות, מתכון אחד ו־2 ויכוחים",
    "सरसों का साग और मक्के की रोटी: पंजाब की सर्दियों का स्वाद",
    "दादी माँ की रसोई से — अचार, पापड़ और धैर्य",
    "김장하는 날, 온 마을이 한 부엌이 되다",
    "ข้าวเหนียวมะม่วงและฤดูร้อนที่ยายรอคอย",
    "Το ψωμί της γιαγιάς και τα εφτά μυστικά του φούρνου",
    "Борщ, сметана и тишина: воскресенье у бабушки",
    "Phở bò lúc sáu giờ sáng ở phố cổ Hà Nội",
    "Cre\u{300}me bru\u{302}le\u{301}e, de\u{301}compose\u{301}e: every accent a combining mark",
    "👩🏽‍🍳 One pan, 👨‍👩‍👧‍👦 four opinions, 🌶️ too many chillies",
    "A tagine in Tokyo: طاجين meets 東京 in a kitchen of six square metres",
    "The long, slow and occasionally smoky story of how a village of forty account_choice, two ovens and one stubborn \
     donkey came to bake the bread that three countries now claim to have invented first",
];

impl Style {
    /// A title and its subject. `n` is the post's number in its project.
    pub(crate) fn title(self, n: usize, rng: &mut Rng) -> (String, String) {
        let Some(subjects) = self.subjects() else {
            let title = SCRIPTS[n % SCRIPTS.len()];
            let part = n / SCRIPTS.len();
            let title = if part == 0 { title.to_owned() } else { format!("{title} ({})", part + 1) };
            return (title, "the kitchen".to_owned());
        };
        let what = rng.pick(subjects);
        let title = rng
            .pick(&PATTERNS)
            .replace("{what}", what)
            .replace("{who}", rng.pick(&PEOPLE))
            .replace("{where}", rng.pick(&PLACES))
            .replace("{season}", rng.pick(&SEASONS))
            .replace("{number}", &(rng.below(40) + 3).to_string());
        (capital(&title), what.to_owned())
    }

    fn subjects(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Coffee => Some(&COFFEE),
            Self::Bakery => Some(&BAKERY),
            Self::Chronicle => Some(&CHRONICLE),
            Self::Atelier => Some(&ATELIER),
            Self::Scripts => None,
        }
    }
}

/// A sentence about `subject`.
pub(crate) fn excerpt(subject: &str, rng: &mut Rng) -> String {
    let openings = [
        "It began, as these things do, with",
        "Nobody planned to write about",
        "There is more to be said for",
        "Ask anyone here and they will bring up",
    ];
    let ends = ["and a kettle.", "and a long walk home.", "and the weather.", "and someone’s aunt."];
    format!("{} {subject} {}", rng.pick(&openings), rng.pick(&ends))
}

fn capital(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A URL slug: the title's ASCII letters, and the post's number, which makes it unique.
pub(crate) fn slug(title: &str, n: usize) -> String {
    let kept = title.to_lowercase().replace('’', "");
    let words: Vec<&str> =
        kept.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words = words.iter().take(8).copied().collect::<Vec<_>>().join("-");
    if words.contains(|c: char| c.is_ascii_alphabetic()) {
        format!("{words}-{n}")
    } else {
        format!("post-{n}")
    }
}
