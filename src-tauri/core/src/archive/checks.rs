//! Validates the content of an archive as strictly as what a person enters, before anything is imported.

use grapnel_model::account::Account;
use grapnel_model::error::{Error, Result};
use grapnel_model::provider::is_secret;
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretInput, SecretString};
use grapnel_store::app::AppRow;
use serde_json::Value;

use crate::app::{NewApp, ValidatedApp, is_hidden};
use crate::archive_document::{ArchivedApp, ArchivedConnection, check_tokens};
use crate::context::Context;
use crate::grant::secret_associated_data;
use crate::secret_parameters;

/// The longest accepted scope, project ID or host, and the most of each.
const MAX_VALUE_BYTES: usize = 4096;
const MAX_VALUES: usize = 1000;

/// An app of a file, in the form of what a person enters.
pub(super) fn as_new_app(app: &ArchivedApp) -> NewApp {
    let secrets = app.secrets.iter();
    NewApp {
        name: app.name.clone(),
        provider: app.provider.clone(),
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.as_ref().map(|secret| SecretInput(secret.0.clone())),
        redirect: app.redirect_uri.clone(),
        scopes: app.scopes.clone(),
        projects: app.projects.clone(),
        overrides: app.overrides.clone(),
        secrets: secrets.map(|(key, value)| (key.clone(), Some(SecretInput(value.0.clone())))).collect(),
        discovered: app.discovered.clone(),
        environment: app.environment.clone().unwrap_or_default(),
    }
}

/// Whether two apps are the same except for name, environment and secrets.
pub(super) fn is_same(known: &AppRow, new: &AppRow) -> bool {
    let clear = known.overrides.iter().filter(|(key, _)| !is_secret(key));
    known.provider == new.provider
        && known.client_id == new.client_id
        && known.redirect_uri == new.redirect_uri
        && known.scopes == new.scopes
        && known.projects == new.projects
        && clear.eq(&new.overrides)
}

/// Whether an app has the same secrets.
pub(super) async fn has_secrets(ctx: &Context, app: &AppRow, new: &ValidatedApp) -> Result<bool> {
    let known = match &app.sealed_secret {
        Some(sealed) => Some(ctx.vault.open(&secret_associated_data(&app.id), sealed).await?),
        None => None,
    };
    let text = |secret: &SecretString| secret.expose_secret().to_owned();
    if known.as_ref().map(text) != new.secret.as_ref().map(text) {
        return Ok(false);
    }
    let mut values = secret_parameters::open(ctx, app).await?;
    let clear = app.overrides.iter().filter(|(key, _)| is_secret(key));
    values.extend(clear.map(|(key, value)| (key.clone(), value.as_str().into())));
    let pair = |(key, value): (&String, &SecretString)| (key.clone(), text(value));
    Ok(values.iter().map(pair).eq(new.values.iter().map(pair)))
}

/// Refuses a connection with values that Grapnel does not write.
pub(super) fn check_connection(out: &ArchivedConnection) -> Result<()> {
    let is_id = out.id.len() == 32 && out.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_word = |word: &String| {
        !word.is_empty()
            && word.len() <= MAX_VALUE_BYTES
            && !word.chars().any(|c| c.is_whitespace() || is_hidden(c))
    };
    let origins = || out.allowed_origins.iter().flatten();
    let words = || out.scopes.iter().chain(&out.project_ids).chain(origins());
    let is_possible = is_id
        && out.tokens.iter().all(|tokens| check_tokens(tokens).is_ok())
        && !out.name.trim().is_empty()
        && words().nth(MAX_VALUES).is_none()
        && words().all(is_word);
    if is_possible { Ok(()) } else { Err(Error::input("file", "It is damaged in the file.")) }
}

/// Text of a file as one line that is safe to show.
pub(super) fn shown(text: &str) -> String {
    let visible: String = text.chars().filter(|c| c.is_control() || !is_hidden(*c)).collect();
    clean(&visible, &[])
}

/// An account as a file names it, which this Grapnel has not verified. Each text becomes one line that is safe to show;
/// `None` if no ID is left.
pub(super) fn cleaned(account: &Account) -> Option<Account> {
    let Value::Object(mut members) = serde_json::to_value(account).ok()? else { return None };
    for value in members.values_mut() {
        if let Value::String(text) = value {
            *text = shown(text);
        }
    }
    serde_json::from_value(Value::Object(members)).ok().filter(|account: &Account| !account.id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive_document::MAX_TOKEN_BYTES;
    use serde_json::json;

    #[test]
    fn a_connection_whose_token_cannot_be_sent_is_damaged() {
        let connection = |access: &str, refresh: &str| -> ArchivedConnection {
            let at = "2026-03-02T12:00:00Z";
            serde_json::from_value(json!({
                "id": "0".repeat(32), "name": "Client 1", "created_at": at, "scopes": [], "project_ids": [],
                "tokens": { "access": access, "refresh": refresh, "issued_at": at, "renewals": 0 },
            }))
            .unwrap()
        };
        check_connection(&connection("gri_at_1", "gri_rt_1")).unwrap();
        for bad in ["", "a b", " a", "a\n", "a\u{7f}", "ä", &"a".repeat(MAX_TOKEN_BYTES + 1)] {
            assert!(check_connection(&connection(bad, "gri_rt_1")).is_err(), "{bad:?}");
            assert!(check_connection(&connection("gri_at_1", bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_account_in_a_file_is_cleaned_in_every_text() {
        let account = |text: &str| -> Account {
            serde_json::from_value(json!({ "id": text, "name": text, "email": text })).unwrap()
        };
        let told = cleaned(&account("Ada\n\u{202e}<ada\u{200b}@acme.example>\u{1b}[2J")).unwrap();
        assert_eq!(told, account("Ada <ada@acme.example> [2J"));
        assert_eq!(cleaned(&account("\u{202e}\n")), None);
        assert!(cleaned(&account(&"x".repeat(1 << 20))).unwrap().name.len() < 1000);
    }
}
