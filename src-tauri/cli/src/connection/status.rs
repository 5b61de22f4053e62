//! Everything about a connection.

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::account::{Account, Application, Authorization, Claims};
use grapnel_model::annotations::Annotations;
use grapnel_model::authorization_details::{DetailsComparison, GrantedDetails};
use grapnel_model::connection::{Details, ExpirySource, FailedRefreshes, Scopes, State, TokenMetadata};
use grapnel_model::derived_token::{DerivedTokenView, TokenType};
use grapnel_model::error::Error;
use grapnel_model::provider::GrantType;
use grapnel_model::secret::TokenPreview;
use grapnel_model::team::SharedConnection;
use grapnel_model::text::{clean_line, clean_lines};
use grapnel_model::token_response::Deviation;
use jiff::Timestamp;
use serde::Serialize;

use super::shared::shared_text;
use crate::format::{relative_time, status_text, within};
use crate::print::CommandResult;
use crate::table::{fields, table};

#[derive(Serialize)]
pub(crate) struct Status {
    id: String,
    pub(crate) name: String,
    app: String,
    environment: Option<String>,
    #[serde(flatten)]
    annotations: Annotations,
    provider: String,
    state: State,
    expires_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    failed_refreshes: Option<FailedRefreshes>,
    sign_in_due: Option<Timestamp>,
    scopes: Scopes,
    authorization_details: GrantedDetails,
    account: Option<Account>,
    identity_note: Option<String>,
    application: Option<Application>,
    introspection: Option<Authorization>,
    introspected_at: Option<Timestamp>,
    deviations: Vec<Deviation>,
    project_ids: Vec<String>,
    tokens: Option<TokenMetadata>,
    derived_tokens: Vec<DerivedTokenView>,
    claims: Option<Claims>,
    id_token_claims: Option<Claims>,
    trouble: Option<Error>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<SharedConnection>,
    created_at: Timestamp,
    browser: Option<String>,
    pub(crate) portal: String,
}

impl Status {
    pub(crate) fn of(mut details: Details) -> Self {
        let authorization_details =
            details.tokens.as_mut().map(|held| std::mem::take(&mut held.authorization_details));
        Self {
            id: details.summary.id.0,
            name: details.summary.name,
            app: details.summary.app_name,
            environment: details.summary.environment,
            annotations: details.summary.annotations,
            provider: details.summary.provider,
            state: details.summary.state,
            expires_at: details.summary.expires_at,
            retry_at: details.summary.retry_at,
            failed_refreshes: details.failed_refreshes,
            sign_in_due: details.summary.sign_in_due,
            scopes: details.scopes,
            authorization_details: authorization_details.unwrap_or_default(),
            account: details.account,
            identity_note: details.identity_note,
            application: details.application,
            introspection: details.authorization,
            introspected_at: details.introspected_at,
            deviations: details.deviations,
            project_ids: details.project_ids,
            tokens: details.tokens,
            derived_tokens: details.derived_tokens,
            claims: details.claims,
            id_token_claims: details.id_claims,
            trouble: details.error,
            shared: details.shared,
            created_at: details.created_at,
            browser: Some(details.browser).filter(|browser| !browser.is_empty()),
            portal: details.portal,
        }
    }

    /// When the access token expires, as a sentence.
    pub(crate) fn expiry_text(&self, now: Timestamp) -> String {
        match self.expires_at {
            Some(end) if end > now => {
                format!("The access token expires {}{}.", relative_time(end, now), self.expiry_source())
            }
            Some(end) => {
                format!("The access token expired {}{}.", relative_time(end, now), self.expiry_source())
            }
            None if self.tokens.is_some() => "The provider returned no expiry.".into(),
            None => "No tokens.".into(),
        }
    }

    /// When the access token expires, as a value; empty without tokens.
    fn expiry(&self, now: Timestamp) -> String {
        match self.expires_at {
            Some(end) => format!("{}{}", relative_time(end, now), self.expiry_source()),
            None if self.tokens.is_some() => "no expiry given".into(),
            None => String::new(),
        }
    }

