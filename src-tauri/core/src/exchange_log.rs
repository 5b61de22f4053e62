//! The exchanges of an operation with a provider. They are observed where they are sent, and added to the connection's
//! history once the operation has ended, so that its result waits for none of that and does not depend on it.

mod stored;

use std::sync::{Arc, Weak};

use grapnel_model::api_exchange::{ApiExchangeSummary, ApiExchangeView, ApiRequestDraft, ExchangeKind};
use grapnel_model::attempt::Message;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_model::mask_credentials::MASKED;
use grapnel_model::secret::SecretString;
use grapnel_oauth::clock::Clock;
use grapnel_oauth::http::{Client, MaskedExchange, ObservedExchange, Observer};
use grapnel_store::api_exchange;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::OwnedRwLockReadGuard;
use url::form_urlencoded;

use crate::context::Context;
use crate::grant::{self, OAuthClient};
use crate::signed_in::SignedIn;

pub(crate) use stored::{StoredExchange, read, seal, summary_associated_data, write};

/// Collects the exchanges of an operation. Dropping it adds them to the history of its connection, in the background.
pub(crate) struct ExchangeLog {
    ctx: Arc<Context>,
    observed: Arc<Observed>,
    http: Client,
    connection: Mutex<Option<ConnectionId>>,
    /// The connection at the beginning: a response could repeat tokens that the operation replaces or deletes.
    before: Mutex<Option<Box<SignedIn>>>,
    /// Secrets that a response could repeat beside those of its own exchange.
    secrets: Mutex<Vec<SecretString>>,
}

/// Exchanges of an operation that waits, without the state of the program.
pub(crate) struct Suspended(Vec<Logged>);

/// The exchanges so far.
struct Observed {
    clock: Arc<dyn Clock>,
    all: Mutex<Vec<Logged>>,
}

/// An exchange of the log.
enum Logged {
    /// One that Grapnel sent, with its secrets.
    Observed(ExchangeId, Timestamp, Box<ObservedExchange>),
    /// One that the browser sent.
    OfBrowser(Box<ApiExchangeView>),
}

impl Observer for Observed {
    fn observe(&self, exchange: ObservedExchange) {
        self.all.lock().push(Logged::Observed(ExchangeId::random(), self.clock.now(), Box::new(exchange)));
    }

    fn reject(&self, kind: ExchangeKind, reason: &str) {
        let mut all = self.all.lock();
        let last = all.iter_mut().rev().find_map(|logged| match logged {
            Logged::Observed(_, _, exchange) if exchange.kind() == kind => Some(exchange),
            _ => None,
        });
        if let Some(exchange) = last {
            exchange.reject(reason);
        }
    }
}

impl ExchangeLog {
    /// The log of an operation of a connection. If it is for a connection that does not exist yet, its exchanges are
    /// added only after [`Self::set_connection`].
    pub(crate) fn new(ctx: &Arc<Context>, of: Option<&ConnectionId>) -> Self {
        let observed = Arc::new(Observed { clock: Arc::clone(&ctx.clock), all: Mutex::default() });
        Self {
            ctx: Arc::clone(ctx),
            http: ctx.http.observed_by(observed.clone()),
            observed,
            connection: Mutex::new(of.cloned()),
            before: Mutex::new(of.and_then(|id| SignedIn::load(ctx, id).ok())),
            secrets: Mutex::default(),
        }
    }

    /// The client whose exchanges are logged.
    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    /// Sets the connection that the exchanges belong to.
    pub(crate) fn set_connection(&self, id: &ConnectionId) {
        *self.connection.lock() = Some(id.clone());
    }

    /// Masks these secrets as well, wherever they are repeated.
    pub(crate) fn mask(&self, secrets: impl IntoIterator<Item = SecretString>) {
        self.secrets.lock().extend(secrets);
    }

    /// Takes the exchanges so far, to be continued by [`Self::resume`].
    pub(crate) fn suspend(&self) -> Suspended {
        Suspended(std::mem::take(&mut *self.observed.all.lock()))
    }

    /// Continues with exchanges that were taken before.
    pub(crate) fn resume(&self, earlier: Suspended) {
        self.observed.all.lock().splice(..0, earlier.0);
    }

    /// Leaves the last exchange out of the history.
    pub(crate) fn forget_last(&self) {
        self.observed.all.lock().pop();
    }

    /// Records that the last response of this kind cannot be used, although its status is no error.
    pub(crate) fn reject(&self, kind: ExchangeKind, error: &Error) {
        self.observed.reject(kind, &error.message);
    }

    /// The ID of the exchange that decided the result, under which the history will have it: the last whose response
    /// was rejected, otherwise the last.
    pub(crate) fn decisive(&self) -> Option<ExchangeId> {
        let all = self.observed.all.lock();
        let rejected =
            |logged: &&Logged| matches!(logged, Logged::Observed(_, _, exchange) if exchange.is_rejected());
        match all.iter().rfind(rejected).or(all.last())? {
            Logged::Observed(id, ..) => Some(id.clone()),
            Logged::OfBrowser(view) => Some(view.summary.id.clone()),
        }
    }

    /// The last exchange of a kind, without its secrets.
    pub(crate) fn last_of(&self, kind: ExchangeKind) -> Option<MaskedExchange> {
        let secrets = self.secrets.lock().clone();
        let all = self.observed.all.lock();
        all.iter().rev().map(|logged| logged.masked(&secrets)).find(|masked| masked.view.summary.kind == kind)
    }

