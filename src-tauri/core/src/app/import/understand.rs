//! Converts a client of a document to an app that can be added: resolves variables, finds the provider, and validates
//! each value. An invalid value is listed with the reason, and does not prevent the import of the others.

use std::collections::BTreeMap;

use grapnel_model::error::Error;
use grapnel_model::provider::{
    GrantType, Need, Overrides, Profile, Review, check_extra_value, endpoint, is_reserved, is_secret,
};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use grapnel_model::text::{is_control, is_hidden};
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::form::NewApp;
use super::authorization_url::split;
use super::client::{
    Client, GRANT, ID, REMOVED_GRANTS, Request, SECRET, SkippedValue, SourcedValue, environment_label, label,
    shown_key,
};
use super::variables::{Environment, Unresolved};

/// The maximum length of an app's value in bytes.
const MAX_VALUE_BYTES: usize = 4096;
/// Endpoints that identify a built-in provider.
const RECOGNIZED_BY: &[&str] = &["authorize_url", "token_url", "refresh_url"];
/// Settings of the token endpoint's protocol that are imported for custom providers only: a built-in profile is more
/// reliable.
const CONVENTIONS: &[&str] = &["client_auth", "token_body", GRANT];
/// The names of the authorization code grant and of its refresh.
const CODE_GRANTS: &[&str] = &[
    "authorization_code",
    "authorization_code_with_pkce",
    "refresh_token",
    "authorizationCode",
    "accessCode",
];
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// One value that was recognized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ImportedValue {
    /// Its name: `client_id`, `client_secret`, `scopes`, or a key of the profile such as `token_url`.
    pub key: String,
    /// The value; `None` for a secret, which is stored in the vault.
    pub value: Option<String>,
    /// Where it was found.
    pub source: String,
}

/// An imported app as shown before it is added, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ImportPreview {
    /// A name for the app, unique in the file.
    pub name: String,
    /// The environment of the file that its variables come from, if the file names one.
    pub environment: Option<String>,
    /// The provider's ID; `custom` if no built-in profile has these hosts.
    pub provider: String,
    /// The provider's name.
    pub provider_name: String,
    /// The values that were recognized.
    pub values: Vec<ImportedValue>,
    /// Values that were found and are not imported.
    pub not_taken: Vec<SkippedValue>,
    /// The hosts that do not belong to the provider, and disabled protections of the sign-in.
    pub review: Review,
    /// The keys of required values that the file does not contain.
    pub missing: Vec<String>,
}

/// An app that was read, ready to be added.
#[derive(Clone)]
pub struct ImportedApp {
    /// The preview.
    pub preview: ImportPreview,
    /// The app to add, with a redirect URI of its own.
    pub app: NewApp,
}

impl ImportedApp {
    /// Whether `other` is the same client from another place in the file.
    pub(super) fn is_same_client(&self, other: &Self) -> bool {
        let secret =
            |app: &NewApp| app.client_secret.as_ref().map(|secret| secret.0.expose_secret().to_owned());
        let (one, two) = (&self.app, &other.app);
        (&one.provider, &one.client_id, &one.scopes, &one.overrides)
            == (&two.provider, &two.client_id, &two.scopes, &two.overrides)
            && secret(one) == secret(two)
    }
}

/// The app of a client in one environment; `None` if nothing of it is usable.
pub(super) fn understand(
    client: &Client,
    environment: &Environment<'_>,
    provider: Option<&'static Profile>,
) -> Option<ImportedApp> {
    let mut draft = Draft { client: Client { said: Vec::new(), ..client.clone() }, values: BTreeMap::new() };
    for said in &client.said {
        if client.is_profile {
            draft.values.insert(said.key.clone(), (said.value.clone(), said.source.clone()));
        } else {
            draft.resolve(said, environment);
        }
    }
    if !client.is_profile {
        draft.split_authorization_url();
        draft.name_grant();
    }
    let values = &draft.values;
    let is_useful = [ID, "authorize_url", "token_url", "issuer"].iter().any(|key| values.contains_key(*key));
    if !is_useful && !client.is_profile {
        return None;
    }
    let profile = provider.or_else(|| draft.provider())?;
    draft.check(profile);
    let name = match environment.name {
        Some(name) if !name.is_empty() && name != client.name => format!("{} ({name})", client.name),
        _ => client.name.clone(),
    };
    Some(draft.app(profile, &name, environment.name))
}

