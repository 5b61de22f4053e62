//! The end of an attempt: its callback is accepted once, the code is exchanged, and the connection kept.

use std::sync::Arc;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_model::secret::SecretString;

use super::attempts::{tell, verifier_place, view};
use super::callback::{Answer, Callback};
use super::claim::{Refused, claim, claim_pasted};
use super::grant_place::{self, Place};
use super::request;
use crate::content::IdToken;
use crate::env::Env;
use crate::grant::{self, Client};
use crate::http::token::{Ask, Grant, ask};
use crate::http::{Failure, Mask, TokenFailure, Unusable};
use crate::refusal::{Refusal, client_hint, said};
use crate::signed_in::ConfiguredApp;
use crate::store::app::AppRow;
use crate::store::attempt::AttemptRow;
use crate::store::{self, activity, connection};
use crate::unique_names::UniqueNames;
use crate::{app_secrets, content};

/// Takes in a callback from whichever way back. One that is forged, late or repeated changes nothing, and
/// is explained to whoever watches and in the activity.
pub(crate) async fn receive(env: &Arc<Env>, address: &SecretString) -> Result<()> {
    match claim(env, address) {
        Ok((row, callback)) => finish(env, row, callback).await,
        Err(refused) => {
            refuse(env, &refused)?;
            Err(*refused.error)
        }
    }
}

/// Tells that a callback was not accepted: whoever watches, the attempts that it came for, and the activity, where the
/// same reason within the hour is one entry, however often it comes.
fn refuse(env: &Env, Refused { error, name, of }: &Refused) -> Result<()> {
    let news = env.store.jot(|tx| {
        let counted = (*name, error.message.as_str());
        activity::add_repeated(tx, env.now(), Kind::CallbackRefused, counted, (None, None))?;
        let mut news = Vec::new();
        for id in of {
            if store::attempt::set_refused(tx, id, error)? {
                news.push(id);
            }
        }
        Ok(news)
    })?;
    env.tell(Event::CallbackRefused((**error).clone()));
    news.into_iter().try_for_each(|id| tell(env, id).map(drop))
}

/// Tells that another account of this computer sent an answer to an attempt. Nothing of it was read.
pub(super) fn refuse_another_account(env: &Env, id: &AttemptId) {
    let error =
        Error::new(Code::CallbackInvalid, "Another account of this computer sent an answer to this sign-in.")
            .means("It was not read, and changed nothing.")
            .hint(
                "Go on in your own browser. If that is what you did, paste the address that it was sent to.",
            );
    if let Err(error) =
        refuse(env, &Refused { error: Box::new(error), name: "another_account", of: vec![id.clone()] })
    {
        tracing::warn!(%error, "a refused answer is not noted");
    }
}

/// Takes in what a person pasted for an attempt. What is wrong with it is told to that person alone.
pub(crate) async fn paste(env: &Arc<Env>, id: &AttemptId, pasted: &SecretString) -> Result<()> {
    let (row, callback) = claim_pasted(env, id, pasted)?;
    finish(env, row, callback).await
}

async fn finish(env: &Arc<Env>, mut row: AttemptRow, callback: Callback) -> Result<()> {
    let working = match env.at_work().await {
        Ok(working) => working,
        Err(error) => return Err(fail(env, row, error)),
    };
    let answered = match callback.answer {
        Answer::Error { error, description } => Err(denied(env, &mut row, &error, description.as_deref())?),
        Answer::Code(code) => exchange(env, &mut row, code, callback.state.unwrap_or_default()).await,
    };
    // The tokens are kept by now. Asking who signed in may renew them, which is work of its own.
    drop(working);
    match answered {
        Ok(place) => identify(env, &row, &place).await,
        Err(error) => Err(fail(env, row, error)),
    }
}

/// What an error in the callback says (RFC 6749 §4.1.2.1).
fn denied(env: &Env, row: &mut AttemptRow, error: &str, description: Option<&str>) -> Result<Error> {
    let provider = &ConfiguredApp::load(env, &row.app_id)?.provider()?;
    let error = grapnel_model::provider_text::clean(error, &[]);
    let description = description.map(|text| grapnel_model::provider_text::clean(text, &[]));
    request::came_back_with(&mut row.exchange, &error, description.as_deref());
    env.store.write(|tx| store::attempt::set_exchange(tx, &row.id, &row.exchange))?;
    Ok(match error.as_str() {
        "access_denied" => Error::new(
            Code::AccessDenied,
            match &description {
                None => format!("You said no at {provider}."),
                // A policy, or an administrator, may have said no as well.
                text => format!("{provider} denied access.{}", said(text.as_deref())),
            },
        )
        .means("No token was issued, and nothing changed here.")
        .hint("If that was not what you meant, try again."),
        _ => Refusal { status: None, error: &error, description: description.as_deref() }
            .explain(provider)
            .means("No token was issued, and nothing changed here.")
            .or_hint("Compare the app’s settings at the provider (redirect address, scopes) with those here, then try again."),
    })
}