    /// Adds the authorization request and the callback of a sign-in, which the browser sent. `callback` is whether one
    /// arrived.
    pub(crate) fn add_messages(&self, messages: &[Message], started_at: Timestamp) {
        let now = self.observed.clock.now();
        let mut all = self.observed.all.lock();
        let first = messages.iter().filter(|message| message.method != "POST" && !message.address.is_empty());
        all.extend(first.map(|message| {
            let is_callback = message.method.is_empty();
            let (kind, at) = if is_callback {
                (ExchangeKind::Callback, now)
            } else {
                (ExchangeKind::Authorization, started_at)
            };
            Logged::OfBrowser(Box::new(of_browser(kind, at, message)))
        }));
    }
}

impl Logged {
    fn masked(&self, secrets: &[SecretString]) -> MaskedExchange {
        match self {
            Self::Observed(id, at, exchange) => exchange.masked(id.clone(), *at, secrets),
            Self::OfBrowser(view) => MaskedExchange { view: (**view).clone(), body: Some(String::new()) },
        }
    }
}

impl Drop for ExchangeLog {
    fn drop(&mut self) {
        let all = std::mem::take(&mut *self.observed.all.lock());
        let Some(id) = self.connection.lock().take().filter(|_| !all.is_empty()) else { return };
        // While the program ends, nothing more is begun.
        let (Some(work), Ok(runtime)) = (self.ctx.try_begin_uninterruptible(), Handle::try_current()) else {
            return;
        };
        let (ctx, secrets) = (Arc::downgrade(&self.ctx), std::mem::take(&mut *self.secrets.lock()));
        let (history, before) = (Arc::clone(&self.ctx.history), self.before.lock().take());
        runtime.spawn(async move {
            let _turn = history.lock().await;
            if let Err(error) = add(&ctx, &id, all, (secrets, before), work).await {
                tracing::debug!(%error, "exchanges were not added to the history");
            }
        });
    }
}

/// Masks exchanges and adds them to the history. It is not waited for, a failure loses the exchanges only, and it does
/// not keep the program's state alive.
async fn add(
    ctx: &Weak<Context>,
    of: &ConnectionId,
    all: Vec<Logged>,
    (mut secrets, before): (Vec<SecretString>, Option<Box<SignedIn>>),
    work: OwnedRwLockReadGuard<()>,
) -> Result<()> {
    let interrupted = || Error::new(Code::Internal, "Adding exchanges to the history was interrupted.");
    let store = {
        let ctx = ctx.upgrade().ok_or_else(interrupted)?;
        // A vault that is known to be closed is not tried again: its keyring could prompt each time.
        if let Some(error) = ctx.vault.error() {
            return Err(error);
        }
        if let Some(before) = before {
            secrets.extend(secrets_in(&ctx, &before).await?);
        }
        secrets.extend(secrets_of(&ctx, of).await?);
        ctx.store.clone()
    };
    let locked = store.clone();
    let masked = tokio::task::spawn_blocking(move || {
        let lock = locked.vault_shared_lock()?;
        let masked: Vec<_> = all.iter().map(|logged| logged.masked(&secrets)).collect();
        Result::<_>::Ok((lock, masked))
    });
    let (lock, masked) = masked.await.map_err(|_| interrupted())??;
    let mut rows = Vec::new();
    for MaskedExchange { view, body } in masked {
        let ctx = ctx.upgrade().ok_or_else(interrupted)?;
        rows.push(seal(&ctx, of, StoredExchange { view, body }).await?);
    }
    let written = tokio::task::spawn_blocking(move || {
        store.write_without_sync(|tx| rows.iter().try_for_each(|row| api_exchange::insert(tx, row)))
    });
    written.await.map_err(|_| interrupted())??;
    drop((lock, work));
    if let Some(ctx) = ctx.upgrade() {
        ctx.emit(Event::Exchanges(of.clone()));
    }
    Ok(())
}

/// The secrets of a connection, as they are now.
pub(crate) async fn secrets_of(ctx: &Context, id: &ConnectionId) -> Result<Vec<SecretString>> {
    secrets_in(ctx, &*SignedIn::load(ctx, id)?).await
}

async fn secrets_in(ctx: &Context, SignedIn { connection, app }: &SignedIn) -> Result<Vec<SecretString>> {
    let mut secrets: Vec<SecretString> = Vec::new();
    secrets.extend(OAuthClient::of(ctx, app).await?.credentials.client_secret);
    if connection.grant.is_some() {
        secrets.push(grant::access_token(ctx, connection).await?);
    }
    if let Some(sealed) = connection.sealed_refresh() {
        secrets.push(ctx.vault.open(&grant::refresh_associated_data(&connection.id), sealed).await?);
    }
    secrets.extend(grant::id_token(ctx, connection).await?);
    Ok(secrets)
}

/// An exchange of the browser, from a message whose secrets are described already.
fn of_browser(kind: ExchangeKind, at: Timestamp, message: &Message) -> ApiExchangeView {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let parameters = message.parameters.iter().map(|parameter| {
        let value = if parameter.hidden { MASKED.to_owned() } else { encoded(&parameter.value) };
        format!("{}={value}", encoded(&parameter.name))
    });
    let parameters = parameters.collect::<Vec<_>>().join("&");
    let joint = if message.address.contains('?') { '&' } else { '?' };
    let target = format!("{}{joint}{parameters}", message.address);
    let draft = ApiRequestDraft {
        method: "GET".into(),
        target: target.clone(),
        headers: Vec::new(),
        body: String::new(),
    };
    let error = message.parameters.iter().find(|parameter| parameter.name == "error");
    let summary = ApiExchangeSummary {
        id: ExchangeId::random(),
        kind,
        at,
        method: draft.method.clone(),
        target,
        status: None,
        duration_ms: None,
        size: None,
        error: error.map(|error| error.value.clone()),
        body_kept: true,
    };
    ApiExchangeView::unanswered(summary, draft)
}
