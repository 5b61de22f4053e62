//! Polls the token endpoint until the person has approved a sign-in on another device, or it ends (RFC 8628 §3.4,
//! §3.5).

use std::sync::{Arc, Weak};
use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, NextStep, Result};
use grapnel_model::event::Event;
use grapnel_model::id::AttemptId;
use grapnel_model::secret::SecretString;
use grapnel_oauth::clock::WakeReason;
use grapnel_oauth::http::token::{TokenRequestKind, request_token};
use grapnel_oauth::http::{Failure, TokenFailure};
use grapnel_oauth::sign_in_messages;
use grapnel_store as store;
use grapnel_store::attempt::AttemptRow;
use jiff::SignedDuration;
use tokio::sync::broadcast::Receiver;

use super::attempt_task::end_after_panic;
use super::attempts::{emit_attempt, time_out, verifier_associated_data};
use super::complete::{complete, fail, fetch_account};
use super::device_prompt::StoredPrompt;
use super::exchange::{Exchanged, check_id_token, explain_refused_request};
use super::store_grant::{GrantTarget, store_grant};
use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::{self, ExchangeLog, Suspended};
use crate::grant::OAuthClient;
use crate::revoke;
use crate::signed_in::ConfiguredApp;

/// What `slow_down` adds to the interval (RFC 8628 §3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The interval if the response names none (RFC 8628 §3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// The limit of the pause after answers that did not arrive.
const MAX_PAUSE: Duration = Duration::from_secs(120);

/// A sign-in that is polled for.
pub(super) struct Polling {
    id: AttemptId,
    /// The time between two polls; `None` until it is read from the attempt.
    interval: Option<Duration>,
    /// How many answers in a row did not arrive.
    unanswered: u32,
    /// Whether an answer was lost that may have had the tokens.
    is_answer_lost: bool,
    /// The exchanges before this poll.
    earlier: Option<Suspended>,
}

/// The result of one poll.
enum Polled {
    /// The person has not decided yet. The provider may have asked to wait longer.
    Pending(Option<Duration>),
    /// It has ended.
    Over,
}

impl Polling {
    pub(super) fn new(id: AttemptId, interval: Duration, earlier: Suspended) -> Self {
        let earlier = Some(earlier);
        Self { id, interval: Some(interval), unanswered: 0, is_answer_lost: false, earlier }
    }

    /// After a restart: an answer may have been lost with the previous run.
    pub(super) fn resumed(id: AttemptId) -> Self {
        Self { id, interval: None, unanswered: 0, is_answer_lost: true, earlier: None }
    }

    /// The time until the next poll: doubled for each answer that did not arrive, so that an overloaded server is asked
    /// less often.
    fn pause(&self) -> Duration {
        let interval = self.interval.unwrap_or(DEFAULT_INTERVAL);
        let longest = MAX_PAUSE.max(interval);
        interval.saturating_mul(2_u32.saturating_pow(self.unanswered.min(16))).min(longest)
    }
}

/// Starts a task that polls until the attempt ends. It does not keep the program's state alive.
pub(super) fn poll(ctx: &Arc<Context>, mut polling: Polling) {
    let (ctx, ended, id) = (Arc::downgrade(ctx), Arc::downgrade(ctx), polling.id.clone());
    let polled = tokio::spawn(async move {
        let mut asked_to_wait = None;
        loop {
            let pause = polling.pause().max(asked_to_wait.unwrap_or_default());
            if !wait(&ctx, &polling.id, pause).await {
                return;
            }
            let Some(ctx) = ctx.upgrade() else { return };
            match Box::pin(once(&ctx, &mut polling)).await {
                Ok(Polled::Pending(wait)) => asked_to_wait = wait,
                Ok(Polled::Over) => return,
                Err(error) => {
                    tracing::info!(%error, "a sign-in by device code has ended");
                    return;
                }
            }
        }
    });
    tokio::spawn(async move {
        let has_panicked = polled.await.is_err_and(|error| error.is_panic());
        if let Some(ctx) = ended.upgrade().filter(|_| has_panicked)
            && let Err(error) = end_after_panic(&ctx, &id)
        {
            tracing::info!(%error, "a sign-in by device code has ended");
        }
    });
}

