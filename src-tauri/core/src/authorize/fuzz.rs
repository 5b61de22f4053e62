//! The fuzz target of callbacks. A claimed callback belongs to its attempt, and a refused one changes nothing.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use std::cell::LazyCell;

use jiff::SignedDuration;
use url::Url;

use super::claim::{MatchedCallback, match_pasted, match_sign_in};
use crate::context::Context;
use crate::fuzz::checks::{sentences, shows_plainly};
use crate::fuzz::world::{NOW, World};
use grapnel_model::attempt::Phase;
use grapnel_model::id::AttemptId;
use grapnel_model::provider::{DEEP_LINK, Profile, ProviderConfig};
use grapnel_model::secret::{ExposeSecret, SecretString, sha256};
use grapnel_oauth::callback::{self, AuthorizationResponse, Callback, UnparsedCallback};
use grapnel_store::attempt::{self, AttemptRow};

type WaitingFor = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

/// The waiting attempts: each app's provider, redirect URI and settings, and the `state` that was sent.
const WAITING: [WaitingFor; 5] = [
    ("grigora", DEEP_LINK, &[], "state-1"),
    ("grovestreams", "dev.grapnel.desktop:/oauth/callback/k3mzq7wd", &[], "state-2"),
    (
        "custom",
        "http://127.0.0.1:4711/callback",
        &[("issuer", "https://id.example"), ("require_iss", "true")],
        "state-3",
    ),
    ("thegrid", "https://app.example/cb?tenant=7", &[("require_state", "false")], "state-4"),
    ("custom", "http://localhost:4712/cb", &[("callback_code", "c"), ("callback_state", "s")], "state-5"),
];

struct Waiting {
    world: World,
    rows: Vec<(AttemptRow, ProviderConfig)>,
}

impl Waiting {
    fn new() -> Self {
        let world = World::new();
        let rows = WAITING.map(|(provider, redirect_uri, own, state)| {
            let app = world.add_app(provider, redirect_uri, own);
            let config = Profile::find(provider).and_then(|profile| profile.config(&app.overrides));
            let row = AttemptRow {
                grant_type: grapnel_model::provider::GrantType::AuthorizationCode,
                id: AttemptId::random(),
                app_id: app.id,
                connection_id: None,
                name: None,
                state_hash: sha256(state.as_bytes()).to_vec(),
                sealed_verifier: None,
                sealed_url: None,
                sealed_dpop: None,
                redirect_uri: redirect_uri.into(),
                phase: Phase::Waiting,
                started_at: NOW,
                expires_at: NOW + SignedDuration::from_mins(10),
                exchange: Vec::new(),
                error: None,
                browser: None,
                refused: None,
                nonce_hash: None,
                max_age: None,
                authorization_details: None,
                replaces_account: false,
                intended_connection: None,
            };
            world.ctx.store.write(|tx| attempt::insert(tx, &row)).expect("an attempt");
            (row, config.expect("a profile"))
        });
        Self { world, rows: rows.into() }
    }

    fn config(&self, id: &AttemptId) -> &ProviderConfig {
        let row = self.rows.iter().find(|(row, _)| row.id == *id);
        &row.expect("one of the attempts").1
    }
}

thread_local! {
    static ATTEMPTS: LazyCell<Waiting> = LazyCell::new(Waiting::new);
}

pub(crate) fn callback(data: &[u8]) {
    let Ok(address) = std::str::from_utf8(data) else { return };
    ATTEMPTS.with(|waiting| {
        let ctx = &waiting.world.ctx;
        let secret = SecretString::from(address);
        match match_sign_in(ctx, &secret, None) {
            Ok(MatchedCallback { attempt: row, callback: answer, .. }) => {
                fits(&row, waiting.config(&row.id), address, &answer);
                assert_eq!(phase(ctx, &row.id), Phase::Exchanging);
                assert!(match_sign_in(ctx, &secret, None).is_err(), "it is claimed once");
                again(ctx, &row.id);
            }
            Err(refused) => sentences(&refused.error).for_each(shows_plainly),
        }
        for (waits, config) in &waiting.rows {
            match match_pasted(ctx, &waits.id, &secret, None) {
                Ok(MatchedCallback { attempt: row, callback: answer, .. }) => {
                    assert_eq!(row.id, waits.id);
                    let text = address.trim();
                    if text.contains(':') || text.contains('/') {
                        fits(&row, config, text, &answer);
                    } else {
                        assert!(!config.require_state && answer.state.is_none());
                    }
                    again(ctx, &row.id);
                }
                Err(error) => sentences(&error).for_each(shows_plainly),
            }
        }
        assert!(waiting.rows.iter().all(|(row, _)| phase(ctx, &row.id) == Phase::Waiting));
    });
}

/// Asserts what must hold for every accepted callback.
fn fits(row: &AttemptRow, config: &ProviderConfig, address: &str, answer: &Callback) {
    let arrived = callback::parse(address).expect("it was parsed before");
    assert!(arrived.matches_redirect_uri(&row.redirect_uri));
    assert!(address.len() <= callback::MAX_CALLBACK_BYTES);
    match &answer.state {
        Some(state) => assert_eq!(sha256(state.expose_secret().as_bytes()).to_vec(), row.state_hash),
        None => assert!(!config.require_state),
    }
    match &answer.answer {
        AuthorizationResponse::Code(code) => {
            assert!(!code.expose_secret().is_empty());
            assert_eq!(count(&arrived, &["error"]), 0);
        }
        AuthorizationResponse::Error { error, .. } => assert!(!error.is_empty()),
    }
    for names in [&["code"][..], &["state"], &["iss"], &["error"]] {
        assert!(count(&arrived, names) <= 1, "{names:?}");
    }
    match (&answer.issuer, &config.issuer) {
        (Some(named), Some(known)) => assert_eq!(named, known),
        (Some(named), None) => {
            let named = Url::parse(named).expect("an address");
            assert_eq!(named.origin(), config.authorize_url().expect("a code grant").origin());
        }
        (None, _) => {
            assert!(!config.require_iss || matches!(answer.answer, AuthorizationResponse::Error { .. }));
        }
    }
}

/// How many non-empty parameters have one of these names.
fn count(arrived: &UnparsedCallback, names: &[&str]) -> usize {
    arrived.parameters().filter(|(name, value)| names.contains(name) && !value.is_empty()).count()
}

fn phase(ctx: &Context, id: &AttemptId) -> Phase {
    ctx.store.read(|c| attempt::get(c, id)).ok().flatten().expect("the attempt").phase
}

/// Resets an attempt to waiting.
fn again(ctx: &Context, id: &AttemptId) {
    let moved = ctx.store.write(|tx| attempt::advance(tx, id, Phase::Exchanging, Phase::Waiting));
    assert!(moved.expect("a database"));
}