async fn exchange(
    env: &Arc<Env>,
    row: &mut AttemptRow,
    code: SecretString,
    state: SecretString,
) -> Result<Place> {
    let app = ConfiguredApp::load(env, &row.app_id)?;
    // A code works once: what it brings must be sure of a place before it is spent.
    env.vault.check().await?;
    app_secrets::seal_clear(env, &app.row).await?;
    let client = Client::of(env, &app).await?;
    let verifier = match &row.sealed_verifier {
        Some(sealed) => Some(env.vault.open(&verifier_place(&row.id), sealed).await?),
        None => None,
    };
    let asked = Ask::Code { code, state, verifier, redirect_uri: row.redirect_uri.clone() };
    let turn = env.http.turn(&client.conventions.token_url).await;
    let granted = match ask(&env.http, &turn, &client.conventions, &client.credentials, asked).await {
        Ok(granted) => granted,
        Err(unanswered) => {
            request::answered_with(&mut row.exchange, unanswered.seen);
            env.store.write(|tx| store::attempt::set_exchange(tx, &row.id, &row.exchange))?;
            return Err(explain(&client, &app.row, unanswered.failure, row.sealed_verifier.is_some()));
        }
    };
    drop(turn);
    let id_token = match &granted.id_token {
        Some(token) => {
            let secrets = granted.secrets().chain(client.credentials.client_secret.clone());
            let mask = Mask::of(secrets);
            content::check_id_token(env, &client, token, row.nonce_hash.as_deref(), &mask).await?
        }
        None => None,
    };
    let place = grant_place::find(env, row, &app, &granted, id_token.as_ref()).await?;
    keep(env, row, (&app.row, &client), granted, id_token.as_ref(), &place).await?;
    Ok(place)
}