/// Waits before the next poll. Returns whether the attempt still waits.
async fn wait(ctx: &Weak<Context>, id: &AttemptId, pause: Duration) -> bool {
    let Some((clock, mut events)) = ctx.upgrade().map(|ctx| (Arc::clone(&ctx.clock), ctx.events.subscribe()))
    else {
        return false;
    };
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    let Ok(at) = clock.now().checked_add(pause) else { return false };
    tokio::select! {
        // After a suspend, one poll may be early.
        WakeReason::Due | WakeReason::Jumped = clock.wait_until(at) => true,
        () = ended(&mut events, id) => false,
    }
}

/// Waits until an attempt ends in another way.
async fn ended(events: &mut Receiver<Event>, id: &AttemptId) {
    loop {
        match events.recv().await {
            Ok(Event::Attempt(attempt)) if attempt.id == *id && attempt.phase != Phase::Waiting => return,
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// One poll.
async fn once(ctx: &Arc<Context>, polling: &mut Polling) -> Result<Polled> {
    // The vault must be able to encrypt the tokens before they are asked for: the device code works once.
    let working = ctx.begin_sealed_write().await?;
    let row = ctx.store.read(|c| store::attempt::get(c, &polling.id))?;
    let Some(mut row) = row.filter(|row| row.phase == Phase::Waiting) else { return Ok(Polled::Over) };
    if row.expires_at <= ctx.now() {
        time_out(ctx, &row.id)?;
        return Ok(Polled::Over);
    }
    let log = ExchangeLog::new(ctx, row.connection_id.as_ref());
    if let Some(earlier) = polling.earlier.take() {
        log.resume(earlier);
    }
    match ask(ctx, &mut row, polling, &log).await {
        Ok(Answer::Pending(wait)) => {
            polling.earlier = Some(log.suspend());
            Ok(Polled::Pending(wait))
        }
        Ok(Answer::Expired) => {
            time_out(ctx, &row.id)?;
            Ok(Polled::Over)
        }
        Ok(Answer::Granted(app, exchanged)) => {
            let stored = keep(ctx, &mut row, &app, exchanged, &log).await;
            let last = log.decisive();
            drop((working, log));
            match stored {
                Ok(None) => Ok(Polled::Over),
                Ok(Some((target, id_token))) => {
                    // Outside of the guarded work: it may refresh the tokens.
                    fetch_account(ctx, &row, &target, id_token).await?;
                    complete(ctx, &row, target.id())?;
                    Ok(Polled::Over)
                }
                Err(error) => Err(fail(ctx, row, error, last)),
            }
        }
        Err(error) => Err(fail(ctx, row, error, log.decisive())),
    }
}

/// The answer to a poll.
enum Answer {
    Pending(Option<Duration>),
    Expired,
    Granted(Box<ConfiguredApp>, Box<Exchanged>),
}

async fn ask(
    ctx: &Arc<Context>,
    row: &mut AttemptRow,
    polling: &mut Polling,
    log: &ExchangeLog,
) -> Result<Answer> {
    ctx.vault.check().await?;
    let app = ConfiguredApp::load(ctx, &row.app_id)?;
    let mut client = OAuthClient::of(ctx, &app).await?;
    client.credentials.dpop = dpop_key::of_attempt(ctx, row).await?;
    if polling.interval.is_none() {
        polling.interval = Some(Duration::from_secs(StoredPrompt::open(ctx, row).await?.interval));
    }
    let Some(sealed) = &row.sealed_verifier else { return Ok(Answer::Expired) };
    let code = ctx.vault.open(&verifier_associated_data(&row.id), sealed).await?;
    if let Some(id) = &row.connection_id {
        log.mask(exchange_log::secrets_of(ctx, id).await.unwrap_or_default());
    }
    let permit = ctx.http.permit(&client.config.token_url).await;
    let asked = TokenRequestKind::DeviceCode(code);
    let answered = request_token(log.http(), &permit, &client.config, &client.credentials, asked).await;
    drop(permit);
    let failure = match answered {
        Ok(grant) => {
            let checked = check_id_token(ctx, row, &client, &grant, log).await;
            show_answer(row, log);
            if checked.is_err() {
                ctx.store.write(|tx| store::attempt::set_exchange(tx, &row.id, &row.exchange))?;
            }
            let exchanged = Exchanged { client, grant, id_token: checked? };
            return Ok(Answer::Granted(Box::new(app), Box::new(exchanged)));
        }
        Err(unanswered) => unanswered.failure,
    };
    match failure {
        TokenFailure::Refused { error, .. } if error == "authorization_pending" || error == "slow_down" => {
            if polling.unanswered > 0 {
                show_now(ctx, row, log)?;
            }
            // Dozens of these would displace what is worth reading in the history.
            log.forget_last();
            polling.unanswered = 0;
            if error == "slow_down" {
                slow_down(ctx, row, polling).await?;
            }
            Ok(Answer::Pending(None))
        }
        TokenFailure::Refused { error, .. } if error == "expired_token" => Ok(Answer::Expired),
        TokenFailure::Failed(failure) if may_pass(&failure) => {
            polling.unanswered = polling.unanswered.saturating_add(1);
            polling.is_answer_lost |= failure.may_have_been_processed();
            show_now(ctx, row, log)?;
            Ok(Answer::Pending(failure.wait()))
        }
        failure => {
            show_answer(row, log);
            ctx.store.write(|tx| store::attempt::set_exchange(tx, &row.id, &row.exchange))?;
            Err(explain(&client, failure, polling.is_answer_lost))
        }
    }
}

/// Whether a later poll may succeed without a change of the app: the server is started or the certificate trusted
/// meanwhile, or the network has another one. The person sees the last such failure among the messages.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::NotSent(_) | Failure::Lost(_) | Failure::Unavailable(..) => true,
        Failure::Blocked { next_step, .. } => *next_step != Some(NextStep::EditApp),
        _ => false,
    }
}

/// Adds the last answer to the messages that the person sees.
fn show_answer(row: &mut AttemptRow, log: &ExchangeLog) {
    if let Some(exchange) = log.last_of(ExchangeKind::Token) {
        sign_in_messages::answered_with(&mut row.exchange, &exchange);
    }
}

/// Shows the last answer, or why none arrived, while the sign-in goes on.
fn show_now(ctx: &Context, row: &mut AttemptRow, log: &ExchangeLog) -> Result<()> {
    show_answer(row, log);
    ctx.store.write(|tx| store::attempt::set_exchange(tx, &row.id, &row.exchange))?;
    emit_attempt(ctx, &row.id).map(drop)
}

/// Polls less often from now on, also after a restart.
async fn slow_down(ctx: &Context, row: &AttemptRow, polling: &mut Polling) -> Result<()> {
    let interval = polling.interval.unwrap_or(DEFAULT_INTERVAL).saturating_add(SLOW_DOWN);
    polling.interval = Some(interval);
    let mut prompt = StoredPrompt::open(ctx, row).await?;
    prompt.interval = interval.as_secs();
    let sealed = prompt.seal(ctx, &row.id).await?;
    ctx.store.write(|tx| store::attempt::set_link(tx, &row.id, &sealed))
}

/// Stores the grant; `None` if the sign-in was cancelled meanwhile, and the tokens were revoked.
async fn keep(
    ctx: &Arc<Context>,
    row: &mut AttemptRow,
    app: &ConfiguredApp,
    exchanged: Box<Exchanged>,
    log: &ExchangeLog,
) -> Result<Option<(GrantTarget, Option<SecretString>)>> {
    let is_claimed =
        ctx.store.write(|tx| store::attempt::advance(tx, &row.id, Phase::Waiting, Phase::Exchanging))?;
    if !is_claimed {
        let Exchanged { client, grant, .. } = *exchanged;
        revoke::revoke_unwanted(ctx, (&app.row, &client.config), &grant).await?;
        return Ok(None);
    }
    emit_attempt(ctx, &row.id)?;
    let id_token = exchanged.grant.id_token.clone();
    let target = Box::pin(store_grant(ctx, row, app, *exchanged, log)).await?;
    log.set_connection(target.id());
    Ok(Some((target, id_token)))
}

/// The error that ends a sign-in.
fn explain(client: &OAuthClient, failure: TokenFailure, is_answer_lost: bool) -> Error {
    let provider = &client.provider;
    match &failure {
        TokenFailure::Refused { error, description, .. } if error == "access_denied" => {
            let said = grapnel_oauth::refusal::said(description.as_deref());
            Error::new(Code::AccessDenied, format!("{provider} denied access.{said}"))
                .means("No token was issued, and nothing changed here.")
                .hint("If that was not what you meant, try again.")
        }
        TokenFailure::Refused { .. } => {
            let error = explain_refused_request(client, failure);
            if is_answer_lost {
                return error.means(
                    "An earlier answer did not arrive, and may have had the tokens; they expire on their own. Nothing \
                     changed here.",
                );
            }
            error
        }
        TokenFailure::Failed(_) => explain_refused_request(client, failure),
    }
}
