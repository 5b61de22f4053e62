//! A profile file that Grapnel wrote (`grapnel app share`).

use grapnel_model::error::Result;
use grapnel_model::provider::ProfileFile;

use super::client::{Client, Contents, SourcedValue};

pub(super) fn read(text: &str) -> Result<Contents> {
    let file = ProfileFile::read(text)?;
    let mut client = Client { provider: Some(file.provider), is_profile: true, ..Client::default() };
    client.say("scopes", &file.scopes.join(" "), "scopes");
    // An empty value is significant in a profile.
    let values =
        file.values.into_iter().map(|(key, value)| SourcedValue { key, value, source: "values".to_owned() });
    client.said.extend(values);
    Ok(Contents { clients: vec![client], ..Contents::default() })
}
