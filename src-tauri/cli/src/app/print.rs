//! Apps as text and JSON.

use grapnel_core::app::App;
use grapnel_model::provider::ProfileFile;
use grapnel_model::redirect::ProposedRedirect;
use grapnel_model::revocation::Revocation;
use jiff::Timestamp;
use serde::Serialize;

use crate::format::{relative_time, words};
use crate::lookup;
use crate::print::CommandResult;
use crate::table::{fields, table, table_of_filled};

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct AppList(pub(super) Vec<App>);

impl CommandResult for AppList {
    fn text(&self, _: Timestamp) -> String {
        if self.0.is_empty() {
            return "No apps yet. Add one: grapnel app add NAME --provider PROVIDER --client-id ID".into();
        }
        let rows = self.0.iter().map(|app| {
            let environment = app.environment.clone().unwrap_or_default();
            let redirect = words(&app.redirect_method);
            [app.name.clone(), environment, app.provider.clone(), app.client_id.clone(), redirect]
        });
        table_of_filled(["APP", "ENVIRONMENT", "PROVIDER", "CLIENT ID", "REDIRECT"], rows)
    }
}

impl CommandResult for App {
    fn text(&self, now: Timestamp) -> String {
        let about = fields([
            ("app", self.name.clone()),
            ("environment", self.environment.clone().unwrap_or_default()),
            ("provider", self.provider_name.clone()),
            ("client ID", self.client_id.clone()),
            ("client secret", secret(self, now)),
            ("redirect URI", self.redirect_uri.clone()),
            ("redirect method", words(&self.redirect_method)),
            ("scopes", self.scopes.join(" ")),
            ("projects", self.projects.join(" ")),
            (
                "registered",
                self.registration
                    .as_ref()
                    .map(|own| relative_time(own.registered_at, now))
                    .unwrap_or_default(),
            ),
            ("added", relative_time(self.created_at, now)),
        ]);
        let mut parts = vec![about];
        parts.extend(self.own_redirect_uri.as_ref().map(|own| own_redirect(&self.name, own)));
        let source = |key: &String| if self.discovered.contains(key) { "discovery" } else { "custom" };
        let own = self.overrides.iter().map(|(key, value)| [key.clone(), value.clone(), source(key).into()]);
        let secrets = self.secrets.iter().map(|key| [key.clone(), "in the vault".into(), "custom".into()]);
        let own: Vec<_> = own.chain(secrets).collect();
        if !own.is_empty() {
            parts.push(table(["KEY", "VALUE", "SOURCE"], own));
        }
        let hosts = self.other_hosts.iter().map(|other| [other.host.clone(), other.endpoints.join(" ")]);
        if !self.other_hosts.is_empty() {
            parts.push(table(["OTHER HOST", "ENDPOINTS"], hosts));
        }
        if !self.left_out.is_empty() {
            parts.push(format!(
                "Not sent, because Grapnel sets these parameters itself: {}.",
                self.left_out.join(", ")
            ));
        }
        parts.join("\n\n")
    }
}

/// Where the client secret is, and when it expires.
fn secret(app: &App, now: Timestamp) -> String {
    if !app.has_secret {
        return "none".into();
    }
    match app.registration.as_ref().and_then(|own| own.secret_expires_at) {
        Some(end) if end <= now => format!("in the vault; it expired {}", relative_time(end, now)),
        Some(end) => format!("in the vault; it expires {}", relative_time(end, now)),
        None => "in the vault".into(),
    }
}

/// How to replace a redirect URI that other apps use too.
fn own_redirect(name: &str, own: &str) -> String {
    format!(
        "Other apps may use the same redirect URI, which allows a malicious provider to receive another one’s code \
         (mix-up, RFC 9700).\n\
         Register a redirect URI of this app’s own with the provider, then set it:\n  {own}\n  \
         grapnel app set {} --redirect {own}",
        lookup::quoted(name)
    )
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Proposed(pub(super) ProposedRedirect);

impl CommandResult for Proposed {
    fn text(&self, _: Timestamp) -> String {
        let Self(ProposedRedirect { deep_link, loopback }) = self;
        fields([
            ("deep link", deep_link.clone()),
            ("loopback", format!("{loopback} (any free port is added)")),
        ])
    }
}

#[derive(Serialize)]
pub(super) struct Profile {
    #[serde(flatten)]
    pub(super) file: ProfileFile,
    #[serde(skip)]
    pub(super) text: String,
}

impl CommandResult for Profile {
    fn text(&self, _: Timestamp) -> String {
        self.text.trim_end().to_owned()
    }
}

/// A JSON document, such as a key set. It is the same as text and with `--json`.
pub(super) struct Document(pub(super) String);

impl Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document: serde_json::Value = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        document.serialize(serializer)
    }
}

impl CommandResult for Document {
    fn text(&self, _: Timestamp) -> String {
        self.0.clone()
    }
}

#[derive(Serialize)]
pub(super) struct Removed<'a> {
    #[serde(rename = "removed")]
    pub(super) name: &'a str,
    #[serde(flatten)]
    pub(super) with: Option<grapnel_core::Removed>,
    /// Why its client stays registered at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_stays: Option<String>,
}

impl CommandResult for Removed<'_> {
    fn text(&self, _: Timestamp) -> String {
        let stays = self.client_stays.as_ref().map(|why| format!(" {why}")).unwrap_or_default();
        let Some(with) = &self.with else { return format!("Removed the app “{}”.{stays}", self.name) };
        let connections = if with.connections == 1 { "connection" } else { "connections" };
        let there = match with.revocation {
            Revocation::Done => "Their tokens were revoked.",
            Revocation::NotOffered => {
                "Their tokens were deleted here. The provider has no revocation endpoint: access stays valid there \
                 until you revoke it."
            }
            Revocation::Pending | Revocation::Failed => {
                "Some tokens could not be revoked, and may still be valid at the provider."
            }
        };
        format!("Removed the app “{}” with {} {connections}. {there}{stays}", self.name, with.connections)
    }
}
