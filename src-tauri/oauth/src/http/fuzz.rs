//! The fuzz target of token responses. An accepted grant can be sent, and nothing that is shown or stored beside its
//! tokens reveals a secret.

#![allow(clippy::expect_used, reason = "a target fails where it is surprised")]

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use grapnel_model::provider::{Overrides, Profile, ProviderConfig};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::text::is_hidden;
use grapnel_model::token_response::RedactedResponse;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::client::{retry_after, text};
use super::credentials::Credentials;
use super::failure::Failure;
use super::json_limit::Values;
use super::mask::Mask;
use super::response::Reply;
use super::token::{Grant, TokenEnd, TokenRequestError, TokenRequestKind, Transport, request_token_over};
use super::token_failure::TokenFailure;
use crate::fuzz::checks::{is_telling, sentences, shows_plainly, shows_plainly_in_lines};

const CODE: &str = "code-5f1c2a9be07d";
const STATE: &str = "state-83e0d1c47a2f";
const VERIFIER: &str = "verifier-0a6b9d2e4c8f13";
/// The current time: 2026-03-02T12:00:00Z.
const NOW: jiff::Timestamp = jiff::Timestamp::constant(1_772_452_800, 0);

/// A client secret may contain spaces (RFC 6749 appendix A.2).
const CLIENT_SECRET: &str = "s3cret with/spaces+and=signs";
const REFRESH: &str = "refresh-41d7c0be95a3";
/// The members whose values are tokens at any depth.
const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
const SENT: [&str; 5] = [CODE, STATE, VERIFIER, CLIENT_SECRET, REFRESH];

pub(crate) fn token_response(data: &[u8]) {
    let (reply, config) = read(data);
    for is_exchange in [true, false] {
        let asked = if is_exchange {
            TokenRequestKind::Code {
                code: CODE.into(),
                state: STATE.into(),
                verifier: Some(VERIFIER.into()),
                redirect_uri: grapnel_model::provider::DEEP_LINK.into(),
            }
        } else {
            TokenRequestKind::Refresh(REFRESH.into())
        };
        let sent = if is_exchange { &SENT[..4] } else { &SENT[3..] };
        match ask(&reply, &config, asked) {
            Ok(grant) => {
                assert!(reply.status.is_success());
                usable(&grant);
                let tokens =
                    [Some(&grant.access_token), grant.refresh_token.as_ref(), grant.id_token.as_ref()];
                let tokens = tokens.into_iter().flatten().map(ExposeSecret::expose_secret);
                let secrets: Vec<&str> =
                    tokens.filter(|token| is_telling(token)).chain(sent.to_vec()).collect();
                gives_nothing_away(&shown_of_grant(&grant), &secrets);
            }
            Err(unanswered) => {
                let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                let tokens = tokens_in(&body);
                let secrets: Vec<&str> = tokens.iter().map(String::as_str).chain(sent.to_vec()).collect();
                gives_nothing_away(&shown_of_failure(&unanswered), &secrets);
            }
        }
    }
    counted(&reply.body);
    masked(&reply.body);
}

/// Status and provider ID, headers, an empty line, the body. Malformed lines are ignored.
fn read(data: &[u8]) -> (Reply, ProviderConfig) {
    let (head, body) = match data.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let head = String::from_utf8_lossy(head);
    let (first, rest) = head.split_once('\n').unwrap_or((&head, ""));
    let (status, provider) = first.split_once(' ').unwrap_or((first, ""));
    let headers = rest.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    });
    let headers: http::HeaderMap = headers.collect();
    let reply = Reply {
        status: status.parse().unwrap_or(StatusCode::OK),
        content_type: text(&headers, &http::header::CONTENT_TYPE).unwrap_or_default().to_owned(),
        retry_after: retry_after(&headers, NOW),
        headers,
        body: body.to_owned(),
    };
    (reply, config(provider))
}

fn config(provider: &str) -> ProviderConfig {
    let of = |id: &str, own: &[(&str, &str)]| {
        let own: Overrides = own.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        Profile::find(id).and_then(|profile| profile.config(&own)).expect("a profile")
    };
    match provider {
        "grindery" | "thegrid" | "grovestreams" => of(provider, &[]),
        "custom" => of(
            provider,
            &[
                ("authorize_url", "https://id.example/a"),
                ("token_url", "https://id.example/t"),
                ("client_auth", "basic"),
                ("token_path", "authed_user"),
            ],
        ),
        _ => of("grigora", &[]),
    }
}

/// Responds to every request with this response.
impl Transport for Reply {
    fn send(&self, _request: oauth2::HttpRequest) -> impl Future<Output = Result<Reply, Failure>> + Send {
        std::future::ready(Ok(Reply {
            status: self.status,
            content_type: self.content_type.clone(),
            retry_after: self.retry_after,
            headers: self.headers.clone(),
            body: self.body.clone(),
        }))
    }
}

fn ask(
    reply: &Reply,
    config: &ProviderConfig,
    ask: TokenRequestKind,
) -> Result<Grant, Box<TokenRequestError>> {
    let credentials = Credentials {
        client_id: "client".into(),
        client_secret: Some(CLIENT_SECRET.into()),
        private_key: None,
        dpop: None,
        certificate: None,
    };
    let asking = pin!(request_token_over(reply, config, &credentials, ask, NOW));
    match asking.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer.map_err(Box::new),
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}

