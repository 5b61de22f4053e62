//! The scheduler: refreshes every connection before its token expires, and retries what failed. It sleeps until the
//! next job is due, and plans again when the clock jumps.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId, RevocationId};
use grapnel_model::settings::Margin;
use grapnel_oauth::clock::WakeReason;
use grapnel_oauth::retry::{after, pause, random_fraction};
use grapnel_store::refresh_candidates::RefreshCandidate;
use grapnel_store::revocation::RevocationRow;
use grapnel_store::{app, connection, refresh_candidates, revocation, settings, shared_connection};
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{self, JoinError, JoinSet};
use url::Url;

use super::attempt::refresh_in;
use super::job_queue::JobQueue;
use super::outcome::{RefreshFailure, RefreshReason};
use super::shared::Slots;
use super::{renewal, schedule};
use crate::context::Context;
use crate::revoke;
use crate::shared_record;
use crate::signed_in::{ConfiguredApp, SignedIn};

/// Keeps every connection alive until the future is dropped.
pub(crate) async fn keep_alive(ctx: Arc<Context>) {
    let mut events = ctx.events.subscribe();
    let mut scheduler = RefreshScheduler::new(ctx);
    scheduler.plan_all();
    loop {
        scheduler.start_what_is_due();
        tokio::select! {
            woken = wait(&scheduler.ctx, scheduler.queue.next()) => if woken == WakeReason::Jumped {
                scheduler.wake();
            },
            Some(ended) = scheduler.tasks.join_next_with_id() => scheduler.ended(ended),
            event = events.recv() => match event {
                Ok(Event::Connection(id)) => drop(scheduler.plan_connection(&id)),
                // The vault opens again, apps or teams changed, or events were missed.
                Ok(Event::Vault(None) | Event::Apps | Event::Teams) | Err(RecvError::Lagged(_)) => {
                    // All that was told meanwhile is covered by one look: a team may tell of each connection.
                    while events.try_recv().is_ok() {}
                    scheduler.replan();
                }
                // Another process wrote much, or the refresh margin changed. Failures within this process are
                // unaffected.
                Ok(Event::ChangedElsewhere | Event::Settings) => scheduler.plan_all(),
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// Waits until `next` by the corrected clock, or until the clock jumps.
async fn wait(ctx: &Context, next: Option<Timestamp>) -> WakeReason {
    let Some(next) = next else { return std::future::pending().await };
    ctx.clock.wait_until(next.saturating_sub(ctx.time.offset()).unwrap_or(next)).await
}

/// A job of the scheduler.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Job {
    Refresh(ConnectionId),
    Revocation(RevocationId),
    /// Write new tokens to the team that does not have them.
    Push(ConnectionId),
    /// Emit an event when a connection will soon need a new sign-in.
    Notice(ConnectionId),
    /// Plan all jobs again.
    Replan,
}

/// The pause after the store could not be read.
const STORE_RETRY_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause between attempts to store unsaved tokens, here or in the team, which need no request.
const MAX_UNSAVED_PAUSE: Duration = Duration::from_secs(30);
/// The shortest interval between two recoveries of a provider.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(60);

struct RefreshScheduler {
    ctx: Arc<Context>,
    /// How long before their expiry tokens are refreshed.
    margin: Margin,
    queue: JobQueue<Job>,
    tasks: JoinSet<Result<()>>,
    /// The job of each task.
    jobs: HashMap<task::Id, Job>,
    running: HashSet<Job>,
    /// Failures within this process rather than at a provider: their number, and when to try again.
    backed_off: HashMap<Job, (u32, Timestamp)>,
    /// The connections whose last refresh failed: their endpoint, and until when that failure is returned to callers.
    waiting: HashMap<ConnectionId, (Url, Option<Timestamp>)>,
    /// The connections among them that are retried early, since the computer resumed or their provider recovered.
    early: HashSet<ConnectionId>,
    /// When a provider last recovered.
    back: HashMap<Url, Timestamp>,
    /// The refresh endpoint of each app; `None` if its provider issues no refresh tokens.
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

    /// Plans all jobs again, including those that were backed off.
    fn replan(&mut self) {
        self.backed_off.clear();
        self.plan_all();
    }

    /// Plans all jobs again.
    fn plan_all(&mut self) {
        self.queue.clear();
        self.token_urls.clear();
        let found = self.ctx.store.read(|c| {
            Ok((
                settings::get(c)?,
                refresh_candidates::all(c)?,
                revocation::all(c)?,
                connection::notices(c, None)?,
                shared_connection::pending(c)?,
            ))
        });
        match found {
            Ok((set, refreshable, revocations, notices, pending)) => {
                self.margin = set.margin;
                for of in &refreshable {
                    self.plan_refresh(of);
                }
                self.plan_revocations(&revocations);
                self.plan_notices(notices);
                for shared in pending {
                    self.plan(Job::Push(shared.connection_id), Some(self.ctx.time.now()));
                }
            }
            Err(error) => self.plan_later(&error),
        }
    }

    /// Plans another attempt after the store could not be read.
    fn plan_later(&mut self, error: &Error) {
        tracing::warn!(%error, "automatic refreshes could not be scheduled");
        self.queue.set(Job::Replan, Some(after(self.ctx.time.now(), STORE_RETRY_PAUSE)));
    }

    /// Plans a connection again, and returns its stored state.
    fn plan_connection(&mut self, id: &ConnectionId) -> Option<RefreshCandidate> {
        let found = self.ctx.store.read(|c| {
            let is_pending = shared_connection::is_pending(c, id)?;
            let revocations = revocation::of(c, id)?;
            Ok((refresh_candidates::one(c, id)?, revocations, connection::notices(c, Some(id))?, is_pending))
        });
        let (refreshable, revocations, notices, is_pending) = match found {
            Ok(found) => found,
            Err(error) => {
                self.plan_later(&error);
                return None;
            }
        };
        if let Some(of) = &refreshable {
            self.plan_refresh(of);
        } else {
            self.waiting.remove(id);
            self.queue.set(Job::Refresh(id.clone()), None);
        }
        self.plan_revocations(&revocations);
        // What is being written now is planned again at its end.
        let is_left = is_pending && !self.ctx.teams.is_writing(id);
        self.plan(Job::Push(id.clone()), is_left.then(|| self.ctx.time.now()));
        self.queue.set(Job::Notice(id.clone()), None);
        self.plan_notices(notices);
        refreshable
    }

    /// Plans the events for sign-ins that will be due. Those whose time has come were emitted before.
    fn plan_notices(&mut self, notices: Vec<(ConnectionId, Timestamp)>) {
        let now = self.ctx.time.now();
        for (id, from) in notices.into_iter().filter(|(_, from)| *from > now) {
            self.plan(Job::Notice(id), Some(from));
        }
    }

    fn plan_refresh(&mut self, of: &RefreshCandidate) {
        let Some(token_url) = self.token_url(of) else { return self.plan(Job::Refresh(of.id.clone()), None) };
        let due = schedule::due(of, self.margin).map(|due| match of.retry.quiet_until {
            Some(quiet_until) if self.early.contains(&of.id) => due.min(quiet_until),
            _ => due,
        });
        // Unsaved tokens are stored as soon as possible.
        let due = if self.ctx.unsaved(&of.id).is_some() { Some(self.ctx.time.now()) } else { due };
        self.plan(Job::Refresh(of.id.clone()), due);
        if of.retry.at.is_some() {
            self.waiting.insert(of.id.clone(), (token_url, of.retry.quiet_until));
        } else if self.waiting.remove(&of.id).is_some() && !of.is_refused {
            self.is_back(&token_url);
        }
    }

    /// Handles the recovery of a provider: the connections that wait to retry there are refreshed early. One that fails
    /// again waits as usual, so that an unstable provider does not cause requests at each success.
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
                self.plan(Job::Refresh(id), quiet_until);
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

    /// The refresh endpoint of a connection, if its provider issues refresh tokens.
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
                Job::Refresh(id) => self.start_refresh(id),
                Job::Replan => self.plan_all(),
                Job::Push(id) => {
                    let work = push_in_background(Arc::clone(&self.ctx), id.clone());
                    self.start(job.clone(), work);
                }
                Job::Notice(id) => self.ctx.emit(Event::Connection(id.clone())),
                Job::Revocation(id) => {
                    let (ctx, id) = (Arc::clone(&self.ctx), id.clone());
                    self.start(job.clone(), async move { revoke::again(&ctx, &id).await.map(drop) });
                }
            }
        }
    }

    fn start_refresh(&mut self, id: &ConnectionId) {
        // Another process may have refreshed it since it was planned.
        let Some(of) = self.plan_connection(id) else { return };
        let job = Job::Refresh(id.clone());
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

    /// Plans a finished job again: after a failure at the provider by the stored record, after a failure in this
    /// process by its back-off.
    fn ended(&mut self, ended: std::result::Result<(task::Id, Result<()>), JoinError>) {
        let (task, result) = ended.unwrap_or_else(|broken| {
            (broken.id(), Err(Error::new(Code::Internal, "What was done by itself was interrupted.")))
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
            Job::Refresh(id) | Job::Push(id) => drop(self.plan_connection(&id)),
            Job::Revocation(id) => match self.ctx.store.read(|c| revocation::get(c, &id)) {
                Ok(row) => self.plan_revocations(row.as_slice()),
                Err(error) => self.plan_later(&error),
            },
            Job::Replan | Job::Notice(_) => {}
        }
    }

    fn back_off(&mut self, job: &Job, error: &Error) {
        tracing::info!(?job, %error, "an automatic job failed");
        let failures = self.backed_off.get(job).map_or(0, |(failures, _)| *failures).saturating_add(1);
        // A failing keyring is not used again, since each use could cause a prompt. An app whose endpoints changed
        // needs a person, too.
        let until = if error.code.is_of_vault() || error.code == Code::ReconnectNeeded {
            Timestamp::MAX
        } else {
            let is_unsaved = match job {
                Job::Refresh(id) => self.ctx.unsaved(id).is_some(),
                job => matches!(job, Job::Push(_)),
            };
            let longest = if is_unsaved { MAX_UNSAVED_PAUSE } else { Duration::MAX };
            after(self.ctx.time.now(), pause(failures, None, random_fraction()).min(longest))
        };
        self.backed_off.insert(job.clone(), (failures, until));
    }

    /// The computer resumed, or its clock was set: the network may be another, so no retry waits any longer.
    fn wake(&mut self) {
        // Programs that start from now on must know the new offset.
        if let Err(error) = self.ctx.store.write(|tx| self.ctx.save_clock_offset(tx)) {
            tracing::warn!(%error, "the clock offset could not be stored");
        }
        self.early.extend(self.waiting.keys().cloned());
        self.replan();
    }
}

/// The refresh endpoint of an app; `None` if the app was deleted, its settings are invalid, or its provider issues no
/// refresh tokens. Errors are the store's.
fn token_url(ctx: &Context, app_id: &AppId) -> Result<Option<Url>> {
    let Some(app) = ctx.store.read(|c| app::get(c, app_id))?.map(ConfiguredApp::of) else { return Ok(None) };
    Ok(app.config().ok().and_then(renewal::endpoint).cloned())
}

/// Refreshes a connection when a slot at its provider's host is free. If the vault is known to be closed, it is not
/// tried again: its keyring could prompt each time.
async fn refresh_in_background(ctx: Arc<Context>, token_url: Url, of: RefreshCandidate) -> Result<()> {
    if let Some(error) = ctx.vault.error().filter(|_| ctx.unsaved(&of.id).is_none()) {
        return Err(error);
    }
    let place = ctx.http.background_permit(&token_url).await;
    // While this waited, another caller may have refreshed it.
    if ctx.store.read(|c| refresh_candidates::one(c, &of.id))?.as_ref() != Some(&of) {
        return Ok(());
    }
    let slots = Slots { in_background: Some(place), ..Slots::default() };
    match refresh_in(&ctx, SignedIn::load(&ctx, &of.id)?, of.version, RefreshReason::Due, slots).await {
        Err(RefreshFailure::Local(error)) => Err(error),
        // The result is stored in any case, with the time of the next attempt.
        refreshed => {
            tracing::debug!(failure = ?refreshed.err(), "refreshed automatically");
            Ok(())
        }
    }
}

/// Writes to the team what it does not have of a connection.
async fn push_in_background(ctx: Arc<Context>, id: ConnectionId) -> Result<()> {
    if let Some(error) = ctx.vault.error() {
        return Err(error);
    }
    shared_record::push_pending(&ctx, &id).await
}
