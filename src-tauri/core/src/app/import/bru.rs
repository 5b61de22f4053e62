//! The syntax of `.bru` files: blocks of `name: value` lines in braces.

use std::collections::BTreeMap;

use grapnel_model::error::{Error, Result};

/// The maximum number of blocks of a file, and of entries of a block.
const MAX_BLOCKS: usize = 1024;
const MAX_ENTRIES: usize = 4096;

/// The entries of each block by its name, except disabled ones (`~name: value`).
pub(super) type Blocks = BTreeMap<String, Vec<(String, String)>>;

/// Whether a text begins like a `.bru` file.
pub(super) fn is_bru(text: &str) -> bool {
    text.lines().map(str::trim_end).find(|line| !line.is_empty()).is_some_and(|line| opened(line).is_some())
}

/// The name of the block that a line opens.
fn opened(line: &str) -> Option<&str> {
    let name = line.strip_suffix(" {")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// Parses the blocks. Blocks of other forms, such as scripts and lists, are skipped.
pub(super) fn parse(text: &str) -> Result<Blocks> {
    let mut blocks = Blocks::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = opened(line.trim_end()) else { continue };
        if blocks.len() == MAX_BLOCKS {
            return Err(Error::input("file", "The file has more blocks than any Bruno file."));
        }
        let block = blocks.entry(name.to_owned()).or_default();
        while let Some(line) = lines.next().filter(|line| line.trim_end() != "}") {
            let Some((key, value)) = line.trim().split_once(':') else { continue };
            let value = value.trim();
            let value = if value == "'''" { several(&mut lines) } else { value.to_owned() };
            if !key.starts_with('~') && block.len() < MAX_ENTRIES {
                block.push((key.trim().trim_matches('"').to_owned(), value));
            }
        }
    }
    Ok(blocks)
}

/// A value of several lines, up to its closing quotes.
fn several<'l>(lines: &mut impl Iterator<Item = &'l str>) -> String {
    let value = lines.by_ref().map(str::trim).take_while(|line| *line != "'''");
    value.collect::<Vec<_>>().join("\n")
}