/// A client's values during validation.
struct Draft {
    /// The client, with its list of values that are not imported.
    client: Client,
    /// Value and source by key; the first value of a key counts.
    values: BTreeMap<String, (String, String)>,
}

impl Draft {
    fn leave(&mut self, key: &str, source: &str, reason: &str) {
        self.client.leave(shown_key(key), source, reason);
    }

    fn resolve(&mut self, said: &SourcedValue, environment: &Environment<'_>) {
        let SourcedValue { key, value, source } = said;
        match environment.resolve(value) {
            Ok(value) if value.trim().is_empty() => {}
            Ok(value) if value.len() > MAX_VALUE_BYTES => self.leave(key, source, "It is too long."),
            Ok(value) if value.chars().any(|c| is_control(c) || is_hidden(c)) => {
                self.leave(key, source, "It has characters that cannot be shown.");
            }
            Ok(value) => {
                self.values.entry(key.clone()).or_insert_with(|| (value.trim().to_owned(), source.clone()));
            }
            Err(Unresolved::Missing(name)) => {
                let reason = format!("The variable “{}” is not in this file.", label(&name));
                self.leave(key, source, &reason);
            }
            Err(Unresolved::Computed) => self.leave(key, source, "Another program computes it."),
            Err(Unresolved::TooDeep) => {
                self.leave(key, source, "Its variables refer to each other without end.");
            }
        }
    }

    /// Splits an authorization URL into its endpoint and its parameters, which are values of their own.
    fn split_authorization_url(&mut self) {
        let Some((address, source)) = self.values.get("authorize_url").cloned() else { return };
        let Ok(url) = Url::parse(&address) else { return };
        let (page, parameters) = split(&url);
        if parameters.is_empty() {
            return;
        }
        self.values.insert("authorize_url".into(), (page, source.clone()));
        let mut of_url = Client::default();
        for (name, value) in &parameters {
            of_url.parameter(Request::Authorization, name, value, &source);
        }
        self.client.not_taken.extend(of_url.not_taken);
        for SourcedValue { key, value, source } in of_url.said {
            self.values.entry(key).or_insert((value, source));
        }
    }

    /// The grant type by the name that a profile has for it. Without one, the app uses the authorization code grant.
    fn name_grant(&mut self) {
        let Some((grant, source)) = self.values.remove(GRANT) else { return };
        match grant.as_str() {
            "client_credentials" | "clientCredentials" | "application" => {
                let own = GrantType::ClientCredentials.name().to_owned();
                self.values.insert(GRANT.into(), (own, source));
                // Without an authorization request, the audience belongs to the token request.
                if let Some(audience) = self.values.remove("authorize.audience") {
                    self.values.entry("token.audience".into()).or_insert(audience);
                }
            }
            "implicit" | "password" => self.leave(GRANT, &source, REMOVED_GRANTS),
            JWT_BEARER => self.leave(GRANT, &source, "It needs a private key: add the app by hand."),
            code if CODE_GRANTS.contains(&code) || code.ends_with("device_code") => {}
            _ => self.leave(GRANT, &source, "No app connects by this grant."),
        }
    }

