//! The list of a provider's known endpoints.

use grapnel_model::error::Result;
use grapnel_model::provider::{ApiEndpoint, Profile};
use jiff::Timestamp;
use serde::Serialize;

use crate::lookup::quoted;
use crate::print::{CommandResult, Output};
use crate::table::table;

#[derive(Serialize)]
struct KnownEndpoints<'a> {
    endpoints: &'a [ApiEndpoint],
    #[serde(skip)]
    connection: &'a str,
    #[serde(skip)]
    provider: &'a str,
}

pub(super) fn list(output: &mut Output, connection: &str, profile: &Profile) -> Result<()> {
    output.show(&KnownEndpoints { endpoints: &profile.endpoints, connection, provider: &profile.name })
}

impl CommandResult for KnownEndpoints<'_> {
    fn text(&self, _: Timestamp) -> String {
        let connection = quoted(self.connection);
        let Some(first) = self.endpoints.first() else {
            return format!(
                "Grapnel knows no endpoint of this API. Write a path or a URL: grapnel api {connection} PATH"
            );
        };
        let rows = self
            .endpoints
            .iter()
            .map(|endpoint| [endpoint.method.clone(), endpoint.label().to_owned(), endpoint.summary.clone()]);
        format!(
            "Known endpoints of {}:\n{}\nCall one: grapnel api {connection} {}",
            self.provider,
            table(["METHOD", "PATH", "WHAT IT DOES"], rows),
            first.label()
        )
    }
}
