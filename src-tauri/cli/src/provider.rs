//! `grapnel provider`: the provider profiles, each value with its source.

use clap::Subcommand;
use grapnel_model::error::Result;
use grapnel_model::provider::{Profile, ProviderView};
use jiff::Timestamp;
use serde::Serialize;

use crate::format::wire_name;
use crate::lookup::similar;
use crate::print::{CommandResult, Output};
use crate::table::{fields, table};

/// Keys without a value in any profile.
const OTHER_KEYS: [[&str; 2]; 6] = [
    ["authorize.NAME", "parameter of the authorization request; an empty value removes a default"],
    ["token.NAME", "parameter of the code exchange, stored in the vault"],
    ["refresh.NAME", "parameter of each refresh request, stored in the vault"],
    ["token.header.NAME", "header of every token request, stored in the vault"],
    ["resource", "resources to request (RFC 8707), separated by spaces, in all three requests"],
    [
        "refresh_redirect_uri, refresh_scope",
        "true to send the redirect URI or the scopes with each refresh request",
    ],
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List providers
    List,
    /// Show a provider's profile, each value with its source
    Show {
        /// The provider (see `grapnel provider list`)
        provider: String,
    },
}

/// Profiles are built in, so no data is opened.
pub(crate) fn run(output: &mut Output, command: &Command) -> Result<()> {
    match command {
        Command::List => output.show(&Providers(Profile::all().map(ProviderRow::of).collect())),
        Command::Show { provider } => {
            let similar = similar(provider, Profile::all().map(|profile| profile.id.as_str()));
            let hint = format!("{similar}List all providers: grapnel provider list");
            output.show(&Profile::find(provider).map_err(|error| error.hint(hint))?.view())
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Providers(Vec<ProviderRow>);

#[derive(Serialize)]
struct ProviderRow {
    id: String,
    name: String,
    portal: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    template: bool,
}

impl ProviderRow {
    fn of(profile: &Profile) -> Self {
        Self {
            id: profile.id.clone(),
            name: profile.name.clone(),
            portal: profile.portal.clone(),
            template: profile.is_template(),
        }
    }
}

impl CommandResult for Providers {
    fn text(&self, _: Timestamp) -> String {
        let kind = |is_template| if is_template { "template" } else { "built in" };
        let rows = self.0.iter().map(|line| {
            [line.id.clone(), line.name.clone(), kind(line.template).to_owned(), line.portal.clone()]
        });
        table(["PROVIDER", "NAME", "TYPE", "PORTAL"], rows)
    }
}

impl CommandResult for ProviderView {
    fn text(&self, _: Timestamp) -> String {
        let about = fields([
            ("provider", self.id.clone()),
            ("name", self.name.clone()),
            ("portal", self.portal.clone()),
            ("register", self.register.clone()),
            ("redirect URI", "each app has its own: grapnel app redirect".into()),
        ]);
        let values = self.values.iter().map(|value| {
            let shown = if value.value.is_empty() { "(not set)" } else { &value.value };
            let page = value.page.as_ref().map(|page| format!(": {page}")).unwrap_or_default();
            [value.key.clone(), shown.to_owned(), wire_name(&value.source) + &page]
        });
        let mut parts = vec![about, table(["KEY", "VALUE", "SOURCE"], values)];
        if !self.scopes.is_empty() {
            let scopes = self.scopes.iter().map(|scope| [scope.name.clone(), scope.description.clone()]);
            parts.push(table(["SCOPE", "ALLOWS"], scopes));
        }
        parts.push(table(["OTHER KEYS FOR --set", "MEANING"], OTHER_KEYS.map(|row| row.map(str::to_owned))));
        parts.join("\n\n")
    }
}