    /// Where the expiry comes from, if not from the token response.
    fn expiry_source(&self) -> &'static str {
        match self.tokens.as_ref().map(|held| held.expiry_source) {
            Some(ExpirySource::TokenClaim) => ", from the token’s exp claim",
            Some(ExpirySource::Introspection) => ", from introspection",
            Some(ExpirySource::Reply) | None => "",
        }
    }

    /// Whether the token is the app’s own, without a person.
    fn is_of_client(&self) -> bool {
        self.tokens.as_ref().is_some_and(|held| !held.grant_type.has_person())
    }

    /// The grant that issued the tokens, unless it is the authorization code grant.
    fn unusual_grant(&self) -> String {
        let grant = self.tokens.as_ref().map(|held| held.grant_type).unwrap_or_default();
        let is_usual = grant == GrantType::AuthorizationCode;
        if is_usual { String::new() } else { grant.name().replace('_', " ") }
    }

    /// The account, on one line whatever the provider sends.
    pub(crate) fn owner(&self) -> String {
        if self.is_of_client() {
            return "the app itself".into();
        }
        self.account
            .as_ref()
            .map_or_else(|| "(account unknown)".into(), |account| clean_line(&account.label()))
    }

    /// Notes about a sign-in: missing scopes, a missing refresh token, an unknown account.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.identity_note.iter().map(|note| format!("note: {note}")).collect();
        if !self.scopes.missing.is_empty() {
            notes.push(format!("note: Scopes not granted: {}.", self.scopes.missing.join(" ")));
        }
        if self.authorization_details.comparison() != DetailsComparison::Granted {
            notes.push(format!("note: {}.", self.details_text()));
        }
        if !self.is_of_client() && self.tokens.as_ref().is_some_and(|held| held.refresh.is_none()) {
            notes.push("note: There is no refresh token: reconnect when the access token expires.".into());
        }
        notes.iter().map(|note| clean_line(note)).collect()
    }

    /// How the authorization details compare with what was requested.
    fn details_text(&self) -> &'static str {
        match self.authorization_details.comparison() {
            DetailsComparison::Granted => "",
            DetailsComparison::Different => "The granted authorization details differ from those requested",
            DetailsComparison::NotReported => {
                "The provider did not say which of the requested authorization details it granted"
            }
        }
    }

    /// The authorization details as tables, one for each.
    fn details_tables(&self) -> impl Iterator<Item = String> {
        let view = self.authorization_details.view();
        let note = Some(self.details_text()).filter(|note| !note.is_empty()).map(|note| format!("{note}."));
        let shown = view.into_iter().flat_map(|view| view.details).map(|one| {
            let rows = one.fields.into_iter().map(|field| [field.name, field.value]);
            table(["AUTHORIZATION DETAILS", one.kind.as_str()], rows)
        });
        note.into_iter().chain(shown)
    }

    /// The failed refreshes: `3, last 12 seconds ago (HTTP 503)`; empty if none failed.
    fn failed_refreshes_text(&self, now: Timestamp) -> String {
        let Some(failed) = &self.failed_refreshes else { return String::new() };
        let last = failed.last_at.map(|at| format!(", last {}", relative_time(at, now))).unwrap_or_default();
        let cause = failed.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!("{}{last}{cause}", failed.count)
    }

    /// The last introspection of the access token.
    fn introspection_text(&self, now: Timestamp) -> Option<String> {
        let (told, at) = (self.introspection.as_ref()?, self.introspected_at?);
        let end = told.expires_at.map(|end| relative_time(end, now));
        Some(fields([
            (
                "introspection",
                format!(
                    "{}, checked {}",
                    if told.is_active { "active" } else { "not active" },
                    relative_time(at, now)
                ),
            ),
            ("client_id", told.client_id.clone().unwrap_or_default()),
            ("sub", told.sub.clone().unwrap_or_default()),
            ("username", told.username.clone().unwrap_or_default()),
            ("scope", told.scopes.join(" ")),
            ("exp", end.unwrap_or_default()),
        ]))
    }

    /// What the access token is bound to; empty for a bearer token.
    fn bound_to(&self) -> &'static str {
        match self.tokens.as_ref().map(TokenMetadata::token_type) {
            Some(AccessTokenType::Dpop) => "a key of this connection (DPoP)",
            Some(AccessTokenType::CertificateBound) => "the app’s certificate (mTLS)",
            Some(AccessTokenType::Bearer) | None => "",
        }
    }

    fn about(&self, now: Timestamp) -> String {
        let glimpse = |glimpse: &TokenPreview| {
            let prefix =
                if glimpse.prefix.is_empty() { String::new() } else { format!("{}… ", glimpse.prefix) };
            format!("{prefix}(fingerprint {})", glimpse.fingerprint)
        };
        let held = self.tokens.as_ref();
        let none = if self.is_of_client() { "none needed" } else { "none" };
        let refresh = held.map(|held| held.refresh.as_ref().map_or_else(|| none.into(), glimpse));
        fields([
            ("connection", self.name.clone()),
            ("app", self.app.clone()),
            ("environment", self.environment.clone().unwrap_or_default()),
            ("label", self.annotations.label.clone().unwrap_or_default()),
            ("provider", self.provider.clone()),
            ("state", status_text(self.state, self.retry_at, now)),
            ("failed refreshes", self.failed_refreshes_text(now)),
            ("reconnect", self.sign_in_due.map(|due| within(due, now)).unwrap_or_default()),
            ("grant", self.unusual_grant()),
            ("account", self.owner()),
            ("account note", self.identity_note.clone().unwrap_or_default()),
            ("expires", self.expiry(now)),
            ("access token", held.map(|held| glimpse(&held.access)).unwrap_or_default()),
            ("bound to", self.bound_to().to_owned()),
            ("refresh token", refresh.unwrap_or_default()),
            (
                "refresh token expires",
                held.and_then(|held| held.refresh_expires_at)
                    .map(|end| relative_time(end, now))
                    .unwrap_or_default(),
            ),
            ("issued", held.map(|held| relative_time(held.issued_at, now)).unwrap_or_default()),
            ("refreshes", held.map(|held| held.refresh_count.to_string()).unwrap_or_default()),
            ("scopes granted", self.scopes.granted.join(" ")),
            ("scopes proven", self.scopes.proven.join(" ")),
            ("scopes missing", self.scopes.missing.join(" ")),
            ("projects", self.project_ids.join(" ")),
            ("connected", relative_time(self.created_at, now)),
            ("browser", self.browser.clone().unwrap_or_default()),
        ])
    }
}

