//! One HTTP connection to the loopback server: checks the request, hands over a callback, and renders the page.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use grapnel_model::account::Account;
use grapnel_model::attempt::Phase;
use grapnel_model::id::AttemptId;
use grapnel_model::secret::SecretString;
use grapnel_oauth::callback::MAX_CALLBACK_BYTES;
use grapnel_store::attempt::AttemptRow;
use grapnel_store::connection;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedRwLockReadGuard, RwLock};
use url::Url;

use super::page::{self, Page};
use crate::authorize::attempts::get;
use crate::authorize::receive::{receive, reject_another_account};
use crate::context::Context;
use crate::tcp_peer;

/// How long a browser may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the response waits for the result of the sign-in.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(5);

/// The facts about the attempt that the server needs.
pub(super) struct AttemptContext {
    ctx: Weak<Context>,
    id: AttemptId,
    redirect_uri: String,
    /// The expected `Host` header.
    host: String,
    path: String,
    /// The path of the page without code and state.
    clean_path: String,
    /// The origin of the provider's page, from which a preflight request may come.
    provider: Option<String>,
    /// Held from the redirect to the clean page until the browser has loaded it.
    sent_on: Mutex<Option<OwnedRwLockReadGuard<()>>>,
    /// Read-locked while a response is being decided.
    answering: RwLock<()>,
    shown: Notify,
}

impl AttemptContext {
    pub(super) fn new(ctx: &Arc<Context>, row: &AttemptRow) -> Option<Self> {
        let url = Url::parse(&row.redirect_uri).ok()?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let provider = row.exchange.first().and_then(|asking| Url::parse(&asking.address).ok());
        Some(Self {
            ctx: Arc::downgrade(ctx),
            id: row.id.clone(),
            redirect_uri: row.redirect_uri.clone(),
            host: format!("{}{port}", url.host_str()?),
            path: url.path().to_owned(),
            clean_path: format!("{}/done", url.path().trim_end_matches('/')),
            provider: provider.map(|url| url.origin().ascii_serialization()),
            sent_on: Mutex::default(),
            answering: RwLock::default(),
            shown: Notify::new(),
        })
    }

    /// Whether a browser was redirected to the clean page. Waits for a response in progress.
    pub(super) async fn sent_on(&self) -> bool {
        drop(self.answering.write().await);
        self.sent_on.lock().is_some()
    }

    /// Waits until the clean page was requested.
    pub(super) async fn shown(&self) {
        self.shown.notified().await;
    }

    /// Stops waiting for a request of the clean page.
    pub(super) fn close(&self) {
        self.sent_on.lock().take();
    }
}

pub(super) async fn converse(stream: TcpStream, site: Arc<AttemptContext>, is_busy: Arc<AtomicBool>) {
    let ends = stream.peer_addr().and_then(|client| Ok((client, stream.local_addr()?)));
    let Ok((client, server)) = ends else { return };
    let is_foreign = tcp_peer::is_another_account(client, server).await;
    let service = service_fn(|request| {
        let (site, is_busy) = (&site, &is_busy);
        async move {
            let response = if is_foreign { foreign(site) } else { respond(request, site, is_busy).await };
            Ok::<_, Infallible>(response)
        }
    });
    let mut server = http1::Builder::new();
    server
        .keep_alive(false)
        .max_buf_size(2 * MAX_CALLBACK_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT);
    let conversed = server.serve_connection(TokioIo::new(stream), service);
    if !matches!(tokio::time::timeout(REQUEST_TIMEOUT + OUTCOME_TIMEOUT, conversed).await, Ok(Ok(()))) {
        tracing::debug!("a request to the loopback address was interrupted");
    }
}

/// Another account of this computer may know the `state`: it is in the argument list of the program that opened the
/// browser.
fn foreign(site: &AttemptContext) -> Page {
    if let Some(ctx) = site.ctx.upgrade() {
        reject_another_account(&ctx, &site.id);
    }
    page::refused(
        StatusCode::FORBIDDEN,
        "This request comes from another account of this computer. Grapnel takes an answer only from the account that \
         started the sign-in.",
    )
}

