//! Keeping connections alive: each is renewed before its token ends, and each try that failed is made again, without
//! anyone asking. It sleeps until the next of them is due, and looks at everything anew when the clock jumps.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId, RevocationId};
use grapnel_model::provider::Refresh;
use grapnel_model::settings::Margin;
use grapnel_oauth::clock::Woken;
use grapnel_oauth::retry::{after, dice, pause};
use grapnel_store::refresh_candidates::RefreshCandidate;
use grapnel_store::revocation::RevocationRow;
use grapnel_store::{app, connection, refresh_candidates, revocation, settings};
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{self, JoinError, JoinSet};
use url::Url;

use super::job_queue::JobQueue;
use super::outcome::{RefreshFailure, RefreshReason};
use super::renewal::renew;
use super::schedule;
use crate::context::Context;
use crate::revoke;
use crate::signed_in::{ConfiguredApp, SignedIn};

/// Keeps every connection alive, for as long as it is awaited.
pub(crate) async fn keep_alive(ctx: Arc<Context>) {
    let mut events = ctx.events.subscribe();
    let mut scheduler = RefreshScheduler::new(ctx);
    scheduler.plan_all();
    loop {
        scheduler.start_what_is_due();
        tokio::select! {
            woken = wait(&scheduler.ctx, scheduler.queue.next()) => if woken == Woken::Jumped {
                scheduler.wake();
            },
            Some(ended) = scheduler.tasks.join_next_with_id() => scheduler.ended(ended),
            event = events.recv() => match event {
                Ok(Event::Connection(id)) => drop(scheduler.plan_connection(&id)),
                // Tokens can be opened again, or apps are others; or something was missed.
                Ok(Event::Vault(None) | Event::Apps) | Err(RecvError::Lagged(_)) => scheduler.replan(),
                // Another process wrote much, or the margin is another. What failed in this one is no better for it.
                Ok(Event::Elsewhere | Event::Settings) => scheduler.plan_all(),
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// Waits until `next` by the corrected time, or until the clock jumps.
async fn wait(ctx: &Context, next: Option<Timestamp>) -> Woken {
    let Some(next) = next else { return std::future::pending().await };
    ctx.clock.wait_until(next.saturating_sub(ctx.time.offset()).unwrap_or(next)).await
}

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Job {
    Renewal(ConnectionId),
    Revocation(RevocationId),
    /// To tell that a connection will need a new sign-in.
    Notice(ConnectionId),
    /// To plan everything anew.
    Replan,
}

/// How soon a store that could not be read is looked at again.
const STORE_RETRY_PAUSE: Duration = Duration::from_secs(60);
/// How long tokens that the store did not take wait at most for the next try. It asks no provider.
const MAX_UNSAVED_PAUSE: Duration = Duration::from_secs(30);
/// How soon a provider can be found to be back once more.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(60);

struct RefreshScheduler {
    ctx: Arc<Context>,
    /// How long before their end tokens are renewed.
    margin: Margin,
    queue: JobQueue<Job>,
    tasks: JoinSet<Result<()>>,
    /// What each task is at work on.
    jobs: HashMap<task::Id, Job>,
    running: HashSet<Job>,
    /// What failed here, not at a provider: how often, and until when it is left alone.
    backed_off: HashMap<Job, (u32, Timestamp)>,
    /// Where the connections would be renewed whose last renewal failed, and until when that failure answers for them.
    waiting: HashMap<ConnectionId, (Url, Option<Timestamp>)>,
    /// Those of them whose time is now, since the machine woke or their provider is back.
    early: HashSet<ConnectionId>,
    /// When a provider was found to be back.
    back: HashMap<Url, Timestamp>,
    /// Where each app renews; nothing for one that does not.
    token_urls: HashMap<AppId, Option<Url>>,
}

impl RefreshScheduler {
    fn new(ctx: Arc<Context>) -> Self {
        Self {
            ctx,
            margin: Margin::default(),
            queue: JobQueue::default(),
            tasks: JoinSet::new(),
            jobs: HashMap::new(),
            running: HashSet::new(),
            backed_off: HashMap::new(),
            waiting: HashMap::new(),
            early: HashSet::new(),
            back: HashMap::new(),
            token_urls: HashMap::new(),
        }
    }

    /// Plans everything anew, also what was held back.
    fn replan(&mut self) {
        self.backed_off.clear();
        self.plan_all();
    }

    /// Plans everything anew.
    fn plan_all(&mut self) {
        self.queue.clear();
        self.token_urls.clear();
        let found = self.ctx.store.read(|c| {
            Ok((
                settings::get(c)?,
                refresh_candidates::all(c)?,
                revocation::all(c)?,
                connection::notices(c, None)?,
            ))
        });
        match found {
            Ok((set, renewable, revocations, notices)) => {
                self.margin = set.margin;
                for of in &renewable {
                    self.plan_renewal(of);
                }
                self.plan_revocations(&revocations);
                self.plan_notices(notices);
            }
            Err(error) => self.plan_later(&error),
        }
    }

    /// The store could not be read: it is looked at again before long.
    fn plan_later(&mut self, error: &Error) {
        tracing::warn!(%error, "nothing can be planned");
        self.queue.set(Job::Replan, Some(after(self.ctx.time.now(), STORE_RETRY_PAUSE)));
    }

    /// Plans one connection anew, and answers how it is found.
    fn plan_connection(&mut self, id: &ConnectionId) -> Option<RefreshCandidate> {
        let found = self.ctx.store.read(|c| {
            Ok((refresh_candidates::one(c, id)?, revocation::of(c, id)?, connection::notices(c, Some(id))?))
        });
        let (renewable, revocations, notices) = match found {
            Ok(found) => found,
            Err(error) => {
                self.plan_later(&error);
                return None;
            }
        };
        if let Some(of) = &renewable {
            self.plan_renewal(of);
        } else {
            self.waiting.remove(id);
            self.queue.set(Job::Renewal(id.clone()), None);
        }
        self.plan_revocations(&revocations);
        self.queue.set(Job::Notice(id.clone()), None);
        self.plan_notices(notices);
        renewable
    }

    /// Plans to tell of sign-ins that will be due. What is to be told by now was told as it became so.
    fn plan_notices(&mut self, notices: Vec<(ConnectionId, Timestamp)>) {
        let now = self.ctx.time.now();
        for (id, from) in notices.into_iter().filter(|(_, from)| *from > now) {
            self.plan(Job::Notice(id), Some(from));
        }
    }

    fn plan_renewal(&mut self, of: &RefreshCandidate) {
        let Some(token_url) = self.token_url(of) else { return self.plan(Job::Renewal(of.id.clone()), None) };
        let due = schedule::due(of, self.margin).map(|due| match of.retry.quiet_until {
            Some(quiet_until) if self.early.contains(&of.id) => due.min(quiet_until),
            _ => due,
        });
        // What is in memory alone is written as soon as it can be.
        let due = if self.ctx.unsaved(&of.id).is_some() { Some(self.ctx.time.now()) } else { due };
        self.plan(Job::Renewal(of.id.clone()), due);
        if of.retry.at.is_some() {
            self.waiting.insert(of.id.clone(), (token_url, of.retry.quiet_until));
        } else if self.waiting.remove(&of.id).is_some() && !of.is_refused {
            self.is_back(&token_url);
        }
    }

    /// A provider that failed gives tokens again: who waits for it need not wait any longer. Who fails again all the
    /// same waits as before: one that now gives tokens and now does not is not back each time.
    fn is_back(&mut self, token_url: &Url) {
        let now = self.ctx.time.now();
        if self.back.get(token_url).is_some_and(|last| now < after(*last, RECOVERY_INTERVAL)) {
            return;
        }
        self.back.insert(token_url.clone(), now);
        let waiting =
            self.waiting.iter().filter(|(id, (other, _))| other == token_url && !self.early.contains(*id));
        let waiting: Vec<_> = waiting.map(|(id, (_, quiet_until))| (id.clone(), *quiet_until)).collect();
        for (id, quiet_until) in waiting {
            self.early.insert(id.clone());
            if quiet_until.is_some() {
                self.plan(Job::Renewal(id), quiet_until);
            }
        }
    }

    fn plan_revocations(&mut self, all: &[RevocationRow]) {
        for of in all {
            self.plan(Job::Revocation(of.id.clone()), Some(of.retry_at));
        }
    }

    fn plan(&mut self, job: Job, due: Option<Timestamp>) {
        if self.running.contains(&job) {
            return;
        }
        let backed_off = self.backed_off.get(&job).map(|(_, until)| *until);
        self.queue.set(job, due.map(|due| backed_off.map_or(due, |until| due.max(until))));
    }

    /// Where a connection is renewed, if its app's provider renews at all.
    fn token_url(&mut self, of: &RefreshCandidate) -> Option<Url> {
        if let Some(known) = self.token_urls.get(&of.app_id) {
            return known.clone();
        }
        match token_url(&self.ctx, &of.app_id) {
            Ok(token_url) => self.token_urls.entry(of.app_id.clone()).or_insert(token_url).clone(),
            Err(error) => {
                self.plan_later(&error);
                None
            }
        }
    }

    fn start_what_is_due(&mut self) {
        let now = self.ctx.time.now();
        while let Some(job) = self.queue.take_due(now) {
            match &job {
                Job::Renewal(id) => self.start_renewal(id),
                Job::Replan => self.plan_all(),
                Job::Notice(id) => self.ctx.tell(Event::Connection(id.clone())),
                Job::Revocation(id) => {
                    let (ctx, id) = (Arc::clone(&self.ctx), id.clone());
                    self.start(job.clone(), async move { revoke::again(&ctx, &id).await.map(drop) });
                }
            }
        }
    }

    fn start_renewal(&mut self, id: &ConnectionId) {
        // Another process may have renewed it since it was planned.
        let Some(of) = self.plan_connection(id) else { return };
        let job = Job::Renewal(id.clone());
        if self.queue.when(&job).is_none_or(|due| due > self.ctx.time.now()) {
            return;
        }
        let Some(token_url) = self.token_url(&of) else { return };
        self.queue.set(job.clone(), None);
        self.early.remove(id);
        self.start(job, refresh_in_background(Arc::clone(&self.ctx), token_url, of));
    }

    fn start(&mut self, job: Job, work: impl Future<Output = Result<()>> + Send + 'static) {
        self.running.insert(job.clone());
        let task = self.tasks.spawn(work).id();
        self.jobs.insert(task, job);
    }

    /// Plans what was done anew: what failed at a provider by what is stored of it, what failed here by what is
    /// remembered of it.
    fn ended(&mut self, ended: std::result::Result<(task::Id, Result<()>), JoinError>) {
        let (task, result) = ended.unwrap_or_else(|broken| {
            (broken.id(), Err(Error::new(Code::Internal, "What was done by itself was broken off.")))
        });
        let Some(job) = self.jobs.remove(&task) else { return };
        self.running.remove(&job);
        match result {
            Ok(()) => {
                self.backed_off.remove(&job);
            }
            Err(error) => self.back_off(&job, &error),
        }
        match job {
            Job::Renewal(id) => drop(self.plan_connection(&id)),
            Job::Revocation(id) => match self.ctx.store.read(|c| revocation::get(c, &id)) {
                Ok(row) => self.plan_revocations(row.as_slice()),
                Err(error) => self.plan_later(&error),
            },
            Job::Replan | Job::Notice(_) => {}
        }
    }

    fn back_off(&mut self, job: &Job, error: &Error) {
        tracing::info!(?job, %error, "not done by itself");
        let failures = self.backed_off.get(job).map_or(0, |(failures, _)| *failures).saturating_add(1);
        // A keyring that does not answer is not asked again and again: it may ask a person each time. Nor does anything
        // change by itself for a connection whose app's hosts are others.
        let until = if error.code.is_of_vault() || error.code == Code::ReconnectNeeded {
            Timestamp::MAX
        } else {
            let is_unsaved = matches!(job, Job::Renewal(id) if self.ctx.unsaved(id).is_some());
            let longest = if is_unsaved { MAX_UNSAVED_PAUSE } else { Duration::MAX };
            after(self.ctx.time.now(), pause(failures, None, dice()).min(longest))
        };
        self.backed_off.insert(job.clone(), (failures, until));
    }

    /// The machine slept, or its clock was set: the network may be another one now, and no retry waits any longer.
    fn wake(&mut self) {
        // Programs that start from now on see the clock as it is set now.
        if let Err(error) = self.ctx.store.write(|tx| self.ctx.save_clock_offset(tx)) {
            tracing::warn!(%error, "the time is not kept");
        }
        self.early.extend(self.waiting.keys().cloned());
        self.replan();
    }
}

/// Where an app renews; nowhere, where its values are none that can be used. An error is the store's.
fn token_url(ctx: &Context, app_id: &AppId) -> Result<Option<Url>> {
    let Some(app) = ctx.store.read(|c| app::get(c, app_id))?.map(ConfiguredApp::of) else { return Ok(None) };
    let renewing = app.config().ok().filter(|config| config.renewal.refresh != Refresh::None);
    Ok(renewing.map(|config| config.renewal.url.as_ref().unwrap_or(&config.token_url).clone()))
}

/// Renews a connection, once what is before it at its provider is done. A vault that is known not to open is not asked
/// once more: its keyring could ask the person each time.
async fn refresh_in_background(ctx: Arc<Context>, token_url: Url, of: RefreshCandidate) -> Result<()> {
    if let Some(error) = ctx.vault.error().filter(|_| ctx.unsaved(&of.id).is_none()) {
        return Err(error);
    }
    let _place = ctx.http.background_permit(&token_url).await;
    // It may have waited long, and someone else may have renewed it.
    if ctx.store.read(|c| refresh_candidates::one(c, &of.id))?.as_ref() != Some(&of) {
        return Ok(());
    }
    match renew(&ctx, SignedIn::load(&ctx, &of.id)?, of.version, RefreshReason::Due).await {
        Err(RefreshFailure::Local(error)) => Err(error),
        // However it ended, that is stored, and with it when it is tried again.
        renewed => {
            tracing::debug!(failure = ?renewed.err(), "renewed by itself");
            Ok(())
        }
    }
}
