//! The fuzz target of profile files. An accepted file has no unencrypted endpoint, replaces no parameter of the
//! protocol, and survives a round trip.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use url::Url;

use super::checks::{sentences, shows_plainly};
use super::world::NOW;
use crate::app::{NewApp, validate};
use grapnel_model::provider::{Profile, ProfileFile, is_loopback, is_reserved, is_secret};
use grapnel_model::secret::ExposeSecret;

pub(super) fn profile_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = match ProfileFile::read(text) {
        Ok(file) => file,
        Err(error) => return assert!(!error.message.is_empty() && error.hint.is_some()),
    };
    assert!(file.left_out.is_empty());
    let again = file.write().and_then(|text| ProfileFile::read(&text)).expect("what is written is read");
    assert_eq!(again, file);
    let profile = Profile::find(&file.provider).expect("it was found before");
    let config = profile.check(&file.values).expect("it was checked before");
    let endpoints = [
        config.authorize_url(),
        config.device_authorization_url(),
        Some(&config.token_url),
        config.refresh.url.as_ref(),
        config.revocation_url.as_ref(),
        config.introspection_url.as_ref(),
        config.userinfo_url.as_ref(),
        config.jwks_url.as_ref(),
        config.end_session_url.as_ref(),
        config.login_url.as_ref(),
        config.api_base.as_ref(),
    ];
    let sign_in = config.authorize_url().or(config.device_authorization_url()).unwrap_or(&config.token_url);
    for url in endpoints.into_iter().flatten() {
        is_safe(url);
        assert!(is_loopback(sign_in) || url.scheme() == "https", "{url} of {sign_in}");
    }
    assert!(!file.values.keys().any(|key| is_reserved(key)));
    for (name, value) in &config.token_headers {
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
        assert!(!value.expose_secret().contains(['\r', '\n']));
    }
    let review = profile.review(&file.values);
    review.sentences().for_each(|sentence| shows_plainly(&sentence));
    let named: Vec<&str> = review.other_hosts.iter().map(|other| other.host.as_str()).collect();
    shows_plainly(&profile.name_in_sentence(&file.values));
    // Every host that is not in the provider's own profile is named.
    for url in [&config.token_url, sign_in] {
        let host = url.host_str().unwrap_or_default();
        let is_own = profile.view().values.iter().any(|own| own.value.contains(host));
        assert!(is_own || named.iter().any(|named| named.starts_with(host)), "{url}: {named:?}");
    }
    entered(profile, &file);
}

fn is_safe(url: &Url) {
    assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
}

/// Adds an app with the file's settings, exports its profile, and reads that back.
fn entered(profile: &Profile, file: &ProfileFile) {
    let new = NewApp {
        provider: file.provider.clone(),
        client_id: "client".into(),
        client_secret: Some(grapnel_model::secret::SecretInput("secret".into())),
        redirect: "deep-link".into(),
        scopes: file.scopes.clone(),
        overrides: file.values.clone(),
        ..NewApp::default()
    };
    let app = match validate(new, NOW) {
        Ok(app) => app.row,
        Err(error) => return assert!(sentences(&error).all(|text| !text.is_empty())),
    };
    assert!(!app.overrides.keys().any(|key| is_secret(key)), "secrets are for the vault");
    let exported = ProfileFile::of(profile, &app.overrides, &app.secret_keys, &app.scopes);
    assert!(!exported.values.keys().any(|key| is_secret(key) || is_reserved(key)));
    let text = exported.write().expect("it can be written");
    let read = ProfileFile::read(&text).expect("what is exported is read");
    assert_eq!(read, ProfileFile { left_out: Vec::new(), ..exported });
}