/// Asserts that a grant can be stored and sent.
fn usable(grant: &Grant) {
    let tokens = [Some(&grant.access_token), grant.refresh_token.as_ref(), grant.id_token.as_ref()];
    for token in tokens.into_iter().flatten().map(ExposeSecret::expose_secret) {
        assert!(!token.is_empty() && token.len() <= 64 << 10);
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "{token:?}");
    }
    for end in [grant.expires, grant.refresh_expires].into_iter().flatten() {
        match end {
            TokenEnd::In(time) => assert!(time.as_secs() < 315_360_000),
            TokenEnd::At(second) => assert!((1..253_402_300_800).contains(&second), "{second}"),
        }
    }
    for scope in grant.scopes.iter().flatten() {
        assert!(!scope.is_empty() && !scope.contains(|c: char| c == ',' || c.is_whitespace()), "{scope:?}");
    }
    for deviation in &grant.deviations {
        shows_plainly(&deviation.member);
        shows_plainly(&deviation.found);
    }
}

/// Everything of a grant except its tokens.
fn shown_of_grant(grant: &Grant) -> Vec<String> {
    let deviations = grant.deviations.iter().flat_map(|one| [one.member.clone(), one.found.clone()]);
    let lists = [&grant.scopes, &grant.project_ids].into_iter().flatten().flatten().cloned();
    deviations.chain(lists).chain(grant.redacted_response.iter().flat_map(shown_of_reply)).collect()
}

fn shown_of_reply(reply: &RedactedResponse) -> Vec<String> {
    shows_plainly_in_lines(&reply.body);
    shows_plainly(&reply.content_type);
    reply.headers.iter().for_each(|(_, value)| shows_plainly(value));
    let headers = reply.headers.iter().map(|(_, value)| value.clone());
    headers.chain([reply.body.clone(), reply.content_type.clone()]).collect()
}

fn shown_of_failure(unanswered: &TokenRequestError) -> Vec<String> {
    let mut shown: Vec<String> = unanswered.redacted_response.iter().flat_map(shown_of_reply).collect();
    let told = match &unanswered.failure {
        TokenFailure::Refused { status: _, error, description } => {
            vec![error.clone(), description.clone().unwrap_or_default()]
        }
        TokenFailure::Failed(failure) => {
            assert!(!matches!(failure, Failure::NotSent(_)), "{failure:?}");
            sentences(&failure.explain("Acme")).map(str::to_owned).collect()
        }
    };
    for text in &told {
        shows_plainly(text);
    }
    shown.extend(told);
    shown
}

#[track_caller]
fn gives_nothing_away(shown: &[String], secrets: &[&str]) {
    for text in shown {
        // As it is shown, without hidden characters.
        let shown: String = text.chars().filter(|c| !is_hidden(*c)).collect();
        let given = secrets.iter().find(|secret| shown.contains(**secret));
        assert_eq!(given, None, "in {text:?}");
    }
}

/// The tokens at any depth of a response, by the names of their members.
fn tokens_in(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        Value::Array(items) => items.iter().for_each(|item| found.extend(tokens_in(item))),
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(token) if TOKENS.contains(&name.as_str()) && is_telling(token) => {
                        found.insert(token.to_owned());
                    }
                    _ => found.extend(tokens_in(value)),
                }
            }
        }
        _ => {}
    }
    found
}

/// Asserts that the values of a response were counted before parsing created them.
fn counted(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let Ok(value) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}').trim()) else { return };
    let mut values = Values::default();
    let (start, end) = body.split_at(body.len() / 3);
    values.take_in(start);
    let counted = values.take_in(end);
    assert!(counted + 1 >= size(&value), "{counted} of {}", size(&value));
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(all) => all.iter().map(size).sum(),
        // A repeated name replaces the earlier value.
        Value::Object(all) => all.values().map(size).sum(),
        _ => 0,
    }
}

/// Asserts that masking keeps JSON valid and masks all secrets.
fn masked(body: &[u8]) {
    let Ok(before) = serde_json::from_slice::<Value>(body) else { return };
    let tokens = tokens_in(&before);
    let secrets = SENT.iter().map(|secret| (*secret).to_owned()).chain(tokens);
    let secrets: Vec<String> = secrets.collect();
    let mask = Mask::of(secrets.iter().map(|secret| SecretString::from(secret.as_str())));
    let after = mask.json(body.to_owned());
    let Ok(after) = serde_json::from_slice::<Value>(&after) else {
        panic!("no JSON any more: {}", String::from_utf8_lossy(&after))
    };
    let mut value = before;
    mask.value(&mut value);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    gives_nothing_away(&texts(&value), &secrets);
    // A long response is masked without being parsed.
    let given = secrets.iter().find(|secret| texts(&after).iter().any(|text| text.contains(**secret)));
    assert_eq!(given, None, "in {after}");
}

/// Every string and name of a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| std::iter::once(name.clone()).chain(texts(value)))
            .collect(),
        _ => Vec::new(),
    }
}
