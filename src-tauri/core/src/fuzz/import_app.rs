//! The fuzz target of the texts that apps are imported from. Whatever is understood shows no secret, has names that
//! differ, and becomes an app with safe endpoints or is refused with a sentence.

use std::collections::BTreeSet;

use grapnel_model::provider::is_secret;
use grapnel_model::secret::{ExposeSecret, SecretInput};

use super::checks::{is_telling, sentences, shows_plainly};
use super::world::NOW;
use crate::app::{ImportedApp, read_apps, validate};

pub(super) fn import_app(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let import = match read_apps(text, None, None) {
        Ok(import) => import,
        Err(error) => {
            assert!(error.meaning.is_some() && error.hint.is_some(), "{error:?}");
            return sentences(&error).for_each(shows_plainly);
        }
    };
    let names: BTreeSet<&str> = import.apps.iter().map(|app| app.preview.name.as_str()).collect();
    assert_eq!(names.len(), import.apps.len(), "{names:?}");
    import.apps.into_iter().for_each(imported);
}

fn imported(ImportedApp { preview, app }: ImportedApp) {
    let shown = format!("{preview:?}");
    let secrets = app.client_secret.iter().chain(app.secrets.values().flatten());
    for SecretInput(secret) in secrets {
        // A value that stands in the text twice is shown if it is no secret at the other place.
        let secret = secret.expose_secret();
        let is_shown_elsewhere = app.client_id.contains(secret)
            || app.overrides.values().chain(&app.scopes).any(|value| value.contains(secret))
            || preview.name.contains(secret);
        assert!(
            !is_telling(secret) || is_shown_elsewhere || !shown.contains(secret),
            "{secret:?} in {shown}"
        );
    }
    shows_plainly(&preview.name);
    for value in &preview.values {
        shows_plainly(&value.key);
        shows_plainly(&value.source);
        value.value.iter().for_each(|value| shows_plainly(value));
    }
    for left in &preview.not_taken {
        for text in [&left.name, &left.reason, &left.source] {
            shows_plainly(text);
        }
    }
    preview.review.sentences().for_each(|sentence| shows_plainly(&sentence));
    match validate(app, NOW) {
        Ok(app) => assert!(!app.row.overrides.keys().any(|key| is_secret(key))),
        Err(error) => sentences(&error).for_each(shows_plainly),
    }
}