    /// The provider: by the hosts of the endpoints, by its name in the document, or a custom one.
    fn provider(&self) -> Option<&'static Profile> {
        let endpoints: Vec<&str> = RECOGNIZED_BY
            .iter()
            .filter_map(|key| self.values.get(*key))
            .map(|(value, _)| value.as_str())
            .collect();
        let by_name =
            self.client.provider.as_deref().filter(|_| endpoints.is_empty() || self.client.is_profile);
        let found = Profile::serving(endpoints).filter(|_| !self.client.is_profile);
        let found = found.or_else(|| Profile::find(by_name?).ok());
        found.or_else(|| Profile::find("custom").ok())
    }

    /// Drops each invalid value, with its reason.
    fn check(&mut self, profile: &Profile) {
        let is_decided = profile.id != "custom" && !self.client.is_profile;
        if let Some((value, source)) = self.values.remove("redirect_uri") {
            self.leave("redirect_uri", &source, &format!("{REDIRECT} This one was {value}"));
        }
        for (key, (value, source)) in self.values.clone() {
            let refused = match key.as_str() {
                ID | SECRET => check_credential(&value),
                "scopes" => check_scopes(&value),
                "authorize_url" => check_endpoint(&key, value.split('#').next().unwrap_or_default()),
                _ if self.client.is_profile => Ok(()),
                _ if CONVENTIONS.contains(&key.as_str()) && is_decided => {
                    Err(format!("The built-in profile of {} has its own.", profile.name))
                }
                _ if is_endpoint(&key) => check_endpoint(&key, &value),
                _ if is_reserved(&key) => Err("Grapnel sets it itself.".to_owned()),
                _ => check_extra_value(&key, &value).map_err(|error| error.message),
            };
            if let Err(reason) = refused {
                self.values.remove(&key);
                self.leave(&key, &source, &reason);
            }
        }
        if self.values.get("refresh_url").is_some_and(|own| Some(&own.0) == self.of("token_url").as_ref()) {
            self.values.remove("refresh_url");
        }
        self.check_together(profile);
    }

    /// Drops loopback endpoints of a remote provider, and values that the profile refuses in combination.
    fn check_together(&mut self, profile: &Profile) {
        while let Err(error) = profile.check_loopback(&self.overrides()) {
            let Some(key) = error.field.as_deref() else { return };
            let Some((_, source)) = self.values.remove(key) else { return };
            self.leave(key, &source, &error.message);
        }
        let needed = ["authorize_url", "token_url"];
        while let Err(Error { field: Some(key), message, .. }) = profile.check(&self.overrides()) {
            if needed.contains(&key.as_str()) && !self.values.contains_key(&key) {
                return;
            }
            let Some((_, source)) = self.values.remove(&key) else { return };
            self.leave(&key, &source, &message);
        }
    }

    fn of(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|(value, _)| value.clone())
    }

    /// The values that are profile settings.
    fn overrides(&self) -> Overrides {
        let own = self.values.iter().filter(|(key, _)| ![ID, "scopes", SECRET].contains(&key.as_str()));
        own.map(|(key, (value, _))| (key.clone(), value.clone())).collect()
    }

    fn app(mut self, profile: &Profile, name: &str, environment: Option<&str>) -> ImportedApp {
        let all = self.overrides();
        let needs = profile.check(&all).map(|config| (config.client_id, config.secret_need()));
        let (id, secret) = needs.unwrap_or((Need::Required, Need::Optional));
        self.drop_absent(id, secret, profile);
        let (secrets, overrides): (Overrides, Overrides) =
            all.into_iter().partition(|(key, _)| is_secret(key));
        let review = profile.review(&overrides);
        let preview = ImportPreview {
            name: label(name),
            environment: environment.map(environment_label).filter(|label| !label.is_empty()),
            provider: profile.id.clone(),
            provider_name: profile.name_in_sentence(&overrides),
            values: self.shown(profile),
            missing: self.missing(id, secret, profile),
            review,
            not_taken: self.client.not_taken.clone(),
        };
        let secret = self.values.remove(SECRET).map(|(value, _)| SecretInput(value.into()));
        let scopes = self.of("scopes").unwrap_or_default();
        let app = NewApp {
            name: preview.name.clone(),
            provider: profile.id.clone(),
            client_id: self.of(ID).unwrap_or_default(),
            client_secret: secret,
            redirect: String::new(),
            scopes: scopes_of(&scopes).map(str::to_owned).collect(),
            projects: Vec::new(),
            overrides,
            secrets: secrets.into_iter().map(|(key, value)| (key, Some(SecretInput(value.into())))).collect(),
            discovered: Vec::new(),
            environment: environment.map(environment_label).unwrap_or_default(),
        };
        ImportedApp { preview, app }
    }

    /// Drops a client ID or client secret that the provider does not have.
    fn drop_absent(&mut self, id: Need, secret: Need, profile: &Profile) {
        for (key, need) in [(ID, id), (SECRET, secret)] {
            if need == Need::Absent
                && let Some((_, source)) = self.values.remove(key)
            {
                self.leave(key, &source, &format!("{} has no such thing.", profile.name));
            }
        }
    }

    fn shown(&self, profile: &Profile) -> Vec<ImportedValue> {
        let all = self.overrides();
        // A profile file contains the whole profile.
        let is_told =
            |key: &str, value: &str| !self.client.is_profile || !profile.is_default(&all, key, value);
        let told = self.values.iter().filter(|(key, (value, _))| is_told(key, value));
        let shown = told.map(|(key, (value, source))| ImportedValue {
            key: shown_key(key).to_owned(),
            value: (key != SECRET && !is_secret(key)).then(|| value.clone()),
            source: source.clone(),
        });
        let mut shown: Vec<ImportedValue> = shown.collect();
        let rank = |key: &str| ORDER.iter().position(|own| *own == key).unwrap_or(ORDER.len());
        shown.sort_by_key(|value| rank(&value.key));
        shown
    }

    fn missing(&self, id: Need, secret: Need, profile: &Profile) -> Vec<String> {
        let has = |key: &str| self.values.contains_key(key);
        let profile_has = profile.id != "custom";
        let mut missing = Vec::new();
        if id == Need::Required && !has(ID) {
            missing.push("client_id".to_owned());
        }
        if secret == Need::Required && !has(SECRET) {
            missing.push("client_secret".to_owned());
        }
        let has_callback =
            self.of("grant_type").is_none_or(|grant| grant == GrantType::AuthorizationCode.name());
        let endpoints = [("authorize_url", has_callback), ("token_url", true)];
        for (key, _) in endpoints.into_iter().filter(|(_, is_needed)| *is_needed) {
            if !profile_has && !has(key) && !has("issuer") {
                missing.push(key.to_owned());
            }
        }
        missing
    }
}

/// The order in which values are shown; all others follow by name.
const ORDER: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "scopes",
    "issuer",
    "authorize_url",
    "token_url",
    "refresh_url",
    "api_base",
];

/// Why the redirect URI of a file is not used.
const REDIRECT: &str = "A new app gets a redirect URI of its own, to register at the provider.";

fn is_endpoint(key: &str) -> bool {
    key == "issuer" || key == "api_base" || (key.ends_with("_url") && !key.contains('.'))
}

fn check_endpoint(key: &str, address: &str) -> Result<(), String> {
    endpoint(key, address).map(|_| ()).map_err(|error| error.message)
}

/// A client ID or secret: printable ASCII (RFC 6749 appendix A).
fn check_credential(value: &str) -> Result<(), String> {
    let is_printable = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if is_printable { Ok(()) } else { Err("It has characters beyond ASCII.".to_owned()) }
}

fn scopes_of(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',']).filter(|scope| !scope.is_empty())
}

fn check_scopes(value: &str) -> Result<(), String> {
    let is_scope = |scope: &str| scope.bytes().all(|byte| byte.is_ascii_graphic());
    if scopes_of(value).all(is_scope) { Ok(()) } else { Err("It is not a list of scopes.".to_owned()) }
}