/// Keeps the grant: the connection, its tokens and the attempt's progress in one transaction.
async fn keep(
    env: &Env,
    row: &AttemptRow,
    (app, client): (&AppRow, &Client),
    granted: Grant,
    id_token: Option<&IdToken>,
    place: &Place,
) -> Result<()> {
    let id = place.id().clone();
    let sealed = grant::seal(env, &id, &client.conventions, granted, None).await?;
    let now = env.now();
    env.store.write(|tx| {
        let new_name = match place {
            Place::Again(..) => None,
            Place::New(_) => Some(row.name.as_ref().unwrap_or(&app.name)),
            Place::Beside { name, .. } => Some(name),
        };
        let version = match new_name {
            None => connection::get(tx, &id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.version,
            Some(name) => {
                connection::insert(tx, &id, &app.id, &unique_name(tx, name)?, now)?;
                0
            }
        };
        connection::set_grant(tx, &id, version, &sealed)?;
        env.keep_time(tx)?;
        connection::clear_identity(tx, &id)?;
        if let Some(IdToken { account, claims }) = id_token {
            connection::set_identity(tx, &id, Some(account), None)?;
            connection::set_id_claims(tx, &id, claims)?;
        }
        // Not as it was when the attempt was claimed, but as it is: whoever opened the page may have taken it back.
        if let Some(browser) = store::attempt::get(tx, &row.id)?.and_then(|row| row.browser) {
            connection::set_browser(tx, &id, &browser)?;
        }
        store::attempt::set_connection(tx, &row.id, &id)?;
        if let Place::Beside { meant_for, .. } = place {
            store::attempt::set_meant_for(tx, &row.id, Some(meant_for))?;
            let text =
                "Another account signed in. It is a connection of its own, and nothing was changed here.";
            activity::add(tx, now, Kind::OtherAccount, text, (Some(meant_for), Some(&app.id)))?;
        }
        store::attempt::advance(tx, &row.id, Phase::Exchanging, Phase::Identifying)?;
        activity::add(tx, now, Kind::SignedIn, "Signed in.", (Some(&id), Some(&app.id)))
    })?;
    env.tell(Event::Connection(id));
    tell(env, &row.id).map(drop)
}

fn unique_name(tx: &rusqlite::Connection, wanted: &str) -> rusqlite::Result<String> {
    let mut names = UniqueNames::default();
    connection::names(tx)?.iter().for_each(|name| names.take(name));
    Ok(names.unique(wanted))
}

/// Asks who signed in. The tokens are held by now: a failure here is noted, and loses nothing.
pub(super) async fn identify(env: &Arc<Env>, row: &AttemptRow, place: &Place) -> Result<()> {
    let id = place.id();
    if let Err(error) = content::identify(env, id).await {
        env.store.write(|tx| connection::set_trouble(tx, id, Some(&error)))?;
    }
    if let Place::Again(_, before) = place {
        note_account(env, row, id, before.as_ref()).await?;
    }
    env.store.write(|tx| store::attempt::end(tx, &row.id, Phase::Done, None))?;
    env.tell(Event::Connection(id.clone()));
    tell(env, &row.id).map(drop)
}

/// Notes that a connection has another account than before. What was read as the account before is dropped, also where
/// nobody tells whose the connection is now.
async fn note_account(
    env: &Env,
    row: &AttemptRow,
    id: &ConnectionId,
    before: Option<&Account>,
) -> Result<()> {
    let now = env.store.read(|c| connection::get(c, id))?.and_then(|row| row.identity.account);
    match (before, &now) {
        (Some(before), Some(now)) if before.is_same(now) => return Ok(()),
        (Some(before), Some(now)) => {
            let text = format!("The account changed from {} to {}.", before.called(), now.called());
            env.store.write(|tx| {
                connection::set_identity(tx, id, Some(now), Some(&text))?;
                activity::add(tx, env.now(), Kind::OtherAccount, &text, (Some(id), Some(&row.app_id)))
            })?;
        }
        _ => {}
    }
    env.cache.forget(&id.0).await
}

/// Ends an attempt that failed before any callback came.
pub(crate) fn give_up(env: &Env, row: AttemptRow, error: Error) -> Error {
    fail(env, row, error)
}

/// Ends the attempt as denied or failed, and answers with what ended it. Whoever watches is told even where
/// the store does not take it.
pub(super) fn fail(env: &Env, mut row: AttemptRow, error: Error) -> Error {
    let (phase, kind) = match error.code {
        Code::AccessDenied => (Phase::Denied, Kind::Denied),
        _ => (Phase::Failed, Kind::SignInEnded),
    };
    let written = env.store.write(|tx| {
        store::attempt::end(tx, &row.id, phase, Some(&error))?;
        activity::add(tx, env.now(), kind, &error.message, (row.connection_id.as_ref(), Some(&row.app_id)))
    });
    if let Err(unwritten) = written {
        tracing::warn!(%unwritten, "the end of an attempt is not stored");
    }
    row.phase = phase;
    row.error = Some(error.clone());
    if let Ok(attempt) = view(env, &row) {
        env.tell(Event::Attempt(Box::new(attempt)));
    }
    error
}

/// What a failed exchange means. A code works once, so that each of these needs a new sign-in.
/// Without a verifier, whoever saw the code first could use it.
fn explain(client: &Client, app: &AppRow, failure: TokenFailure, has_verifier: bool) -> Error {
    let provider = &client.provider;
    match failure {
        TokenFailure::Refused { status, error, description } => {
            let refusal = Refusal { status: Some(status), error: &error, description: description.as_deref() }
                .explain(provider)
                .means("You agreed, but no token was issued. Nothing changed here.");
            if !has_verifier && (refusal.code == Code::InvalidGrant || error == "invalid_request") {
                return refusal.hint(format!(
                    "The code may have been too old. Or someone else used it first, which {provider} cannot prevent without PKCE: look in your account there for access that you do not know. Then try again."
                ));
            }
            match refusal.code {
                Code::InvalidGrant => refusal.hint("The code may have been too old, or the redirect address is not the registered one. Try again."),
                Code::InvalidClient => refusal.hint(client_hint(client, "try again")),
                _ => refusal.or_hint("Try again."),
            }
        }
        TokenFailure::Failed(failure @ Failure::Unusable(..)) => {
            let asked = match failure {
                Failure::Unusable(Unusable::OnlyIdToken, _) if app.scopes.is_empty() => " No scope was asked for.".into(),
                Failure::Unusable(Unusable::OnlyIdToken, _) => format!(" Scopes asked for: {}.", app.scopes.join(" ")),
                _ => String::new(),
            };
            let error = failure
                .explain(provider)
                .means(format!("No token was kept, and nothing changed here.{asked}"));
            let then = format!("{} Then sign in again.", error.hint.as_deref().unwrap_or_default());
            error.hint(then)
        }
        TokenFailure::Failed(failure) if failure.may_have_acted() => failure
            .explain(provider)
            .means(format!("{provider} may have issued a token that nobody holds; it expires by itself. Nothing changed here."))
            .hint("Try again."),
        TokenFailure::Failed(failure) => {
            let hint = match failure {
                Failure::NotSent(_) => "Look at your network connection and at the provider’s address, then try again.",
                Failure::Strange(..) => "Look at the token address among the app’s addresses, then try again.",
                _ => "Wait a little, then try again.",
            };
            failure.explain(provider).means("You agreed, but no token was issued. Nothing changed here.").or_hint(hint)
        }
    }
}
