//! The undocumented "other fields" of a project's details.

use serde_json::{Value, json};

pub(super) fn plain(description: &str, time_zone: &str) -> Value {
    json!({
        "description": description,
        "time_zone": time_zone,
        "language": "en",
        "created_on": "2023-11-20T08:30:00.000Z",
        "plan": "studio",
    })
}

/// Many fields, nested ones, nulls, empty ones, long ones and large numbers.
pub(super) fn rich() -> Value {
    json!({
        "description": "Furniture and lighting, drawn and made in one room in Malmö. The workshop is open on the first \
            Saturday of each month; everything else is by appointment, and nothing is ever in a hurry.",
        "tagline": null,
        "time_zone": "Europe/Stockholm",
        "language": "sv",
        "languages": ["sv", "en", "ja"],
        "created_on": 1_700_468_000,
        "last_published": 1_794_600_000,
        "plan": "agency",
        "is_live": true,
        "is_template": false,
        "favicon": "https://atelier-lindqvist.example/favicon.svg",
        "domains": {
            "primary": "atelier-lindqvist.example",
            "redirects": ["www.atelier-lindqvist.example", "lindqvist.example"],
            "certificate": { "issuer": "Example Trust", "valid_until": "2027-02-01T00:00:00.000Z", "auto_renew": true },
        },
        "theme": {
            "name": "Plain Room",
            "version": "4.2.0",
            "colours": { "ground": "#faf8f4", "text": "#23201b", "accent": "#8a4b2a" },
            "fonts": [{ "role": "heading", "family": "Spectral" }, { "role": "body", "family": "Inter" }],
        },
        "seo": {
            "title": "Atelier Lindqvist — chairs, tables, lamps",
            "description": "",
            "keywords": [],
            "robots": { "index": true, "follow": true },
        },
        "collections": [
            { "id": "col_chairs", "name": "Chairs", "items": 41 },
            { "id": "col_tables", "name": "Tables", "items": 17 },
            { "id": "col_lamps", "name": "Lamps & lanterns", "items": 0 },
        ],
        "collaborators": [
            { "name": "Jonas Lindqvist", "role": "owner", "since": "2023-11-20" },
            { "name": "Adaeze Okonkwo", "role": "editor", "since": "2025-03-02" },
        ],
        "storage": { "used_bytes": 8_589_934_592_u64, "limit_bytes": 21_474_836_480_u64, "share": 0.4 },
        "visits": { "last_30_days": 18_204, "last_7_days": 4_411, "yesterday": 702 },
        "integrations": {},
        "custom_code": { "head": "<!-- nothing, & on purpose -->", "body": null },
        "notes": "Call before changing the opening hours: they are printed on the door.",
    })
}