async fn respond(request: Request<Incoming>, site: &AttemptContext, is_busy: &AtomicBool) -> Page {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| host.eq_ignore_ascii_case(&site.host)) {
        return page::refused(StatusCode::MISDIRECTED_REQUEST, "Grapnel does not serve this host name.");
    }
    let path = request.uri().path();
    if path == site.clean_path && request.method() == Method::GET {
        return outcome(site);
    }
    if path != site.path {
        return page::refused(StatusCode::NOT_FOUND, "Grapnel is waiting for a sign-in at another address.");
    }
    let query = match *request.method() {
        Method::GET => request.uri().query().unwrap_or_default().to_owned(),
        Method::POST => match form(request).await {
            Ok(form) => form,
            Err(refused) => return refused,
        },
        Method::OPTIONS => return preflight(&request, site),
        _ => {
            let mut refused =
                page::refused(StatusCode::METHOD_NOT_ALLOWED, "Grapnel is waiting for a callback.");
            refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
            return refused;
        }
    };
    if query.is_empty() {
        return page::forward_fragment();
    }
    let Some(ctx) = site.ctx.upgrade() else { return page::continue_in_grapnel() };
    is_busy.store(true, Ordering::Relaxed);
    let _answering = site.answering.read().await;
    // Held until the page is sent, so that a program that is about to end waits for it.
    let page = ctx.page().await;
    let address = SecretString::from(format!("{}?{query}", site.redirect_uri));
    // A separate task: a browser that disconnects must not cancel a code exchange.
    let received = tokio::spawn(async move { receive(&ctx, &address).await });
    match tokio::time::timeout(OUTCOME_TIMEOUT, received).await {
        Ok(Ok(Err(error))) => page::failed(&error),
        Ok(Ok(Ok(()))) => {
            *site.sent_on.lock() = Some(page);
            page::see(&site.clean_path)
        }
        Ok(Err(_)) | Err(_) => page::continue_in_grapnel(),
    }
}

/// The body of a form that the browser posts (OAuth 2.0 Form Post Response Mode), as a query.
async fn form(request: Request<Incoming>) -> Result<String, Page> {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(page::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Grapnel is waiting for a form."));
    }
    let too_large =
        || page::refused(StatusCode::PAYLOAD_TOO_LARGE, "This form is longer than any true answer.");
    let body =
        Limited::new(request.into_body(), MAX_CALLBACK_BYTES).collect().await.map_err(|_| too_large())?;
    String::from_utf8(body.to_bytes().to_vec())
        .map_err(|_| page::refused(StatusCode::BAD_REQUEST, "This form cannot be read."))
}

/// Responds to a preflight request (Private Network Access): may the provider's page send requests to this computer?
fn preflight(request: &Request<Incoming>, site: &AttemptContext) -> Page {
    let mut response = page::refused(StatusCode::NO_CONTENT, "");
    *response.body_mut() = http_body_util::Full::default();
    let origin = request.headers().get(header::ORIGIN).filter(|origin| {
        site.provider.as_deref().is_some_and(|provider| origin.as_bytes() == provider.as_bytes())
    });
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response
            .headers_mut()
            .insert("access-control-allow-private-network", HeaderValue::from_static("true"));
    }
    response
}

/// The page without code and state, with the result of the sign-in.
fn outcome(site: &AttemptContext) -> Page {
    site.shown.notify_one();
    let Some(ctx) = site.ctx.upgrade() else { return page::continue_in_grapnel() };
    let Ok(attempt) = get(&ctx, &site.id) else { return page::continue_in_grapnel() };
    match (attempt.phase, attempt.error, attempt.connection_id) {
        (_, Some(error), _) => page::failed(&error),
        (Phase::Done, None, Some(id)) => {
            let row = ctx.store.read(|c| connection::get(c, &id)).ok().flatten();
            let owner = row.and_then(|row| row.identity.account).map(|account| owner(&account));
            page::signed_in(&attempt.provider_name, owner.as_deref())
        }
        (Phase::Waiting, ..) => {
            page::refused(StatusCode::NOT_FOUND, "Grapnel is still waiting for the answer to this sign-in.")
        }
        _ => page::continue_in_grapnel(),
    }
}

fn owner(account: &Account) -> String {
    let email = account.email.as_deref().map(|email| format!("<{email}>")).unwrap_or_default();
    match [account.name.as_str(), &email].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>() {
        parts if parts.is_empty() => account.id.clone(),
        parts => parts.join(" "),
    }
}
