//! Everything about a connection.

use grapnel_core::connection::{Details, ExpirySource, Held, Scopes, State};
use grapnel_core::content::{Account, Application, Claims};
use grapnel_core::error::Error;
use grapnel_core::http::Deviation;
use grapnel_core::secret::Glimpse;
use grapnel_core::text::clean_line;
use jiff::Timestamp;
use serde::Serialize;

use crate::print::Shown;
use crate::table::{fields, table};
use crate::words::{moment, standing};

#[derive(Serialize)]
pub(crate) struct Status {
    id: String,
    pub(crate) name: String,
    app: String,
    provider: String,
    state: State,
    expires_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    sign_in_due: Option<Timestamp>,
    scopes: Scopes,
    account: Option<Account>,
    application: Option<Application>,
    deviations: Vec<Deviation>,
    project_ids: Vec<String>,
    tokens: Option<Held>,
    claims: Option<Claims>,
    trouble: Option<Error>,
    created_at: Timestamp,
    browser: Option<String>,
    pub(crate) portal: String,
}

impl Status {
    pub(crate) fn of(details: Details) -> Self {
        Self {
            id: details.summary.id.0,
            name: details.summary.name,
            app: details.summary.app_name,
            provider: details.summary.provider,
            state: details.summary.state,
            expires_at: details.summary.expires_at,
            retry_at: details.summary.retry_at,
            sign_in_due: details.summary.sign_in_due,
            scopes: details.scopes,
            account: details.account,
            application: details.application,
            deviations: details.deviations,
            project_ids: details.project_ids,
            tokens: details.tokens,
            claims: details.claims,
            trouble: details.trouble,
            created_at: details.created_at,
            browser: Some(details.browser).filter(|browser| !browser.is_empty()),
            portal: details.portal,
        }
    }

    /// Where it stands, in a sentence.
    pub(crate) fn standing(&self, now: Timestamp) -> String {
        match self.expires_at {
            Some(end) if end > now => {
                format!("The access token expires {}{}.", moment(end, now), self.by_whom())
            }
            Some(end) => format!("The access token expired {}{}.", moment(end, now), self.by_whom()),
            None if self.tokens.is_some() => "The provider gave no expiry.".into(),
            None => "It holds no tokens.".into(),
        }
    }

    /// Who says when the access token expires, where the reply did not.
    fn by_whom(&self) -> &'static str {
        match self.tokens.as_ref().map(|held| held.expiry_source) {
            Some(ExpirySource::TokenClaim) => ", from the token’s exp claim",
            Some(ExpirySource::Introspection) => ", from introspection",
            Some(ExpirySource::Reply) | None => "",
        }
    }

    /// Whose it is, in words: one line, whatever the provider says.
    pub(crate) fn owner(&self) -> String {
        let Some(account) = &self.account else { return "identity unknown".into() };
        let email = account.email.as_deref().map(|email| format!("<{email}>")).unwrap_or_default();
        let parts: Vec<&str> =
            [account.name.as_str(), &email].into_iter().filter(|part| !part.is_empty()).collect();
        let owner = if parts.is_empty() { account.id.clone() } else { parts.join(" ") };
        clean_line(&owner)
    }

    fn about(&self, now: Timestamp) -> String {
        let glimpse = |glimpse: &Glimpse| {
            let prefix =
                if glimpse.prefix.is_empty() { String::new() } else { format!("{}… ", glimpse.prefix) };
            format!("{prefix}(fingerprint {})", glimpse.fingerprint)
        };
        let held = self.tokens.as_ref();
        let refresh = held.map(|held| held.refresh.as_ref().map_or_else(|| "none".into(), glimpse));
        fields([
            ("connection", self.name.clone()),
            ("app", self.app.clone()),
            ("provider", self.provider.clone()),
            ("state", standing(self.state, self.retry_at, now)),
            (
                "new sign-in",
                self.sign_in_due.map(|due| format!("needed {}", moment(due, now))).unwrap_or_default(),
            ),
            ("account", self.owner()),
            ("tokens", self.standing(now)),
            ("access token", held.map(|held| glimpse(&held.access)).unwrap_or_default()),
            ("refresh token", refresh.unwrap_or_default()),
            (
                "refresh token expires",
                held.and_then(|held| held.refresh_expires_at).map(|end| moment(end, now)).unwrap_or_default(),
            ),
            ("issued", held.map(|held| moment(held.issued_at, now)).unwrap_or_default()),
            ("renewals", held.map(|held| held.renewals.to_string()).unwrap_or_default()),
            ("scopes granted", self.scopes.granted.join(" ")),
            ("scopes missing", self.scopes.missing.join(" ")),
            ("projects", self.project_ids.join(" ")),
            ("connected", moment(self.created_at, now)),
            ("browser", self.browser.clone().unwrap_or_default()),
        ])
    }
}

impl Shown for Status {
    fn text(&self, now: Timestamp) -> String {
        let mut parts = vec![self.about(now)];
        if let Some(trouble) = &self.trouble {
            parts.push(fields([
                ("trouble", trouble.message.clone()),
                ("which means", trouble.meaning.clone().unwrap_or_default()),
                ("what to do", trouble.hint.clone().unwrap_or_default()),
            ]));
        }
        if let Some(claims) = &self.claims {
            let head = if claims.is_verified { "CLAIM (VERIFIED)" } else { "CLAIM (NOT VERIFIED)" };
            let rows = claims.fields.iter().map(|claim| [claim.name.clone(), claim.value.clone()]);
            parts.push(table([head, "VALUE"], rows));
        }
        if !self.deviations.is_empty() {
            let rows = self.deviations.iter().map(|one| [one.member.clone(), one.found.clone()]);
            parts.push(table(["DEVIATION", "WHAT WAS FOUND"], rows));
        }
        parts.join("\n\n")
    }
}