/// A derived token as a row: what it is for, its scopes, and when it expires or why there is none.
fn derived_row(one: &DerivedTokenView, now: Timestamp) -> [String; 3] {
    let target = &one.target;
    let mut services: Vec<&str> =
        target.audiences.iter().chain(&target.resources).map(String::as_str).collect();
    services.extend(target.token_type.map(TokenType::name));
    let (scopes, end) = match &one.issued {
        Some(issued) => (
            &issued.scopes,
            issued.expires_at.map_or("no expiry given".into(), |end| relative_time(end, now)),
        ),
        None => (&target.scopes, String::new()),
    };
    let error = one.error.as_ref().map(|error| clean_line(&error.message)).unwrap_or_default();
    let end = [end, error].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    [clean_line(&services.join(" ")), clean_line(&scopes.join(" ")), end]
}

impl CommandResult for Status {
    fn text(&self, now: Timestamp) -> String {
        let mut parts = vec![self.about(now)];
        if !self.annotations.note.is_empty() {
            parts.push(format!("note:\n{}", clean_lines(&self.annotations.note)));
        }
        if let Some(trouble) = &self.trouble {
            parts.push(fields([
                ("error", trouble.message.clone()),
                ("impact", trouble.meaning.clone().unwrap_or_default()),
                ("next step", trouble.hint.clone().unwrap_or_default()),
            ]));
        }
        parts.extend(self.shared.as_ref().map(|shared| shared_text(shared, now)));
        parts.extend(self.details_tables());
        parts.extend(self.introspection_text(now));
        let tokens = [("access token", &self.claims), ("ID token", &self.id_token_claims)];
        for (token, claims) in tokens.iter().filter_map(|(token, claims)| Some((token, claims.as_ref()?))) {
            let header = claims.header.iter().map(|field| format!("{} {}", field.name, field.value));
            let verified = match &claims.unverified_because {
                _ if claims.is_verified => "yes".to_owned(),
                Some(why) => format!("no: {why}"),
                None => "no".to_owned(),
            };
            parts.push(fields([
                ("JWT", (*token).to_owned()),
                ("header", header.collect::<Vec<_>>().join(", ")),
                ("verified", verified),
            ]));
            let head = if claims.is_verified { "CLAIM (VERIFIED)" } else { "CLAIM (NOT VERIFIED)" };
            let rows = claims.fields.iter().map(|claim| [claim.name.clone(), claim.value.clone()]);
            parts.push(table([head, "VALUE"], rows));
        }
        if !self.derived_tokens.is_empty() {
            let rows = self.derived_tokens.iter().map(|one| derived_row(one, now));
            parts.push(table(["DERIVED TOKEN", "SCOPES", "EXPIRES"], rows));
        }
        if !self.deviations.is_empty() {
            let rows = self.deviations.iter().map(|one| [one.member.clone(), one.found.clone()]);
            parts.push(table(["DEVIATION", "FOUND"], rows));
        }
        parts.join("\n\n")
    }
}
