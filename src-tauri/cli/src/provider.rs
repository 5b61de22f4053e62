//! `grapnel provider`: the providers, and every value of their profiles with its source.

use clap::Subcommand;
use grapnel_model::error::Result;
use grapnel_model::provider::{Profile, ProviderView};
use jiff::Timestamp;
use serde::Serialize;

use crate::print::{Output, Shown};
use crate::table::{fields, table};
use crate::words::wire_name;

/// Keys that no profile has a value for.
const MORE: [[&str; 2]; 6] = [
    ["authorize.NAME", "a parameter of the authorization request; an empty one switches a default off"],
    ["token.NAME", "a parameter of the code exchange, kept in the vault"],
    ["refresh.NAME", "a parameter of each refresh, kept in the vault"],
    ["token.header.NAME", "a header of every token request, kept in the vault"],
    ["resource", "resources to ask for (RFC 8707), separated by spaces, in all three requests"],
    ["refresh_redirect_uri, refresh_scope", "true to send the redirect URI or the scopes with each refresh"],
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the providers that Grapnel knows
    List,
    /// Show every value of a provider's profile, and where it is known from
    Show {
        /// The provider's id, as the list has it
        provider: String,
    },
}

/// Profiles come with the program: no data is opened for them.
pub(crate) fn run(output: &mut Output, command: &Command) -> Result<()> {
    match command {
        Command::List => output.show(&Providers(Profile::built_in().iter().map(Line::of).collect())),
        Command::Show { provider } => output.show(&Profile::find(provider)?.view()),
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Providers(Vec<Line>);

#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    portal: String,
}

impl Line {
    fn of(profile: &Profile) -> Self {
        Self { id: profile.id.clone(), name: profile.name.clone(), portal: profile.portal.clone() }
    }
}

impl Shown for Providers {
    fn text(&self, _: Timestamp) -> String {
        let rows = self.0.iter().map(|line| [line.id.clone(), line.name.clone(), line.portal.clone()]);
        table(["PROVIDER", "NAME", "PORTAL"], rows)
    }
}

impl Shown for ProviderView {
    fn text(&self, _: Timestamp) -> String {
        let about = fields([
            ("provider", self.id.clone()),
            ("name", self.name.clone()),
            ("portal", self.portal.clone()),
            ("register", self.register.clone()),
            ("redirect URI", "each app has one of its own: grapnel app redirect".into()),
        ]);
        let values = self.values.iter().map(|value| {
            let shown = if value.value.is_empty() { "(not set)" } else { &value.value };
            [value.key.clone(), shown.to_owned(), wire_name(&value.source)]
        });
        let mut parts = vec![about, table(["KEY", "VALUE", "SOURCE"], values)];
        if !self.scopes.is_empty() {
            let scopes = self.scopes.iter().map(|scope| [scope.name.clone(), scope.description.clone()]);
            parts.push(table(["SCOPE", "WHAT IT ALLOWS"], scopes));
        }
        parts.push(table(["MORE KEYS FOR --set", "WHAT THEY DO"], MORE.map(|row| row.map(str::to_owned))));
        parts.join("\n\n")
    }
}
