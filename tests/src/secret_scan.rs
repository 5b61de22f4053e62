//! Searches files, argument lists and environments for secrets, in the clear and in common encodings.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::process::Seen;

/// Shorter secrets would be found by chance.
const SHORTEST: usize = 8;

/// A secret that was found. It does not contain the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The name of the secret, such as `access token`.
    pub secret: String,
    /// The encoding.
    pub disguise: &'static str,
    /// The file or process.
    pub place: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) in {}", self.secret, self.disguise, self.place)
    }
}

/// The patterns: thousands of secrets are searched in one pass.
pub struct Scan {
    needles: Vec<Needle>,
    /// The patterns by their first bytes.
    starts: HashMap<[u8; SHORTEST], Vec<usize>>,
    /// The first two bytes of each, by which most places are passed over.
    heads: Vec<bool>,
}

struct Needle {
    secret: String,
    disguise: &'static str,
    bytes: Vec<u8>,
}

impl Scan {
    /// Creates a scan for these pairs of name and secret.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut needles = Vec::new();
        for (name, secret) in secrets {
            ensure!(secret.len() >= SHORTEST, "the {name} is too short to look for");
            let disguised = disguises(secret);
            needles.extend(disguised.into_iter().map(|(disguise, bytes)| Needle {
                secret: name.to_owned(),
                disguise,
                bytes,
            }));
        }
        ensure!(!needles.is_empty(), "a scan for nothing finds nothing");
        let mut starts: HashMap<_, Vec<_>> = HashMap::new();
        for (number, needle) in needles.iter().enumerate() {
            let start = needle.bytes.first_chunk().context("a disguise is too short to look for")?;
            starts.entry(*start).or_default().push(number);
        }
        let mut heads = vec![false; 1 << 16];
        for start in starts.keys() {
            heads[head(start)] = true;
        }
        Ok(Self { needles, starts, heads })
    }

    /// All leaks in the files below this directory. What a program deletes meanwhile is passed over.
    pub fn files(&self, dir: &Path) -> Result<Vec<Leak>> {
        ensure!(dir.is_dir(), "there is no directory {}", dir.display());
        let mut leaks = Vec::new();
        let mut rooms = vec![dir.to_owned()];
        while let Some(room) = rooms.pop() {
            let Some(entries) = still_there(fs::read_dir(&room))? else { continue };
            for entry in entries {
                let entry = entry?;
                let Some(kind) = still_there(entry.file_type())? else { continue };
                if kind.is_dir() {
                    rooms.push(entry.path());
                } else if kind.is_file() {
                    let place = entry.path().display().to_string();
                    leaks.extend(self.bytes(place.as_bytes(), &format!("the name of {place}")));
                    let content = still_there(fs::read(entry.path()))?.unwrap_or_default();
                    leaks.extend(self.bytes(&content, &place));
                }
            }
        }
        Ok(leaks)
    }

    /// All leaks in the arguments and environments of these processes.
    pub fn processes(&self, seen: &[Seen]) -> Vec<Leak> {
        seen.iter()
            .flat_map(|process| {
                let name = process.line().split(' ').next().unwrap_or_default().to_owned();
                let arguments = self.bytes(&process.arguments, &format!("the arguments of {name}"));
                let environment = self.bytes(&process.environment, &format!("the environment of {name}"));
                [arguments, environment].concat()
            })
            .collect()
    }

    /// All leaks in these bytes.
    pub fn bytes(&self, bytes: &[u8], place: &str) -> Vec<Leak> {
        let mut found = BTreeSet::new();
        for (at, start) in bytes.windows(SHORTEST).enumerate() {
            if !self.heads[head(start)] {
                continue;
            }
            let Some(beginning) = self.starts.get(start) else { continue };
            found.extend(
                beginning.iter().filter(|number| bytes[at..].starts_with(&self.needles[**number].bytes)),
            );
        }
        let leak = |number: &usize| {
            let Needle { secret, disguise, .. } = &self.needles[*number];
            Leak { secret: secret.clone(), disguise, place: place.to_owned() }
        };
        found.iter().map(leak).collect()
    }
}

/// The place of the first two bytes.
fn head(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// The encodings of a secret, each distinct form once.
fn disguises(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms: Vec<(&'static str, Vec<u8>)> = vec![("in the clear", secret.into())];
    let mut add = |name, bytes: Vec<u8>| {
        if forms.iter().all(|(_, known)| *known != bytes) {
            forms.push((name, bytes));
        }
    };
    add("percent-encoded", utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string().into());
    add("in UTF-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    add("in hexadecimal", secret.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
    for before in 0..3 {
        add("in Base64", within_base64(&STANDARD_NO_PAD, secret, before));
        add("in Base64 for URLs", within_base64(&URL_SAFE_NO_PAD, secret, before));
    }
    forms
}

/// The Base64 characters that depend only on the secret when `before` bytes precede it and others follow, as in `Basic`
/// credentials.
fn within_base64(engine: &impl Engine, secret: &str, before: usize) -> Vec<u8> {
    let text = engine.encode([vec![0; before], secret.into()].concat());
    let first = (before * 8).div_ceil(6);
    let last = (before + secret.len()) * 8 / 6;
    text.as_bytes().get(first..last).unwrap_or_default().to_vec()
}

/// What was read; `None` if it was deleted before.
fn still_there<T>(read: std::io::Result<T>) -> Result<Option<T>> {
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read?)),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "gri_at_7Kd2+x/Zq9?w";

    fn found(text: &[u8]) -> Vec<&'static str> {
        let scan = Scan::new([("token", SECRET)]).unwrap();
        scan.bytes(text, "here").iter().map(|leak| leak.disguise).collect()
    }

    #[test]
    fn every_encoding_of_a_secret_is_found() {
        assert_eq!(found(format!("Bearer {SECRET}.").as_bytes()), ["in the clear"]);
        assert_eq!(found(b"token=gri%5Fat%5F7Kd2%2Bx%2FZq9%3Fw&x"), ["percent-encoded"]);
        let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&wide), ["in UTF-16"]);
    }

    #[test]
    fn base64_is_found_at_every_offset() {
        for before in ["", "a", "id", "id:", "client:"] {
            let blob = STANDARD.encode(format!("{before}{SECRET}, and more"));
            assert_eq!(found(blob.as_bytes()), ["in Base64"], "after {before:?}");
        }
    }

    #[test]
    fn other_text_is_no_leak() {
        assert!(found(b"gri_at_7Kd2... fingerprint 9f3c 21ab").is_empty());
    }
}
